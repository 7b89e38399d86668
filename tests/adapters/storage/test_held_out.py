"""Held-out cases on disk: private, bounded, and in the run's zip."""

from __future__ import annotations

from pathlib import Path

import pytest

from suffice.adapters.storage import (
    RunInfo,
    create_run,
    export_zip,
    keep_held_out,
    read_held_out,
    unpack_zip,
)
from suffice.adapters.storage.held_out import MOST_CASE_BYTES
from suffice.records import Case
from suffice.records.held_out import HELD_OUT_FILE, HeldOutCase

KEY = "sk-ant-api03-" + "a" * 40


def held(number: int, text: str = "Hello") -> HeldOutCase:
    request = {"messages": [{"role": "user", "content": text}]}
    return HeldOutCase(case=Case(id=f"c{number}", type="t", request=request), pilot=number == 0)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    create_run(tmp_path / "run", RunInfo(run_id="r")).close()
    return tmp_path / "run"


def test_what_was_kept_is_read_again_from_folder_and_zip(run: Path, tmp_path: Path) -> None:
    cases = [held(number) for number in range(5)]

    kept = keep_held_out(run, cases)
    export_zip(run, tmp_path / "run.zip")
    unpack_zip(tmp_path / "run.zip", tmp_path / "copy")

    assert kept == (5, 0)
    assert read_held_out(run) == read_held_out(tmp_path / "run.zip") == cases
    assert read_held_out(tmp_path / "copy") == cases
    assert (run / HELD_OUT_FILE).stat().st_mode & 0o777 == 0o600


def test_what_looks_like_a_key_is_taken_out(run: Path) -> None:
    keep_held_out(run, [held(1, f"my key is {KEY}")])

    assert KEY.encode() not in (run / HELD_OUT_FILE).read_bytes()
    assert len(read_held_out(run)) == 1


def test_a_case_that_is_too_large_is_left_out_and_counted(run: Path) -> None:
    kept = keep_held_out(run, [held(1), held(2, "x" * MOST_CASE_BYTES), held(3)])

    assert kept == (2, 1)
    assert [one.case.id for one in read_held_out(run)] == ["c1", "c3"]


def test_a_run_that_kept_none_has_none(run: Path) -> None:
    assert read_held_out(run) == []


def test_a_damaged_line_is_passed_over(run: Path) -> None:
    keep_held_out(run, [held(1), held(2)])
    with (run / HELD_OUT_FILE).open("ab") as file:
        file.write(b'{"case": {"id": "torn"')

    assert len(read_held_out(run)) == 2
