"""Which of the given labels a text has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suffice.errors import BadOption
from suffice.tasks.job import Job
from suffice.tasks.labelling import label_job
from suffice.tasks.labels import NOTHING, LabelSet
from suffice.tasks.signatures import as_classify


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
        raise BadOption(
            "There is no text to classify.",
            effect="Nothing was asked.",
            next_step="Leave empty texts out.",
        )
    known = LabelSet.of(labels)
    told = [instructions.strip()] if instructions else []
    told += [_shown(one, known, multi=multi) for one in examples]
    return label_job("text", text, known, told=told, multi=multi, model=model)


def _shown(example: Any, known: LabelSet, *, multi: bool) -> str:
    """An example as the prompt shows it."""
    match example:
        case (str() as text, value):
            pass
        case _:
            raise BadOption(
                f"{example!r} is no example.",
                effect="Nothing was asked.",
                next_step="Give pairs of a text and its label.",
            )
    values = value if multi and not isinstance(value, str) else [value]
    labels = "\n".join(known.label_of(one) for one in values) or NOTHING
    return f"Example text:\n{text.strip()}\nAnswer:\n{labels}"
