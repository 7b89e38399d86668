"""The data files hang together: every fact dated, every price complete, every name resolvable."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from suffice.catalog import ModelFacts, PricePeriod, TokenClass, load_catalog

CATALOG = load_catalog()
MODELS = list(CATALOG.models.values())
CACHELESS = {"claude-2.0", "claude-2.1", "claude-v1"}
PERIODS = [
    pytest.param(facts, period, id=f"{facts.id} {period.since}")
    for facts in MODELS
    for period in facts.prices
]


@pytest.mark.parametrize("facts", MODELS, ids=lambda facts: facts.id)
def test_every_model_says_where_and_when_it_was_read(facts: ModelFacts) -> None:
    assert facts.source
    assert facts.as_of <= CATALOG.dated
    assert all(period.source and period.as_of <= CATALOG.dated for period in facts.prices)


@pytest.mark.parametrize("facts", MODELS, ids=lambda facts: facts.id)
def test_every_retiring_model_has_a_successor_that_is_not_retiring(facts: ModelFacts) -> None:
    if facts.retires is not None:
        assert facts.successor is not None
    if facts.successor is not None:
        successor = CATALOG.find(facts.successor)
        assert successor.retires is None
        assert successor.successor is None


@pytest.mark.parametrize(("facts", "period"), PERIODS)
def test_cache_and_output_prices_follow_the_input_price(
    facts: ModelFacts, period: PricePeriod
) -> None:
    for band in period.bands:
        usd = band.usd_per_mtok
        if facts.id in CACHELESS:
            assert set(usd) == {TokenClass.INPUT, TokenClass.OUTPUT}
            continue
        assert set(usd) == set(TokenClass)
        assert usd[TokenClass.CACHE_WRITE_1H] == 2 * usd[TokenClass.INPUT]
        if facts.id != "claude-3-haiku-20240307":
            # Haiku 3's is 1.2 times: 0.30 for 0.25, as its price list had it.
            assert usd[TokenClass.CACHE_WRITE_5M] == Decimal("1.25") * usd[TokenClass.INPUT]
        assert usd[TokenClass.CACHE_READ] < usd[TokenClass.INPUT] < usd[TokenClass.OUTPUT]


@pytest.mark.parametrize("facts", MODELS, ids=lambda facts: facts.id)
def test_prices_begin_with_the_model_and_run_on_without_overlap(facts: ModelFacts) -> None:
    starts = [period.since for period in facts.prices]

    assert starts[:1] in ([], [facts.released])
    assert starts == sorted(set(starts), key=lambda start: start or date.min)


def test_only_haiku_5_5_has_a_band_today() -> None:
    today = date(2026, 11, 22)
    banded = {facts.id for facts in MODELS if facts.prices and len(facts.period(today).bands) > 1}

    assert banded == {"claude-haiku-5-5"}


def test_every_current_model_of_the_sdk_is_known() -> None:
    """The official SDK's own list of ids, read from the installed package."""
    from typing import get_args

    from anthropic.types.model_param import ModelParam

    listed = [name for part in get_args(ModelParam) for name in get_args(part)]

    assert len(listed) > 20
    assert [name for name in listed if not CATALOG.knows(name)] == []


def test_retirement_dates_are_those_the_sdk_warns_of() -> None:
    from anthropic.resources.messages.messages import DEPRECATED_MODELS
    from dateutil.parser import parse

    for name, told in DEPRECATED_MODELS.items():
        if CATALOG.knows(name):
            assert CATALOG.find(name).retires == parse(told).date(), name
