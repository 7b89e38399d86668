"""A run folder keeps what was paid for, whatever happens to the process or the disk."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suffice.adapters.storage import (
    RunFolder,
    RunInfo,
    create_run,
    open_run,
    read_result,
    read_shown,
)
from suffice.comparison.stored import AnswerKey, StoredAnswer
from suffice.errors import StorageError
from suffice.records import Answer, Comparison, ShownCase

Make = Callable[..., StoredAnswer]


def test_a_kept_answer_is_found_again_after_reopening(run: RunFolder, answer_to: Make) -> None:
    run.keep(answer_to("a", text="first"))
    run.keep(answer_to("b", text="second", usd="0.25"))
    run.close()

    with open_run(run.path) as again:
        found = again.find(AnswerKey("b", "m", 0, "d"))
        assert found is not None
        assert found.answer.text == "second"
        assert again.spent_usd == Decimal("0.251")
        assert [stored.key.case_id for stored in again.answers()] == ["a", "b"]


def test_a_changed_request_is_another_answer(run: RunFolder, answer_to: Make) -> None:
    run.keep(answer_to("a"))

    assert run.find(AnswerKey("a", "m", 0, "another digest")) is None


@given(cut=st.integers(min_value=0, max_value=2000))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_a_line_torn_at_any_byte_is_dropped_and_the_rest_stands(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "run"
    whole = [StoredAnswer(key=AnswerKey(f"c{n}", "m", 0, "d"), answer=_text(n)) for n in range(9)]
    with create_run(path, RunInfo(run_id="r")) as run:
        for stored in whole:
            run.keep(stored)
    file = path / "answers.jsonl"
    kept = file.read_bytes()[: min(cut, file.stat().st_size)]
    file.write_bytes(kept)

    with open_run(path) as again:
        assert list(again.answers()) == whole[: kept.count(b"\n")]
        assert again.torn_bytes == len(kept) - (kept.rfind(b"\n") + 1)
        again.keep(whole[8])
        assert list(again.answers())[-1] == whole[8]


def _text(n: int) -> Answer:
    return Answer(text=f"answer {n} " + "ä" * n)


def test_a_call_sent_and_never_answered_counts_at_its_worst_case(
    run: RunFolder, answer_to: Make
) -> None:
    answered, lost, unsent = (answer_to(name) for name in ("answered", "lost", "unsent"))
    for stored in (answered, lost, unsent):
        run.announce(stored.key, worst_usd=Decimal("0.5"), room_bytes=1000)
    run.keep(answered)
    run.withdraw(unsent.key)
    run.close()

    with open_run(run.path) as again:
        assert again.unsettled == 1
        assert again.unsettled_usd == Decimal("0.5")
        again.announce(lost.key, worst_usd=Decimal("0.5"), room_bytes=1000)
        again.keep(lost)

    with open_run(run.path) as third:
        assert third.unsettled_usd == Decimal("0.5"), "asked again, the lost call stays counted"


def test_only_one_process_runs_a_folder(run: RunFolder) -> None:
    with pytest.raises(StorageError, match="another process"):
        open_run(run.path)


def test_a_run_is_never_made_over_another(run: RunFolder) -> None:
    run.close()

    with pytest.raises(StorageError, match="holds a run already"):
        create_run(run.path, RunInfo(run_id="r2"))


def test_only_the_owner_can_read_a_run(run: RunFolder, answer_to: Make) -> None:
    run.keep(answer_to("a"))
    run.write_result(Comparison())

    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in run.path.iterdir()} == {0o600}


def test_no_api_key_reaches_a_file(tmp_path: Path, answer_to: Make) -> None:
    key = "sk-ant-api03-SECRETSECRETSECRET"
    info = RunInfo(run_id="r", settings={"oops": key})
    with create_run(tmp_path / "run", info) as run:
        run.keep(answer_to("a", text=f"your key is {key}"))
        run.write_result(Comparison(notes=(key,)))

    for file in (tmp_path / "run").iterdir():
        assert b"SECRET" not in file.read_bytes()


def test_the_result_is_replaced_whole(run: RunFolder) -> None:
    run.write_result(Comparison(run_id="first"))
    run.write_result(Comparison(run_id="second"))

    assert read_result(run.path).run_id == "second"
    assert not list(run.path.glob("*.tmp"))


def test_a_resumed_run_shows_each_case_once(run: RunFolder) -> None:
    row = ShownCase(type="t", baseline="b", candidate="c", case_id="a", outcome="lost")
    run.append_shown([row])
    run.append_shown([row])
    run.close()

    with open_run(run.path) as again:
        again.append_shown([row])

    assert list(read_shown(run.path)) == [row]


def test_a_folder_that_cannot_be_written_is_a_coded_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match="cannot be written"):
        create_run(tmp_path / "file" / "run", RunInfo(run_id="r"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB; needs root."""
    where = tmp_path / "disk"
    where.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(where)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("this system lets nobody mount a file system")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=False)


def test_a_disk_that_fills_up_in_flight_still_takes_the_announced_answers(
    small_disk: Path, answer_to: Make
) -> None:
    """Somebody else fills the disk after calls were sent: their answers find their room."""
    run = create_run(small_disk / "run", RunInfo(run_id="r"))
    answers = [answer_to(f"c{n}", text="x" * 9000) for n in range(4)]
    for stored in answers:
        run.announce(stored.key, worst_usd=Decimal(1), room_bytes=10_000)
    _fill_up(small_disk)

    for stored in answers:
        run.keep(stored)

    assert list(run.answers()) == answers
    run.close()


def test_on_a_full_disk_no_call_is_announced(small_disk: Path, answer_to: Make) -> None:
    run = create_run(small_disk / "run", RunInfo(run_id="r"))
    run.keep(answer_to("before"))
    _fill_up(small_disk)

    with pytest.raises(StorageError, match="kept before this is safe"):
        run.announce(answer_to("a").key, worst_usd=None, room_bytes=20_000)

    assert len(list(run.answers())) == 1
    run.close()


def test_a_line_that_does_not_fit_leaves_no_part_of_itself(
    small_disk: Path, answer_to: Make
) -> None:
    run = create_run(small_disk / "run", RunInfo(run_id="r"))
    run.keep(answer_to("small"))

    with pytest.raises(StorageError):
        run.keep(answer_to("huge", text="x" * 400_000))

    assert [stored.key.case_id for stored in run.answers()] == ["small"]
    assert (run.path / "answers.jsonl").read_bytes().count(b"\n") == 1
    run.close()


def test_a_read_only_disk_is_a_coded_error(small_disk: Path) -> None:
    create_run(small_disk / "run", RunInfo(run_id="r")).close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(StorageError, match="cannot be written"):
        open_run(small_disk / "run")


def _fill_up(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 1024)
        except OSError:
            pass
