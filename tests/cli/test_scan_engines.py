"""Whichever engine works on the texts, a scan finds the same; killed anywhere, it goes on."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from suffice.adapters.exchanges import Exchanges

CALLS = 22_000
DAYS = 5
QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def record(number: int, *, day: int | None = None) -> dict[str, Any]:
    kind = ("ticket", "mail", "letter")[number % 3]
    return {
        "ts": 1_793_491_200 + number,
        "session": f"s{number // 4}",
        "request": {
            "model": "claude-opus-5-5",
            "max_tokens": 9,
            "system": f"Sort the {kind} into one class.\nToday is day {number if day is None else day}.\nOne word.",
            "messages": [{"role": "user", "content": f"Text {number} of jo{number}@example.org"}],
        },
        "response": {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-5-5",
            "content": [{"type": "text", "text": "billing"}],
            "usage": {"input_tokens": 100 + number, "output_tokens": 3},
        },
    }


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(record(number)) + "\n" for number in range(900)), "utf-8")
    return path


def suffice(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "suffice", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_engine_finds_the_same_calls_types_dollars_and_masks(
    log: Path, tmp_path: Path
) -> None:
    told, ranked = [], []
    for engine in ("local", "processes"):
        data = tmp_path / engine
        scan = suffice("scan", log, "--data", data, "--engine", engine, "--workers", 2)
        told.append(
            [line for line in scan.stdout.splitlines() if line[:4] in {"read", "mask", "foun"}]
        )
        found = json.loads(suffice("types", "--data", data, "--format", "json").stdout)
        ranked.append([(one["type"], one["calls"], one["spend_usd"]) for one in found["types"]])

    assert told[0] == told[1]
    assert ranked[0] == ranked[1]
    assert [calls for _, calls, _ in ranked[0]] == [300, 300, 300]


def test_every_engine_keeps_the_same_rows_in_the_same_order_and_names_the_same_broken_lines(
    log: Path, tmp_path: Path
) -> None:
    """Of every format at once: some lines are read by workers, some before they are sent."""
    seeds = Path(__file__).parents[1] / "fuzz" / "seeds.jsonl"
    calls, known = log.read_bytes().splitlines(), seeds.read_bytes().splitlines()
    mixed = [*calls[:400], *known, b"{oops", *calls[400:800], b'{"weather": 1}', *calls[800:]]
    mixture = tmp_path / "mixture.jsonl"
    mixture.write_bytes(b"\n".join(mixed))
    shutil.copy(seeds, tmp_path / "seeds.jsonl")
    logs, told, kept = (mixture, tmp_path / "seeds.jsonl"), [], []
    for engine in ("local", "processes"):
        data = tmp_path / engine
        data.mkdir(mode=0o700)
        # One key for both, so that placeholders are the same.
        (data / "mask.key").write_bytes(b"k" * 32)
        scan = suffice("scan", *logs, "--data", data, "--engine", engine, "--format", "json")
        told.append(json.loads(scan.stdout)["sources"])
        with Exchanges.open(data, write=False) as store:
            kept.append([(row, store.request(row), store.response(row)) for row in store.rows()])

    assert told[0] == told[1]
    assert [one["line"] for one in told[0][0]["examples"]] == [416, 817]
    assert kept[0] == kept[1]
    assert len(kept[0]) > 900


@pytest.mark.parametrize(
    ("engine", "end"),
    [("local", signal.SIGKILL), ("processes", signal.SIGKILL), ("processes", signal.SIGINT)],
)
def test_a_scan_that_is_ended_midway_goes_on_and_keeps_each_call_once(
    tmp_path: Path, engine: str, end: signal.Signals
) -> None:
    """It is ended when a part is kept already, and another is read but not kept."""
    log, data = tmp_path / "log.jsonl", tmp_path / "data"
    with log.open("w", encoding="utf-8") as file:
        # Few prompts, as it is not types that are looked at here.
        records = (record(number, day=number % DAYS) for number in range(CALLS))
        file.writelines(json.dumps(one) + "\n" for one in records)
    command = ["scan", str(log), "--data", str(data), "--engine", engine, "--workers", "2"]
    with subprocess.Popen([sys.executable, "-m", "suffice", *command], **QUIET) as first:
        ended_by = time.monotonic() + 60
        while not list(data.glob("*.parquet")) and time.monotonic() < ended_by:
            time.sleep(0.01)
        first.send_signal(end)

    again = suffice(*command)

    assert first.returncode == (130 if end is signal.SIGINT else -signal.SIGKILL)
    assert again.returncode == 0, again.stderr
    with Exchanges.open(data, write=False) as store:
        ids = [row.id for row in store.rows()]
    assert sorted(ids) == sorted(f"msg_{number}" for number in range(CALLS))
