"""`suffice cases`: reading the pairs of a stored run, and labelling them."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from suffice.adapters.storage import RunInfo, create_run
from suffice.cli import main
from suffice.cli.labelling import candidate_first, labelling_order, labels_in
from suffice.errors import StorageError
from suffice.records import Comparison, Measure, ShownCase, Verdict, Word

OPUS, HAIKU, SONNET = "claude-opus-5-5", "claude-haiku-4-5", "claude-sonnet-5-5"


def suffice(*arguments: str | Path, keys: str = "") -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=keys)


def pair(case_id: str, outcome: str, **changes: str | float) -> ShownCase:
    plain: dict[str, str | float] = {
        "type": "triage",
        "baseline": OPUS,
        "candidate": HAIKU,
        "prompt": f"ticket {case_id}",
        "baseline_text": "category: bug",
        "candidate_text": "category: billing",
    }
    return ShownCase(case_id=case_id, outcome=outcome, **plain | changes)  # type: ignore[arg-type]


def verdict(candidate: str = HAIKU, *, lost: int = 2) -> Verdict:
    return Verdict(
        type="triage",
        baseline=OPUS,
        candidate=candidate,
        pairs=100,
        measure=Measure.QUALITY,
        estimate=-0.02,
        agreement=None,
        noise_floor=None,
        lower=-0.05,
        upper=0.01,
        limit=-0.03,
        verdict=Word.NOT_YET,
        reason="too_few",
        lost=lost,
        won=1,
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "r1"
    shown = [
        pair("mild", "lost", weight=0.1),
        pair("worst", "lost", weight=1.0),
        pair("better", "won"),
        pair("equal", "both", candidate_text="category: bug"),
        pair("other-model", "lost", candidate=SONNET),
    ]
    with create_run(path, RunInfo(run_id="r1")) as folder:
        folder.append_shown(shown)
        types = (verdict(), verdict(SONNET, lost=1))
        folder.write_result(Comparison(source="c.jsonl", types=types))
    return path


def ids(result: Result) -> list[str]:
    return [case["case_id"] for case in json.loads(result.stdout)["cases"]]


def test_lost_cases_come_worst_first(run: Path) -> None:
    result = suffice("cases", run, "triage", "--candidate", HAIKU, "--format", "json")

    assert ids(result) == ["worst", "mild"]


def test_won_cases_and_all_cases_can_be_asked_for(run: Path) -> None:
    won = suffice("cases", run, "--won", "--format", "json")
    every = suffice("cases", run, "--all", "--candidate", HAIKU, "--format", "json")

    assert ids(won) == ["better"]
    assert ids(every) == ["worst", "mild", "better", "equal"]


def test_the_terminal_marks_the_words_that_differ(run: Path) -> None:
    result = suffice("cases", run, "triage")

    assert "category: [-bug-]{+billing+}" in result.stdout
    assert result.stdout.splitlines()[-1] == f"Next  suffice verdict {run} --type triage"


def test_what_the_limit_leaves_out_is_counted(run: Path) -> None:
    result = suffice("cases", run, "--limit", "1")

    assert "2 more lost cases: --limit" in result.stderr


def test_markdown_holds_a_diff(run: Path) -> None:
    result = suffice("cases", run, "--won", "--format", "md")

    assert "-category: bug\n+category: billing" in result.stdout


def test_a_type_or_candidate_the_run_does_not_know_is_a_usage_error(run: Path) -> None:
    unknown = [suffice("cases", run, "tags"), suffice("cases", run, "--candidate", "gpt")]

    assert [result.exit_code for result in unknown] == [2, 2]
    assert "triage" in unknown[0].stderr
    assert HAIKU in unknown[1].stderr


def test_a_line_of_a_case_is_never_read_as_a_command_of_the_build(tmp_path: Path) -> None:
    path = tmp_path / "r2"
    with create_run(path, RunInfo(run_id="r2")) as folder:
        folder.append_shown([pair("1", "lost", prompt="a\n::set-output name=x::y\n\x1b[2J")])
        folder.write_result(Comparison(types=(verdict(),)))

    lines = suffice("cases", path).stdout.splitlines()

    assert [line for line in lines if line.lstrip().startswith("::")] == []
    assert not any("\x1b" in line for line in lines)


def test_where_nothing_is_lost_it_says_among_how_many(tmp_path: Path) -> None:
    path = tmp_path / "r3"
    with create_run(path, RunInfo(run_id="r3")) as folder:
        folder.write_result(Comparison(types=(verdict(lost=0),)))

    assert "No lost case among 100 pairs." in suffice("cases", path).stderr


def test_labels_are_kept_one_by_one_and_say_which_model_was_better(
    run: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.jsonl"

    result = suffice("cases", run, "--label", "--labels", labels, keys="1\n2\n0\nn\nx\n")

    assert result.exit_code == 0
    rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    assert len(rows) == 5
    assert [row["human"] for row in rows[2:]] == ["same", "both_bad", "checker_wrong"]
    shown = {(case.case_id, case.candidate): case for case in every_case()}
    for row, one in zip(rows[:2], ("candidate", "baseline"), strict=True):
        first = candidate_first(shown[row["case_id"], row["candidate"]], seed=0)
        other = "baseline" if one == "candidate" else "candidate"
        assert row["human"] == (one if first else other)


def every_case() -> Iterator[ShownCase]:
    yield from (pair(name, "lost") for name in ("mild", "worst"))
    yield pair("better", "won")
    yield pair("equal", "both")
    yield pair("other-model", "lost", candidate=SONNET)


def test_labelling_is_blind(run: Path, tmp_path: Path) -> None:
    result = suffice("cases", run, "--label", "--labels", tmp_path / "l.jsonl", keys="q\n")

    shown = result.stdout.split("Next")[0]
    assert "answer 1" in shown
    for word in (OPUS, HAIKU, SONNET, "lost", "won", "[-", "{+"):
        assert word not in shown


def test_labelling_goes_on_where_it_stopped(run: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    suffice("cases", run, "--label", "--labels", labels, keys="0\n0\nq\n")

    suffice("cases", run, "--label", "--labels", labels, keys="0\n0\n0\n")

    rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    assert len({(row["case_id"], row["candidate"]) for row in rows}) == len(rows) == 5


def test_b_asks_for_the_last_pair_again_and_the_later_label_counts(
    run: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.jsonl"

    suffice("cases", run, "--label", "--labels", labels, keys="0\nb\nn\nq\n")

    assert [label.human.value for label in labels_in(labels).values()] == ["both_bad"]


def test_a_line_torn_by_a_kill_is_dropped_and_the_rest_kept(run: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    suffice("cases", run, "--label", "--labels", labels, keys="0\nq\n")
    with labels.open("a", encoding="utf-8") as file:
        file.write('{"case_id": "torn", "ty')

    suffice("cases", run, "--label", "--labels", labels, keys="0\nq\n")

    assert len(labels_in(labels)) == 2
    assert len(labels.read_text("utf-8").splitlines()) == 2


def test_a_file_that_holds_no_labels_is_refused_and_left_alone(run: Path, tmp_path: Path) -> None:
    labels = tmp_path / "thesis.txt"
    labels.write_text("chapter one\nchapter two\n", "utf-8")

    result = suffice("cases", run, "--label", "--labels", labels, keys="0\n")

    assert result.exit_code == 1
    assert "SF601" in result.stderr
    assert labels.read_text("utf-8") == "chapter one\nchapter two\n"


def test_the_labels_are_those_a_judge_is_checked_with(run: Path, tmp_path: Path) -> None:
    from suffice.scoring import read_labels

    labels = tmp_path / "labels.jsonl"
    result = suffice("cases", run, "--label", "--labels", labels, keys="0\n0\n")

    found, broken = read_labels(labels.read_text("utf-8").splitlines())
    assert (len(found), broken) == (2, ())
    assert f"--scorer judge --labels {labels}" in result.stdout


def test_outcomes_take_turns_so_that_each_is_labelled_early() -> None:
    cases = [pair(str(number), "both") for number in range(90)]
    cases += [pair(str(number), "lost") for number in range(90, 100)]

    first = labelling_order(cases, seed=3)[:10]

    assert {case.outcome for case in first} == {"both", "lost"}
    assert sum(case.outcome == "lost" for case in first) == 5


def test_each_answer_stands_first_about_half_the_time() -> None:
    times = sum(candidate_first(pair(str(n), "both"), seed=1) for n in range(1000))

    assert 440 < times < 560


def test_a_labels_file_that_cannot_be_read_is_a_coded_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        labels_in(tmp_path)


def test_ctrl_c_on_a_terminal_keeps_every_label_and_says_how_to_go_on(
    run: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.jsonl"
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "suffice", "cases", run, "--label", "--labels", labels]
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=own_the_terminal,  # noqa: PLW1509  (one call, no lock)
    )
    try:
        os.close(theirs)
        seen = read_until(ours, "pair 1 of 5")
        press(ours, b"0")
        seen += read_until(ours, "pair 2 of 5")
        press(ours, b"\x03")
        seen += read_until(ours, "Next")
        code = process.wait(timeout=60)
    finally:
        process.kill()
        process.wait(timeout=60)
        os.close(ours)

    assert code == 130
    assert "goes on where you stopped" in seen
    assert len(labels_in(labels)) == 1
    assert "1 label kept" in seen


def own_the_terminal() -> None:
    """Make the terminal on stdin the one whose Ctrl-C reaches this process."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def press(terminal: int, key: bytes) -> None:
    """Press a key once the program waits for one; what comes earlier is thrown away."""
    deadline = time.monotonic() + 60
    while termios.tcgetattr(terminal)[3] & termios.ICANON:
        assert time.monotonic() < deadline, "the program never asked for a key"
        time.sleep(0.01)
    os.write(terminal, key)


def read_until(terminal: int, text: str) -> str:
    """What a terminal shows, up to a text; fails after a minute without it."""
    seen = ""
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, f"waited for {text!r}, saw {seen!r}"
        seen += os.read(terminal, 4096).decode("utf-8", "replace")
    return seen
