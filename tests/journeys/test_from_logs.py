"""From a log to a verdict in two commands, with the answers in the log paid once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from suffice.testing import StrictFake, serve, strict_fake

Command = Callable[..., Result]
LABELS = ("billing", "bug", "praise")
KEY = "sk-ant-api03-not-to-be-seen"
TO = ("--to", "claude-haiku-5-5", "--yes", "--budget", "20")


def label_of(text: str) -> str:
    return LABELS[int(text.rsplit(" ", 1)[1]) % 3]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, suffice: Command) -> Iterator[StrictFake]:
    assert suffice is not None  # it clears the environment first
    one = strict_fake(answers=lambda body: label_of(body["messages"][-1]["content"]), keys=[KEY])
    with serve(one) as base_url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield one


def logged(number: int, *, kind: str, model: str = "claude-opus-5-5", **more: Any) -> str:
    text = f"message {number}"
    record = {
        "ts": 1_793_500_000 + number,
        "session": f"{kind}-s{number // 2}",
        "request": {
            "model": model,
            "max_tokens": 500,
            "system": f"Sort the {kind}.\nCustomer {number}\nAnswer with one label.",
            "messages": [{"role": "user", "content": text}],
        },
        "response": {
            "id": f"msg_{kind}_{model}_{number}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": label_of(text)}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 900 if kind == "ticket" else 400, "output_tokens": 3},
        },
        **more,
    }
    return json.dumps(record) + "\n"


@pytest.fixture
def scanned(suffice: Command) -> Path:
    """Two types of 800 calls, two calls a session; tickets are the dearer ones."""
    Path("log.jsonl").write_text(
        "".join(logged(n, kind=kind) for kind in ("ticket", "review") for n in range(800))
    )
    assert suffice("scan", "log.jsonl", "--data", "logs").exit_code == 0
    return Path("logs")


def test_a_type_is_compared_in_one_step_and_logged_answers_are_not_paid_again(
    suffice: Command, fake: StrictFake, scanned: Path
) -> None:
    named = json.loads(suffice("types", "--data", scanned, "--format", "json").stdout)["types"]

    result = suffice("compare", named[0]["type"], *TO, "--data", scanned, "--format", "json")

    found = json.loads(result.stdout)
    assert (named[0]["calls"], named[0]["spend_usd"] > named[1]["spend_usd"]) == (800, True)
    assert result.exit_code == 0, result.output
    assert [row["verdict"] for row in found["types"]] == ["switch"]
    assert "400 answers of claude-opus-5-5 already paid for" in result.stderr
    asked = [entry.body["model"] for entry in fake.journal]
    # The baseline is asked only a second time, in the pilot; its first answers are in the log.
    assert asked.count("claude-opus-5-5") <= 60 < asked.count("claude-haiku-5-5")


def test_a_run_of_a_type_goes_on_where_its_budget_ended(
    suffice: Command, fake: StrictFake, scanned: Path
) -> None:
    """With the cases it was started with, also where more logs came since."""
    (row, _) = json.loads(suffice("types", "--data", scanned, "--format", "json").stdout)["types"]
    words = ("compare", row["type"], "--to", "claude-haiku-5-5", "--yes", "--data", scanned)

    first = suffice(*words, "--budget", "0.02")
    Path("more.jsonl").write_text("".join(logged(n, kind="ticket") for n in range(900, 990)))
    suffice("scan", "more.jsonl", "--data", scanned)
    second = suffice(*words, "--budget", "20", "--resume")

    assert first.exit_code == 12, first.output
    assert second.exit_code == 0, second.output
    asked = [json.dumps([entry.body["model"], entry.body["messages"]]) for entry in fake.journal]
    pilot = sum(one.count("claude-opus-5-5") for one in asked)
    assert len(asked) - len(set(asked)) <= pilot


def test_the_dearest_types_are_compared_by_their_number(
    suffice: Command, fake: StrictFake, scanned: Path
) -> None:
    result = suffice("compare", "--top", "2", *TO, "--data", scanned, "--format", "json")

    found = json.loads(result.stdout)
    assert len(fake.journal) > 0
    assert sorted(row["verdict"] for row in found["types"]) == ["switch", "switch"]


def test_what_two_models_answered_to_the_same_requests_is_compared_without_a_call(
    suffice: Command,
) -> None:
    rows = [
        logged(n, kind="ticket", model=model, session=f"{model}-{n}")
        for n in range(400)
        for model in ("claude-opus-5-5", "claude-haiku-5-5")
    ]
    Path("log.jsonl").write_text("".join(rows))
    suffice("scan", "log.jsonl", "--data", "logs")
    (row,) = json.loads(suffice("types", "--data", "logs", "--format", "json").stdout)["types"]

    result = suffice(
        "compare", row["type"], "--recorded", "--baseline", "claude-opus-5-5",
        "--to", "claude-haiku-5-5", "--data", "logs", "--format", "json",
    )  # fmt: skip

    (verdict,) = json.loads(result.stdout)["types"]
    assert (verdict["verdict"], verdict["pairs"]) == ("switch", 400)
    unnamed = suffice("compare", row["type"], "--recorded", *TO[:2], "--data", "logs")
    assert unnamed.exit_code == 0, unnamed.output
    assert unnamed.stdout.startswith("claude-opus-5-5 → claude-haiku-5-5")


def test_a_word_that_is_neither_a_file_nor_a_type_is_refused(
    suffice: Command, scanned: Path
) -> None:
    result = suffice("compare", "nothing-like-it", *TO, "--data", scanned)

    assert result.exit_code == 2
    assert "neither a file nor a type 'nothing-like-it'" in result.stderr


@pytest.mark.parametrize("words", [(), ("cases.jsonl", "--top", "2")])
def test_cases_or_top_are_named_and_not_both(suffice: Command, words: tuple[str, ...]) -> None:
    assert suffice("compare", *words, *TO).exit_code == 2
