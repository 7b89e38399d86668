"""The table of who answered which conversation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.policy.assignment import conversation_number
from suffice.policy.placements import ANOTHER, Placements

NUMBERS = st.integers(0, 2**64 - 1)
BIG, SMALL = "claude-opus-5-5", "claude-haiku-5-5"


@given(number=NUMBERS)
def test_the_last_model_is_remembered(number: int) -> None:
    table = Placements(bytearray(320))

    table.remember(number, BIG)
    table.remember(number, SMALL)

    assert table.served_by(number, (BIG, SMALL)) == SMALL


def test_a_model_nobody_asks_about_is_another() -> None:
    table = Placements(bytearray(320))

    table.remember(7, "claude-sonnet-5-5")

    assert table.served_by(7, (BIG, SMALL)) == ANOTHER


def test_two_tables_over_one_memory_know_the_same() -> None:
    room = bytearray(320)

    Placements(room).remember(7, SMALL)

    assert Placements(room).served_by(7, (BIG, SMALL)) == SMALL


def test_a_full_table_forgets_the_oldest_and_never_confuses_two() -> None:
    table = Placements(bytearray(32 * 256))
    numbers = [conversation_number(b"k", type="t", parts=[b"%d" % i]) for i in range(5_000)]

    for i, number in enumerate(numbers):
        table.remember(number, SMALL if i % 2 else BIG)

    found = [table.served_by(number, (BIG, SMALL)) for number in numbers]
    assert all(model in {None, SMALL if i % 2 else BIG} for i, model in enumerate(found))
    assert found[-1] is not None
    assert sum(model is not None for model in found[-512:]) > 400


def test_a_number_never_seen_is_not_known_in_an_empty_table() -> None:
    assert Placements(bytearray(32)).served_by(0, (BIG, SMALL)) is None


def test_less_than_a_bucket_is_no_room() -> None:
    with pytest.raises(ValueError, match="31 bytes are no room"):
        Placements(bytearray(31))
