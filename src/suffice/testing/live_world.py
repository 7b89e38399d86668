"""
Two simulated models behind the strict fake, and simulated traffic before a real gateway.

Everything here is simulated and says so by its name: a ticket's right label is a hash of its
words, the baseline always names it, and the candidate names another one with the chance the world
gives at that moment. What is real is what stands in between: gateway, policy, shadow, monitor.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self

import httpx2
import msgspec

from suffice.testing.answers import Reply, Said, last_user_text
from suffice.testing.script import Fails

BASELINE, CANDIDATE = "claude-opus-5-5", "claude-haiku-5-5"
TYPE = "ticket-triage"
LABELS = ("billing", "delivery", "login", "refund")
_SYSTEM = "Name the ticket's topic: billing, delivery, login or refund. One word."
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
        seed: The same seed gives the same tickets and the same mistakes.

    Attributes:
        candidate: What the candidate is like just now.
    """

    def __init__(self, *, seed: int = 1) -> None:
        self.candidate = Fall()
        self._seed = seed
        self._lock = threading.Lock()

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

    def label_of(self, ticket: str) -> str:
        """The right label of a ticket."""
        digest = hashlib.blake2b(ticket.encode(), digest_size=2).digest()
        return LABELS[digest[0] % len(LABELS)]

    def ticket(self, number: int) -> str:
        """The words of a ticket; each is another one."""
        return f"Ticket {self._seed}-{number}: please help me with this."


class Seen(msgspec.Struct, kw_only=True):
    """
    What callers saw so far.

    Attributes:
        requests: Answered.
        by_model: Of those, by the model that served.
        bad: Answers of the candidate that were not the baseline's.
        bad_since_fall: Of those, such as were served after the fall was injected.
        errors: Requests that did not end with an answer.
        last: When a model last served, in seconds since 1970.
    """

    requests: int = 0
    by_model: Counter[str] = msgspec.field(default_factory=Counter)
    bad: int = 0
    bad_since_fall: int = 0
    errors: int = 0
    last: dict[str, float] = {}


class Traffic:
    """
    Callers of a gateway, each ticket a session of its own.

    Args:
        world: What they ask about.
        base_url: The gateway.
        per_second: How many tickets arrive.
        system: The prompt they send; changed while they run, it is an edited prompt.

    Attributes:
        seen: What they saw.
        fallen: Whether the fall was injected.
    """

    def __init__(
        self, world: LiveWorld, base_url: str, *, per_second: float, system: str = _SYSTEM
    ) -> None:
        self._world, self._base_url, self._per_second = world, base_url, per_second
        self.system = system
        self.seen = Seen()
        self.fallen = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    def __enter__(self) -> Self:
        """Let them come."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let no more come, and wait for those under way."""
        self._over.set()
        self._thread.join(30)

    def _run(self) -> None:
        asyncio.run(self._arrive())

    async def _arrive(self) -> None:
        headers = {"x-api-key": "sk-simulated", "anthropic-version": "2026-10-21"}
        async with httpx2.AsyncClient(
            base_url=self._base_url, headers=headers, timeout=30
        ) as client:
            began = time.monotonic()
            number = 0
            under_way: set[asyncio.Task[None]] = set()
            while not self._over.is_set():
                due = int((time.monotonic() - began) * self._per_second)
                while number < due and len(under_way) < 200:  # noqa: PLR2004 - a caller's own bound
                    task = asyncio.create_task(self._ask(client, number))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                    number += 1
                await asyncio.sleep(0.01)
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _ask(self, client: httpx2.AsyncClient, number: int) -> None:
        ticket = self._world.ticket(number)
        body = {
            "model": BASELINE,
            "max_tokens": _MAX_TOKENS,
            "output_config": {"effort": "low"},
            "system": self.system,
            "messages": [{"role": "user", "content": ticket}],
        }
        fallen = self.fallen
        told = {"x-suffice-type": TYPE, "x-suffice-session": f"session-{number}"}
        try:
            answer = await client.post("/v1/messages", json=body, headers=told)
            said = answer.json()["content"][-1]["text"] if answer.is_success else None
        except (httpx2.HTTPError, KeyError, IndexError, ValueError):
            said = None
        seen = self.seen
        if said is None:
            seen.errors += 1
            return
        seen.requests += 1
        served_by = answer.headers.get("x-suffice-model", "")
        seen.by_model[served_by] += 1
        seen.last[served_by] = time.time()
        if said != self._world.label_of(ticket):
            seen.bad += 1
            seen.bad_since_fall += fallen


def when(condition: Callable[[], bool], *, within_s: float, every_s: float = 0.1) -> bool:
    """Wait until something holds; whether it did in time."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(every_s)
    return condition()
