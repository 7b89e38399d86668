"""Without the gateway: from logs to a verdict, to an exported decision, and back by the same logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

Command = Callable[..., Result]
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
TYPE = "sort-tickets-label"
LABELS = ("billing", "bug", "praise")
LOG = Path("calls.jsonl")


def add(numbers: Iterable[int], *, agree: bool = True, at: datetime | None = None) -> None:
    """Both models' calls of the same requests, as an application with the SDK would log them."""
    with LOG.open("a") as file:
        for number in numbers:
            for model in (OPUS, HAIKU):
                wrong = model == HAIKU and not agree
                record = {
                    "request": {
                        "model": model,
                        "max_tokens": 500,
                        "system": "You sort tickets. Answer with one label.",
                        "messages": [{"role": "user", "content": f"ticket {number}"}],
                    },
                    "response": {
                        "id": f"msg_{model}_{number}",
                        "type": "message",
                        "role": "assistant",
                        "model": model,
                        "content": [{"type": "text", "text": LABELS[(number + wrong) % 3]}],
                        "stop_reason": "end_turn",
                        "usage": {"input_tokens": 900, "output_tokens": 3},
                    },
                    **({} if at is None else {"ts": at.timestamp()}),
                }
                file.write(json.dumps(record) + "\n")


@pytest.fixture
def rolled_out(suffice: Command) -> Command:
    """A type whose Switch came from the log, exported for whoever decides."""
    add(range(300))
    for words in (
        ("scan", LOG),
        ("compare", TYPE, "--to", HAIKU, "--recorded"),
        ("rollout", "start", TYPE, "--to", HAIKU),
        ("export", "--as", "env", "--out", "models.env", "--write"),
    ):
        done = suffice(*words)
        assert done.exit_code == 0, done.output
    return suffice


def watched(suffice: Command) -> Result:
    scanned = suffice("scan", LOG)
    assert scanned.exit_code == 0, scanned.output
    return suffice("watch", "--no-alerts")


def test_a_rollout_is_watched_by_what_scan_reads_and_taken_back(rolled_out: Command) -> None:
    first = rolled_out("watch")
    add(range(300, 460))
    second = watched(rolled_out)
    add(range(460, 600), agree=False)
    third = watched(rolled_out)

    assert first.stderr == "300 new pairs, 300 of them older than their rollout\n"
    assert second.stderr == "160 new pairs\n"
    assert "Moved to 25 %: 160 pairs" in second.stdout
    assert third.stderr == "140 new pairs\n"
    assert "Rolled back to claude-opus-5-5: agreement has fallen" in third.stdout
    given_back = rolled_out("export", "--as", "env", "--out", "models.env", "--diff")
    assert given_back.exit_code == 1
    assert f"+SUFFICE_MODEL_SORT_TICKETS_LABEL={OPUS}" in given_back.stdout


def test_calls_that_tell_their_time_count_from_the_start_of_the_rollout_on(
    rolled_out: Command,
) -> None:
    add(range(300, 320), at=datetime.now(UTC) - timedelta(hours=1))
    add(range(320, 350), at=datetime.now(UTC) + timedelta(seconds=2))

    first = watched(rolled_out)
    again = rolled_out("watch")
    add(range(350, 360), at=datetime.now(UTC) + timedelta(seconds=4))
    later = watched(rolled_out)

    # Of the 300 without a time nobody knows when they were sent, so they may be the verdict's own.
    assert first.stderr == "330 new pairs, 300 of them older than their rollout\n"
    assert again.stderr == "0 new pairs\n"
    assert later.stderr == "10 new pairs\n"


def test_a_log_given_as_a_file_of_cases_says_what_is_missing(rolled_out: Command) -> None:
    result = rolled_out("watch", LOG)

    assert result.exit_code == 0
    assert "0 new pairs; passed over: 600 cases of types not rolled out" in result.stderr
    assert f"suffice scan {LOG}" in result.stderr


def test_without_files_and_without_a_scan_the_command_that_reads_logs_is_named(
    rolled_out: Command,
) -> None:
    result = rolled_out("watch", "--types", "elsewhere")

    assert result.exit_code == 1
    assert "suffice scan FILES" in result.stderr
