"""Which of the given labels a text has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suffice.errors import BadOption
from suffice.records import Answer
from suffice.tasks.calling import TaskCall
from suffice.tasks.job import Job, user_turn
from suffice.tasks.labels import LabelSet
from suffice.tasks.outcome import Unresolved

_ONE = "Answer with exactly one label of the list and nothing else."
_ALL = (
    "Answer with every label of the list that applies, one a line, and nothing else. "
    "Where none applies, answer with a single hyphen."
)
_MOST_TOKENS = 100
_NONE = "-"


@TaskCall
def classify(
    text: str,
    labels: Any,
    *,
    instructions: str | None = None,
    examples: Sequence[tuple[str, Any]] = (),
    multi: bool = False,
    model: str | None = None,
) -> Job[Any]:
    """
    The label of a text, out of a set; a list of labels with ``multi``.

    Args:
        text: What is to be classified.
        labels: An Enum (members are given back), a Literal, a list of texts, or a mapping from
            label to what it means.
        instructions: What tells the labels apart, where their names do not.
        examples: Texts with their label (their labels, with ``multi``).
        multi: Any number of labels may apply, none included.
        model: Who is asked, with settings; None: by the policy, else by the prior.

    Raises:
        BadOption: No set of labels, an example outside it, or an empty text.

    >>> from suffice.tasks import Runner, using
    >>> from suffice.testing import answering
    >>> with using(Runner(answering("Billing."), ladder=lambda *_: ("claude-haiku-5-5",))):
    ...     classify("My card was charged twice.", ["billing", "delivery"])
    'billing'
    """
    if not text.strip():
        raise BadOption("There is no text to classify.", effect="Nothing was asked.")
    known = LabelSet.of(labels)
    prompt = _prompt(known, instructions, examples, multi=multi)
    scorer = known.scorer()

    def read_one(line: str) -> Any | Unresolved:
        reading = scorer.read(line)
        if reading.in_set:
            return known.values[reading.label]
        said = line.strip()[:80]
        return Unresolved(reason="out_of_set", detail=f"{said!r} is no label.", text=line)

    def read(answer: Answer) -> Any | Unresolved:
        return _read_all(answer.text, read_one) if multi else read_one(answer.text)

    return Job(
        task="classify",
        kind="classification",
        prompt=prompt,
        request={
            "max_tokens": _MOST_TOKENS,
            "thinking": {"type": "disabled"},
            "system": prompt,
            "messages": [user_turn(text)],
        },
        read=read,
        repairs=1,
        model=model,
    )


def _prompt(
    known: LabelSet, instructions: str | None, examples: Sequence[tuple[str, Any]], *, multi: bool
) -> str:
    parts = ["Classify the text you are given by these labels:", known.shown()]
    if instructions:
        parts.append(instructions.strip())
    for text, value in examples:
        values = value if multi and not isinstance(value, str) else [value]
        shown = "\n".join(known.label_of(one) for one in values) or _NONE
        parts.append(f"Example text:\n{text.strip()}\nAnswer:\n{shown}")
    parts.append(_ALL if multi else _ONE)
    return "\n\n".join(parts)


def _read_all(text: str, read_one: Any) -> list[Any] | Unresolved:
    lines = [line.strip().removeprefix("- ") for line in text.splitlines() if line.strip()]
    if lines == [_NONE]:
        return []
    found: list[Any] = []
    for line in lines:
        value = read_one(line)
        if isinstance(value, Unresolved):
            return value
        if value not in found:
            found.append(value)
    return found
