"""Published figures, recomputed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from suffice.catalog import load_catalog
from suffice.pricing import CheckedClaim, check_published_figures


@pytest.fixture(scope="module")
def claims() -> dict[str, CheckedClaim]:
    return {claim.id: claim for claim in check_published_figures(load_catalog())}


def computed(claim: CheckedClaim) -> list[Decimal]:
    return [figure.computed for figure in claim.figures]


def test_all_claims_hold_but_two(claims: dict[str, CheckedClaim]) -> None:
    assert list(claims) == ["a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "b4", "b5", "b6"]
    assert [name for name, claim in claims.items() if not claim.matches] == ["a5", "b1"]


def test_the_headline_is_reproduced_by_the_profile_found(claims: dict[str, CheckedClaim]) -> None:
    assert computed(claims["a1"]) == [2_250, 450]
    assert "1,000 in and 100 out" in claims["a1"].note


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("a2", [1_260, 80]),
        ("a3", [6_300, 75_600]),
        ("a4", [50, 500, 10]),
        ("b5", [30_000, 8_000, 264_000]),
    ],
)
def test_a_claim_that_holds_is_reproduced_to_the_dollar(
    claims: dict[str, CheckedClaim], name: str, figures: list[int]
) -> None:
    assert computed(claims[name]) == figures


def test_batch_and_cache_cannot_reach_the_published_price(claims: dict[str, CheckedClaim]) -> None:
    claim = claims["a5"]

    assert computed(claim) == [Decimal("0.001"), 1_000]
    assert "below Haiku 4.5's cache minimum of 4,096" in claim.note
    assert "$0.001 a request, $1,000 a day" in claim.note


def test_the_price_of_another_model_is_found_out(claims: dict[str, CheckedClaim]) -> None:
    claim = claims["b1"]

    assert [figure.matches for figure in claim.figures] == [True, False, False]
    assert claim.figures[1].computed == 600
    assert "$3,000 is the price of Opus 4" in claim.note
    assert "73.3 %, not 95 %" in claim.note


@pytest.mark.parametrize("name", ["b1", "b2", "b3", "b4", "b5"])
def test_every_claim_without_output_says_what_output_adds(
    claims: dict[str, CheckedClaim], name: str
) -> None:
    assert "output tokens a request add $" in claims[name].note


def test_rounded_ratios_match_and_the_exact_ones_are_told(claims: dict[str, CheckedClaim]) -> None:
    assert computed(claims["b6"]) == [Decimal("3.75"), Decimal("18.75")]
    assert "1 : 3.75 : 18.75" in claims["b6"].note


def test_at_other_prices_the_claims_no_longer_hold() -> None:
    """The figures are computed: a dearer Haiku 3.5 breaks every claim that names it."""
    dearer = {"claude-3-5-haiku-20241022": {"input": "0.90"}}

    claims = check_published_figures(load_catalog({"prices": dearer}))

    wrong = [claim.id for claim in claims if not claim.matches]
    assert {"b1", "b2", "b3", "b4", "b6"} <= set(wrong)
