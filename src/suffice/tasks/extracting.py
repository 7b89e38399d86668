"""The fields of a shape, taken out of a text, a PDF or a picture."""

from __future__ import annotations

from typing import Any

import msgspec

from suffice.records import Answer
from suffice.scoring.json_reading import read_json
from suffice.tasks.job import Job, paragraph, question
from suffice.tasks.media import read_source
from suffice.tasks.outcome import Unresolved
from suffice.tasks.provenance import Provenance, provenance
from suffice.tasks.schemas import Misfit, Shape
from suffice.tasks.signatures import as_extract
from suffice.tasks.structured import json_of, read_object

_SYSTEM = """\
Extract the fields of this JSON schema from the input you are given:

{schema}
{instructions}
Copy values as they stand in the input. Write dates as YYYY-MM-DD and amounts as plain numbers.
Use null where the input does not say; never guess. Answer with one JSON object and nothing else."""
_MOST_TOKENS = 8_192


@as_extract
def extract(
    source: Any,
    schema: Any,
    *,
    instructions: str | None = None,
    grounded: bool = False,
    allow_urls: bool = False,
    model: str | None = None,
) -> Job[Any]:
    """
    An instance of a schema, filled from a text, a PDF or a picture.

    ``extract.outcome(...).details`` is a `Provenance`: where each value stands in the text, which
    fields the input says nothing of, and which values stand nowhere in it.

    Args:
        source: A text, a `pathlib.Path`, bytes, a PIL image, or an address with ``allow_urls``.
        schema: A pydantic model, a dataclass, a msgspec Struct, a TypedDict, or a JSON schema.
        instructions: What the schema's names and descriptions do not say.
        grounded: A value that stands nowhere in the text is no answer; for values that are
            copied, not for labels or sums. Says nothing of PDFs and pictures.
        allow_urls: The provider may fetch an ``https`` address.
        model: Who is asked, with settings; None: by the policy, else by the prior.

    Raises:
        BadOption: No schema of an object, or an input that cannot be sent.
        UnreadableFile: The file cannot be read.

    >>> from suffice.tasks import Runner, using
    >>> from suffice.testing import answering
    >>> schema = {"type": "object", "properties": {"total": {"type": "number"}}}
    >>> recorded = answering('{"total": 12.5}')
    >>> with using(Runner(recorded, ladder=lambda *_: ("claude-haiku-5-5",))):
    ...     outcome = extract.outcome("Total EUR 12,50", schema)
    >>> outcome.value, outcome.details.spans["total"].text
    ({'total': 12.5}, '12,50')
    """
    shape, given = Shape(schema), read_source(source, allow_urls=allow_urls)
    asked = shape.asked()
    prompt = _SYSTEM.format(
        schema=msgspec.json.encode(asked, order="deterministic").decode(),
        instructions=paragraph(instructions),
    )

    def read(answer: Answer) -> Any | Unresolved:
        found = read_object(answer)
        if isinstance(found, Unresolved):
            return found
        try:
            value = shape.value(found)
        except Misfit as wrong:
            return Unresolved(reason="schema", detail=f"{wrong}.", text=answer.text)
        unsupported = details(answer).unsupported if grounded else ()
        if unsupported:
            fields = ", ".join(unsupported)
            detail = f"The input does not say the values of {fields}."
            return Unresolved(reason="not_in_source", detail=detail, text=answer.text)
        return value

    def details(answer: Answer) -> Provenance:
        return provenance(read_json(answer.text, repair=False).value, given.text)

    return Job(
        task="extract",
        kind="extraction",
        prompt=prompt,
        request=question(
            prompt,
            given.text if given.text is not None else given.block,
            max_tokens=_MOST_TOKENS,
            output_config=json_of(asked),
        ),
        read=read,
        details=details,
        repairs=1,
        model=model,
    )
