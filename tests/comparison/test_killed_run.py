"""A process killed at any point loses no paid answer, and its resumption asks for none again."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from suffice.adapters.storage import open_run
from suffice.testing import StrictFake, serve, strict_fake

CHILD = Path(__file__).with_name("live_child.py")
CASES = 150


def answer(body: Mapping[str, Any]) -> str:
    """The small model is wrong on every seventh case."""
    text = str(body["messages"][-1]["content"])
    wrong = "haiku" in body["model"] and int(text.removeprefix("case ")) % 7 == 0
    return f"{'no' if wrong else 'yes'} to {text}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the child; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def begin(base_url: str, *, folder: str = "run", cap: str = "5") -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, str(CHILD), base_url, str(tmp_path / folder), str(CASES), cap],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(child)
        return child

    yield begin
    for child in running:
        if child.poll() is None:
            child.kill()
        child.communicate()


def ended(child: subprocess.Popen[str]) -> dict[str, Any]:
    """What the child found, once it ended by itself."""
    out, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    last = out.splitlines()[-1]
    assert last.startswith("outcome ")
    found: dict[str, Any] = json.loads(last.removeprefix("outcome "))
    return found


def asked_of(fake: StrictFake, *, after: int = 0) -> list[tuple[str, str]]:
    """(model, text) of every request for an answer, in order, beyond the first so many."""
    entries = fake.journal.messages()[after:]
    return [(entry.body["model"], entry.body["messages"][-1]["content"]) for entry in entries]


def kept_in(folder: Path) -> Counter[tuple[str, str]]:
    """How many answers of each (model, text) are kept."""
    with open_run(folder) as run:
        keys = [stored.key for stored in run.answers()]
    return Counter((key.arm, f"case {key.case_id[1:]}") for key in keys)


def wait_for(fake: StrictFake, count: int) -> None:
    """Until the server was asked so often."""
    for _ in range(6_000):
        if fake.journal.seen >= count:
            return
        time.sleep(0.01)
    raise AssertionError(f"only {fake.journal.seen} requests came")


def test_sigkill_at_any_point_loses_nothing_and_resume_asks_for_nothing_again(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    dice = random.Random(11)
    fake = strict_fake(answers=answer, latency_s=0.004)
    kills: list[tuple[int, Counter[tuple[str, str]]]] = []
    with serve(fake) as base_url:
        for _ in range(4):
            child = start(base_url)
            wait_for(fake, fake.journal.seen + dice.randrange(5, 60))
            time.sleep(dice.random() * 0.02)
            child.kill()
            used = {line.split()[1] for line in child.communicate()[0].splitlines() if " " in line}
            time.sleep(0.1)  # what the server still answers, nobody receives
            kept = kept_in(tmp_path / "run")
            assert used <= {text.replace("case ", "c") for _, text in kept}
            kills.append((len(asked_of(fake)), kept))
        found = ended(start(base_url))
    with serve(strict_fake(answers=answer)) as base_url:
        unbroken = ended(start(base_url, folder="unbroken"))

    needed = kept_in(tmp_path / "unbroken")
    assert kept_in(tmp_path / "run") == needed
    for asked_before, kept in kills:
        asked_since = Counter(asked_of(fake, after=asked_before))
        assert not {one for one in asked_since if kept[one] == needed[one]}
    assert found["agreement"] == unbroken["agreement"]
    assert len(found["agreement"]) == CASES - 20
    with open_run(tmp_path / "run") as run:
        assert run.spent_usd == Decimal(unbroken["spent"])
        # Eight calls may be in flight at a kill; they count as spent, since they may be billed.
        assert 0 < run.unsettled <= 8 * len(kills)


def test_ctrl_c_once_waits_for_what_is_in_flight(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    fake = strict_fake(answers=answer, latency_s=0.05)
    with serve(fake) as base_url:
        child = start(base_url)
        wait_for(fake, 70)
        child.send_signal(signal.SIGINT)
        found = ended(child)

        assert found["stopped"] == "interrupted"
        assert kept_in(tmp_path / "run") == Counter(asked_of(fake))
        assert fake.journal.seen < 2 * CASES
        with open_run(tmp_path / "run") as run:
            assert run.unsettled == 0


def test_ctrl_c_twice_quits_at_once_and_counts_what_was_in_flight(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    fake = strict_fake(answers=answer, latency_s=20)
    with serve(fake) as base_url:
        child = start(base_url)
        wait_for(fake, 8)
        child.send_signal(signal.SIGINT)
        assert child.stdout is not None
        assert child.stdout.readline() == "stopping\n"
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        child.wait(timeout=60)

        assert time.monotonic() - began < 15  # an answer takes 20
        assert child.returncode != 0
        with open_run(tmp_path / "run") as run:
            assert run.unsettled == 8
            assert run.unsettled_usd > 0


def test_a_cap_holds_across_processes(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    fake = strict_fake(answers=answer)
    with serve(fake) as base_url:
        first = ended(start(base_url, cap="0.02"))
        spent = first["spent"]
        second = ended(start(base_url, cap="0.02"))

    assert first["stopped"] == second["stopped"] == "budget"
    assert Decimal(spent) <= Decimal(second["spent"]) <= Decimal("0.02")
