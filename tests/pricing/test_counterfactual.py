"""What another model would have cost, and how sure that is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.errors import PriceUnknown
from suffice.pricing import (
    Basis,
    Counterfactual,
    TokenRatio,
    cost,
    counterfactual_cost,
    counterfactual_usd,
    token_ratio,
)
from suffice.pricing.counterfactual import recounted_tokens
from suffice.records import Iteration, Usage

CATALOG = load_catalog()
TODAY = date(2026, 11, 22)
SEEN = Usage(input_tokens=13_000, output_tokens=1_300)


def on(
    model: str,
    usage: Usage = SEEN,
    *,
    served_by: str = "claude-opus-5-5",
    prompt: int | None = None,
    output: int | None = None,
) -> Counterfactual:
    return counterfactual_cost(
        usage,
        served_by=served_by,
        model=model,
        at=TODAY,
        catalog=CATALOG,
        measured_prompt_tokens=prompt,
        measured_output_tokens=output,
    )


def test_one_tokenizer_needs_no_interval_for_the_prompt() -> None:
    found = on("claude-haiku-5-5")

    assert found.usd == found.low_usd == found.high_usd
    assert found.usd == cost(SEEN, "claude-haiku-5-5", at=TODAY, catalog=CATALOG)
    assert found.prompt_basis is Basis.SAME_TOKENIZER
    assert any("not known until it is run" in remark for remark in found.remarks)


def test_new_to_old_shrinks_the_count_within_an_interval_and_says_so() -> None:
    found = on("claude-haiku-4-5")

    assert found.usd == Decimal("0.010") + Decimal("0.005")
    assert found.high_usd == cost(SEEN, "claude-haiku-4-5", at=TODAY, catalog=CATALOG)
    assert found.low_usd < found.usd < found.high_usd
    assert found.prompt_basis is Basis.RATIO
    assert "0.77 times the tokens of Opus 5.5 (0.74 to 1.00)" in found.remarks[0]


def test_old_to_new_grows_the_count() -> None:
    found = on("claude-haiku-5-5", served_by="claude-haiku-4-5")

    assert found.usd == Decimal(16_900) * Decimal("0.0000001") + 1_690 * Decimal("0.0000005")
    assert found.low_usd == cost(SEEN, "claude-haiku-5-5", at=TODAY, catalog=CATALOG)
    assert "thinks by default" in found.remarks[-1]


def test_a_measured_count_replaces_the_guess() -> None:
    found = on("claude-haiku-4-5", prompt=9_000, output=1_000)

    assert found.usd == found.low_usd == found.high_usd == Decimal("0.009") + Decimal("0.005")
    assert (found.prompt_basis, found.output_basis) == (Basis.MEASURED, Basis.MEASURED)
    assert found.remarks == ()


def test_a_measured_prompt_is_spread_over_the_classes_without_losing_a_token() -> None:
    usage = Usage(input_tokens=1, cache_read_tokens=1, cache_write_5m_tokens=1, output_tokens=1)

    found = on("claude-haiku-4-5", usage, prompt=1_000_000, output=0)

    between = (Decimal("0.10"), Decimal("1.25"))
    assert between[0] < found.usd < between[1]
    third = Decimal(1_000_000) / 3
    assert found.usd == pytest.approx(third * Decimal("2.35") / 1_000_000, abs=Decimal("0.00001"))


def test_growing_past_the_cliff_is_priced_past_the_cliff() -> None:
    usage = Usage(input_tokens=90_000)

    found = on("claude-haiku-5-5", usage, served_by="claude-sonnet-4-6")

    assert found.low_usd == Decimal("0.009")
    assert found.usd == Decimal(117_000) * Decimal("0.0000005")


def test_fast_mode_is_dropped_where_there_is_none_and_a_place_is_not() -> None:
    fast = Usage(input_tokens=1_000_000, speed="fast")
    american = Usage(input_tokens=10, inference_geo="us")

    assert on("claude-haiku-5-5", fast).usd == Decimal("0.50")
    assert "no fast mode" in on("claude-haiku-5-5", fast).remarks[-1]
    with pytest.raises(PriceUnknown, match="inference_geo 'us'"):
        on("claude-haiku-4-5", american)


def test_an_advisor_stays_on_its_own_model() -> None:
    usage = Usage(
        iterations=(
            Iteration(usage=Usage(input_tokens=50_000), model="claude-opus-5-5"),
            Iteration(usage=Usage(input_tokens=50_000), model="claude-fable-5-2"),
        )
    )

    assert on("claude-haiku-5-5", usage).usd == Decimal("0.005") + Decimal("0.4")


def test_a_model_of_unknown_tokenizer_may_count_more_or_less() -> None:
    own = load_catalog({"prices": {"mine": {"input": "1", "output": "1"}}})

    ratio = token_ratio(own.find("claude-haiku-4-5"), own.find("mine"), own.rules)

    assert (ratio.low, ratio.likely, ratio.high) == (
        Fraction(20, 27),
        Fraction(1),
        Fraction(27, 20),
    )
    assert ratio.basis is Basis.RATIO


@given(
    st.sampled_from(["claude-opus-5-5", "claude-haiku-4-5"]),
    st.sampled_from(["claude-haiku-5-5", "claude-haiku-4-5", "claude-opus-5-5"]),
    st.builds(
        Usage,
        input_tokens=st.integers(0, 300_000),
        cache_read_tokens=st.integers(0, 1_000),
        cache_write_5m_tokens=st.integers(0, 1_000),
        output_tokens=st.integers(0, 10_000),
        speed=st.sampled_from([None, "fast"]),
    ),
)
def test_the_dollars_alone_are_the_likely_ones_of_the_whole(
    served_by: str, model: str, usage: Usage
) -> None:
    alone = counterfactual_usd(usage, served_by=served_by, model=model, at=TODAY, catalog=CATALOG)

    assert alone == on(model, usage, served_by=served_by).usd


@given(st.integers(0, 10**9), st.fractions(min_value=Fraction(1, 10), max_value=10))
def test_counts_are_rounded_as_fractions_are(tokens: int, likely: Fraction) -> None:
    ratio = TokenRatio(basis=Basis.RATIO, likely=likely, low=likely, high=likely)

    assert recounted_tokens(tokens, ratio) == floor(tokens * likely + Fraction(1, 2))
