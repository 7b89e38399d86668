"""The job behind every task whose answer is a label: of a text, or of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from suffice.records import Answer
from suffice.tasks.job import Job, question
from suffice.tasks.labels import LabelSet
from suffice.tasks.outcome import Unresolved

Given = Literal["text", "picture"]

_TASKS: dict[Given, tuple[str, str]] = {
    "text": ("classify", "classification"),
    "picture": ("classify_image", "images"),
}
_ONE_LABEL = "Answer with exactly one label of the list and nothing else."
_ALL_LABELS = (
    "Answer with every label of the list that applies, one a line, and nothing else. "
    "Where none applies, answer with a single hyphen."
)
_MOST_TOKENS = 100


def label_job(
    given: Given,
    content: Mapping[str, Any] | str,
    known: LabelSet,
    *,
    told: Sequence[str],
    multi: bool,
    model: str | None,
) -> Job[Any]:
    """
    The job whose value is a label of a set; a list of labels with ``multi``.

    Args:
        given: What is classified.
        content: The text itself, or the picture's block.
        known: The labels.
        told: Paragraphs of the prompt besides the labels: instructions, examples.
        multi: Any number of labels may apply, none included.
        model: Who is asked; None: by the policy, else by the prior.
    """
    task, kind = _TASKS[given]
    opening = f"Classify the {given} you are given by these labels:"
    prompt = "\n\n".join([opening, known.shown(), *told, _ALL_LABELS if multi else _ONE_LABEL])

    def read(answer: Answer) -> Any | Unresolved:
        return known.read_several(answer.text) if multi else known.read_one(answer.text)

    return Job(
        task=task,
        kind=kind,
        prompt=prompt,
        request=question(prompt, content, max_tokens=_MOST_TOKENS),
        read=read,
        repairs=1,
        model=model,
    )
