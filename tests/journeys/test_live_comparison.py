"""From requests to verdicts on live models, by the command a user types, over a real socket."""

from __future__ import annotations

import json
import os
import random
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from suffice.testing import Fails, StrictFake, serve, strict_fake

Command = Callable[..., Result]
LABELS = ("billing", "bug", "praise")
KEY = "sk-ant-api03-not-to-be-seen"
ARMS = ("--baseline", "claude-opus-5-5", "--to", "claude-haiku-5-5", "--yes")


def label_of(text: str) -> str:
    return LABELS[int(text.rsplit(" ", 1)[1]) % 3]


def said(body: Any) -> str:
    """The large model is always right; the small one on easy messages, else in three of four."""
    text = body["messages"][-1]["content"]
    dice = random.Random(text + body["model"])
    if "opus" in body["model"] or text.startswith("easy") or dice.random() < 0.75:
        return label_of(text)
    return LABELS[(LABELS.index(label_of(text)) + 1) % 3]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, suffice: Command) -> Iterator[StrictFake]:
    """The API's strict fake behind the environment a user would set."""
    assert suffice is not None  # it clears the environment first
    one = strict_fake(answers=said, keys=[KEY])
    with serve(one) as base_url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield one


@pytest.fixture
def cases(suffice: Command) -> Path:
    """200 requests of two types, with references."""
    assert suffice is not None  # it stands in the folder
    rows = [
        {
            "id": f"{kind}-{number}",
            "type": kind,
            "prompt": f"{kind} message {number}",
            "max_tokens": 500,
            "reference": LABELS[number % 3],
        }
        for number in range(200)
        for kind in ("easy", "hard")
    ]
    Path("cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Path("cases.jsonl")


def test_each_type_is_decided_as_soon_as_the_evidence_allows(
    suffice: Command, fake: StrictFake, cases: Path
) -> None:
    result = suffice("compare", cases, *ARMS, "--budget", "20", "--save", "run", "--format", "json")

    found = json.loads(result.stdout)
    assert {row["type"]: row["verdict"] for row in found["types"]} == {
        "easy": "switch",
        "hard": "keep",
    }
    assert result.exit_code == 11
    assert len(fake.journal) < 600  # of 800 if nothing had stopped early
    assert found["types"][0]["cost"]["saving_share"] > 0.9


def test_a_budget_stops_the_run_and_a_larger_one_ends_it_without_paying_twice(
    suffice: Command, fake: StrictFake, cases: Path
) -> None:
    first = suffice("compare", cases, *ARMS, "--budget", "0.10", "--save", "run")
    paid = {json.dumps([entry.body["model"], entry.body["messages"]]) for entry in fake.journal}

    assert first.exit_code == 12
    assert "--resume" in first.stdout

    second = suffice(
        "compare", cases, *ARMS, "--budget", "20", "--save", "run", "--resume", "--format", "json"
    )

    asked = [json.dumps([entry.body["model"], entry.body["messages"]]) for entry in fake.journal]
    assert second.exit_code == 11
    assert len(asked) == len(set(asked))
    assert paid < set(asked)
    assert float(json.loads(second.stdout)["spending"]["spent_usd"]) < 20


def test_the_line_that_goes_on_can_be_copied_into_another_shell(
    suffice: Command, fake: StrictFake, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says everything that decides what is asked, whom, and how it is judged."""
    said = ("--scorer", "label", "--seed", "7", "--limit", "100", "--margin", "4", "--alpha", "0.1")
    first = suffice("compare", cases, *ARMS, *said, "--budget", "0.05", "--save", "my run")
    address = os.environ["ANTHROPIC_BASE_URL"]
    monkeypatch.delenv("ANTHROPIC_BASE_URL")

    line = first.stdout.rsplit("Next  ", 1)[1].split("   ")[0].strip()
    second = suffice(*shlex.split(line)[1:], "--yes")

    assert first.exit_code == 12, first.output
    assert second.exit_code in {0, 10, 11, 12}, second.output
    assert line == (
        f"suffice compare {cases} --baseline {ARMS[1]} --to {ARMS[3]} --scorer label --margin 4.0"
        f" --alpha 0.1 --limit 100 --seed 7 --base-url {address} --save 'my run' --resume"
        " --budget 0.08"
    )
    assert len(fake.journal) > 0


def test_the_key_is_in_no_file_and_in_no_output(
    suffice: Command, fake: StrictFake, cases: Path, tmp_path: Path
) -> None:
    result = suffice("compare", cases, *ARMS, "--budget", "20", "-o", "report.html", "-o", "r.json")

    assert len(fake.journal) > 0
    assert KEY not in result.output
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_without_a_key_nothing_is_planned_and_nothing_is_sent(
    suffice: Command, cases: Path
) -> None:
    result = suffice("compare", cases, *ARMS, "--budget", "1")

    assert (result.exit_code, result.stderr[:5]) == (1, "SF001")
    assert not Path(".suffice").exists()


def test_a_provider_that_only_fails_ends_the_run_with_its_own_words(
    suffice: Command, fake: StrictFake, cases: Path
) -> None:
    assert fake is not None
    refusing = strict_fake(
        keys=[KEY],
        script=[Fails(status=400, type="invalid_request_error", message="no such luck")] * 500,
    )
    with serve(refusing) as base_url:
        result = suffice("compare", cases, *ARMS, "--budget", "20", "--base-url", base_url)

    assert result.exit_code == 1
    assert "no such luck" in result.stdout
    assert len(refusing.journal) < 60


def test_a_limit_bounds_every_case_that_is_asked(
    suffice: Command, fake: StrictFake, cases: Path
) -> None:
    suffice("compare", cases, *ARMS, "--budget", "20", "--limit", "10")

    assert 0 < len(fake.journal) <= 2 * 2 * 10


def test_the_build_s_gate_fails_where_a_verdict_lost_ground(
    suffice: Command, fake: StrictFake, cases: Path
) -> None:
    assert len(fake.journal) == 0
    suffice("compare", cases, *ARMS, "--budget", "20", "--save", "now")
    before = json.loads(Path("now/result.json").read_text())
    for row in before["types"]:
        row["verdict"] = "switch"
    Path("before-result.json").write_text(json.dumps(before))

    alone = suffice("check", "now")
    against_itself = suffice("check", "now", "--against", "now")
    turned = suffice("check", "now", "--against", "before-result.json", "--format", "github")

    assert alone.exit_code == 11
    assert against_itself.exit_code == 0
    assert turned.exit_code == 11
    assert "::error" in turned.stdout
    assert "Was Switch, is Keep now" in turned.stdout
