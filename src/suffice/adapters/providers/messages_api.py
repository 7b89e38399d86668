"""One try at the Messages API: a request sent once, and what came back, as a value."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
import msgspec

from suffice.adapters.providers.clients import Clients
from suffice.adapters.providers.credential import Credential
from suffice.adapters.providers.faults import (
    TRANSPORT_ERRORS,
    Fault,
    Remedy,
    fault_of_event,
    fault_of_status,
    fault_of_transport,
)
from suffice.adapters.providers.pacing import Pace
from suffice.adapters.providers.streams import Accumulator, EventReader
from suffice.adapters.providers.world import World
from suffice.errors import BadOption
from suffice.records import Answer, Failure, FailureKind
from suffice.traffic.responses import read_message

Got = TypeVar("Got")
Reply = tuple[Got | Fault, Mapping[str, str]]

_OK = 200
_MOST_ERROR_BYTES = 64 * 1024


class MessagesApi:
    """The API's endpoints, each tried once."""

    def __init__(
        self,
        base_url: str,
        *,
        credential: Credential | None,
        headers: Mapping[str, str],
        pace: Pace,
        world: World,
    ) -> None:
        self.base_url = _checked(base_url)
        self._credential = credential
        self._pace = pace
        self._world = world
        self._clients = Clients(
            {
                "content-type": "application/json",
                "accept-encoding": "gzip, deflate",
                **headers,
                **(credential.headers() if credential else {}),
            }
        )

    @property
    def shown_url(self) -> str:
        """The base URL without a password somebody may have put into it."""
        return _without_password(self.base_url)

    async def message(self, model: str, content: bytes) -> Reply[Answer]:
        """Ask for a whole answer at once."""
        sent_at = self._world.monotonic()

        async def read(response: httpx2.Response) -> Answer | Fault:
            body = await self._body(response, most=self._pace.max_answer_bytes)
            if body is None:
                return _broken(f"longer than {self._pace.max_answer_bytes:,} bytes")
            try:
                message = msgspec.json.decode(body)
            except msgspec.DecodeError:
                return _broken("no JSON")
            answer = read_message(
                message,
                latency_s=self._world.monotonic() - sent_at,
                request_id=response.headers.get("request-id"),
            )
            return answer if answer is not None else _broken("no Messages response")

        return await self._post(
            "/v1/messages", content, model=model, silence_s=self._pace.read_s, read=read
        )

    async def stream(self, model: str, content: bytes) -> Reply[Answer]:
        """Ask for an answer in pieces; what broke off comes with its fault."""
        sent_at = self._world.monotonic()
        so_far = Accumulator()

        def answer(response: httpx2.Response) -> Answer | None:
            return read_message(
                so_far.result(),
                latency_s=self._world.monotonic() - sent_at if so_far.complete else None,
                request_id=response.headers.get("request-id"),
                complete=so_far.complete,
            )

        def cut(response: httpx2.Response, why: str) -> Fault:
            partial = answer(response) if so_far.message is not None else None
            # Before the first word nothing is lost by asking again; after it the answer is paid.
            return Fault(
                remedy=Remedy.FAIL if partial else Remedy.RETRY,
                reason=why,
                status=_OK,
                may_be_billed=True,
                partial=_as_failure(partial, why),
            )

        async def read(response: httpx2.Response) -> Answer | Fault:
            try:
                why = await self._events(response, so_far)
            except TRANSPORT_ERRORS as error:
                return cut(response, f"stream cut: {fault_of_transport(error).reason}")
            if so_far.error is not None:
                partial = _as_failure(answer(response), "stream cut by an error event")
                return fault_of_event(so_far.error, started=so_far.started, partial=partial)
            if not so_far.complete:
                return cut(response, why or "stream cut: it ended without message_stop")
            return answer(response) or _broken("no Messages response")

        return await self._post(
            "/v1/messages", content, model=model, silence_s=self._pace.stall_s, read=read
        )

    async def count(self, model: str, content: bytes) -> Reply[int]:
        """Ask how many tokens a prompt has."""

        async def read(response: httpx2.Response) -> int | Fault:
            body = await self._body(response, most=_MOST_ERROR_BYTES)
            try:
                count = msgspec.json.decode(body or b"", type=dict[str, Any]).get("input_tokens")
            except msgspec.DecodeError:
                count = None
            return count if isinstance(count, int) else _broken("no token count")

        path = "/v1/messages/count_tokens"
        return await self._post(path, content, model=model, silence_s=self._pace.read_s, read=read)

    async def aclose(self) -> None:
        """Give the sockets back."""
        await self._clients.aclose()

    async def _post(
        self,
        path: str,
        content: bytes,
        *,
        model: str,
        silence_s: float,
        read: Callable[[httpx2.Response], Awaitable[Got | Fault]],
    ) -> Reply[Got]:
        patience = httpx2.Timeout(silence_s, connect=self._pace.connect_s, pool=None)
        try:
            async with (
                asyncio.timeout(self._pace.attempt_s),
                self._clients.open(self.base_url + path, content, patience=patience) as response,
            ):
                if response.status_code != _OK:
                    return await self._fault(response, model=model), response.headers
                return await read(response), response.headers
        except TRANSPORT_ERRORS as error:
            return fault_of_transport(error), {}

    async def _fault(self, response: httpx2.Response, *, model: str) -> Fault:
        # Of an error only its beginning is read: a proxy's error page may be of any length.
        body = await self._body(response, most=_MOST_ERROR_BYTES)
        text = (body or b"").decode("utf-8", "replace")
        return fault_of_status(
            response.status_code,
            response.headers,
            (self._credential.scrub(text) if self._credential else text).encode(),
            model=model,
            where=self.shown_url,
            now=self._world.now(),
        )

    async def _body(self, response: httpx2.Response, *, most: int) -> bytes | None:
        chunks, size = [], 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > most:
                return None
            chunks.append(chunk)
        return b"".join(chunks)

    async def _events(self, response: httpx2.Response, so_far: Accumulator) -> str:
        reader, size = EventReader(), 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > self._pace.max_answer_bytes:
                return f"stream cut: longer than {self._pace.max_answer_bytes:,} bytes"
            for event in reader.feed(chunk):
                try:
                    so_far.add(event)
                except (msgspec.DecodeError, KeyError, TypeError):
                    return f"stream cut: a {event.name or 'nameless'} event cannot be read"
                if so_far.complete or so_far.error is not None:
                    return ""
        return ""


def _checked(base_url: str) -> str:
    url = base_url.strip().rstrip("/").removesuffix("/v1")
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise BadOption(
            f"{_without_password(base_url)!r} is no base URL.",
            effect="Nobody was called.",
            next_step="Write it as https://HOST or http://HOST:PORT.",
        )
    return url


def _without_password(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    return scheme + mark + rest.rpartition("@")[2]


def _broken(what: str) -> Fault:
    return Fault(
        remedy=Remedy.FAIL,
        reason=f"the answer cannot be read: {what}",
        status=_OK,
        may_be_billed=True,
    )


def _as_failure(partial: Answer | None, why: str) -> Answer | None:
    if partial is None:
        return None
    return msgspec.structs.replace(partial, failure=Failure(FailureKind.TRANSPORT, why))
