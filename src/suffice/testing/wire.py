"""Bytes to the caller, including the ways in which they can fail to arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from suffice.testing.events import events, frame
from suffice.testing.script import Cuts, ErrorEvent, Garbles, Passes, Stalls, Step, Waits, envelope


class Whole:
    """A JSON body in one piece, or in half a piece."""

    def __init__(
        self,
        payload: Any,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        step: Step | None = None,
    ) -> None:
        self.status = status
        self._body = msgspec.json.encode(payload)
        self._headers = headers or {}
        self._step = step or Passes()

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer, as the ASGI calls it."""
        body = self._body
        if isinstance(self._step, Garbles):
            body = b"{" + body[: len(body) // 2]
        size = len(body)
        if isinstance(self._step, Cuts):
            # The length promises more than comes; the server then drops the connection.
            body = body[: size // 2]
        if isinstance(self._step, Waits | Stalls):
            await asyncio.sleep(self._step.seconds)
        await send(_start(self.status, {**self._headers, "content-length": str(size)}))
        more = isinstance(self._step, Cuts)
        await send({"type": "http.response.body", "body": body, "more_body": more})


class Plain:
    """Bytes that are no JSON, in one piece."""

    status = 200

    def __init__(self, body: bytes, *, content_type: str, headers: Mapping[str, str]) -> None:
        self._body = body
        self._headers = {**headers, "content-type": content_type, "content-length": str(len(body))}

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer, as the ASGI calls it."""
        await send(_start(200, self._headers))
        await send({"type": "http.response.body", "body": self._body})


class Streamed:
    """A message as server-sent events, with a stall, a cut or an error where one is scripted."""

    status = 200

    def __init__(
        self, message: Mapping[str, Any], *, headers: Mapping[str, str], step: Step
    ) -> None:
        self._message = message
        self._headers = headers
        self._step = step

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer, as the ASGI calls it."""
        step = self._step
        if isinstance(step, Waits):
            await asyncio.sleep(step.seconds)
        stream = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        await send(_start(200, {**self._headers, **stream}))
        frames = [frame(name, payload) for name, payload in events(self._message)]
        match step:
            case Stalls():
                await _send_all(send, frames[: step.after_events])
                await asyncio.sleep(step.seconds)
                await _send_all(send, frames[step.after_events :])
            case Cuts():
                await _send_all(send, frames[: step.after_events])
                if not step.quietly:
                    return
            case ErrorEvent():
                await _send_all(send, frames[: step.after_events])
                error = frame("error", {"error": envelope(step.type, step.message)["error"]})
                await _send_all(send, [error])
            case Garbles():
                await _send_all(send, frames[:3])
                await _send_all(send, [b"event: content_block_delta\ndata: {{{\n\n"])
            case _:
                # One write: a stream that nobody disturbs need not cost a system call an event.
                await _send_all(send, [b"".join(frames)])
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_all(send: Send, frames: Iterable[bytes]) -> None:
    for piece in frames:
        await send({"type": "http.response.body", "body": piece, "more_body": True})


def stamp(when: datetime | None) -> str | None:
    """
    A time as the API writes it.

    >>> from datetime import UTC
    >>> stamp(datetime(2026, 11, 22, tzinfo=UTC))
    '2026-11-22T00:00:00Z'
    """
    return None if when is None else when.isoformat().replace("+00:00", "Z")


def _start(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    named = {"content-type": "application/json", **headers}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}
