"""Every format exchanges are read from, and which of them a record is in."""

import re

from suffice.traffic.formats.batches import ANTHROPIC_BATCHES, OPENAI_BATCHES
from suffice.traffic.formats.claude_code import CLAUDE_CODE
from suffice.traffic.formats.format import Format, Reader, Record
from suffice.traffic.formats.helicone import HELICONE
from suffice.traffic.formats.langfuse import LANGFUSE
from suffice.traffic.formats.litellm import LITELLM
from suffice.traffic.formats.otel import OTEL
from suffice.traffic.formats.otel_logs import OTEL_LOGS
from suffice.traffic.formats.pairs import ANTHROPIC, CAPTURE, OPENAI
from suffice.traffic.formats.promptfoo import PROMPTFOO
from suffice.traffic.formats.weave import WEAVE

__all__ = ["FORMATS", "Format", "Reader", "Record", "detect", "format_named", "stands_for_itself"]

# Told by what only they have first, by the general shape of a request or response last.
FORMATS: tuple[Format, ...] = (
    CLAUDE_CODE,
    OTEL,
    OTEL_LOGS,
    CAPTURE,
    ANTHROPIC_BATCHES,
    OPENAI_BATCHES,
    LITELLM,
    LANGFUSE,
    HELICONE,
    WEAVE,
    PROMPTFOO,
    OPENAI,
    ANTHROPIC,
)
_TOLD_BY = tuple(f'"{name}"'.encode() for form in FORMATS for name in form.told_by)
# A letter or an underscore, which a member's name may hide in.
_ESCAPED = re.compile(rb"\\u00[4-7]")
_BY_NAME = {form.name: form for form in FORMATS}


def detect(record: Record) -> Format | None:
    """
    The format a record is in; None where it is in none we know.

    >>> found = detect({"custom_id": "a", "params": {"messages": []}})
    >>> found.title if found else None
    'Message Batches'
    >>> detect({"weather": "fine"}) is None
    True
    """
    return next((form for form in FORMATS if form.fits(record)), None)


def format_named(name: str) -> Format | None:
    """
    The format of a name, as ``--as`` takes it.

    >>> format_named("openinference").name, format_named("csv") is None
    ('otel', True)
    """
    return _BY_NAME.get("otel" if name == "openinference" else name)


def stands_for_itself(line: bytes) -> bool:
    """
    Whether a line of JSON is, by its bytes alone, in no format whose records belong together.

    >>> stands_for_itself(b'{"messages": []}'), stands_for_itself(b'{"custom_id": "a"}')
    (True, False)
    >>> stands_for_itself(rb'{"custom\u005fid": "a"}')
    False
    """
    if any(name in line for name in _TOLD_BY):
        return False
    return b"\\u00" not in line or _ESCAPED.search(line) is None
