"""The strict fake's desks for batches and files: from requests to what these rooms do, and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp

from suffice.testing.admission import Call, Problem, invalid
from suffice.testing.batches import MOST_BATCH_BYTES, Batches
from suffice.testing.files import MOST_FILE_BYTES, Files
from suffice.testing.wire import Plain, Whole

Desk = Callable[[Request, Call], Awaitable[ASGIApp]]
Endpoints = dict[tuple[str, str], Desk]
"""Methods and paths, each with who answers there."""


async def read_raw(request: Request, *, most_bytes: int) -> bytes:
    """
    A request's body.

    Raises:
        Problem: It is too large.
    """
    raw = await request.body()
    if len(raw) > most_bytes:
        raise Problem(413, "request_too_large", "Request exceeds the maximum size")
    return raw


async def read_json(request: Request, *, most_bytes: int) -> dict[str, Any]:
    """
    A request's body as a JSON object.

    Raises:
        Problem: It is too large, or none.
    """
    try:
        body = msgspec.json.decode(await read_raw(request, most_bytes=most_bytes))
    except msgspec.DecodeError as error:
        raise invalid(f"The request body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise invalid("Input should be a valid dictionary")
    return body


def headers_of(call: Call) -> dict[str, str]:
    """What every answer carries."""
    return {
        "request-id": call.request_id,
        "anthropic-organization-id": "org_strictfake",
        "x-strict-fake": "this is no model",
    }


def says(payload: Any, call: Call) -> ASGIApp:
    """An answer in JSON."""
    return Whole(payload, headers=headers_of(call))


def batch_endpoints(batches: Batches) -> Endpoints:
    """Where batches are asked for."""

    async def create(request: Request, call: Call) -> ASGIApp:
        call.sent = call.body = await read_json(request, most_bytes=MOST_BATCH_BYTES)
        return says(batches.create(call), call)

    async def found(request: Request, call: Call) -> ASGIApp:
        return says(batches.list(request.query_params, origin=_origin(request)), call)

    async def retrieve(request: Request, call: Call) -> ASGIApp:
        return says(batches.retrieve(_id(request), origin=_origin(request)), call)

    async def cancel(request: Request, call: Call) -> ASGIApp:
        return says(batches.cancel(_id(request), origin=_origin(request)), call)

    async def delete(request: Request, call: Call) -> ASGIApp:
        return says(batches.delete(_id(request)), call)

    async def results(request: Request, call: Call) -> ASGIApp:
        lines = batches.results(_id(request))
        return Plain(lines, content_type="application/x-jsonl", headers=headers_of(call))

    path = "/v1/messages/batches"
    return {
        ("POST", path): create,
        ("GET", path): found,
        ("GET", path + "/{id}"): retrieve,
        ("DELETE", path + "/{id}"): delete,
        ("POST", path + "/{id}/cancel"): cancel,
        ("GET", path + "/{id}/results"): results,
    }


def file_endpoints(files: Files) -> Endpoints:
    """Where files are asked for."""

    async def upload(request: Request, call: Call) -> ASGIApp:
        raw = await read_raw(request, most_bytes=MOST_FILE_BYTES)
        kind = request.headers.get("content-type", "")
        return says(files.upload(raw, content_type=kind, number=call.number), call)

    async def found(request: Request, call: Call) -> ASGIApp:
        query = request.query_params
        return says(files.list(query, ids=query.getlist("ids[]")), call)

    async def retrieve(request: Request, call: Call) -> ASGIApp:
        return says(files.retrieve(_id(request)), call)

    async def delete(request: Request, call: Call) -> ASGIApp:
        return says(files.delete(_id(request)), call)

    async def content(request: Request, call: Call) -> ASGIApp:
        held, kind = files.content(_id(request))
        return Plain(held, content_type=kind, headers=headers_of(call))

    path = "/v1/files"
    return {
        ("POST", path): upload,
        ("GET", path): found,
        ("GET", path + "/{id}"): retrieve,
        ("DELETE", path + "/{id}"): delete,
        ("GET", path + "/{id}/content"): content,
    }


def _id(request: Request) -> str:
    return str(request.path_params["id"])


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
