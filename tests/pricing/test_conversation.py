"""Moving a conversation with a warm cache: what the cold start costs and when it is earned back."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from suffice.catalog import load_catalog
from suffice.pricing import Conversation, Move, break_even_turns, price_move

CATALOG = load_catalog()
TODAY = date(2026, 11, 22)
WARM = Conversation(prefix_tokens=50_000, input_tokens=500, output_tokens=300)


def moved(conversation: Conversation, to: str, *, stay_on: str = "claude-opus-5-5") -> Move:
    return price_move(conversation, stay_on=stay_on, move_to=to, at=TODAY, catalog=CATALOG)


def cents(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP))


def test_the_first_turn_after_a_move_can_cost_more_than_staying() -> None:
    """A 50,000 token prefix, warm on Opus 5.5, moved for one turn."""
    to_4_5, to_5_5 = moved(WARM, "claude-haiku-4-5"), moved(WARM, "claude-haiku-5-5")

    assert cents(to_4_5.stay_first_usd) == "0.0180"
    assert cents(to_4_5.move_first_usd) == "0.0496"
    assert cents(to_5_5.move_first_usd) == "0.0065"


def test_the_cold_start_is_earned_back_on_the_turn_the_totals_cross() -> None:
    move = moved(WARM, "claude-haiku-4-5")
    turns = move.break_even_turns
    assert turns is not None

    def total(turns: int) -> Decimal:
        return move.move_first_usd + (turns - 1) * move.move_second_usd

    assert total(turns) <= turns * move.stay_first_usd
    assert total(turns - 1) > (turns - 1) * move.stay_first_usd
    assert turns == break_even_turns(
        WARM, stay_on="claude-opus-5-5", move_to="claude-haiku-4-5", at=TODAY, catalog=CATALOG
    )


def test_a_ratio_of_tokenizers_makes_the_turn_an_interval() -> None:
    move = moved(WARM, "claude-haiku-4-5")

    assert (move.earliest_turns, move.break_even_turns, move.latest_turns) == (4, 4, 6)
    assert "0.77 times" in move.remarks[0]


def test_a_dearer_model_is_never_earned_back() -> None:
    assert moved(WARM, "claude-opus-5-5", stay_on="claude-haiku-5-5").break_even_turns is None


def test_a_prefix_below_the_cache_minimum_is_paid_in_full_every_turn() -> None:
    short = Conversation(prefix_tokens=1_300, input_tokens=0, output_tokens=0)

    move = moved(short, "claude-haiku-4-5")

    assert move.move_first_usd == move.move_second_usd == Decimal("0.001")


@pytest.mark.parametrize("grows", [False, True])
def test_a_growing_conversation_pays_for_what_each_turn_adds(grows: bool) -> None:
    talk = Conversation(prefix_tokens=50_000, input_tokens=500, output_tokens=300, grows=grows)

    move = moved(talk, "claude-haiku-5-5")

    reads = Decimal("0.0005")
    plain = Decimal("0.00005") + Decimal("0.00015")
    written = Decimal("0.0001") if grows else Decimal(0)
    assert move.move_second_usd == reads + plain + written
