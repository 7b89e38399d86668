"""
What routing needs of a request, read in one cheap pass: large parts are skipped, not built.

Whatever is unusual (no JSON object, a message that is none, a number as a model) gives no view,
and a request without a view is passed through as it came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Raw

from suffice.policy.bodies import (
    LONGEST_NAME,
    Body,
    Message,
    Tool,
    is_text,
    open_contents,
    small_fields,
)
from suffice.policy.conversations import first_words, named_conversation
from suffice.policy.fingerprint import Fingerprints
from suffice.policy.history import History, read_history
from suffice.policy.splice import WORTH_MEASURING

TYPE_HEADER = "x-suffice-type"
TYPE_IN_METADATA = "suffice_type"
_REMEMBERED_SHAPES = 4_096
# Parts cost more than bytes: thirty megabytes of nothing but `{},` would hold everybody up.
_MOST_PARTS = 200_000
_MOST_PROMPT_BYTES = 8 * 1024 * 1024
_WORTH_COUNTING = 512 * 1024
_BEGINNING = 24

_Value = TypeVar("_Value")


class _once(Generic[_Value]):  # noqa: N801 - a decorator, like property
    """An attribute found when first asked for; `functools.cached_property` takes a lock on 3.11."""

    def __init__(self, find: Callable[[Any], _Value]) -> None:
        self._find, self._name = find, find.__name__
        self.__doc__ = find.__doc__

    def __get__(self, owner: Any, kind: type | None = None) -> _Value:
        found = owner.__dict__[self._name] = self._find(owner)
        return found


class RequestView:
    """
    One request as routing sees it. What costs time is read when it is asked for, once.

    Attributes:
        model: The model the client asked for.
        stream: Whether it wants events.
        body: As it came.
        length: Bytes of the body.
    """

    def __init__(self, headers: Mapping[str, str], body: bytes, parsed: Body) -> None:
        self._headers = headers
        self.body = body
        self._is_plain = False
        self._body = parsed
        self.model = parsed.model
        self.stream = parsed.stream
        self.length = len(body)

    @property
    def explicit_type(self) -> str | None:
        """The type the client names, in a header or in ``metadata``."""
        named = self._headers.get(TYPE_HEADER)
        if named:
            return named
        return self._metadata_type or None

    @property
    def has_metadata_type(self) -> bool:
        """Whether ``metadata`` holds our own field, which the provider would reject."""
        return self._metadata_type is not None

    @property
    def betas(self) -> str:
        """The ``anthropic-beta`` header, as it came."""
        return self._headers.get("anthropic-beta", "")

    @_once
    def max_tokens(self) -> int | None:
        """How long the answer may be; None where absent or no whole number."""
        raw = self._body.max_tokens
        value = None if raw is UNSET else msgspec.json.decode(raw)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @_once
    def fields(self) -> bytes:
        """The small fields translation may look at, as one JSON object."""
        return small_fields(self._body)

    @_once
    def messages(self) -> list[Message]:
        """
        The messages, without their texts.

        Raises:
            msgspec.ValidationError: They are not messages.
        """
        messages = _MESSAGES.decode(self._body.messages)
        self._is_plain = open_contents(messages)
        return messages

    @_once
    def history(self) -> History:
        """
        What the messages hold.

        Raises:
            msgspec.ValidationError: They are not messages.
        """
        messages = self.messages
        if not self._is_plain:
            return read_history(messages)
        # What is plain has no more to tell than whether the model is to go on in its own words.
        is_prefill = bool(messages) and messages[-1].get("role") == "assistant"
        return read_history(messages[-1:]) if is_prefill else _PLAIN

    @_once
    def tools(self) -> tuple[Tool, ...]:
        """
        The tools that are more than a name and a schema.

        Raises:
            msgspec.ValidationError: They are not tools.
        """
        if self._body.tools is UNSET:
            return ()
        return tuple(tool for tool in _TOOLS.decode(self._body.tools) or () if tool)

    @property
    def has_tools(self) -> bool:
        """Whether tools are offered; an empty list offers none."""
        tools = self._body.tools
        return tools is not UNSET and len(memoryview(tools)) > len(b"null")

    @property
    def is_plain_talk(self) -> bool:
        """
        Whether user and assistant have said nothing but text, and it is the model's turn.

        Raises:
            msgspec.ValidationError: The messages are none.
        """
        messages = self.messages
        if not messages or not self._is_plain or messages[-1].get("role") != "user":
            return False
        return all(is_text(message.get("content")) for message in messages)

    @property
    def around_messages(self) -> tuple[bytes, bytes, bytes]:
        """
        The body as what stands before the messages, the messages, and what stands behind them.

        Where the same bytes stand there twice, it is the first of them.
        """
        body, messages = self.body, bytes(self._body.messages)
        # Their beginning is found in a fraction of the time, and is nearly always theirs.
        begins = body.find(messages[:_BEGINNING])
        if not body.startswith(messages, begins):
            begins = body.index(messages)
        return body[:begins], messages, body[begins + len(messages) :]

    @property
    def is_ongoing(self) -> bool:
        """Whether a model has already spoken in this conversation."""
        return any(message.get("role") == "assistant" for message in self.messages)

    @property
    def in_thread(self) -> bool:
        """Whether the provider holds this conversation: then only its newest part is here."""
        thread = self._body.thread
        return thread is not UNSET and bytes(memoryview(thread)) != b"null"

    @property
    def in_tool_loop(self) -> bool:
        """Whether the last turn hands back what a tool said; a system message is no turn."""
        turns = (each for each in reversed(self.messages) if each.get("role") != "system")
        content = next(turns, Message()).get("content")
        return isinstance(content, list) and any(
            block.get("type") == "tool_result" for block in content
        )

    @_once
    def is_cached(self) -> bool:
        """Whether anything is marked to be cached."""
        return b'"cache_control"' in self.body

    @_once
    def text_bytes(self) -> int:
        """
        Bytes of the body without its pictures; documents count as text.

        Raises:
            msgspec.ValidationError: The messages are none.
        """
        pictures = sum(
            len(memoryview(block["source"]))
            for message in self.messages
            if isinstance(content := message.get("content"), list)
            for block in content
            if block.get("type") == "image" and "source" in block
        )
        return self.length - pictures

    @property
    def large_parts(self) -> dict[str, Raw]:
        """The parts a splice would otherwise have to walk through, as they stand in the body."""
        if self.length <= WORTH_MEASURING:
            return {}
        parts = {name: getattr(self._body, name) for name in ("messages", "tools", "system")}
        return {name: part for name, part in parts.items() if part is not UNSET}

    @property
    def _metadata_type(self) -> str | None:
        metadata = self._body.metadata
        if metadata is None or metadata.suffice_type is UNSET:
            return None
        return metadata.suffice_type

    @_once
    def fingerprint(self) -> str:
        """
        What `suffice.policy.fingerprint.fingerprint` says of the request.

        Raises:
            msgspec.DecodeError: The system prompt or the tools are no JSON after all, or are
                more than anybody's prompt.
        """
        system, tools = (
            b"null" if raw is UNSET else memoryview(raw)
            for raw in (self._body.system, self._body.tools)
        )
        if len(system) + len(tools) > _WORTH_COUNTING and _is_beyond_reading(self.prompt):
            message = "nobody's system prompt and tools"
            raise msgspec.ValidationError(message)
        digest = hashlib.sha256(system)
        digest.update(b"\n")
        digest.update(tools)
        return _SHAPES.of(digest.digest(), system, tools)

    @property
    def prompt(self) -> tuple[bytes, bytes]:
        """The system prompt and the tools as they came, in JSON."""
        system, tools = (
            b"null" if raw is UNSET else bytes(raw) for raw in (self._body.system, self._body.tools)
        )
        return system, tools

    @property
    def has_session(self) -> bool:
        """Whether the client itself says which requests belong together."""
        return self._named is not None

    @_once
    def conversation(self) -> tuple[bytes, ...]:
        """
        What tells this conversation from others, as `conversation_number` takes it.

        Raises:
            msgspec.ValidationError: The messages are none.
        """
        return self._named or first_words(self.messages)

    @_once
    def _named(self) -> tuple[bytes, ...] | None:
        return named_conversation(self._headers, self._body.metadata)


def view_request(headers: Mapping[str, str], body: bytes) -> RequestView | None:
    """
    A request as routing sees it; None where it is none, and must be passed through.

    Args:
        headers: With lower-case names.
        body: As it came, decompressed.

    >>> body = b'{"model": "claude-opus-5-5", "max_tokens": 9, "messages": []}'
    >>> view_request({"x-suffice-type": "triage"}, body).explicit_type
    'triage'
    >>> view_request({}, b"[]") is None
    True
    """
    if len(body) > _WORTH_COUNTING and body.count(b"{") > _MOST_PARTS:
        return None
    if len(headers.get(TYPE_HEADER) or "") > LONGEST_NAME:
        return None
    try:
        parsed = _BODY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return RequestView(headers, body, parsed)


def _is_beyond_reading(prompt: tuple[bytes, bytes]) -> bool:
    """Whether a system prompt and tools are too large, or too many parts, to be looked at."""
    if sum(map(len, prompt)) > _MOST_PROMPT_BYTES:
        return True
    return sum(part.count(b"{") + part.count(b"[") for part in prompt) > _MOST_PARTS


_PLAIN = History()
_BODY = msgspec.json.Decoder(Body)
_MESSAGES = msgspec.json.Decoder(list[Message])
_TOOLS = msgspec.json.Decoder(list[Tool] | None)
_SHAPES = Fingerprints(_REMEMBERED_SHAPES)
