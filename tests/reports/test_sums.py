"""Dollars beside their sum add up as they are shown."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from suffice.reports.sums import adding_up, decimals_of, dollars

AMOUNTS = st.lists(
    st.decimals(min_value=-1_000, max_value=100_000, places=9, allow_nan=False), max_size=12
)


@given(AMOUNTS)
def test_what_is_shown_adds_up_to_the_rounded_sum_and_no_part_is_a_unit_off(
    amounts: list[Decimal],
) -> None:
    decimals = decimals_of(amounts)
    unit = Decimal(1).scaleb(-decimals)

    parts = adding_up(amounts, decimals=decimals)

    whole = sum(amounts, Decimal(0)).quantize(unit, rounding=ROUND_HALF_UP)
    assert sum(parts, Decimal(0)) == whole
    assert all(abs(part - amount) < unit for part, amount in zip(parts, amounts, strict=True))


@given(AMOUNTS)
def test_an_amount_that_is_shown_reads_back_as_itself(amounts: list[Decimal]) -> None:
    decimals = decimals_of(amounts)

    for part in adding_up(amounts, decimals=decimals):
        text = dollars(part, decimals=decimals)
        assert Decimal(text.replace("$", "").replace(",", "")) == part


def test_small_amounts_keep_their_first_digits_beside_each_other() -> None:
    assert decimals_of([Decimal("0.06033"), Decimal("0.01014")]) == 4
    assert decimals_of([]) == decimals_of([Decimal(0)]) == 2
