"""Which of the given labels a picture has."""

from __future__ import annotations

from typing import Any

from suffice.tasks.calling import TaskCall
from suffice.tasks.job import Job
from suffice.tasks.labelling import label_job
from suffice.tasks.labels import LabelSet
from suffice.tasks.media import read_image

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
    told = [instructions.strip()] if instructions else []
    return label_job("picture", seen.block, known, told=told, multi=multi, model=model)
