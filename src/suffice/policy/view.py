"""
What routing needs of a request, read in one cheap pass: large parts are skipped, not built.

Whatever is unusual (no JSON object, a message that is none, a number as a model) gives no view,
and a request without a view is passed through as it came.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, TypedDict, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from suffice.policy.fingerprint import fingerprint
from suffice.policy.history import History, read_history
from suffice.policy.splice import WORTH_MEASURING

TYPE_HEADER = "x-suffice-type"
SESSION_HEADER = "x-suffice-session"
TYPE_IN_METADATA = "suffice_type"
_CLAUDE_CODE_SESSION = "x-claude-code-session-id"
_CLAUDE_CODE_AGENT = "x-claude-code-agent-id"
_SESSION_IN_USER_ID = re.compile(r"(?:^|_)session_([0-9A-Za-z][0-9A-Za-z-]{7,})$")
_REMEMBERED_SHAPES = 4_096
_BY_FIRST_WORDS = b"first"
# A name of a model or type is told in headers, kept in the account and remembered.
_LONGEST_NAME = 256
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


class _Inner(TypedDict, total=False):
    type: str
    citations: Any


class _Block(TypedDict, total=False):
    type: str
    text: Raw
    source: Raw
    citations: Any
    content: Raw


class Message(TypedDict, total=False):
    """A message as routing sees it: its role, and the kinds of its blocks."""

    role: str
    content: str | list[_Block]


class Tool(TypedDict, total=False):
    """A tool as routing sees it."""

    type: str | None
    strict: bool | None
    allowed_callers: list[str] | None


_Name = Annotated[str, msgspec.Meta(max_length=_LONGEST_NAME)]


class _Metadata(msgspec.Struct):
    user_id: str | None = None
    suffice_type: _Name | UnsetType = UNSET


class _Body(msgspec.Struct):
    model: _Name
    messages: Raw
    stream: bool = False
    metadata: _Metadata | None = None
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


# The fields translation may look at stand last.
_FIRST_SMALL = _Body.__struct_fields__.index("max_tokens")
_SMALL_FIELDS = tuple(name.encode() for name in _Body.__struct_fields__[_FIRST_SMALL:])


class RequestView:
    """
    One request as routing sees it. What costs time is read when it is asked for, once.

    Attributes:
        model: The model the client asked for.
        stream: Whether it wants events.
        body: As it came.
        length: Bytes of the body.
    """

    def __init__(self, headers: Mapping[str, str], body: bytes, parsed: _Body) -> None:
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
        values = msgspec.structs.astuple(self._body)[_FIRST_SMALL:]
        given = [
            b'"%b":%b' % (name, value)
            for name, value in zip(_SMALL_FIELDS, values)  # noqa: B905 - as long as the struct
            if value is not UNSET
        ]
        return b"{%b}" % b",".join(given)

    @_once
    def messages(self) -> list[Message]:
        """
        The messages, without their texts.

        Raises:
            msgspec.ValidationError: They are not messages.
        """
        messages = _MESSAGES.decode(self._body.messages)
        self._is_plain = _open_contents(messages)
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
        return all(_is_text(message.get("content")) for message in messages)

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
        return _SHAPES.shape(digest.digest(), system, tools)

    @property
    def prompt(self) -> tuple[bytes, bytes]:
        """The system prompt and the tools as they came, in JSON."""
        system, tools = (
            b"null" if raw is UNSET else bytes(raw) for raw in (self._body.system, self._body.tools)
        )
        return system, tools

    @property
    def has_session(self) -> bool:
        """
        Whether the client itself says which requests belong together.

        Raises:
            msgspec.ValidationError: The messages are none.
        """
        return self.conversation[0] != _BY_FIRST_WORDS

    @_once
    def conversation(self) -> tuple[bytes, ...]:
        """
        What tells this conversation from others, as `conversation_number` takes it.

        Our own session header, then Claude Code's (with its agent, which is a conversation of
        its own), then a session within ``metadata.user_id``, else what was said first.

        Raises:
            msgspec.ValidationError: The messages are none.
        """
        headers = self._headers
        if session := headers.get(SESSION_HEADER):
            return (b"session", session.encode())
        if session := headers.get(_CLAUDE_CODE_SESSION):
            agent = headers.get(_CLAUDE_CODE_AGENT, "")
            return (b"claude-code", session.encode(), agent.encode())
        metadata = self._body.metadata
        if metadata and metadata.user_id and (session := _session_in(metadata.user_id)):
            return (b"user-id", session.encode())
        return (_BY_FIRST_WORDS, *_first_words(self.messages))


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
    if len(headers.get(TYPE_HEADER) or "") > _LONGEST_NAME:
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


def _open_contents(messages: list[Message]) -> bool:
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


def _is_text(content: str | list[_Block] | None) -> bool:
    return isinstance(content, str) or (
        content is not None and all(block.get("type") == "text" for block in content)
    )


def _session_in(user_id: str) -> str | None:
    if user_id.startswith("{"):
        try:
            return _SESSION_IN_JSON.decode(user_id).session_id or None
        except msgspec.DecodeError:
            return None
    if "session_" not in user_id:
        return None
    found = _SESSION_IN_USER_ID.search(user_id)
    return found[1] if found else None


def _first_words(messages: Sequence[Message]) -> list[bytes]:
    """What was said before a model spoke; the same as text or as blocks, marked or not."""
    words = []
    for message in messages:
        if message.get("role") == "assistant":
            break
        content = message.get("content", "")
        if isinstance(content, str):
            words.append(content.encode())
            continue
        for block in content:
            if "text" in block:
                text = msgspec.json.decode(block["text"])
                words.append(text.encode() if isinstance(text, str) else bytes(block["text"]))
            elif "source" in block:
                words.append(bytes(block["source"]))
    return words


class _UserId(msgspec.Struct):
    session_id: str | None = None


class _RememberedShapes:
    """The fingerprints of the last prompts seen: few prompts make many requests."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._known: dict[bytes, str] = {}

    def shape(self, digest: bytes, system: bytes | memoryview, tools: bytes | memoryview) -> str:
        """The fingerprint of a system prompt and a tool set, by the digest of their bytes."""
        known = self._known.get(digest)
        if known is None:
            request = {"system": msgspec.json.decode(system), "tools": msgspec.json.decode(tools)}
            known = fingerprint(request)
            if len(self._known) >= self._capacity:
                self._known.clear()
            self._known[digest] = known
        return known


_PLAIN = History()
_PLAIN_ROLES = frozenset({"user", "assistant"})
_PLAIN_KINDS = frozenset({"text", "tool_use", "tool_result"})
_OPENINGS = (b"[", b"{")
_INNER = msgspec.json.Decoder(list[_Inner] | _Inner)
_BODY = msgspec.json.Decoder(_Body)
_MESSAGES = msgspec.json.Decoder(list[Message])
_TOOLS = msgspec.json.Decoder(list[Tool] | None)
_SESSION_IN_JSON = msgspec.json.Decoder(_UserId)
_SHAPES = _RememberedShapes(_REMEMBERED_SHAPES)
