"""A type's cases drawn into a file that `suffice compare` takes, with the answers paid for."""

from __future__ import annotations

import difflib
import os
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from suffice.adapters.exchanges import Exchanges
from suffice.adapters.typed_exchanges.queries import Questions, Wanted
from suffice.adapters.typed_exchanges.store import TypedExchanges
from suffice.api import known_label
from suffice.catalog import load_catalog
from suffice.comparison.sampling import EXTRA_CLASS, LabelOf, LeftOut, draw
from suffice.comparison.sampling import Wanted as WantedCases
from suffice.errors import BadOption, EmptyInput, StorageError
from suffice.records import Answer, Case
from suffice.reports.words import count
from suffice.scoring.labels import canonical_label, is_label_like

CASES_FOLDER = "cases"
_LONGEST_LABEL = 60
_LEAST_REPEATED = 5
_MOST_ALIKE = 3
_LATER_TURN = 3
_PLACEHOLDER = re.compile(rb"<[a-z]{3,6}:[a-p]{10}>")
# Beyond this a simple random sample of the type is drawn from, so that memory has an end.
_MOST_LOOKED_AT = 20_000


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The cases drawn, the extra ones of rare classes marked, and what was left out."""

    type: str
    main: tuple[Case, ...]
    extra: tuple[tuple[str, Case], ...]
    left_out: LeftOut
    answered: dict[str, int]
    masked: int = 0

    def summary(self) -> list[str]:
        """What was drawn, what was left out, and how many answers are paid for."""
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
        if self.masked:
            holds = "holds" if self.masked == 1 else "hold"
            lines.append(
                f"      {count(self.masked, 'case')} {holds} masked values: what the log answers "
                "was asked with the values, what is asked now is asked with placeholders"
            )
        return lines


def known_type(store: Exchanges, name: str, *, nor: str = "") -> None:
    """
    Refuse a name that no type has.

    Args:
        store: The exchanges.
        name: The type.
        nor: What else of that name there is not.

    Raises:
        BadOption: There is no such type; the nearest names are suggested.
    """
    names = sorted({entry.name for entry in TypedExchanges(store).entries.values()})
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        raise BadOption(
            f"There is neither {nor} nor a type {name!r}."
            if nor
            else f"There is no type {name!r}.",
            effect="Nothing was done.",
            next_step=f"There is {', '.join(near)}." if near else "`suffice types` lists them.",
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
    found = questions.cases(name, wanted=Wanted(since=since), most=_MOST_LOOKED_AT, seed=seed)
    cases = {case.id: case for case in asked_alike(found)}
    if not cases:
        raise EmptyInput(
            f"SF104 No call of {name} can be asked again: the logs hold no request.",
            effect="Nothing was drawn; the type can be ranked, not tested.",
            next_step="Turn on the capture of bodies where the log is written.",
        )
    label_of = _classes(cases.values())
    drawn = draw(
        list(cases.values()),
        dice=random.Random(seed),  # noqa: S311 - a sample, not a secret
        wanted=WantedCases(main=most, pilot=0),
        label_of=label_of,
    )
    main = tuple(cases[one] for one in drawn.main[:most])
    extra = tuple((label, cases[one]) for label, ids in drawn.extra.items() for one in ids)
    chosen = (*main, *(case for _, case in extra))
    answered = Counter(model for case in chosen for model in case.answers)
    return Sample(
        type=name,
        main=main,
        extra=extra,
        left_out=drawn.left_out,
        answered=dict(answered),
        masked=sum(_is_masked(case) for case in chosen),
    )


def asked_alike(cases: Iterable[Case]) -> list[Case]:
    """
    Cases that ask the same, word for word, as one with all models' answers, in their order.

    Those without a session belong to the conversation that goes on from their first turn.
    """
    return _by_conversation(_merged(cases))


def _merged(cases: Iterable[Case]) -> Iterator[Case]:
    """
    Cases that ask the same, word for word, as one with all its answers.

    What two models answered to one request is a recorded pair; what one model answered to it
    twice says how far it agrees with itself.
    """
    together: dict[bytes, list[Case]] = {}
    for case in cases:
        asked = msgspec.json.encode(case.request, order="deterministic")
        together.setdefault(blake2b(asked, digest_size=16).digest(), []).append(case)
    for same in together.values():
        answers: dict[str, Answer] = {}
        for case in same:
            for model, answer in case.answers.items():
                again = sum(name.partition("@")[0] == model for name in answers)
                if again < _MOST_ALIKE:
                    answers[f"{model}@{again + 1}" if again else model] = answer
        group = next((case.group for case in same if case.group), None)
        sent = [case.meta["ts"] for case in same if "ts" in case.meta]
        meta = {"ts": min(sent)} if sent else {}
        yield msgspec.structs.replace(same[0], answers=answers, group=group, meta=meta)


def _by_conversation(cases: Iterable[Case]) -> list[Case]:
    """Cases without a session, each with the conversation that goes on from its first turn."""
    listed = list(cases)
    began = {case.id: _beginning(case) for case in listed if case.group is None}
    longer = {
        began[case.id]
        for case in listed
        if case.id in began and len(case.request.get("messages") or []) >= _LATER_TURN
    }
    return [
        msgspec.structs.replace(case, group=began[case.id])
        if began.get(case.id) in longer
        else case
        for case in listed
    ]


def _beginning(case: Case) -> str:
    messages: list[Any] = case.request.get("messages") or []
    first = msgspec.json.encode([case.request.get("system"), messages[:1]], order="deterministic")
    return blake2b(first, digest_size=8).hexdigest()


def _is_masked(case: Case) -> bool:
    return _PLACEHOLDER.search(msgspec.json.encode(case.request)) is not None


def write_cases(path: Path, sample: Sample) -> None:
    """
    The sample as a cases file; extra draws carry their class in ``meta.extra_class``.

    Raises:
        StorageError: It cannot be written.
    """
    lines = [_line(case, {}) for case in sample.main]
    lines += [_line(case, {EXTRA_CLASS: label}) for label, case in sample.extra]
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Prompts stand in it: its owner's alone, as the data folder is.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(b"\n".join(lines) + b"\n")
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            effect="Nothing was drawn.",
            next_step="Choose another place with -o.",
        ) from error


def _classes(cases: Iterable[Case]) -> LabelOf | None:
    """
    The class of each case by the answer in the log, where answers are labels; else None.

    Answers that hardly ever repeat are no labels, however short they are.
    """
    written: dict[str, Counter[str]] = {}
    all_cases = labelled = 0
    for case in cases:
        all_cases += 1
        text = _short_answer(case)
        if text:
            labelled += 1
            written.setdefault(canonical_label(text), Counter())[text] += 1
    if 2 * labelled < all_cases or len(written) * _LEAST_REPEATED > labelled:
        return None
    usual = {label: forms.most_common(1)[0][0] for label, forms in written.items()}

    def label_of(case: Case) -> str | None:
        text = _short_answer(case)
        return usual.get(canonical_label(text)) if text else known_label(case)

    return label_of


def _short_answer(case: Case) -> str:
    for answer in case.answers.values():
        text = answer.text.strip()
        if text and len(text) <= _LONGEST_LABEL and is_label_like(text):
            return text
    return ""


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
