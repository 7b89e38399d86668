"""A type's cases drawn into a file, and changes of types kept with who made them and why."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, cast

import msgspec

from suffice.adapters.exchange_types import TypedExchanges, read_index, write_index
from suffice.adapters.exchanges import Exchanges
from suffice.adapters.exchanges_queries import Questions, Wanted
from suffice.api import known_label
from suffice.catalog import load_catalog
from suffice.comparison.sampling import LeftOut, draw
from suffice.comparison.sampling import Wanted as WantedCases
from suffice.errors import BadOption, EmptyInput, StorageError
from suffice.records import Case
from suffice.reports import shell_word
from suffice.reports.words import count
from suffice.scoring.labels import is_label_like
from suffice.traffic.types import Change
from suffice.traffic.types.changes import Action
from suffice.wiring import SystemClock

_LONGEST_LABEL = 60
# Beyond this a simple random sample of the type is drawn from, so that memory has an end.
_MOST_LOOKED_AT = 20_000


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The cases drawn, the extra ones of rare classes marked, and what was left out."""

    type: str
    main: tuple[Case, ...]
    extra: tuple[tuple[str, Case], ...]
    left_out: LeftOut
    answered: dict[str, int]

    def summary(self, path: Path) -> str:
        """What was drawn, how many answers are paid for, and the command that comes next."""
        paid = ", ".join(
            f"{count(number, 'answer')} of {model} already paid for"
            for model, number in sorted(self.answered.items())
        )
        marked = f", {count(len(self.extra), 'extra case')} of rare classes" if self.extra else ""
        gone = self.left_out
        lines = [
            f"drew  {count(len(self.main), 'case')} of {self.type}{marked}",
            f"      {paid or 'no answer is in the logs'}",
            (
                f"      left out: {gone.same_group:,} of the same session, "
                f"{gone.near_duplicates:,} near-duplicates, {gone.not_drawn:,} not drawn"
            ),
        ]
        baseline = max(self.answered, key=lambda model: self.answered[model], default="")
        next_step = f"Next  suffice compare {shell_word(str(path))}"
        if baseline:
            next_step += f" --baseline {shell_word(baseline)} --to claude-haiku-5-5 --budget 2"
        return "\n".join([*lines, next_step])


def known_type(store: Exchanges, name: str) -> None:
    """
    Refuse a name that no type has.

    Raises:
        BadOption: There is no such type.
    """
    names = {entry.name for entry in TypedExchanges(store).entries.values()}
    if name not in names:
        raise BadOption(
            f"There is no type {name!r}.",
            effect="Nothing was done.",
            next_step="`suffice types` lists them.",
        )


def draw_sample(
    store: Exchanges, name: str, *, most: int, seed: int, since: float | None
) -> Sample:
    """
    A simple random sample of a type's exchanges, one per session and near-duplicate.

    Raises:
        EmptyInput: None of them can be asked again as it was.
    """
    questions = Questions(store, TypedExchanges(store), load_catalog())
    cases = {
        case.id: case
        for case in questions.cases(
            name, wanted=Wanted(since=since), most=_MOST_LOOKED_AT, seed=seed
        )
    }
    if not cases:
        raise EmptyInput(
            f"SF104 No call of {name} can be asked again: the logs hold no request.",
            effect="Nothing was drawn; the type can be ranked, not tested.",
            next_step="Turn on the capture of bodies where the log is written.",
        )
    drawn = draw(
        list(cases.values()),
        dice=random.Random(seed),  # noqa: S311 - a sample, not a secret
        wanted=WantedCases(main=most, pilot=0),
        label_of=_logged_label,
    )
    main = tuple(cases[one] for one in drawn.main[:most])
    extra = tuple((label, cases[one]) for label, ids in drawn.extra.items() for one in ids)
    answered: dict[str, int] = {}
    for case in (*main, *(case for _, case in extra)):
        for model in case.answers:
            answered[model] = answered.get(model, 0) + 1
    return Sample(type=name, main=main, extra=extra, left_out=drawn.left_out, answered=answered)


def write_cases(path: Path, sample: Sample) -> None:
    """
    The sample as a cases file; extra draws carry their class in ``meta.extra_class``.

    Raises:
        StorageError: It cannot be written.
    """
    lines = [_line(case, {}) for case in sample.main]
    lines += [_line(case, {"extra_class": label}) for label, case in sample.extra]
    try:
        path.write_bytes(b"\n".join(lines) + b"\n")
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            effect="Nothing was drawn.",
            next_step="Choose another place with -o.",
        ) from error


def change_type(
    data: Path, *, action: str, request_type: str, into: str, by: str, reason: str
) -> None:
    """
    Keep that somebody renamed, merged, split or pinned a type.

    Raises:
        BadOption: There is no such type, or the change makes no sense.
        EmptyInput: No log was read yet.
    """
    store = Exchanges.open(data, write=False)
    try:
        TypedExchanges(store)
    finally:
        store.close()
    index = read_index(data)
    change = Change(
        action=cast("Action", action),
        type=request_type,
        into=into,
        at=SystemClock().now().isoformat(timespec="seconds"),
        by=by,
        reason=reason,
    )
    write_index(data, index.changed(change))


def _logged_label(case: Case) -> str | None:
    """The class of a case, where the answer in the log is one short text."""
    for answer in case.answers.values():
        text = answer.text.strip()
        if text and len(text) <= _LONGEST_LABEL and is_label_like(text):
            return text
    return known_label(case)


def _line(case: Case, meta: dict[str, str]) -> bytes:
    outputs: dict[str, Any] = {}
    usage: dict[str, Any] = {}
    for model, answer in case.answers.items():
        outputs[model] = list(answer.blocks) if answer.blocks else answer.text
        if answer.usage is not None:
            usage[model] = _as_logged(answer.usage, answer.latency_s)
    line: dict[str, Any] = {"id": case.id, "type": case.type, "request": case.request}
    line |= {"outputs": outputs} if outputs else {}
    line |= {"usage": usage} if usage else {}
    line |= {"group": case.group} if case.group else {}
    line |= {"meta": meta} if meta else {}
    return msgspec.json.encode(line)


def _as_logged(usage: Any, latency_s: float | None) -> dict[str, Any]:
    """The provider's own names, as `suffice.pricing.read_usage` reads them."""
    said: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "cache_creation_input_tokens": usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
        "output_tokens_details": {"thinking_tokens": usage.thinking_tokens},
        "server_tool_use": {"web_search_requests": usage.web_searches},
        "service_tier": usage.service_tier,
        "inference_geo": usage.inference_geo,
        "speed": usage.speed,
        "latency_s": latency_s,
    }
    return {name: value for name, value in said.items() if value not in (None, {}, 0)} | {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
    }
