"""Simulated models that label tickets, a run that said Switch of them, and what it kept."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from suffice.testing import StrictFake, serve, strict_fake

Command = Callable[..., Result]
KEY, OWN_KEY = "sk-ant-api03-not-to-be-seen", "sk-ant-api03-of-suffice-alone"
LABELS = ("billing", "bug", "praise", "other")
ARMS = ("--baseline", "claude-opus-5-5", "--to", "claude-haiku-5-5", "--yes", "--budget", "20")


class World:
    """
    Two models that label tickets: the small one agrees with the large one, each but for noise.

    Attributes:
        baseline: Share of tickets that the large model labels otherwise than it did.
        candidate: Likewise the small one.
        noise: How often a model departs from its own usual label.
    """

    def __init__(self) -> None:
        self.baseline = self.candidate = 0.0
        self.noise = 0.004
        self._asked: Counter[str] = Counter()

    def answer(self, body: Any) -> str:
        """The usual label, seldom another one."""
        text = body["messages"][-1]["content"]
        place = int(text.rsplit(" ", 1)[1]) % len(LABELS)
        moved = self.baseline if "opus" in body["model"] else self.candidate
        # Which tickets are labelled otherwise is fixed, and another draw for each model.
        if random.Random(text + body["model"]).random() < moved:
            place += 1
        # By how often it was asked, not by when: answers come in any order.
        self._asked[text + body["model"]] += 1
        nth = self._asked[text + body["model"]]
        if random.Random(f"{text} {body['model']} {nth}").random() < self.noise:
            place += 2
        return LABELS[place % len(LABELS)]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, suffice: Command, world: World) -> Iterator[StrictFake]:
    assert suffice is not None  # it clears the environment first
    one = strict_fake(answers=world.answer, keys=[KEY, OWN_KEY])
    with serve(one) as base_url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield one


@pytest.fixture(scope="session")
def compared_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a live run that said Switch long before its cases were used up; copy it."""
    folder = tmp_path_factory.mktemp("compared")
    lines = [
        json.dumps({
            "id": f"t-{number}",
            "type": "triage",
            "system": "Label the ticket.",
            "prompt": f"Ticket {number}",
            "max_tokens": 500,
        })
        for number in range(500)
    ]  # fmt: skip
    (folder / "cases.jsonl").write_text("\n".join(lines))
    with serve(strict_fake(answers=World().answer, keys=[KEY])) as base_url:
        environ = {**os.environ, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": base_url}
        command = [sys.executable, "-m", "suffice", "compare", "cases.jsonl", *ARMS]
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, check=False, text=True
        )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def compared(suffice: Command, compared_once: Path) -> Path:
    """A live run that said Switch, in the folder the test stands in."""
    assert suffice is not None  # it stands in the folder
    shutil.copytree(compared_once, Path.cwd(), dirs_exist_ok=True)
    [run] = Path(".suffice/runs").iterdir()
    return run
