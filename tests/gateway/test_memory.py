"""What workers remember together, and after a restart."""

from __future__ import annotations

from pathlib import Path

from suffice.gateway.breaker import Breaker
from suffice.gateway.memory import NAME, ROOM_BYTES, Learnt, open_room
from suffice.policy.placements import Placements

BIG, SMALL = "claude-opus-5-5", "claude-haiku-5-5"
SHAPE = "00ff00ff00ff00ff00ff00ff"


def test_what_was_learnt_and_placed_outlives_the_gateway(tmp_path: Path) -> None:
    before = open_room(tmp_path)
    Learnt(before.learnt, today=lambda: 20_000).add(SHAPE)
    Placements(before.placements).remember(7, SMALL)

    after = open_room(tmp_path)

    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert SHAPE in Learnt(after.learnt, today=lambda: 20_001)
    assert Placements(after.placements).served_by(7, (BIG, SMALL)) == SMALL


def test_a_refusal_is_forgotten_after_thirty_days() -> None:
    room = open_room()
    Learnt(room.learnt, today=lambda: 65_530).add(SHAPE)

    assert SHAPE in Learnt(room.learnt, today=lambda: 65_530 + 29)
    assert SHAPE not in Learnt(room.learnt, today=lambda: 65_530 + 30)


def test_shapes_that_differ_are_told_apart_and_the_oldest_gives_way() -> None:
    learnt = Learnt(bytearray(32 * 8), today=lambda: 1)
    shapes = [f"{number:024x}" for number in range(200)]

    for shape in shapes:
        learnt.add(shape)

    assert shapes[-1] in learnt
    assert len(learnt) == sum(shape in learnt for shape in shapes) <= 32


def test_a_candidate_that_failed_for_one_worker_rests_for_all() -> None:
    room = open_room()
    one, other = Breaker(room.health), Breaker(room.health)

    for _ in range(3):
        one.failed(SMALL, now=100.0)

    assert not other.allows(SMALL, now=101.0)
    assert other.allows(BIG, now=101.0)
    other.answered(SMALL)
    assert one.allows(SMALL, now=101.0)


def test_a_rest_from_before_the_machine_started_anew_is_over() -> None:
    room = open_room()
    Breaker(room.health).failed(SMALL, now=1e6, rest_s=60.0)

    assert Breaker(room.health).allows(SMALL, now=5.0)


def test_a_file_that_is_none_of_ours_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\xff" * ROOM_BYTES)

    room = open_room(tmp_path)

    assert Placements(room.placements).served_by(7, (BIG,)) is None


def test_without_a_folder_that_can_be_written_memory_lasts_as_long_as_the_gateway(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")

    room = open_room(tmp_path / "file" / "data")
    Placements(room.placements).remember(7, SMALL)

    assert Placements(room.placements).served_by(7, (SMALL,)) == SMALL
