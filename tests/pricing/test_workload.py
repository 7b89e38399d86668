"""A steady workload, its discounts and what a switch saves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.errors import PriceUnknown
from suffice.pricing import Role, Workload, price_models, price_workload, recount, saving

CATALOG = load_catalog()
TODAY = date(2026, 11, 22)
TICKETS = Workload(requests_per_day=10_000, input_tokens=800, output_tokens=50)


def test_a_month_has_thirty_days_and_a_year_twelve_months() -> None:
    priced = price_workload(TICKETS, "claude-haiku-4-5", at=TODAY, catalog=CATALOG)

    assert priced.per_request_usd == Decimal("0.00105")
    assert priced.per_day_usd == Decimal("10.5")
    assert priced.per_month_usd == 315
    assert priced.per_year_usd == 3_780


def test_a_saving_names_its_dollars_and_of_how_many() -> None:
    now = price_workload(TICKETS, "claude-opus-4-7", at=TODAY, catalog=CATALOG)
    then = price_workload(TICKETS, "claude-haiku-4-5", at=TODAY, catalog=CATALOG)

    saved = saving(now, then)

    assert (saved.per_month_usd, saved.of_per_month_usd) == (Decimal(1_260), Decimal(1_575))
    assert saved.per_year_usd == 15_120
    assert saved.percent == 80


@pytest.mark.parametrize(
    ("model", "prompt", "share", "reason"),
    [
        (
            "claude-haiku-4-5",
            1_000,
            "0.9",
            "prompt of 1,000 tokens is below Haiku 4.5's cache minimum of 4,096",
        ),
        (
            "claude-haiku-4-5",
            5_000,
            "0.5",
            "cached part of 2,500 tokens is below Haiku 4.5's cache minimum of 4,096",
        ),
        ("claude-haiku-4-5", 5_000, "0.9", None),
        ("claude-haiku-5-5", 1_000, "0.9", None),
        ("claude-haiku-4-5", 1_000, "0", None),
    ],
)
def test_a_cache_discount_that_does_not_engage_says_why(
    model: str, prompt: int, share: str, reason: str | None
) -> None:
    load = Workload(
        requests_per_day=10_000,
        input_tokens=prompt,
        output_tokens=0,
        cached_share=Decimal(share),
    )

    priced = price_workload(load, model, at=TODAY, catalog=CATALOG)

    assert priced.not_applied == ((reason,) if reason else ())
    assert priced.cached_tokens == (0 if reason else load.cached_tokens)


def test_cached_tokens_are_read_at_the_cache_price_and_batch_halves_them_too() -> None:
    load = Workload(
        requests_per_day=1,
        input_tokens=10_000,
        output_tokens=0,
        cached_share=Decimal("0.9"),
        batch=True,
    )

    priced = price_workload(load, "claude-haiku-4-5", at=TODAY, catalog=CATALOG)

    assert priced.per_request_usd == (Decimal("0.001") + Decimal("0.0009")) / 2
    assert "best effort" in priced.remarks[0]


def test_a_request_every_hour_finds_no_five_minute_cache() -> None:
    load = Workload(
        requests_per_day=24, input_tokens=10_000, output_tokens=0, cached_share=Decimal("0.9")
    )

    remarks = price_workload(load, "claude-haiku-5-5", at=TODAY, catalog=CATALOG).remarks

    assert "every 60 minutes" in remarks[0]


def test_prompts_past_the_cliff_and_past_the_window_are_remarked_on() -> None:
    long = Workload(requests_per_day=1, input_tokens=250_000, output_tokens=10)

    cliff = price_workload(long, "claude-haiku-5-5", at=TODAY, catalog=CATALOG).remarks
    window = price_workload(long, "claude-haiku-4-5", at=TODAY, catalog=CATALOG).remarks

    assert cliff == (
        "Haiku 5.5 bills a prompt above 100,000 tokens whole at 5 times its base price.",
    )
    assert window == ("Haiku 4.5 takes 200,000 tokens: 250,010 a request would fail.",)


def test_a_candidate_with_another_tokenizer_is_recounted_within_an_interval() -> None:
    again = recount(
        TICKETS, counted_by="claude-opus-4-7", model="claude-haiku-4-5", at=TODAY, catalog=CATALOG
    )

    assert again is not None
    assert again.likely.per_month_usd == Decimal("241.5")
    assert again.high.per_month_usd == 315
    assert again.low.per_month_usd < again.likely.per_month_usd


def test_a_candidate_of_the_same_tokenizer_is_not_recounted() -> None:
    assert (
        recount(
            TICKETS,
            counted_by="claude-opus-4-7",
            model="claude-haiku-5-5",
            at=TODAY,
            catalog=CATALOG,
        )
        is None
    )


def test_savings_compare_like_with_like_and_the_undiscounted_baseline_stands_below() -> None:
    load = msgspec.structs.replace(TICKETS, batch=True)

    table = price_models(
        load, baseline="claude-opus-4-7", candidates=["haiku-4-5"], at=TODAY, catalog=CATALOG
    )

    now, candidate, undiscounted = table.rows
    assert [row.role for row in table.rows] == [Role.BASELINE, Role.CANDIDATE, Role.UNDISCOUNTED]
    assert now.cost is not None
    assert undiscounted.cost is not None
    assert undiscounted.cost.per_month_usd == 2 * now.cost.per_month_usd
    assert candidate.saving is not None
    assert candidate.saving_undiscounted is not None
    assert candidate.saving.percent == 80
    assert candidate.saving_undiscounted.percent == 90


def test_a_model_without_a_price_stops_the_table_unless_it_is_allowed_to_be_unknown() -> None:
    with pytest.raises(PriceUnknown):
        price_models(
            TICKETS, baseline="claude-opus-4-7", candidates=["x"], at=TODAY, catalog=CATALOG
        )

    table = price_models(
        TICKETS,
        baseline="claude-opus-4-7",
        candidates=["x"],
        at=TODAY,
        catalog=CATALOG,
        allow_unpriced=True,
    )
    assert (table.rows[1].cost, table.rows[1].saving) == (None, None)
    assert table.rows[1].note == "No price for x."


@given(st.integers(1, 10**7), st.integers(0, 90_000), st.integers(0, 10_000))
def test_every_total_is_an_exact_decimal_multiple_of_one_request(
    requests: int, tokens_in: int, tokens_out: int
) -> None:
    load = Workload(requests_per_day=requests, input_tokens=tokens_in, output_tokens=tokens_out)

    priced = price_workload(load, "claude-haiku-5-5", at=TODAY, catalog=CATALOG)

    assert priced.per_year_usd == priced.per_request_usd * requests * 360
    assert {type(value) for value in (priced.per_request_usd, priced.per_year_usd)} == {Decimal}
