"""The strict fake itself: one ASGI app that answers and refuses like the Messages API."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping
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
from suffice.testing.cache import CacheUse, PromptCache
from suffice.testing.directory import Directory
from suffice.testing.journal import Entry, Journal
from suffice.testing.limits import Meter, RateLimits
from suffice.testing.model_rules import model_problems
from suffice.testing.script import Fails, Passes, Step, envelope
from suffice.testing.shape import shape_problems
from suffice.testing.tokens import overhead, prompt_tokens, segments
from suffice.testing.wire import Streamed, Whole

MOST_BODY_BYTES = 32 * 1024 * 1024


def _utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the default of an argument


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
        keys: frozenset[str] | None,
        limits: RateLimits,
        directory: Directory,
        now: Callable[[], datetime],
        latency_s: float,
    ) -> None:
        self.journal = Journal()
        self._answers = answers
        self._script = iter(script)
        self._keys = keys
        self._meter = Meter(limits)
        self._directory = directory
        self._now = now
        self._latency_s = latency_s
        self._cache = PromptCache()
        self._numbers = itertools.count(1)
        super().__init__(
            routes=[
                self._route("/v1/messages", "POST", self._messages),
                self._route("/v1/messages/count_tokens", "POST", self._count_tokens),
                self._route("/v1/models", "GET", self._models),
                self._route("/v1/models/{model}", "GET", self._model),
                self._route("/{path:path}", "GET POST PUT DELETE PATCH", self._nowhere),
            ]
        )

    def _route(self, path: str, methods: str, answer: Callable[[Request, Call], Any]) -> Route:
        async def endpoint(request: Request) -> ASGIApp:
            return await self._respond(request, answer)

        return Route(path, endpoint, methods=methods.split())

    async def _respond(self, request: Request, answer: Callable[[Request, Call], Any]) -> ASGIApp:
        number = self.journal.begin()
        call = Call(number=number, request_id=f"req_strictfake_{number:06d}")
        error = ""
        try:
            identify(request.headers, call, keys=self._keys)
            response = await answer(request, call)
        except Problem as problem:
            error = problem.message
            response = Whole(
                envelope(problem.kind, problem.message, request_id=call.request_id),
                status=problem.status,
                headers={"request-id": call.request_id, **problem.headers},
            )
        self.journal.write(_entry(request, call, response, error))
        return _CountedOut(response, self.journal)

    async def _read(self, request: Request, call: Call, *, counting: bool) -> Capabilities:
        raw = await request.body()
        if len(raw) > MOST_BODY_BYTES:
            raise Problem(413, "request_too_large", "Request exceeds the maximum size")
        try:
            call.body = msgspec.json.decode(raw)
        except msgspec.DecodeError as error:
            raise invalid(f"The request body is not valid JSON: {error}") from None
        if not isinstance(call.body, dict):
            raise invalid("Input should be a valid dictionary")
        for problem in shape_problems(call.body, betas=call.betas, counting=counting):
            raise invalid(problem)
        call.model = call.body["model"]
        if not self._directory.serves(call.model):
            raise Problem(404, "not_found_error", f"model: {call.model}")
        return capabilities(call.model, version=call.version)

    async def _messages(self, request: Request, call: Call) -> ASGIApp:
        step = next(self._script, Passes())
        if isinstance(step, Fails):
            return self._scripted_failure(step, call)
        accepts = await self._read(request, call, counting=False)
        tokens = prompt_tokens(call.body, accepts)
        for problem in model_problems(call.body, accepts, tokens=tokens):
            raise invalid(problem)
        self._admit(call, tokens)
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        message = self._message(call, accepts)
        now = self._now()
        self._meter.wrote(call.model, message["usage"]["output_tokens"], now=now)
        headers = {**self._headers(call), **self._meter.headers(call.model, now=now)}
        if call.body.get("stream"):
            return Streamed(message, headers=headers, step=step)
        return Whole(message, headers=headers, step=step)

    async def _count_tokens(self, request: Request, call: Call) -> ASGIApp:
        accepts = await self._read(request, call, counting=True)
        tokens = prompt_tokens(call.body, accepts)
        for problem in model_problems(call.body, accepts, tokens=0):
            raise invalid(problem)
        return Whole({"input_tokens": tokens}, headers=self._headers(call))

    async def _models(self, request: Request, call: Call) -> ASGIApp:
        page = self._directory.page(request.query_params, version=call.version)
        return Whole(page, headers=self._headers(call))

    async def _model(self, request: Request, call: Call) -> ASGIApp:
        model = request.path_params["model"]
        found = self._directory.describe(model, version=call.version)
        if found is None:
            raise Problem(404, "not_found_error", f"model: {model}")
        return Whole(found, headers=self._headers(call))

    async def _nowhere(self, _request: Request, _call: Call) -> ASGIApp:
        raise Problem(404, "not_found_error", "Not found")

    def _scripted_failure(self, step: Fails, call: Call) -> ASGIApp:
        payload = envelope(
            step.type, step.message, request_id=call.request_id, error_code=step.error_code
        )
        headers = {**self._headers(call), **step.headers}
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
        said = compose(say(self._answers, call.body), call.body, accepts)
        used = self._cache.use(
            _prompt(call.body, accepts),
            key=_cache_key(call),
            minimum=accepts.cache_minimum_tokens or 0,
            now_s=self._now().timestamp(),
        )
        return {
            "id": f"msg_strictfake_{call.number:06d}",
            "type": "message",
            "role": "assistant",
            "model": call.model,
            "content": said.content,
            "stop_reason": said.stop_reason,
            "stop_sequence": said.stop_sequence,
            "stop_details": said.stop_details,
            "container": None,
            "usage": {
                **_input_usage(used, extra=overhead(call.body, accepts)),
                "output_tokens": said.output_tokens,
                "output_tokens_details": {"thinking_tokens": said.thinking_tokens},
                "server_tool_use": None,
                **_where(call.body, accepts),
            },
        }

    def _headers(self, call: Call) -> dict[str, str]:
        return {
            "request-id": call.request_id,
            "anthropic-organization-id": "org_strictfake",
            "x-strict-fake": "this is no model",
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
    models: Iterable[str] = (),
) -> StrictFake:
    """
    A fake of the Messages API that refuses what the API refuses.

    It serves ``/v1/messages`` (whole and streamed), ``/v1/messages/count_tokens`` and
    ``/v1/models``, under both API versions and both credential headers. Every request is held
    against the capability matrix. Answers carry usage with the prompt cache, tier, geography and
    speed, and rate-limit headers. Tokens are counted by a rule of its own, four characters each.

    Args:
        answers: A function of the body, or the last user text -> the answer; otherwise an echo.
        script: What goes wrong, one step per request for an answer; then all goes well.
        keys: The accepted credentials; None for any.
        limits: What may be used per minute; the default is out of reach.
        now: The clock of the cache and of the rate limits.
        today: The day on which models are retired or not; the catalog's own by default, so that
            a test written today passes next year.
        latency_s: Seconds until each answer begins.
        models: Further model names to serve, with nothing held against them.
    """
    return StrictFake(
        answers=answers,
        script=script,
        keys=None if keys is None else frozenset(keys),
        limits=limits or RateLimits(),
        directory=Directory(today=today, extra=tuple(models)),
        now=now,
        latency_s=latency_s,
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
        body=call.body,
        status=response.status,
        request_id=call.request_id,
        error=error,
    )


def _prompt(body: Mapping[str, Any], accepts: Capabilities) -> list[Any]:
    prompt = list(segments(body, accepts))
    marker = body.get("cache_control")
    if marker and prompt and not prompt[-1].ttl:
        ttl = marker.get("ttl") or "5m"
        prompt[-1] = msgspec.structs.replace(prompt[-1], ttl=ttl)
    return prompt


def _cache_key(call: Call) -> bytes:
    config = call.body.get("output_config") or {}
    parts = [
        call.model,
        call.key,
        call.body.get("speed") or "standard",
        config.get("effort"),
        config.get("format"),
        call.body.get("thinking"),
        call.body.get("tool_choice"),
    ]
    return msgspec.json.encode(parts, order="deterministic")


def _input_usage(used: CacheUse, *, extra: int) -> dict[str, Any]:
    return {
        "input_tokens": used.plain + extra,
        "cache_creation_input_tokens": used.write_5m + used.write_1h,
        "cache_read_input_tokens": used.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.write_5m,
            "ephemeral_1h_input_tokens": used.write_1h,
        },
    }


def _where(body: Mapping[str, Any], accepts: Capabilities) -> dict[str, Any]:
    fast = body.get("speed") == "fast" and accepts.fast_mode == "yes"
    geo = body.get("inference_geo") or "global"
    return {
        "service_tier": "standard",
        "inference_geo": geo if accepts.inference_geo else "not_available",
        "speed": "fast" if fast else "standard",
    }
