"""The day's file: shared by processes, held by a lock, and right whatever is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from suffice.gateway.shadow.ledger import ShadowLedger

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
TOMORROW = NOON + 86_400
CENT = 10**10


def limited(folder: Path, usd: str) -> ShadowLedger:
    ledger = ShadowLedger(folder)
    assert ledger.limit_to(Decimal(usd), by="gateway")
    return ledger


def test_what_one_worker_sets_aside_another_cannot_have(tmp_path: Path) -> None:
    first, second = limited(tmp_path, "0.10"), ShadowLedger(tmp_path)

    assert first.reserve({"a": 6 * CENT}, at=NOON) == {"a"}
    assert second.reserve({"b": 5 * CENT, "c": 4 * CENT}, at=NOON) == {"c"}
    first.settle({"a": CENT}, at=NOON)

    assert second.reserve({"d": 5 * CENT}, at=NOON) == {"d"}
    found = first.look(at=NOON)
    assert (found.spent_usd, found.held_usd, found.calls_held) == (
        Decimal("0.01"), Decimal("0.09"), 2,
    )  # fmt: skip


def test_a_new_day_begins_with_nothing(tmp_path: Path) -> None:
    ledger = limited(tmp_path, "0.10")
    ledger.reserve({"a": 10 * CENT}, at=NOON)

    assert ledger.reserve({"b": CENT}, at=NOON) == frozenset()
    assert ledger.reserve({"c": 10 * CENT}, at=TOMORROW) == {"c"}


def test_yesterdays_answer_is_yesterdays_dollars(tmp_path: Path) -> None:
    ledger = limited(tmp_path, "1")
    ledger.reserve({"a": 10 * CENT}, at=NOON)
    ledger.reserve({"b": 10 * CENT}, at=TOMORROW)

    ShadowLedger(tmp_path).settle({"a": CENT}, at=NOON)

    assert ledger.look(at=NOON).spent_usd == Decimal("0.01")
    assert ledger.look(at=TOMORROW).spent_usd == 0


def test_without_a_limit_all_is_added_up_and_nothing_refused(tmp_path: Path) -> None:
    ledger = ShadowLedger(tmp_path)

    assert ledger.reserve({"a": CENT, "unbounded": None}, at=NOON) == {"a", "unbounded"}
    ledger.settle({"a": 1, "unbounded": 3 * CENT}, at=NOON)
    assert ledger.limit_to(Decimal("0.03"), by="monitor")

    assert ledger.look(at=NOON).spent_usd == Decimal("0.030000000001")
    assert ledger.reserve({"b": 0}, at=NOON) == frozenset()


def test_with_a_limit_nothing_is_made_whose_cost_has_no_bound(tmp_path: Path) -> None:
    ledger = limited(tmp_path, "1000")

    assert ledger.reserve({"unbounded": None}, at=NOON) == frozenset()
    assert not ledger.has_room(None, beside=0, at=NOON)


def test_of_two_limits_the_lower_one_holds_until_it_is_taken_back(tmp_path: Path) -> None:
    ledger = limited(tmp_path, "0.05")
    ledger.limit_to(Decimal(9), by="monitor")
    assert ledger.look(at=NOON).limit_usd == Decimal("0.05")

    ledger.limit_to(None, by="gateway")

    assert ledger.look(at=NOON).limit_usd == Decimal(9)


def test_calls_that_wait_leave_no_room_for_others_and_that_is_noted_once(tmp_path: Path) -> None:
    ledger = limited(tmp_path, "0.10")

    assert ledger.has_room(4 * CENT, beside=6 * CENT, at=NOON)
    assert not ledger.has_room(4 * CENT, beside=7 * CENT, at=NOON)
    [day] = tmp_path.glob("*.jsonl")
    noted = day.read_bytes()
    assert not ledger.has_room(5 * CENT, beside=7 * CENT, at=NOON)

    assert day.read_bytes() == noted
    found = ledger.look(at=NOON)
    assert (found.refused_usd, found.is_used_up) == (Decimal("0.04"), False)


def test_a_line_its_writer_was_killed_in_was_no_call(tmp_path: Path) -> None:
    ledger = limited(tmp_path, "0.10")
    ledger.reserve({"a": CENT}, at=NOON)
    [day] = tmp_path.glob("*.jsonl")
    with day.open("ab") as torn:
        torn.write(b'["hold","b",90')

    assert ledger.look(at=NOON).held_usd == Decimal("0.01")
    assert ledger.reserve({"c": 9 * CENT}, at=NOON) == {"c"}
    assert ShadowLedger(tmp_path).look(at=NOON).held_usd == Decimal("0.10")


@pytest.mark.parametrize("harm", [b"garbage\n", b'["hold"', b"\xff\n"])
def test_a_harmed_day_makes_no_more_calls_under_a_limit_and_all_without(
    tmp_path: Path, harm: bytes
) -> None:
    ledger = limited(tmp_path, "1")
    ledger.reserve({"a": CENT, "b": CENT}, at=NOON)
    [day] = tmp_path.glob("*.jsonl")
    lines = day.read_bytes().splitlines(keepends=True)
    day.write_bytes(harm + b"\n" + lines[1])

    other = ShadowLedger(tmp_path)
    assert other.reserve({"c": 1}, at=NOON) == frozenset()
    with pytest.raises(OSError, match="harmed"):
        other.look(at=NOON)
    other.limit_to(None, by="gateway")
    assert other.reserve({"c": 1}, at=NOON) == {"c"}


@pytest.mark.parametrize("told", ["", "much", "NaN", "Infinity"])
def test_a_limit_nobody_can_read_lets_nothing_through(tmp_path: Path, told: str) -> None:
    (tmp_path / "gateway.limit").write_text(told)

    assert ShadowLedger(tmp_path).reserve({"a": 1}, at=NOON) == frozenset()


def test_a_disk_that_takes_nothing_lets_nothing_through_under_a_limit(tmp_path: Path) -> None:
    ledger = limited(tmp_path / "usd", "1")
    (tmp_path / "usd" / "2026-11-22.jsonl").mkdir()

    assert ledger.reserve({"a": 1}, at=NOON) == frozenset()
    ledger.settle({"a": 1}, at=NOON)


def test_files_are_private_and_old_days_go(tmp_path: Path) -> None:
    folder = tmp_path / "usd"
    ledger = ShadowLedger(folder)
    for day in range(40):
        ledger.reserve({"a": 1}, at=NOON + day * 86_400)

    days = sorted(folder.glob("*.jsonl"))
    assert [days[0].name, days[-1].name] == ["2026-12-24.jsonl", "2026-12-31.jsonl"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {day.stat().st_mode & 0o777 for day in days} == {0o600}


SPENDER = """
import sys
from pathlib import Path
from suffice.gateway.shadow.ledger import ShadowLedger
ledger, made = ShadowLedger(Path(sys.argv[1])), 0
for number in range(10_000):
    call = f"{sys.argv[2]}-{number}"
    if ledger.reserve({call: 10**9}, at=float(sys.argv[3])):
        with Path(sys.argv[1], f"made-{sys.argv[2]}").open("ab", buffering=0) as made:
            made.write(b".")
        if number % 2:
            ledger.settle({call: 5 * 10**8}, at=float(sys.argv[3]))
    else:
        print("full", flush=True)
        break
"""


def test_processes_that_spend_until_they_are_killed_never_spend_more_than_the_limit(
    tmp_path: Path,
) -> None:
    """
    Ten cents, a tenth of a cent a call at most: every other call costs half of it, one is killed.
    """
    limited(tmp_path, "0.10")

    def spend(name: str) -> subprocess.Popen[str]:
        told = [sys.executable, "-c", SPENDER, str(tmp_path), name, str(NOON)]
        return subprocess.Popen(told, stdout=subprocess.PIPE, text=True)

    with spend("a") as first:
        while not (tmp_path / "made-a").exists():
            assert first.poll() is None
            threading.Event().wait(0.01)
        first.send_signal(signal.SIGKILL)
        first.communicate()
    with spend("b") as second, spend("c") as third:
        assert [each.communicate(timeout=120)[0] for each in (second, third)] == ["full\n"] * 2

    made = sum(path.stat().st_size for path in tmp_path.glob("made-*"))
    found = ShadowLedger(tmp_path).look(at=NOON)
    assert found.spent_usd + found.held_usd <= Decimal("0.10")
    assert found.spent_usd + found.held_usd > Decimal("0.099")
    # The one that was killed may have set aside one it did not come to make.
    most = Decimal("0.001") * made
    assert most / 2 < found.spent_usd + found.held_usd <= most + Decimal("0.001")
