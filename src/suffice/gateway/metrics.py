"""Prometheus metrics of all workers together, in text, without a client library."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from math import isfinite, isnan
from pathlib import Path

import msgspec

from suffice.gateway.whole_files import put_whole
from suffice.records import ExchangeRecord, Outcome

OTHER = "other"
SUFFIX = ".metrics"
OWN_KEY_GAUGE = "suffice_own_key"
_MODELS = 40
_TALLIES = 4_096
_LONGEST_LABEL = 128
Labels = tuple[tuple[str, str], ...]

# Sub-millisecond steps: this is what the front door itself adds.
_OVERHEAD_S = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1.0)
_FIRST_TOKEN_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

_HELP = {
    "suffice_requests_total": ("counter", "Requests answered, by how they ended."),
    "suffice_attempts_total": ("counter", "Attempts sent to the provider, each accounted."),
    "suffice_shadow_calls_total": ("counter", "Shadow calls drawn, by what became of them."),
    "suffice_client_retries_total": ("counter", "Requests that were retries of the client."),
    "suffice_tokens_total": ("counter", "Tokens by class, as the provider counted them."),
    "suffice_cost_usd_total": ("counter", "Dollars at list or your own prices."),
    "suffice_saved_usd_total": ("counter", "Requested model's price less the served one's."),
    "suffice_unpriced_total": ("counter", "Answers whose dollars are not known."),
    "suffice_overhead_seconds": ("histogram", "Time the gateway itself added."),
    "suffice_time_to_first_token_seconds": ("histogram", "From sending to the first byte."),
    "suffice_budget_remaining_usd": ("gauge", "What is left of a budget in its window."),
    "suffice_budget_soft_alert": ("gauge", "1 from a budget's soft share on."),
    "suffice_budget_refused_total": ("counter", "Requests refused for a budget."),
    "suffice_deciding_failures_total": ("counter", "Requests passed on since deciding failed."),
    "suffice_beside_failures_total": ("counter", "Faults of ours beside answers that were served."),
    "suffice_assignment_key_missing": ("gauge", "1 while nothing is routed for want of a key."),
    "suffice_usage_unread_total": ("counter", "Answers whose usage could not be read, by reason."),
    "suffice_capture_dropped_total": ("counter", "Exchanges that were not captured."),
    "suffice_capture_trouble": ("gauge", "1 while nothing can be written, by reason."),
    "suffice_rollout_weight_ratio": ("gauge", "Share of a type sent to its candidate."),
    "suffice_rollout_state": ("gauge", "1 for the state a rollout is in."),
    "suffice_quality_delta_points": ("gauge", "Candidate less baseline, with bounds."),
    "suffice_feedback_total": ("counter", "Words on answers, by what became of them."),
    "suffice_monitor_round_timestamp_seconds": ("gauge", "When the monitor made its last round."),
    "suffice_monitor_trouble": ("gauge", "1 while the monitor can move nothing, by reason."),
    "suffice_shadow_batches_total": ("counter", "Batches of shadow calls, by what became of them."),
    "suffice_shadow_unbatched_total": ("counter", "Shadow calls that fit no batch, by reason."),
    "suffice_shadow_batch_trouble": ("gauge", "1 while batches can not be sent or fetched."),
    OWN_KEY_GAUGE: ("gauge", "1 where the gateway has a key of its own for batches."),
    "suffice_account_lag_records": ("gauge", "Accepted records not yet in the account."),
}
_LEAST = {"suffice_budget_remaining_usd"}


class Histogram(msgspec.Struct, gc=False):
    """Counts per bucket, the last for what lies beyond all bounds, and the sum."""

    bounds: tuple[float, ...]
    counts: list[int]
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds


class Snapshot(msgspec.Struct, kw_only=True):
    """One process's figures, as they are written to a file and added up."""

    counters: list[tuple[str, Labels, float]] = []
    gauges: list[tuple[str, Labels, float]] = []
    histograms: list[tuple[str, Labels, Histogram]] = []


class _Tally:
    """How many exchanges had the same labels, and the tokens of all that had type and model."""

    __slots__ = ("count", "tokens")

    def __init__(self, tokens: list[int]) -> None:
        self.count = 0
        self.tokens = tokens


class Metrics:
    """
    Figures of one worker, and a text that adds all workers' up.

    Request types and models are what clients send, so they are bounded: ``types`` come first,
    then whatever the provider answers until the bound; the rest counts as ``other``. No prompt, no
    user, no key and no session is ever a label.

    Args:
        folder: Where workers of one gateway leave their figures for each other; None for one.
        worker: A name among them, the same after a restart of the worker.
        types: Types that always have a name: the policy's, then the busiest of the account.
        top: How many types have a name.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        worker: str = "0",
        types: Iterable[str] = (),
        top: int = 50,
    ) -> None:
        self._folder = folder
        self._path = None if folder is None else folder / f"{worker}{SUFFIX}"
        self._top = top
        self._types = dict.fromkeys(list(types)[:top])
        self._models: dict[str, None] = {}
        self._requests: dict[tuple[str, str, str, str, str, bool], _Tally] = {}
        # What was seen of an exchange -> where it counts, so that labels are not made each time.
        self._tallies: dict[tuple[object, ...], _Tally] = {}
        self._counters: dict[tuple[str, Labels], float] = {}
        self._gauges: dict[tuple[str, Labels], float] = {}
        self._tokens: dict[tuple[str, str], list[int]] = {}
        self._overhead = Histogram(_OVERHEAD_S, [0] * (len(_OVERHEAD_S) + 1))
        self._first_token = Histogram(_FIRST_TOKEN_S, [0] * (len(_FIRST_TOKEN_S) + 1))
        self._before = read_snapshot(self._path) if self._path is not None else Snapshot()

    def note(self, exchange: ExchangeRecord, *, overhead_s: float | None = None) -> None:
        """Count one attempt."""
        known = (
            exchange.type, exchange.requested_model, exchange.served_model, exchange.arm,
            exchange.status, exchange.complete, exchange.stop_reason, exchange.error_type,
            exchange.answered,
        )  # fmt: skip
        tally = self._tallies.get(known)
        if tally is None:
            tally = self._tally(exchange)
            if len(self._tallies) >= _TALLIES:
                self._tallies.clear()
            self._tallies[known] = tally
        tally.count += 1
        if overhead_s is not None:
            self._overhead.observe(overhead_s)
        if exchange.ttft_s is not None:
            self._first_token.observe(exchange.ttft_s)
        if exchange.retry_count:
            self.add("suffice_client_retries_total", 1)
        usage = exchange.usage
        if usage is not None:
            counts = tally.tokens
            counts[0] += usage.input_tokens
            counts[1] += usage.cache_read_tokens
            counts[2] += usage.cache_write_5m_tokens + usage.cache_write_1h_tokens
            counts[3] += usage.output_tokens

    def _tally(self, exchange: ExchangeRecord) -> _Tally:
        """Where an exchange is counted."""
        # A caller whom the provider refuses must not use up the names of others' types.
        named = exchange.outcome is not Outcome.CLIENT_ERROR
        kind = self._type(exchange.type, named=named)
        served = self._model(exchange.served_model, named=named)
        labels = (
            kind,
            self._model(exchange.requested_model, named=named),
            served,
            exchange.arm,
            exchange.outcome.value,
            exchange.answered,
        )
        found = self._requests.get(labels)
        if found is None:
            tokens = self._tokens.setdefault((kind, served), [0] * len(_TOKENS))
            found = self._requests[labels] = _Tally(tokens)
        return found

    def note_shadow(self, type: str, result: str) -> None:  # noqa: A002 - our word for it
        """Count what became of a drawn shadow call."""
        self.add("suffice_shadow_calls_total", 1, {"type": self._type(type), "result": result})

    def add(self, name: str, value: float, labels: Mapping[str, str] | None = None) -> None:
        """Add to any counter of `names`."""
        key = (name, _labels(labels))
        self._counters[key] = self._counters.get(key, 0) + value

    def set(self, name: str, value: float, labels: Mapping[str, str] | None = None) -> None:
        """Set any gauge, or a counter somebody else counts for this worker."""
        store = self._counters if name.endswith("_total") else self._gauges
        store[name, _labels(labels)] = value

    def snapshot(self) -> Snapshot:
        """The worker's figures, those from before its restart included."""
        own = Snapshot(
            counters=[*self._request_counters(), *_flat(self._counters), *self._token_counters()],
            gauges=_flat(self._gauges),
            histograms=[
                ("suffice_overhead_seconds", (), self._overhead),
                ("suffice_time_to_first_token_seconds", (), self._first_token),
            ],
        )
        return merged([msgspec.structs.replace(self._before, gauges=[]), own])

    def save(self, snapshot: Snapshot | None = None) -> None:
        """Leave the worker's figures where the others read them; a full disk is no matter."""
        if self._path is not None:
            write_snapshot(self._path, snapshot or self.snapshot())

    def render(self, *more: Snapshot) -> bytes:
        """All workers' figures, and whatever else is handed in, as Prometheus reads them."""
        others = [] if self._folder is None else _others(self._folder, self._path)
        return rendered(merged([self.snapshot(), *others, *more]))

    def _type(self, name: str, *, named: bool = True) -> str:
        return _bounded(self._types, name, self._top if named else 0)

    def _model(self, name: str, *, named: bool = True) -> str:
        return _bounded(self._models, name, _MODELS if named else 0)

    def _request_counters(self) -> list[tuple[str, Labels, float]]:
        found: list[tuple[str, Labels, float]] = []
        for (*values, answered), tally in self._requests.items():
            count = tally.count
            labels = tuple(zip(_REQUEST_LABELS, map(str, values), strict=True))
            found.append(("suffice_attempts_total", labels, count))
            if answered:
                found.append(("suffice_requests_total", labels, count))
        return found

    def _token_counters(self) -> list[tuple[str, Labels, float]]:
        return [
            ("suffice_tokens_total", (("type", kind), ("served_model", model), ("class", name)), n)
            for (kind, model), counts in self._tokens.items()
            for name, n in zip(_TOKENS, counts, strict=True)
            if n
        ]


_REQUEST_LABELS = ("type", "requested_model", "served_model", "arm", "outcome")
_TOKENS = ("input", "cache_read", "cache_write", "output")


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """
    The sum: counters and histograms add; of a gauge the last word holds, of a budget the least.

    >>> one = Snapshot(counters=[("suffice_requests_total", (), 2.0)])
    >>> merged([one, one]).counters
    [('suffice_requests_total', (), 4.0)]
    """
    counters: dict[tuple[str, Labels], float] = {}
    gauges: dict[tuple[str, Labels], float] = {}
    histograms: dict[tuple[str, Labels], Histogram] = {}
    for snapshot in snapshots:
        for name, labels, value in snapshot.counters:
            counters[name, labels] = counters.get((name, labels), 0) + value
        for name, labels, value in snapshot.gauges:
            known = gauges.get((name, labels))
            least = name in _LEAST and known is not None
            gauges[name, labels] = min(value, known) if least and known is not None else value
        for name, labels, each in snapshot.histograms:
            so_far = histograms.get((name, labels))
            if so_far is None or so_far.bounds != each.bounds:
                histograms[name, labels] = Histogram(each.bounds, list(each.counts), each.total)
                continue
            so_far.counts = [a + b for a, b in zip(so_far.counts, each.counts, strict=True)]
            so_far.total += each.total
    return Snapshot(
        counters=_flat(counters),
        gauges=_flat(gauges),
        histograms=[(name, labels, each) for (name, labels), each in histograms.items()],
    )


def rendered(snapshot: Snapshot) -> bytes:
    r"""
    Prometheus' text format 0.0.4.

    >>> rendered(Snapshot(gauges=[("suffice_up", (("a", 'say "hi"'),), 1.0)])).splitlines()[-1]
    b'suffice_up{a="say \\"hi\\""} 1'
    """
    lines: dict[str, list[str]] = {}
    for name, labels, value in (*snapshot.counters, *snapshot.gauges):
        lines.setdefault(name, []).append(f"{name}{_braces(labels)} {_number(value)}")
    for name, labels, each in snapshot.histograms:
        lines.setdefault(name, []).extend(_histogram_lines(name, labels, each))
    text = []
    for name in sorted(lines):
        kind, help_text = _HELP.get(name, ("untyped", ""))
        if help_text:
            text += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
        text += sorted(lines[name]) if kind != "histogram" else lines[name]
    return ("\n".join(text) + "\n").encode()


def _histogram_lines(name: str, labels: Labels, each: Histogram) -> list[str]:
    lines, so_far = [], 0
    for bound, count in zip((*each.bounds, float("inf")), each.counts, strict=True):
        so_far += count
        edge = "+Inf" if bound == float("inf") else f"{bound:.6g}"
        lines.append(f"{name}_bucket{_braces((*labels, ('le', edge)))} {so_far}")
    return [
        *lines,
        f"{name}_sum{_braces(labels)} {_number(each.total)}",
        f"{name}_count{_braces(labels)} {so_far}",
    ]


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if not isfinite(value):
        return "NaN" if isnan(value) else ("+Inf" if value > 0 else "-Inf")
    return str(int(value)) if value == int(value) else repr(float(value))


def _labels(labels: Mapping[str, str] | None) -> Labels:
    return tuple(labels.items()) if labels else ()


def _flat(store: Mapping[tuple[str, Labels], float]) -> list[tuple[str, Labels, float]]:
    return [(name, labels, value) for (name, labels), value in store.items()]


def _bounded(named: dict[str, None], name: str, top: int) -> str:
    if name in named:
        return name
    if not name or len(named) >= top or len(name) > _LONGEST_LABEL:
        return OTHER if name else ""
    named[name] = None
    return name


def write_snapshot(path: Path, snapshot: Snapshot) -> bool:
    """Put figures in place whole, readable by their owner; False where they cannot be written."""
    return put_whole(path, msgspec.json.encode(snapshot))


def _others(folder: Path, own: Path | None) -> list[Snapshot]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and path != own)
    except OSError:
        return []
    return [read_snapshot(path) for path in paths]


def read_snapshot(path: Path) -> Snapshot:
    """A worker's figures; none where the file is missing or harmed."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Snapshot)
    except (OSError, msgspec.MsgspecError):
        return Snapshot()
