"""The gateway's own process between real clients and the strict fake."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import pytest
from starlette.types import ASGIApp

from suffice.testing import Answers, Said, Step, StrictFake, ToolCall, serve, strict_fake
from suffice.testing.processes import gateway

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
# Requests of this type go to the cheaper model; every other goes where it asks to.
POLICY = {"version": 3, "types": {"triage": {"baseline": OPUS, "candidate": HAIKU, "share": 1.0}}}


@dataclass(frozen=True, slots=True)
class Front:
    """A gateway's address, and the fake behind it."""

    url: str
    fake: StrictFake

    def models_asked(self) -> list[str]:
        """The models that were asked, in order."""
        return [entry.body["model"] for entry in self.fake.journal.messages()]

    def statuses(self) -> list[int]:
        """How the fake answered requests for an answer, in order."""
        return [entry.status for entry in self.fake.journal.messages()]


def weather(body: Any) -> Said:
    """Ask for the weather tool where there is one, then say what it said."""
    last = body["messages"][-1]["content"]
    results = [b for b in last if isinstance(b, dict) and b.get("type") == "tool_result"]
    if results:
        content = results[0]["content"]
        told = content if isinstance(content, str) else content[0]["text"]
        return Said(text=f"It is {told}.")
    if body.get("tools"):
        return Said(text="Looking.", tool_calls=(ToolCall("weather", {"city": "Łódź"}),))
    return Said(text="Paris")


class Starter:
    """Starts gateways before fakes of their own, each in a folder of its own."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self._numbers = itertools.count()

    def __call__(
        self,
        *,
        script: tuple[Step, ...] = (),
        answers: Answers | None = weather,
        wrapped: Callable[[StrictFake], ASGIApp] = lambda fake: fake,
        **options: Any,
    ) -> Front:
        fake = strict_fake(answers=answers, script=script, **options)
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        (folder / "policy.json").write_text(json.dumps(POLICY), encoding="utf-8")
        upstream = self._stack.enter_context(serve(wrapped(fake)))
        return Front(self._stack.enter_context(gateway(upstream, folder=folder)), fake)


@pytest.fixture
def start_front(tmp_path: Path) -> Iterator[Starter]:
    """Starts gateways for one test."""
    with ExitStack() as stack:
        yield Starter(stack, tmp_path)


@pytest.fixture(scope="session")
def shared_front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with ExitStack() as stack:
        yield Starter(stack, tmp_path_factory.mktemp("front"))()


@pytest.fixture
def front(shared_front: Front) -> Front:
    """A gateway with a policy, before a fake that knows of Paris and of the weather."""
    shared_front.fake.journal.clear()
    return shared_front


@pytest.fixture
def client(front: Front) -> Iterator[anthropic.Anthropic]:
    """The provider's client, checking every field of every answer."""
    with anthropic.Anthropic(
        api_key="sk-test", base_url=front.url, max_retries=0, _strict_response_validation=True
    ) as found:
        yield found
