"""Which of the given labels a picture has."""

from __future__ import annotations

from typing import Any

from suffice.records import Answer
from suffice.tasks.calling import TaskCall
from suffice.tasks.job import Job, user_turn
from suffice.tasks.labels import ALL_LABELS, ONE_LABEL, LabelSet
from suffice.tasks.media import read_image
from suffice.tasks.outcome import Unresolved

DOCUMENT_TYPES = {
    "invoice": "asks for payment of goods or services, with a number and a total",
    "receipt": "confirms a payment that was made, often from a till",
    "contract": "an agreement between parties, with clauses",
    "letter": "addressed to somebody, in running text",
    "form": "fields to be filled in, or filled in",
    "identity_document": "a passport, an identity card or a driving licence",
    "bank_statement": "movements and balances of an account",
    "chart_or_table": "figures drawn or in rows and columns",
    "photo": "no document: a thing, a person or a place",
    "other": "a document of another kind, or one that cannot be read",
}
"""Ready-made labels for scanned papers."""

_MOST_TOKENS = 100


@TaskCall
def classify_image(
    image: Any,
    labels: Any = DOCUMENT_TYPES,
    *,
    instructions: str | None = None,
    multi: bool = False,
    allow_urls: bool = False,
    model: str | None = None,
) -> Job[Any]:
    """
    The label of a picture, out of a set; a list of labels with ``multi``.

    Type, size and edges are checked here. How many tokens it is for a model:
    ``read_image(image).tokens(model, catalog=...)`` of `suffice.tasks.media`.

    Args:
        image: A `pathlib.Path`, bytes, a PIL image, or an address with ``allow_urls``.
        labels: As in `classify`; types of documents if not given.
        instructions: What tells the labels apart, where their names do not.
        multi: Any number of labels may apply, none included.
        allow_urls: The provider may fetch an ``https`` address.
        model: Who is asked, with settings; None: by the policy, else by the prior.

    Raises:
        BadOption: No set of labels, or no picture that can be sent.
        UnreadableFile: The file cannot be read.
    """
    known, seen = LabelSet.of(labels), read_image(image, allow_urls=allow_urls)
    parts = ["Classify the picture you are given by these labels:", known.shown()]
    if instructions:
        parts.append(instructions.strip())
    prompt = "\n\n".join([*parts, ALL_LABELS if multi else ONE_LABEL])

    def read(answer: Answer) -> Any | Unresolved:
        return known.read_several(answer.text) if multi else known.read_one(answer.text)

    return Job(
        task="classify_image",
        kind="images",
        prompt=prompt,
        request={
            "max_tokens": _MOST_TOKENS,
            "thinking": {"type": "disabled"},
            "system": prompt,
            "messages": [user_turn(seen.block)],
        },
        read=read,
        repairs=1,
        model=model,
    )
