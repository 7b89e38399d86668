"""A request's body as routing reads it: in one pass, what is large skipped and not built."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import msgspec
from msgspec import UNSET, Raw, UnsetType

# A name of a model or type is told in headers, kept in the account and remembered.
LONGEST_NAME = 256


class _Inner(TypedDict, total=False):
    type: str
    citations: Any


class Block(TypedDict, total=False):
    """A block of a message's content; what may be large stays as it stands in the body."""

    type: str
    text: Raw
    source: Raw
    citations: Any
    content: Raw


class Message(TypedDict, total=False):
    """A message as routing sees it: its role, and the kinds of its blocks."""

    role: str
    content: str | list[Block]


class Tool(TypedDict, total=False):
    """A tool as routing sees it."""

    type: str | None
    strict: bool | None
    allowed_callers: list[str] | None


_Name = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]


class Metadata(msgspec.Struct):
    """Who is asking, and our own field, which the provider does not know."""

    user_id: str | None = None
    suffice_type: _Name | UnsetType = UNSET


class Body(msgspec.Struct):
    """The fields of a request that routing looks at; most stay as they stand in the body."""

    model: _Name
    messages: Raw
    stream: bool = False
    metadata: Metadata | None = None
    thread: Raw | UnsetType = UNSET
    system: Raw | UnsetType = UNSET
    tools: Raw | UnsetType = UNSET
    max_tokens: Raw | UnsetType = UNSET
    thinking: Raw | UnsetType = UNSET
    output_config: Raw | UnsetType = UNSET
    tool_choice: Raw | UnsetType = UNSET
    temperature: Raw | UnsetType = UNSET
    top_p: Raw | UnsetType = UNSET
    top_k: Raw | UnsetType = UNSET
    speed: Raw | UnsetType = UNSET
    inference_geo: Raw | UnsetType = UNSET
    service_tier: Raw | UnsetType = UNSET
    fallbacks: Raw | UnsetType = UNSET
    context_management: Raw | UnsetType = UNSET
    compaction: Raw | UnsetType = UNSET


def small_fields(body: Body) -> bytes:
    """The small fields translation may look at, as one JSON object."""
    given = [
        b'"%b":%b' % (name, value)
        for name, value in zip(_SMALL_FIELDS, msgspec.structs.astuple(body)[_FIRST_SMALL:])  # noqa: B905 - as long as the struct
        if value is not UNSET
    ]
    return b"{%b}" % b",".join(given)


def open_contents(messages: list[Message]) -> bool:
    """
    Read what stands within blocks where it is more than text.

    Returns:
        Whether all of it is plain: turns of user and assistant, of text, tool calls and results.
    """
    plain = True
    for message in messages:
        plain = plain and message.get("role") in _PLAIN_ROLES
        content = message.get("content", "")
        if isinstance(content, str):
            continue
        for block in content:
            plain = plain and block.get("type") in _PLAIN_KINDS and "citations" not in block
            inner = block.get("content")
            if inner is None:
                continue
            if memoryview(inner)[:1] in _OPENINGS:
                block["content"] = _INNER.decode(inner)
                plain = False
            else:
                del block["content"]
    return plain


def is_text(content: str | list[Block] | None) -> bool:
    """Whether a message's content is text and nothing else."""
    return isinstance(content, str) or (
        content is not None and all(block.get("type") == "text" for block in content)
    )


# The fields translation may look at stand last.
_FIRST_SMALL = Body.__struct_fields__.index("max_tokens")
_SMALL_FIELDS = tuple(name.encode() for name in Body.__struct_fields__[_FIRST_SMALL:])
_PLAIN_ROLES = frozenset({"user", "assistant"})
_PLAIN_KINDS = frozenset({"text", "tool_use", "tool_result"})
_OPENINGS = (b"[", b"{")
_INNER = msgspec.json.Decoder(list[_Inner] | _Inner)
