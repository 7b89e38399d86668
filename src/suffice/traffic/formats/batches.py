"""Batches: requests in one file, results in another, joined by ``custom_id``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import zstandard
from typing_extensions import override

from suffice.records import LoggedExchange
from suffice.traffic.formats.fields import member, opened, text
from suffice.traffic.formats.format import Format, Reader, Record
from suffice.traffic.formats.pairs import exchange_of
from suffice.traffic.formats.usage import with_tier

_MOST_WAITING_BYTES = 128 * 2**20
_BATCH = "batch"


class BatchReader(Reader):
    """
    Joins the two halves of each batch request, whichever comes first.

    What waits is held packed and within bounds. A result whose request never comes is an
    exchange without one; a request without a result was never answered, and is none.

    Args:
        source: The format's name.
        most_waiting_bytes: How much may wait, packed; beyond it the oldest wait no longer.
    """

    def __init__(self, source: str, *, most_waiting_bytes: int = _MOST_WAITING_BYTES) -> None:
        self._source = source
        self._most_waiting_bytes = most_waiting_bytes
        self._asked: dict[str, bytes] = {}
        self._answered: dict[str, bytes] = {}
        self._held = 0
        self._spilt: list[LoggedExchange] = []
        self._pack = zstandard.ZstdCompressor(level=1).compress
        self._unpack = zstandard.ZstdDecompressor().decompress

    @property
    @override
    def merged(self) -> int:
        return 0

    @property
    def unanswered(self) -> int:
        """Requests whose result has not come."""
        return len(self._asked)

    @override
    def read(self, record: Record) -> Iterable[LoggedExchange]:
        name = text(record, "custom_id")
        if not name:
            raise ValueError("a batch line has a custom_id")
        request = opened(record.get("params", record.get("body")))
        if isinstance(request, dict) and "result" not in record and "response" not in record:
            other = self._taken(self._answered, name)
            if other is None:
                self._wait(self._asked, name, request)
            else:
                yield self._joined(name, request, other)
        else:
            waiting = self._taken(self._asked, name)
            if waiting is None:
                self._wait(self._answered, name, record)
            else:
                yield self._joined(name, waiting, record)
        yield from self._let_go()

    @override
    def finish(self) -> Iterator[LoggedExchange]:
        yield from self._let_go()
        for name in list(self._answered):
            yield self._joined(name, None, self._taken(self._answered, name) or {})

    def _joined(self, name: str, request: Any, record: dict[str, Any]) -> LoggedExchange:
        result = member(record, "result")
        answer = result.get("message") or _error_in(result)
        beside: dict[str, Any] = {}
        if response := member(record, "response"):
            answer = opened(response.get("body"))
            beside = {"status": response.get("status_code")}
        if isinstance(record.get("error"), dict):
            beside["error"] = record["error"]
        if text(result, "type") in {"canceled", "expired"}:
            beside["error"] = result["type"]
        found = exchange_of(beside, request=request, response=answer, source=self._source)
        return msgspec.structs.replace(
            found,
            id=found.id or text(record, "id") or name,
            usage=with_tier(found.usage, _BATCH),
        )

    def _wait(self, held: dict[str, bytes], name: str, half: Any) -> None:
        packed = self._pack(msgspec.json.encode(half))
        self._held += len(packed) - len(held.get(name, b""))
        held[name] = packed

    def _taken(self, held: dict[str, bytes], name: str) -> dict[str, Any] | None:
        packed = held.pop(name, None)
        if packed is None:
            return None
        self._held -= len(packed)
        found: dict[str, Any] = msgspec.json.decode(self._unpack(packed))
        return found

    def _let_go(self) -> Iterator[LoggedExchange]:
        while self._held > self._most_waiting_bytes:
            if self._answered:
                name = next(iter(self._answered))
                yield self._joined(name, None, self._taken(self._answered, name) or {})
            else:
                self._taken(self._asked, next(iter(self._asked)))


def _error_in(result: dict[str, Any]) -> dict[str, Any] | None:
    failed = member(result, "error")
    if not failed:
        return None
    inner = member(failed, "error")
    return {"type": "error", "error": inner or failed}


def _is_openai(record: Record) -> bool:
    return "custom_id" in record and (
        ("body" in record and "params" not in record)
        or isinstance(opened(record.get("response")), dict)
        or ("error" in record and "result" not in record)
    )


ANTHROPIC_BATCHES = Format(
    name="anthropic-batch",
    title="Message Batches",
    fits=lambda record: (
        "custom_id" in record
        and (isinstance(record.get("params"), dict) or isinstance(record.get("result"), dict))
    ),
    reader=lambda: BatchReader("anthropic-batch"),
    whole=True,
    across=True,
    told_by=("custom_id",),
)
OPENAI_BATCHES = Format(
    name="openai-batch",
    title="OpenAI batch",
    fits=_is_openai,
    reader=lambda: BatchReader("openai-batch"),
    whole=True,
    across=True,
    told_by=("custom_id",),
)
