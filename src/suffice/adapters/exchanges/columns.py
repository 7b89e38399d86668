"""The columns of a kept exchange: everything that is counted, and keys to what is read."""

from __future__ import annotations

import types
from typing import Any, get_args, get_type_hints

import msgspec

from suffice.records import LoggedExchange, Usage

_LONGEST_ROLES = 64
# What names or describes is short; a text of megabytes in its place would sit in every query.
_LONGEST_NAME = 1_000
_MOST_LABELS = 64
_SQL = {int: "BIGINT", str: "VARCHAR", float: "DOUBLE", bool: "BOOLEAN", list[int]: "BIGINT[]"}


class StoredExchange(msgspec.Struct, frozen=True, kw_only=True):
    """
    One row of metadata. A key of 0 means that there is no such body.

    Attributes:
        n: The row's own number, growing in the order of import, never used twice.
        id: The source's own id.
        source: The format it came in.
        ts: Seconds since 1970 (UTC); None where the source does not tell.
        model: The model that served.
        requested_model: The one that was asked for.
        app: The application key's name.
        session: The conversation.
        user: Whom it was made for.
        agent_id: The sub-agent that called.
        parent_agent_id: Who spawned it.
        is_sidechain: Whether a sub-agent made the call.
        status: The HTTP status.
        error: What went wrong, in the source's word.
        stop_reason: Why the answer ended.
        latency_s: Seconds to the last byte.
        ttft_s: Seconds to the first.
        reported_usd: What the source says it cost.
        labels: Explicit type tags, as a JSON object.
        usage_known: Whether the token counts below were told.
        usage_complete: Whether all of them were.
        billed: False for a refusal before any output.
        input_tokens: Prompt tokens neither read from nor written to the cache.
        cache_read_tokens: Those read from it.
        cache_write_5m_tokens: Those written for five minutes.
        cache_write_1h_tokens: Those written for an hour.
        output_tokens: All that was written, thinking included.
        thinking_tokens: The thinking in it.
        web_searches: Server-side searches.
        service_tier: ``batch``, ``priority``, ``standard`` or None.
        inference_geo: ``us``, ``global`` or None.
        speed: ``fast``, ``standard`` or None.
        iterations: Where one answer took several model calls, they, as JSON; else empty.
        roles: First letters of the messages' roles, at most 64, e.g. ``uau``.
        system_key: Body of the system prompt.
        tools_key: Body of the tools.
        settings_key: Body of all else the request holds.
        message_keys: Bodies of the messages, in order.
        response_key: Body of the answer, ``{"text": ..., "blocks": [...]}``.
        replayable: Whether it could be asked of another model just as it was.
        size_bytes: Of request and answer as JSON, before anything is shared or packed.
    """

    n: int
    id: str
    source: str
    ts: float | None = None
    model: str = ""
    requested_model: str = ""
    app: str = ""
    session: str = ""
    user: str = ""
    agent_id: str = ""
    parent_agent_id: str = ""
    is_sidechain: bool = False
    status: int | None = None
    error: str | None = None
    stop_reason: str | None = None
    latency_s: float | None = None
    ttft_s: float | None = None
    reported_usd: str | None = None
    labels: str = "{}"
    usage_known: bool = False
    usage_complete: bool = False
    billed: bool = True
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    web_searches: int = 0
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    iterations: str = ""
    roles: str = ""
    system_key: int = 0
    tools_key: int = 0
    settings_key: int = 0
    message_keys: list[int] = []
    response_key: int = 0
    replayable: bool = False
    size_bytes: int = 0

    @property
    def usage(self) -> Usage | None:
        """What it used, as money reads it; None where the source told nothing."""
        if not self.usage_known:
            return None
        return Usage(
            input_tokens=self.input_tokens,
            cache_read_tokens=self.cache_read_tokens,
            cache_write_5m_tokens=self.cache_write_5m_tokens,
            cache_write_1h_tokens=self.cache_write_1h_tokens,
            output_tokens=self.output_tokens,
            thinking_tokens=self.thinking_tokens,
            web_searches=self.web_searches,
            service_tier=self.service_tier,
            inference_geo=self.inference_geo,
            speed=self.speed,
            billed=self.billed,
            complete=self.usage_complete,
            iterations=msgspec.json.decode(self.iterations, type=Usage).iterations
            if self.iterations
            else (),
        )


def row_of(exchange: LoggedExchange, *, size_bytes: int) -> StoredExchange:
    """The row of an exchange; its number and the keys of its bodies are the store's to give."""
    messages = exchange.request.get("messages")
    labels = dict(sorted(exchange.labels.items())[:_MOST_LABELS])
    return StoredExchange(
        n=0,
        id=exchange.id[:_LONGEST_NAME],
        source=exchange.source,
        ts=exchange.ts,
        model=exchange.model[:_LONGEST_NAME],
        requested_model=exchange.requested_model[:_LONGEST_NAME],
        app=exchange.app[:_LONGEST_NAME],
        session=exchange.session[:_LONGEST_NAME],
        user=exchange.user[:_LONGEST_NAME],
        agent_id=exchange.agent_id[:_LONGEST_NAME],
        parent_agent_id=exchange.parent_agent_id[:_LONGEST_NAME],
        is_sidechain=exchange.is_sidechain,
        status=exchange.status,
        error=exchange.error and exchange.error[:_LONGEST_NAME],
        stop_reason=exchange.stop_reason and exchange.stop_reason[:_LONGEST_NAME],
        latency_s=exchange.latency_s,
        ttft_s=exchange.ttft_s,
        reported_usd=exchange.reported_usd,
        labels=msgspec.json.encode(labels).decode(),
        roles=roles_of(messages if isinstance(messages, list) else []),
        replayable=exchange.replayable,
        size_bytes=size_bytes,
        **_counts(exchange.usage),
    )


def roles_of(messages: list[Any]) -> str:
    """
    First letters of the roles, at most 64.

    >>> roles_of([{"role": "user"}, {"role": "assistant"}, {}])
    'ua?'
    """
    return "".join(
        str(message.get("role") or "?")[0] if isinstance(message, dict) else "?"
        for message in messages[:_LONGEST_ROLES]
    )


def _counts(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    return {
        "usage_known": True,
        "usage_complete": usage.complete,
        "billed": usage.billed,
        "input_tokens": usage.input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_5m_tokens": usage.cache_write_5m_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "output_tokens": usage.output_tokens,
        "thinking_tokens": usage.thinking_tokens,
        "web_searches": usage.web_searches,
        "service_tier": usage.service_tier,
        "inference_geo": usage.inference_geo,
        "speed": usage.speed,
        "iterations": msgspec.json.encode(usage).decode() if usage.iterations else "",
    }


def sql_columns() -> dict[str, str]:
    """
    Each column with DuckDB's type for it, in the order of the fields.

    >>> list(sql_columns().items())[:4]
    [('n', 'BIGINT'), ('id', 'VARCHAR'), ('source', 'VARCHAR'), ('ts', 'DOUBLE')]
    """
    return {name: _SQL[_plain(hint)] for name, hint in get_type_hints(StoredExchange).items()}


def _plain(hint: Any) -> Any:
    """The type beside None."""
    if isinstance(hint, types.UnionType):
        return next(kind for kind in get_args(hint) if kind is not types.NoneType)
    return hint
