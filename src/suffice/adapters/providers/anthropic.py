"""The Messages API as a port: translated, paced, retried, and never left without an answer."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from typing_extensions import override

import suffice
from suffice.adapters.providers.attempts import Attempt, attempt_of
from suffice.adapters.providers.credential import Credential
from suffice.adapters.providers.faults import Fault, Remedy
from suffice.adapters.providers.messages_api import MessagesApi, Reply
from suffice.adapters.providers.pacing import Pace, Pacer, backoff_s
from suffice.adapters.providers.world import World
from suffice.catalog import load_catalog
from suffice.catalog.capabilities import LATEST_VERSION
from suffice.errors import ProviderError
from suffice.policy.translation import translate
from suffice.records import Answer, Failure, FailureKind, ModelSpec

# Beyond this the provider's own clients refuse to wait without a stream: the answer could take
# longer than the ten minutes they give a silent connection.
STREAMED_ABOVE_TOKENS = 21_333
# How an answer comes is decided here, and a copy of a request needs no thread at the provider.
_NOT_ASKED = frozenset({"stream", "thread"})
_COUNTED = frozenset(
    {
        "model",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "cache_control",
        "speed",
        "mcp_servers",
        "context_management",
        "compaction",
    }
)
Got = TypeVar("Got", Answer, int)

__all__ = ["AnthropicModels", "Attempt", "Credential", "Pace", "World"]


class AnthropicModels:
    """
    `ports.Models` over the Messages API, or whatever speaks it.

    Every request is translated for its model first (`policy.translation`); one the model cannot
    take is not sent, and its answer says why.

    Args:
        credential: None only where the server asks for none.
        base_url: With or without ``/v1``.
        version: The ``anthropic-version`` of every request.
        source: The model the requests were written for, for their translation; None unknown.
        betas: Values of ``anthropic-beta``.
        pace: How hard the provider may be pressed.
        world: Time and dice.
        on_attempt: Called after each try and before a further one; what it raises ends the call,
            so that a budget can forbid the next try.

    Raises:
        BadOption: The base URL is none.
    """

    def __init__(  # noqa: PLR0913 - an edge has options, each with a default but the credential
        self,
        *,
        credential: Credential | None,
        base_url: str = "https://api.anthropic.com",
        version: str = LATEST_VERSION,
        source: str | None = None,
        betas: tuple[str, ...] = (),
        pace: Pace | None = None,
        world: World | None = None,
        on_attempt: Callable[[Attempt], None] | None = None,
    ) -> None:
        self._pace = pace or Pace()
        self._world = world or World()
        self._version = version
        self._source = source
        self._on_attempt = on_attempt
        self._pacers: dict[str, Pacer] = {}
        self._stopped: dict[str, ProviderError] = {}
        headers = {
            "anthropic-version": version,
            "user-agent": f"suffice/{suffice.__version__}",
            **({"anthropic-beta": ",".join(betas)} if betas else {}),
        }
        self._api = MessagesApi(
            base_url, credential=credential, headers=headers, pace=self._pace, world=self._world
        )

    @override
    def __repr__(self) -> str:
        return f"AnthropicModels({self._api.shown_url!r}, version={self._version!r})"

    async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:
        """As `ports.Models.answer`."""
        arm = _in_full(arm)
        moved = translate(request, target=arm, version=self._version, source=self._source)
        if moved.refused is not None:
            return _failed(f"not sent: {moved.refused}")
        body = {field: value for field, value in moved.request.items() if field not in _NOT_ASKED}
        streamed = body["max_tokens"] > STREAMED_ABOVE_TOKENS
        content = msgspec.json.encode({**body, "stream": True} if streamed else body)
        send = self._api.stream if streamed else self._api.message

        def tell(number: int, outcome: Answer | Fault) -> None:
            self._tell(outcome, arm=arm, case_id=case_id, number=number)

        outcome = await self._persist(arm, lambda: send(arm.model, content), tell=tell)
        if isinstance(outcome, Fault):
            return outcome.partial or _failed(outcome.reason)
        return outcome

    async def count_tokens(self, arm: ModelSpec, request: dict[str, Any]) -> int | None:
        """As `ports.Models.count_tokens`; None also where the model cannot take the request."""
        arm = _in_full(arm)
        moved = translate(request, target=arm, version=self._version, source=self._source)
        if moved.refused is not None:
            return None
        body = {field: value for field, value in moved.request.items() if field in _COUNTED}
        content = msgspec.json.encode(body)
        outcome = await self._persist(arm, lambda: self._api.count(arm.model, content))
        return None if isinstance(outcome, Fault) else outcome

    async def aclose(self) -> None:
        """As `ports.Models.aclose`."""
        await self._api.aclose()

    def concurrency(self, model: str) -> int:
        """How many requests to a model may be under way at once, as of now."""
        return self._pacer(model).limit

    async def _persist(
        self,
        arm: ModelSpec,
        attempt: Callable[[], Awaitable[Reply[Got]]],
        *,
        tell: Callable[[int, Got | Fault], None] | None = None,
    ) -> Got | Fault:
        """Try until there is an answer, or no sense in trying again."""
        for number in itertools.count(1):
            outcome = await self._try(arm.model, attempt, number=number)
            if tell is not None:
                tell(number, outcome)
            if not isinstance(outcome, Fault):
                return outcome
            if outcome.error is not None:
                self._stopped["" if outcome.whole_account else arm.model] = outcome.error
                raise outcome.error
            if not self._is_worth_another(outcome, number=number):
                return outcome
            await self._world.sleep(self._wait_s(outcome, number=number))
        raise AssertionError  # pragma: no cover - count never ends

    async def _try(
        self, model: str, attempt: Callable[[], Awaitable[Reply[Got]]], *, number: int
    ) -> Got | Fault:
        pacer = self._pacer(model)
        async with pacer.slot() as sent_at:
            stopped = self._stopped.get("") or self._stopped.get(model)
            if stopped is not None:
                # A fresh one: an exception raised a thousand times would keep every traceback.
                raise type(stopped)(
                    stopped.what, effect=stopped.effect, next_step=stopped.next_step
                )
            outcome, headers = await attempt()
            if not isinstance(outcome, Fault):
                pacer.answered(headers, sent_at=sent_at)
            elif outcome.throttled:
                pacer.throttled(self._wait_s(outcome, number=number), sent_at=sent_at)
        return outcome

    def _is_worth_another(self, outcome: Answer | int | Fault, *, number: int) -> bool:
        return (
            isinstance(outcome, Fault)
            and outcome.remedy is Remedy.RETRY
            and number < self._pace.attempts
            and (outcome.wait_s or 0.0) <= self._pace.patience_s
        )

    def _wait_s(self, fault: Fault, *, number: int) -> float:
        jittered = backoff_s(number, pace=self._pace, dice=self._world.dice)
        if fault.wait_s is None:
            return jittered
        # Everybody was told the same moment; a little jitter keeps them from coming all at once.
        return fault.wait_s + min(jittered, fault.wait_s / 4)

    def _pacer(self, model: str) -> Pacer:
        if model not in self._pacers:
            self._pacers[model] = Pacer(
                self._pace.concurrency, monotonic=self._world.monotonic, sleep=self._world.sleep
            )
        return self._pacers[model]

    def _tell(self, outcome: Answer | Fault, *, arm: ModelSpec, case_id: str, number: int) -> None:
        if self._on_attempt is not None:
            again = self._is_worth_another(outcome, number=number)
            self._on_attempt(
                attempt_of(outcome, arm=arm, case_id=case_id, number=number, again=again)
            )


def _in_full(arm: ModelSpec) -> ModelSpec:
    """As the provider takes it: a short name is a person's."""
    return msgspec.structs.replace(arm, model=load_catalog().in_full(arm.model))


def _failed(reason: str) -> Answer:
    return Answer(failure=Failure(FailureKind.TRANSPORT, reason))
