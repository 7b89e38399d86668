"""Claude Code's transcripts: one line per content block, so lines of one answer are merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from typing_extensions import override

from suffice.records import LoggedExchange
from suffice.traffic.formats.chat import joined_text
from suffice.traffic.formats.fields import (
    between,
    count,
    dollars,
    member,
    text,
    told_ids,
    when,
)
from suffice.traffic.formats.format import Format, Reader, Record
from suffice.traffic.formats.usage import anthropic_usage

_KINDS = frozenset(
    {
        "user", "assistant", "system", "summary", "queue-operation", "attachment", "ai-title",
        "pr-link", "last-prompt", "file-history-snapshot", "progress",
    }
)  # fmt: skip
_TOLD_BY = ("sessionId", "leafUuid", "snapshot")
_MOST_MESSAGES = 4_000
_LONGEST_WAIT_S = 3_600.0  # beyond it a person was waited for, or a machine slept
_SYNTHETIC = "<synthetic>"  # Claude Code's own words in an answer's place; nobody was called


class _Answer:
    """One answer as its lines come in."""

    def __init__(self, record: Record, message: dict[str, Any]) -> None:
        self.first = record
        self.message = message
        self.blocks: list[dict[str, Any]] = []
        self.usage: dict[str, Any] = {}
        self.stop: str | None = None
        self.ended = when(record.get("timestamp"))

    def add(self, record: Record, message: dict[str, Any]) -> None:
        """Take one line: its blocks are new, its usage repeats or goes on counting."""
        for block in _blocks(message.get("content")):
            if block not in self.blocks:
                self.blocks.append(block)
        usage = member(message, "usage")
        if (count(usage, "output_tokens") or 0) >= (count(self.usage, "output_tokens") or 0):
            self.usage = usage or self.usage
        self.stop = text(message, "stop_reason") or self.stop
        self.ended = when(record.get("timestamp")) or self.ended


class TranscriptReader(Reader):
    """
    Reads the lines of one transcript.

    The same usage stands on every line of an answer; adding lines up would count it again and
    again, so all lines with one message id are one call. The messages before it are found along
    ``parentUuid``. The file holds neither the system prompt nor the tools.
    """

    def __init__(self) -> None:
        self._parents: dict[str, tuple[str, dict[str, Any] | None]] = {}
        self._times: dict[str, float | None] = {}
        self._open: dict[str, _Answer] = {}
        self._merged = 0

    @property
    @override
    def merged(self) -> int:
        return self._merged

    @override
    def read(self, record: Record) -> Iterable[LoggedExchange]:
        kind, message = text(record, "type"), member(record, "message")
        uuid = text(record, "uuid")
        speaks = kind in {"user", "assistant"} and bool(message)
        if uuid:
            self._parents[uuid] = (text(record, "parentUuid"), message if speaks else None)
            self._times[uuid] = when(record.get("timestamp"))
        if kind != "assistant" or not message or text(message, "model") == _SYNTHETIC:
            return ()
        name = text(message, "id") or text(record, "requestId") or uuid
        if not name:
            raise ValueError("an assistant line has a message id")
        if name in self._open:
            self._merged += 1
        else:
            self._open[name] = _Answer(record, message)
        self._open[name].add(record, message)
        return ()

    @override
    def finish(self) -> Iterator[LoggedExchange]:
        # Lines of one answer may stand apart, so an answer is whole when the file is.
        for name, answer in self._open.items():
            yield self._exchange(name, answer)
        self._open, self._parents, self._times = {}, {}, {}

    def _exchange(self, name: str, answer: _Answer) -> LoggedExchange:
        record = answer.first
        messages, root = self._messages_before(text(record, "parentUuid"))
        # What it answers was sent when it was written down; the answer's own lines come later.
        asked = self._times.get(text(record, "parentUuid"))
        latency_s = between(asked, answer.ended)
        if latency_s is None or latency_s > _LONGEST_WAIT_S:
            asked, latency_s = when(record.get("timestamp")), None
        sidechain = record.get("isSidechain") is True
        agent = text(record, "agentId")
        failed = record.get("isApiErrorMessage") is True
        return LoggedExchange(
            source="claude-code",
            id=name,
            provider_ids=told_ids(text(record, "requestId")),
            ts=asked,
            request={"messages": messages} if messages else {},
            response_text=joined_text(answer.blocks),
            response_blocks=tuple(answer.blocks),
            model=text(answer.message, "model"),
            usage=anthropic_usage(answer.usage, stop_reason=answer.stop),
            reported_usd=dollars(record, "costUSD"),
            error="api error" if failed else None,
            latency_s=latency_s,
            session=text(record, "sessionId"),
            agent_id=agent or (root if sidechain else ""),
            is_sidechain=sidechain,
            app="claude-code",
            stop_reason=answer.stop,
        )

    def _messages_before(self, uuid: str) -> tuple[list[dict[str, Any]], str]:
        """The messages up to a line, oldest first, and the line the conversation began with."""
        found: list[tuple[str, dict[str, Any]]] = []
        seen: set[str] = set()
        root = uuid
        while uuid in self._parents and uuid not in seen and len(found) < _MOST_MESSAGES:
            seen.add(uuid)
            root = uuid
            uuid, message = self._parents[uuid]
            if message is not None:
                found.append((text(message, "id"), message))
        return _turns(reversed(found)), root


def _turns(lines: Iterable[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Messages as they were sent: blocks of one answer, or of one turn, stand in one message."""
    turns: list[dict[str, Any]] = []
    for _, message in lines:
        role = "assistant" if message.get("role") == "assistant" else "user"
        content = message.get("content")
        if turns and turns[-1]["role"] == role:
            before = turns[-1]
            turns[-1] = {"role": role, "content": [*_blocks(before["content"]), *_blocks(content)]}
        else:
            turns.append({"role": role, "content": content if content is not None else ""})
    return turns


def _blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if isinstance(content, list):
        return [block for block in content if isinstance(block, dict)]
    return []


def _fits(record: Record) -> bool:
    return text(record, "type") in _KINDS and any(name in record for name in _TOLD_BY)


CLAUDE_CODE = Format(
    name="claude-code",
    title="Claude Code transcripts",
    fits=_fits,
    reader=TranscriptReader,
    whole=True,
    told_by=_TOLD_BY,
)
