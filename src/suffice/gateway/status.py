"""The gateway on one screen: what it did today, what it spent, and what is not well."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from suffice.errors import StorageError
from suffice.gateway.account_store import PICO, open_account, upto
from suffice.gateway.budgets import Budget, Budgets, BudgetState, read_figures
from suffice.gateway.child import ACCOUNT, METRICS, SPOOL
from suffice.gateway.metrics import OWN_KEY_GAUGE, SUFFIX, Snapshot, merged, read_snapshot
from suffice.gateway.segments import bytes_in
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.gateway.shadow.results import UNDRAWN
from suffice.gateway.shadow.spending import UNBOUNDED
from suffice.gateway.shadow.voice import TROUBLE
from suffice.records.shadow import SENT_FOLDER, SPENT_FOLDER, ShadowDay

_TOP_TYPES = 8
_BAR = 20
_MIB = 1 << 20
_UNWATCHED_S = 60.0


class TypeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One request type's day."""

    type: str
    requests: int
    candidate_share: float
    errors: int
    usd: str
    saved_usd: str


class BudgetLine(msgspec.Struct, frozen=True, kw_only=True):
    """One budget as it stands."""

    name: str
    usd: str
    spent_usd: str
    share: float
    per: str
    soft: bool
    reached: bool


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """
    The day so far. Dollars as decimal text.

    Attributes:
        day: In UTC.
        account_read: False where there is no account yet, or it cannot be read.
        cut: Answers that ended early; their output is a lower bound.
        unpriced: Attempts whose dollars are not known; none of them counts as free.
        retries: Attempts that were a client's own retry.
        types: The dearest first.
        more_types: How many are not listed.
        dropped: Exchanges that were not captured, by reason, since the workers began.
        spool_bytes: Waiting to be taken in.
        broken_lines: Lines of the spool that failed their check.
        last_exchange_s: How old the account's newest exchange is; None without one.
        monitor_round_s: How long ago rollouts were last looked at; None where none ever were.
        monitor_trouble: Why that could not be done; empty where it could.
        feedback_unknown: Words on answers nobody knows here; they count nowhere.
        shadow_calls: What became of drawn shadow calls, since the workers began.
        shadow_batches: Batches of them that were sent and are not answered yet.
        shadow_batch_trouble: Why none can be sent or fetched now; empty where all is well.
        shadow_day: What they cost today; None where that cannot be read.
    """

    schema: str = "suffice.gateway-status"
    version: int = 1
    day: str = ""
    account_read: bool = True
    requests: int = 0
    attempts: int = 0
    errors: int = 0
    cut: int = 0
    retries: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    usd: str = "0"
    saved_usd: str = "0"
    types: tuple[TypeLine, ...] = ()
    more_types: int = 0
    budgets: tuple[BudgetLine, ...] = ()
    dropped: dict[str, int] = {}
    spool_bytes: int = 0
    broken_lines: int = 0
    last_exchange_s: float | None = None
    prices_dated: str = ""
    monitor_round_s: float | None = None
    monitor_trouble: str = ""
    feedback_unknown: int = 0
    shadow_calls: dict[str, int] = {}
    shadow_batches: int = 0
    shadow_batch_trouble: str = ""
    shadow_day: ShadowDay | None = ShadowDay()


def read_status(data: Path, *, now: datetime, budgets: Sequence[Budget] = ()) -> Status:
    """
    The day so far of a data folder; the gateway need not run, and is not asked.

    >>> from datetime import timedelta
    >>> read_status(Path("nowhere"), now=datetime(2026, 11, 22, tzinfo=UTC)).account_read
    False
    """
    day = now.astimezone(UTC).date().isoformat()
    figures = _figures(data)
    looked, trouble = _monitor(figures)
    status = Status(
        day=day,
        account_read=False,
        dropped=_by_label(figures, "suffice_capture_dropped_total", "reason"),
        spool_bytes=bytes_in(data / SPOOL),
        monitor_round_s=None if looked is None else max(0.0, now.timestamp() - looked),
        monitor_trouble=trouble,
        feedback_unknown=_feedback_unknown(figures),
        shadow_calls=_by_label(figures, "suffice_shadow_calls_total", "result"),
        shadow_batches=sum(1 for _ in (data / SENT_FOLDER).glob("*.json")),
        shadow_batch_trouble=", ".join(
            sorted(
                dict(labels).get("reason", "")
                for name, labels, value in figures.gauges
                if name == TROUBLE and value
            )
        ),
        shadow_day=_shadow_day(data, now),
    )
    if not (data / ACCOUNT).is_file():
        return status
    try:
        with closing(open_account(data / ACCOUNT, readonly=True)) as connection:
            waiting = bytes_in(data / SPOOL, taken=lambda name: upto(connection, name))
            status = msgspec.structs.replace(status, spool_bytes=waiting)
            return _of_account(connection, status, now=now, budgets=budgets)
    except (sqlite3.Error, StorageError):
        return status


def _shadow_day(data: Path, now: datetime) -> ShadowDay | None:
    try:
        return ShadowLedger(data / SPENT_FOLDER).look(at=now.timestamp())
    except OSError:
        return None


def _of_account(
    connection: sqlite3.Connection, status: Status, *, now: datetime, budgets: Sequence[Budget]
) -> Status:
    totals = connection.execute(
        "SELECT COALESCE(SUM(requests), 0), COALESCE(SUM(attempts), 0), COALESCE(SUM(errors), 0), "
        "COALESCE(SUM(cut), 0), COALESCE(SUM(retries), 0), COALESCE(SUM(unpriced), 0), "
        "COALESCE(SUM(input_tokens), 0), COALESCE(SUM(cache_read_tokens), 0), "
        "COALESCE(SUM(cache_write_tokens), 0), COALESCE(SUM(output_tokens), 0), "
        "COALESCE(SUM(picousd), 0), COALESCE(SUM(saved_picousd), 0) FROM rollups WHERE day = ?",
        (status.day,),
    ).fetchone()
    (newest,) = connection.execute("SELECT MAX(ts) FROM exchanges").fetchone()
    facts: dict[str, str] = dict(connection.execute("SELECT name, value FROM facts"))
    types = _types(connection, status.day)
    names = (
        *("requests", "attempts", "errors", "cut", "retries", "unpriced", "input_tokens"),
        *("cache_read_tokens", "cache_write_tokens", "output_tokens"),
    )
    *counts, spent, saved = totals
    return msgspec.structs.replace(
        status,
        account_read=True,
        **dict(zip(names, counts, strict=True)),
        usd=_usd(spent),
        saved_usd=_usd(saved),
        types=tuple(types[:_TOP_TYPES]),
        more_types=max(0, len(types) - _TOP_TYPES),
        budgets=_budgets(connection, budgets, now=now),
        broken_lines=int(facts.get("broken_lines", 0)),
        prices_dated=facts.get("prices_dated", ""),
        last_exchange_s=None if newest is None else max(0.0, now.timestamp() - newest),
    )


def _types(connection: sqlite3.Connection, day: str) -> list[TypeLine]:
    found = connection.execute(
        "SELECT type, SUM(requests), SUM(CASE WHEN arm = 'candidate' THEN requests ELSE 0 END), "
        "SUM(errors), SUM(picousd), SUM(saved_picousd) FROM rollups WHERE day = ? "
        "GROUP BY type ORDER BY SUM(picousd) DESC, type",
        (day,),
    )
    return [
        TypeLine(
            type=kind,
            requests=requests,
            candidate_share=moved / requests if requests else 0.0,
            errors=errors,
            usd=_usd(spent),
            saved_usd=_usd(saved),
        )
        for kind, requests, moved, errors, spent, saved in found
    ]


def _budgets(
    connection: sqlite3.Connection, budgets: Sequence[Budget], *, now: datetime
) -> tuple[BudgetLine, ...]:
    if not budgets:
        return ()
    # Prices are needed for estimates alone, and here there are none.
    standing = Budgets(budgets, catalog=None)
    standing.reconcile(read_figures(connection, budgets, writer="", now=now))
    return tuple(_budget_line(state) for state in standing.states(now))


def _budget_line(state: BudgetState) -> BudgetLine:
    return BudgetLine(
        name=state.budget.name,
        usd=f"{state.budget.usd:f}",
        spent_usd=f"{state.spent_usd:f}",
        share=float(state.spent_usd / state.budget.usd),
        per=state.budget.per,
        soft=state.soft,
        reached=state.reached,
    )


def _figures(data: Path) -> Snapshot:
    """What all processes of a gateway count together."""
    folder = data / METRICS
    paths = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return merged(read_snapshot(path) for path in paths)


def _by_label(figures: Snapshot, counter: str, label: str) -> dict[str, int]:
    """A counter by one of its labels."""
    found: Counter[str] = Counter()
    for name, labels, value in figures.counters:
        if name == counter:
            found[dict(labels).get(label, "")] += int(value)
    return dict(found)


def _feedback_unknown(figures: Snapshot) -> int:
    return sum(
        int(value)
        for name, labels, value in figures.counters
        if name == "suffice_feedback_total" and dict(labels).get("result") == "no_such_answer"
    )


def _monitor(figures: Snapshot) -> tuple[float | None, str]:
    """When the monitor last looked, in seconds since 1970, and what kept it from acting."""
    looked, trouble = None, ""
    for name, labels, value in figures.gauges:
        if name == "suffice_monitor_round_timestamp_seconds":
            looked = value
        elif name == "suffice_monitor_trouble" and value:
            trouble = dict(labels).get("reason", "") or "unknown"
    return looked, trouble


def gateway_has_own_key(data: Path) -> bool:
    """Whether a gateway of this data folder said that it has a key of suffice's own."""
    return any(name == OWN_KEY_GAUGE and value == 1 for name, _, value in _figures(data).gauges)


def _usd(pico: int) -> str:
    return f"{(Decimal(pico) / PICO).normalize():f}"


def draw_status(status: Status) -> str:
    """
    The status as text, within 24 lines of 80 columns.

    >>> print(draw_status(Status(day="2026-11-22", account_read=False)).splitlines()[1])
    No account yet: no exchange was taken in, or the account cannot be read.
    """
    lines = [f"suffice gateway · {status.day} UTC"]
    if not status.account_read:
        lines.append("No account yet: no exchange was taken in, or the account cannot be read.")
        return "\n".join([*lines, *_set_apart(worries(status))])
    age = "" if status.last_exchange_s is None else f", the last {ago(status.last_exchange_s)}"
    lines += [
        (
            f"{counted(status.requests, 'request')} in {counted(status.attempts, 'attempt')}{age}; "
            f"{counted(status.errors, 'error')}, {status.cut:,} cut"
        ),
        (
            f"{money(status.usd)} spent, {money(status.saved_usd)} less than the requested "
            "models at list price"
        ),
        (
            f"tokens: {status.input_tokens:,} in, {status.cache_read_tokens:,} read from and "
            f"{status.cache_write_tokens:,} written to cache, {status.output_tokens:,} out"
        ),
    ]
    if status.types:
        lines += ["", f"{'type':<28}{'requests':>10}{'moved':>8}{'errors':>8}{'spent':>13}"]
        lines += [_type_line(each) for each in status.types]
        if status.more_types:
            lines.append(f"and {status.more_types} more")
    if status.budgets:
        lines += ["", *(_budget_text(each) for each in status.budgets)]
    return "\n".join([*lines, *_set_apart(worries(status))])


def _type_line(each: TypeLine) -> str:
    name = each.type or "(no type)"
    name = name if len(name) <= 27 else name[:26] + "…"  # noqa: PLR2004 - the column's width
    return (
        f"{name:<28}{each.requests:>10,}{each.candidate_share:>8.0%}{each.errors:>8,}"
        f"{money(each.usd):>13}"
    )


def _budget_text(each: BudgetLine) -> str:
    filled = min(_BAR, int(each.share * _BAR))
    word = "REACHED" if each.reached else ("near its end" if each.soft else "")
    bar = "█" * filled + "░" * (_BAR - filled)
    return (
        f"{each.name[:20]:<20} {bar} {money(each.spent_usd)} of {money(each.usd)} "
        f"per {each.per} {word}"
    ).rstrip()


def _set_apart(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []


def worries(status: Status) -> list[str]:
    """What is not well, in words; nothing where all is."""
    found = [
        f"! {count:,} exchanges were not captured: {reason or 'unknown'}"
        for reason, count in sorted(status.dropped.items())
        if count
    ]
    if status.unpriced:
        found.append(
            f"! {status.unpriced:,} attempts have no known price or usage; none counts as free"
        )
    if status.broken_lines:
        found.append(f"! {status.broken_lines:,} lines of the spool were harmed and passed over")
    if status.monitor_trouble:
        found.append(f"! the monitor cannot act ({status.monitor_trouble}); the log says more")
    looked, newest = status.monitor_round_s, status.last_exchange_s
    if looked is not None and newest is not None and looked - newest > _UNWATCHED_S:
        found.append(f"! rollouts were last looked at {ago(looked)}: no monitor runs")
    if status.feedback_unknown:
        words = counted(status.feedback_unknown, "word")
        found.append(f"· feedback: {words} on no answer that is known here, counted nowhere")
    if status.shadow_batch_trouble:
        found.append(f"! batches of shadow calls: {status.shadow_batch_trouble}")
    if status.shadow_batches:
        found.append(f"· batches of shadow calls not answered yet: {status.shadow_batches:,}")
    found += _shadow_dollars(status)
    if status.spool_bytes > _MIB:
        found.append(f"· {status.spool_bytes / _MIB:,.1f} MiB wait to be taken into the account")
    return found


def _shadow_dollars(status: Status) -> list[str]:
    """How far the day's sum for shadow calls has gone, and which calls count nowhere."""
    day, calls = status.shadow_day, status.shadow_calls
    if day is None:
        return ["! what today's shadow calls cost cannot be read; under a limit none is made"]
    found = []
    if day.limit_usd is not None:
        mark = "!" if day.is_used_up else "·"
        said = f"{money(str(day.spent_usd))} of {money(str(day.limit_usd))}"
        if day.calls_held:
            held = counted(day.calls_held, "call")
            said += f", up to {money(str(day.held_usd))} more for {held} not answered yet"
        if day.refused_usd is not None:
            said += "; some were not made for want of room"
        found.append(f"{mark} shadow calls today: {said}")
    if unbounded := calls.get(UNBOUNDED, 0):
        them = counted(unbounded, "shadow call")
        found.append(f"! not made, since nothing bounds what they may cost: {them}")
    if undrawn := calls.get(UNDRAWN, 0):
        them = counted(undrawn, "shadow call")
        found.append(f"· as if never drawn, since their batch ended unanswered: {them}")
    return found


def counted(count: int, word: str) -> str:
    """
    A count and what was counted.

    >>> counted(1, "request"), counted(2_000, "request")
    ('1 request', '2,000 requests')
    """
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def money(usd: str) -> str:
    """
    Dollars for a person: cents, or more digits where there are none.

    >>> money("1234.5"), money("0.00123")
    ('$1,234.50', '$0.0012')
    """
    amount = Decimal(usd)
    return f"${amount:,.2f}" if abs(amount) >= 1 or not amount else f"${amount:,.4f}"


def ago(seconds: float) -> str:
    """
    How long ago, in its largest unit.

    >>> ago(7200)
    '2 h ago'
    """
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
