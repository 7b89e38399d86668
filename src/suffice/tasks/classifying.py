"""Which of the given labels a text has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suffice.errors import BadOption
from suffice.records import Answer
from suffice.tasks.job import Job, user_turn
from suffice.tasks.labels import ALL_LABELS, NOTHING, ONE_LABEL, LabelSet
from suffice.tasks.outcome import Unresolved
from suffice.tasks.signatures import as_classify

_MOST_TOKENS = 100


@as_classify
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

    def read(answer: Answer) -> Any | Unresolved:
        return known.read_several(answer.text) if multi else known.read_one(answer.text)

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
        shown = "\n".join(known.label_of(one) for one in values) or NOTHING
        parts.append(f"Example text:\n{text.strip()}\nAnswer:\n{shown}")
    parts.append(ALL_LABELS if multi else ONE_LABEL)
    return "\n\n".join(parts)
