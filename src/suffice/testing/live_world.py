"""
Two simulated models behind the strict fake, and simulated traffic before a real gateway.

Everything here is simulated and says so by its name: a ticket's right label is a hash of its
words, the baseline always names it, and the candidate names another one with the chance the world
gives at that moment. What is real is what stands in between: gateway, policy, shadow, monitor.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2
import msgspec

from suffice.testing.answers import Reply, Said, last_user_text
from suffice.testing.arrivals import Arrivals, Converse
from suffice.testing.script import Fails

BASELINE, CANDIDATE = "claude-opus-5-5", "claude-haiku-5-5"
TYPE = "ticket-triage"
LABELS = ("billing", "delivery", "login", "refund")
SYSTEM = "Name the ticket's topic: billing, delivery, login or refund. One word."
_MAX_TOKENS = 1_000


class Fall(msgspec.Struct, kw_only=True):
    """
    What the candidate is like; changed while the world runs.

    Attributes:
        agreement: With what chance it names what the baseline names.
        errors: With what chance it answers 529 instead.
    """

    agreement: float = 0.97
    errors: float = 0.0


class LiveWorld:
    """
    The simulated models, and what their callers saw.

    Args:
        seed: The same seed gives the same tickets, mistakes and assignment to models.

    Attributes:
        candidate: What the candidate is like just now.
    """

    def __init__(self, *, seed: int = 1) -> None:
        self.candidate = Fall()
        self._seed = seed

    @property
    def assignment_key(self) -> bytes:
        """What a policy's key file holds, for runs that can be repeated."""
        return hashlib.blake2b(f"simulated {self._seed}".encode(), digest_size=32).digest()

    def answer(self, body: Mapping[str, Any]) -> Reply:
        """As `strict_fake` takes it: what a simulated model says to a ticket."""
        text = last_user_text(body)
        right = self.label_of(text)
        if body["model"] == BASELINE:
            return Said(text=right)
        dice = random.Random(f"{self._seed}:{text}")  # noqa: S311 - a simulation's dice
        if dice.random() < self.candidate.errors:
            return Fails(status=529, type="overloaded_error", message="simulated")
        if dice.random() < self.candidate.agreement:
            return Said(text=right)
        return Said(text=LABELS[(LABELS.index(right) + 1) % len(LABELS)])

    def cases(self, count: int) -> bytes:
        """A file of cases that both models answered: what a verdict can rest on."""
        lines = []
        for number in range(count):
            # Tickets below zero never arrive: they were before.
            ticket = self.ticket(-1 - number)
            body = {"system": SYSTEM, "messages": [{"role": "user", "content": ticket}]}
            said = {
                model: getattr(self.answer({**body, "model": model}), "text", "")
                for model in (BASELINE, CANDIDATE)
            }
            case = {"id": f"c-{number}", "type": TYPE, "request": body, "outputs": said}
            lines.append(msgspec.json.encode(case) + b"\n")
        return b"".join(lines)

    def label_of(self, ticket: str) -> str:
        """The right label of a ticket."""
        digest = hashlib.blake2b(ticket.encode(), digest_size=2).digest()
        return LABELS[digest[0] % len(LABELS)]

    def ticket(self, number: int, turn: int = 0) -> str:
        """The words of a ticket, or of a later turn on it; each is another one."""
        again = f" (asked again, {turn})" if turn else ""
        return f"Ticket {self._seed}-{number}{again}: please help me with this."


class Seen(msgspec.Struct, kw_only=True):
    """
    What callers saw so far.

    Attributes:
        requests: Answered.
        by_model: Of those, by the model that served.
        bad: Answers of the candidate that were not the baseline's.
        bad_since_fall: Of those, such as were served after the fall was injected.
        errors: Requests that did not end with an answer.
        moved: Turns that another model answered than the conversation's first.
        began_on: The model that answered a conversation first, by the ticket's number.
        last: When a model last served, in seconds since 1970.
    """

    requests: int = 0
    by_model: Counter[str] = msgspec.field(default_factory=Counter)
    bad: int = 0
    bad_since_fall: int = 0
    errors: int = 0
    moved: int = 0
    began_on: dict[int, str] = {}
    last: dict[str, float] = {}


class _Answer(NamedTuple):
    """What a caller was told, and by which model."""

    said: str
    model: str


class Traffic(Arrivals):
    """
    Callers of a gateway, each ticket a session of its own.

    Args:
        world: What they ask about.
        base_url: The gateway.
        per_second: How many tickets arrive.
        system: The prompt they send; changed while they run, it is an edited prompt.
        turns: Of each conversation.

    Attributes:
        seen: What they saw.
        fallen: Whether the fall was injected.
    """

    def __init__(
        self,
        world: LiveWorld,
        base_url: str,
        *,
        per_second: float,
        system: str = SYSTEM,
        turns: int = 1,
    ) -> None:
        super().__init__(self._open, per_second=per_second)
        self._world, self._base_url = world, base_url
        self.system, self._turns = system, turns
        self.seen = Seen()
        self.fallen = False

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Converse]:
        headers = {"x-api-key": "sk-simulated", "anthropic-version": "2026-10-21"}
        async with httpx2.AsyncClient(
            base_url=self._base_url, headers=headers, timeout=30
        ) as client:
            yield lambda number: self._converse(client, number)

    async def _converse(self, client: httpx2.AsyncClient, number: int) -> None:
        messages: list[dict[str, str]] = []
        for turn in range(self._turns):
            messages.append({"role": "user", "content": self._world.ticket(number, turn)})
            answer = await self._ask(client, number, messages)
            if answer is None:
                self.seen.errors += 1
                return
            messages.append({"role": "assistant", "content": answer.said})
            self.seen.moved += answer.model != self.seen.began_on.setdefault(number, answer.model)

    async def _ask(
        self, client: httpx2.AsyncClient, number: int, messages: list[dict[str, str]]
    ) -> _Answer | None:
        body = {
            "model": BASELINE,
            "max_tokens": _MAX_TOKENS,
            "output_config": {"effort": "low"},
            "system": self.system,
            "messages": messages,
        }
        fallen, seen = self.fallen, self.seen
        told = {"x-suffice-type": TYPE, "x-suffice-session": f"session-{number}"}
        try:
            answer = await client.post("/v1/messages", json=body, headers=told)
            said = answer.raise_for_status().json()["content"][-1]["text"]
        except (httpx2.HTTPError, KeyError, IndexError, ValueError):
            return None
        model = answer.headers.get("x-suffice-model", "")
        seen.requests += 1
        seen.by_model[model] += 1
        seen.last[model] = time.time()
        if said != self._world.label_of(messages[-1]["content"]):
            seen.bad += 1
            seen.bad_since_fall += fallen
        return _Answer(said, model)


def when(condition: Callable[[], bool], *, within_s: float, every_s: float = 0.1) -> bool:
    """Wait until something holds; whether it did in time."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(every_s)
    return condition()
