"""The strict fake itself: one ASGI app that answers and refuses like the Messages API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from suffice.catalog.capabilities import Capabilities, capabilities
from suffice.testing.admission import Call, Problem, identify, invalid
from suffice.testing.answers import Answers, compose, say
from suffice.testing.batches import Batches
from suffice.testing.cache import PromptCache
from suffice.testing.desks import (
    Desk,
    Endpoints,
    batch_endpoints,
    file_endpoints,
    headers_of,
    read_json,
    says,
)
from suffice.testing.directory import Directory
from suffice.testing.files import Files
from suffice.testing.journal import Entry, Journal
from suffice.testing.limits import Meter, RateLimits
from suffice.testing.model_rules import model_problems
from suffice.testing.script import Fails, Passes, Step, envelope
from suffice.testing.shape import shape_problems
from suffice.testing.threads import Threads
from suffice.testing.tokens import prompt_tokens
from suffice.testing.usage import input_usage, served_how
from suffice.testing.wire import Streamed, Whole

MOST_BODY_BYTES = 32 * 1024 * 1024
# In a batch, and with this beta, the models with the largest answers may write longer ones.
_LONG_OUTPUT, _LONG_CAP, _LONG_OUTPUT_TOKENS = "output-300k-2026-03-24", 128_000, 300_000


def _utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the default of an argument


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Who and what is let in beyond the API's own rules, and how long answers take."""

    keys: frozenset[str] | None
    betas: frozenset[str]
    ids: frozenset[str]
    latency_s: float
    batch_polls: int


class StrictFake(Starlette):
    """
    The fake as an app; made by `strict_fake`.

    Attributes:
        journal: What it was asked.
    """

    def __init__(
        self,
        *,
        answers: Answers | None,
        script: Iterable[Step],
        terms: Terms,
        limits: RateLimits,
        directory: Directory,
        now: Callable[[], datetime],
    ) -> None:
        self.journal = Journal()
        self._answers = answers
        self._script = iter(script)
        self._terms = terms
        self._meter = Meter(limits)
        self._directory = directory
        self._now = now
        self._cache = PromptCache()
        self._batches = Batches(
            answer=self._item, now=now, polls=terms.batch_polls, standing=terms.ids
        )
        self._threads = Threads(now=now)
        self._files = Files(now=now, standing=terms.ids)
        super().__init__(
            routes=[
                self._route(methods, path, answer)
                for (methods, path), answer in self._endpoints().items()
            ]
        )

    def _endpoints(self) -> Endpoints:
        return {
            ("POST", "/v1/messages"): self._messages,
            ("POST", "/v1/messages/count_tokens"): self._count_tokens,
            **batch_endpoints(self._batches),
            **file_endpoints(self._files),
            ("GET", "/v1/models"): self._models,
            ("GET", "/v1/models/{id}"): self._model,
            ("GET POST PUT DELETE PATCH", "/{path:path}"): self._nowhere,
        }

    def _route(self, methods: str, path: str, answer: Desk) -> Route:
        async def endpoint(request: Request) -> ASGIApp:
            return await self._respond(request, answer)

        return Route(path, endpoint, methods=methods.split())

    async def _respond(self, request: Request, answer: Desk) -> ASGIApp:
        number = self.journal.begin()
        call = Call(number=number, request_id=f"req_strictfake_{number:06d}")
        error = ""
        try:
            identify(request.headers, call, keys=self._terms.keys, betas=self._terms.betas)
            response: Any = await answer(request, call)
        except Problem as problem:
            error = problem.message
            response = Whole(
                envelope(
                    problem.kind,
                    problem.message,
                    request_id=call.request_id,
                    error_code=problem.code,
                ),
                status=problem.status,
                headers={"request-id": call.request_id, **problem.headers},
            )
        self.journal.write(_entry(request, call, response, error))
        return _CountedOut(response, self.journal)

    def _check(self, call: Call, *, counting: bool = False) -> tuple[Capabilities, int]:
        for problem in shape_problems(call.body, betas=call.betas, counting=counting):
            raise invalid(problem)
        call.model = call.body["model"]
        if not self._directory.serves(call.model):
            raise Problem(404, "not_found_error", f"model: {call.model}")
        accepts = capabilities(call.model, version=call.version)
        if call.item and _LONG_OUTPUT in call.betas and accepts.max_output_tokens == _LONG_CAP:
            accepts = msgspec.structs.replace(accepts, max_output_tokens=_LONG_OUTPUT_TOKENS)
        tokens = prompt_tokens(call.body, accepts)
        for problem in model_problems(call.body, accepts, tokens=0 if counting else tokens):
            raise invalid(problem)
        return accepts, tokens

    async def _messages(self, request: Request, call: Call) -> ASGIApp:
        step = next(self._script, Passes())
        call.sent = await read_json(request, most_bytes=MOST_BODY_BYTES)
        if isinstance(step, Fails):
            return self._scripted_failure(step, call)
        call.body = self._threads.whole(call.sent)
        accepts, tokens = self._check(call)
        self._admit(call, tokens)
        if self._terms.latency_s:
            await asyncio.sleep(self._terms.latency_s)
        message = self._message(call, accepts)
        self._threads.keep(call.body, message)
        now = self._now()
        self._meter.wrote(call.model, message["usage"]["output_tokens"], now=now)
        headers = {**headers_of(call), **self._meter.headers(call.model, now=now)}
        if call.body.get("stream"):
            return Streamed(message, headers=headers, step=step)
        return Whole(message, headers=headers, step=step)

    async def _count_tokens(self, request: Request, call: Call) -> ASGIApp:
        call.sent = call.body = await read_json(request, most_bytes=MOST_BODY_BYTES)
        _, tokens = self._check(call, counting=True)
        counted: dict[str, Any] = {"input_tokens": tokens}
        if call.body.get("context_management"):
            counted["context_management"] = {"original_input_tokens": tokens}
        return says(counted, call)

    def _item(self, call: Call) -> dict[str, Any]:
        accepts, _ = self._check(call)
        return self._message(call, accepts)

    async def _models(self, request: Request, call: Call) -> ASGIApp:
        query = request.query_params
        stages = query.getlist("lifecycle[]")
        return says(self._directory.page(query, version=call.version, stages=stages), call)

    async def _model(self, request: Request, call: Call) -> ASGIApp:
        model = request.path_params["id"]
        found = self._directory.describe(model, version=call.version)
        if found is None:
            raise Problem(404, "not_found_error", f"model: {model}")
        return says(found, call)

    async def _nowhere(self, _request: Request, _call: Call) -> ASGIApp:
        raise Problem(404, "not_found_error", "Not found")

    def _scripted_failure(self, step: Fails, call: Call) -> ASGIApp:
        payload = envelope(
            step.type, step.message, request_id=call.request_id, error_code=step.error_code
        )
        headers = {**headers_of(call), **step.headers}
        return Whole(payload, status=step.status, headers=headers)

    def _admit(self, call: Call, tokens: int) -> None:
        now = self._now()
        wait_s = self._meter.admit(call.model, input_tokens=tokens, now=now)
        if wait_s is not None:
            raise Problem(
                429,
                "rate_limit_error",
                "This request would exceed your organization's rate limit.",
                **{"retry-after": f"{wait_s:.0f}", **self._meter.headers(call.model, now=now)},
            )

    def _message(self, call: Call, accepts: Capabilities) -> dict[str, Any]:
        reply = say(self._answers, call.body)
        if isinstance(reply, Fails):
            raise Problem(
                reply.status, reply.type, reply.message, code=reply.error_code, **reply.headers
            )
        said = compose(reply, call.body, accepts)
        used = input_usage(call, accepts, cache=self._cache, now_s=self._now().timestamp())
        item = f"_{call.item}" if call.item else ""
        return {
            "id": f"msg_strictfake_{call.number:06d}{item}",
            "type": "message",
            "role": "assistant",
            "model": call.model,
            "content": said.content,
            "stop_reason": said.stop_reason,
            "stop_sequence": said.stop_sequence,
            "stop_details": said.stop_details,
            "container": None,
            "usage": {
                **used,
                "output_tokens": said.output_tokens,
                "output_tokens_details": {"thinking_tokens": said.thinking_tokens},
                "server_tool_use": None,
                **served_how(call.body, accepts),
            },
        }


def strict_fake(  # noqa: PLR0913 - every option has a default
    *,
    answers: Answers | None = None,
    script: Iterable[Step] = (),
    keys: Iterable[str] | None = None,
    limits: RateLimits | None = None,
    now: Callable[[], datetime] = _utc_now,
    today: date | None = None,
    latency_s: float = 0.0,
    batch_polls: int = 0,
    models: Iterable[str] = (),
    betas: Iterable[str] = (),
    ids: Iterable[str] = (),
) -> StrictFake:
    """
    A fake of the Messages API that refuses what the API refuses.

    It serves messages (whole, streamed, in threads), ``count_tokens``, Message Batches, files and
    models, under both API versions and both credential headers. Every request, those of a batch
    too, is held against the capability matrix. Answers carry usage with the prompt cache, tier,
    geography and speed, and rate-limit headers. Tokens are counted by a rule of its own, four
    characters each.

    Args:
        answers: A function of the body, or the last user text -> the answer, or how the request
            fails; otherwise an echo.
        script: What goes wrong, one step per request for an answer; then all goes well.
        keys: The accepted credentials; None for any.
        limits: What may be used per minute; the default is out of reach.
        now: The clock of the cache and of the rate limits.
        today: The day on which models are retired or not; the catalog's own by default, so that
            a test written today passes next year.
        latency_s: Seconds until each answer begins.
        batch_polls: How many looks at a batch still find it in progress.
        models: Further models to serve: retired ones, and names nobody knows, with nothing held
            against these.
        betas: Names to accept in ``anthropic-beta`` although they are not written like one.
        ids: Ids under which a batch and a file are always found, for clients whose own tests ask
            for ids they never created.
    """
    return StrictFake(
        answers=answers,
        script=script,
        terms=Terms(
            keys=None if keys is None else frozenset(keys),
            betas=frozenset(betas),
            ids=frozenset(ids),
            latency_s=latency_s,
            batch_polls=batch_polls,
        ),
        limits=limits or RateLimits(),
        directory=Directory(today=today, extra=tuple(models)),
        now=now,
    )


class _CountedOut:
    """A response after which a request is no longer under way, however it went."""

    def __init__(self, response: ASGIApp, journal: Journal) -> None:
        self._response, self._journal = response, journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._response(scope, receive, send)
        finally:
            self._journal.end()


def _entry(request: Request, call: Call, response: Any, error: str) -> Entry:
    hidden = {"x-api-key", "authorization"}
    return Entry(
        number=call.number,
        method=request.method,
        path=request.url.path,
        headers={k: "***" if k in hidden else v for k, v in request.headers.items()},
        credential=call.credential,
        body=call.sent,
        status=response.status,
        request_id=call.request_id,
        error=error,
        query=request.url.query,
    )
