"""One exchange as somebody's log tells it: what was asked, what was answered, what it used."""

from __future__ import annotations

from typing import Any

import msgspec

from suffice.records.usage import Usage


class LoggedExchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A request and its response in one shape, whichever tool wrote the log.

    Attributes:
        id: The source's own; empty where it has none (the store then names it by its place).
        source: The format it was read as, e.g. ``anthropic`` or ``claude-code``.
        provider_ids: What the provider named the message or the request, where it is told beside
            the source's own id: another tool's log of the same call tells one of them too.
        ts: When it was sent, in seconds since 1970 (UTC); None where not told.
        request: An Anthropic request body without ``model``; ``{}`` where the source holds none.
        response_text: All text of the answer.
        response_blocks: Its content blocks, tool calls among them.
        model: The model that served, by the provider's word; empty where not told.
        requested_model: What the caller asked for; empty where not told.
        usage: None where nothing can be told; dollars are then unknown, never zero.
        reported_usd: What the source says it cost, as a decimal; None where it says nothing.
        latency_s: Seconds to the last byte.
        ttft_s: Seconds to the first one.
        status: The HTTP status; None where not told.
        error: The source's word for what went wrong; None where nothing did.
        session: The conversation it belongs to.
        user: Whom it was made for, as the source names them.
        agent_id: The sub-agent that called; empty for a main loop.
        parent_agent_id: Who spawned it.
        is_sidechain: Whether a sub-agent made the call.
        labels: Explicit type tags, by their name in the source, e.g. ``gen_ai.prompt.name``.
        app: The application key's name; never a credential.
        stop_reason: The provider's own word, in Anthropic's vocabulary where it has one.
    """

    source: str
    id: str = ""
    provider_ids: tuple[str, ...] = ()
    ts: float | None = None
    request: dict[str, Any] = {}
    response_text: str = ""
    response_blocks: tuple[dict[str, Any], ...] = ()
    model: str = ""
    requested_model: str = ""
    usage: Usage | None = None
    reported_usd: str | None = None
    latency_s: float | None = None
    ttft_s: float | None = None
    status: int | None = None
    error: str | None = None
    session: str = ""
    user: str = ""
    agent_id: str = ""
    parent_agent_id: str = ""
    is_sidechain: bool = False
    labels: dict[str, str] = {}
    app: str = ""
    stop_reason: str | None = None

    @property
    def answered(self) -> bool:
        """
        Whether the log holds the answer itself, not only that there was one.

        >>> LoggedExchange(source="litellm").answered
        False
        """
        return bool(self.response_text or self.response_blocks)

    @property
    def replayable(self) -> bool:
        """
        Whether it could be asked of another model just as it was asked of this one.

        Claude Code's transcripts hold neither the system prompt nor the tools, and a request
        that continues a thread held by the provider brings only what was new.

        >>> asked = {"messages": [{"role": "user", "content": "hi"}]}
        >>> LoggedExchange(source="anthropic", request=asked).replayable
        True
        >>> asked["thread"] = {"type": "continue", "previous_message_id": "msg_1"}
        >>> LoggedExchange(source="anthropic", request=asked).replayable
        False
        """
        thread = self.request.get("thread")
        if isinstance(thread, dict) and thread.get("type") == "continue":
            return False
        return bool(self.request.get("messages")) and self.source != "claude-code"
