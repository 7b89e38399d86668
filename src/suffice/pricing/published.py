"""
Published figures on what a small model saves, recomputed by our own pricing.

The figures stand in ``data/published_figures.toml``; here is how they are checked and how the
sentence beside each one comes about. Nothing computed is written down anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from suffice.catalog import Catalog, Lifecycle, TokenClass
from suffice.pricing.counterfactual import ratio_remark, token_ratio
from suffice.pricing.dollars import cost, exact_product
from suffice.pricing.published_claims import (
    PublishedClaim,
    PublishedFigure,
    read_published_claims,
)
from suffice.pricing.published_measure import CheckedFigure, check_figure, workload_of
from suffice.pricing.workload import recount, why_not_cached
from suffice.records import Usage

_ROUND = tuple(Decimal(digit).scaleb(power) for power in range(1, 6) for digit in (1, 2, 5))
_EXAMPLE_OUTPUT_TOKENS = 10
_CURRENT_SMALL_MODEL = "claude-haiku-5-5"


class CheckedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """
    A published claim, checked.

    Attributes:
        id: Its row in the table.
        claim: What was published, in our words.
        priced_on: The day whose prices were used.
        matches: True where every figure matches.
        note: Why it holds, or the right figure and the reason.
        figures: Each number of the claim.
    """

    id: str
    claim: str
    priced_on: date
    matches: bool
    note: str
    figures: tuple[CheckedFigure, ...]


def check_published_figures(catalog: Catalog) -> tuple[CheckedClaim, ...]:
    """
    Every published claim with our own figures beside its own.

    Raises:
        PriceUnknown: The catalog lost a model that a claim names.

    >>> from suffice.catalog import load_catalog
    >>> [claim.id for claim in check_published_figures(load_catalog()) if not claim.matches]
    ['a5', 'b1']
    """
    return tuple(_check(claim, catalog) for claim in read_published_claims())


def _check(claim: PublishedClaim, catalog: Catalog) -> CheckedClaim:
    profiled = claim if claim.input else _with_profile(claim, catalog)
    figures = tuple(check_figure(figure, profiled, catalog) for figure in claim.figures)
    return CheckedClaim(
        id=claim.id,
        claim=claim.claim,
        priced_on=claim.on,
        matches=all(figure.matches for figure in figures),
        note=_NOTES[claim.note](profiled, figures, catalog),
        figures=figures,
    )


def _with_profile(claim: PublishedClaim, catalog: Catalog) -> PublishedClaim:
    """The claim with the roundest token counts that give most of its figures."""

    def given(profiled: PublishedClaim) -> int:
        checked = (check_figure(figure, profiled, catalog) for figure in claim.figures)
        return sum(figure.matches for figure in checked)

    # Of several that give as many, max takes the first, which is the roundest.
    return max(_profiles(claim), key=given)


def _profiles(claim: PublishedClaim) -> Iterator[PublishedClaim]:
    pairs = [
        (tokens_in, tokens_out) for tokens_in in _ROUND for tokens_out in (Decimal(0), *_ROUND)
    ]
    for tokens_in, tokens_out in sorted(pairs, key=_unroundness):
        yield msgspec.structs.replace(claim, input=int(tokens_in), output=int(tokens_out))


def _unroundness(pair: tuple[Decimal, Decimal]) -> tuple[int, Decimal]:
    """How many of the two are no power of ten; then the size."""
    rough = sum(number.normalize().as_tuple().digits not in {(0,), (1,)} for number in pair)
    return rough, pair[0] + pair[1]


def _usd(amount: Decimal) -> str:
    cents = amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    if abs(amount) < 1:
        return f"${amount.normalize():f}"
    return f"${cents:,.0f}" if cents == cents.to_integral_value() else f"${cents:,}"


def _holds(claim: PublishedClaim, _figures: Iterable[CheckedFigure], catalog: Catalog) -> str:
    large, small = catalog.find("claude-opus-4-7"), catalog.find("claude-haiku-4-5")
    ratio = token_ratio(large, small, catalog.rules)
    return (
        f"Holds at the list prices of {claim.on}, with the same token counts on both models. "
        f"{ratio_remark(large, small, ratio)}"
    )


def _profile_note(
    claim: PublishedClaim, _figures: Iterable[CheckedFigure], catalog: Catalog
) -> str:
    model = claim.figures[0].model
    prices = catalog.find(model).period(claim.on).band(claim.input).usd_per_mtok
    weight = prices[TokenClass.OUTPUT] / prices[TokenClass.INPUT]
    fixed = claim.input + weight * claim.output
    return (
        f"The profile is not given. The figures fix input + {weight:f} x output = {fixed:,f} "
        f"tokens a request; the roundest such profile is {claim.input:,} in and "
        f"{claim.output:,} out. Holds at the list prices of {claim.on}."
    )


def _input_only(claim: PublishedClaim, _figures: Iterable[CheckedFigure], catalog: Catalog) -> str:
    profile = (
        ""
        if any(told.id == claim.id and told.input for told in read_published_claims())
        else f"The profile is not given; {claim.input:,} tokens a document give the figures. "
    )
    return (
        f"{profile}Holds at the list prices of {claim.on} with all tokens priced as input. "
        f"{_what_output_adds(claim, catalog)}"
    )


def _what_output_adds(claim: PublishedClaim, catalog: Catalog) -> str:
    usage = Usage(output_tokens=_EXAMPLE_OUTPUT_TOKENS)
    added = " and ".join(
        f"{_usd(exact_product(cost(usage, name, at=claim.on, catalog=catalog), claim.a_month))} "
        f"on {catalog.find(name).name}"
        for name in dict.fromkeys(figure.model for figure in claim.figures)
    )
    return f"Every {_EXAMPLE_OUTPUT_TOKENS} output tokens a request add {added} a month."


def _another_model(
    claim: PublishedClaim, figures: Iterable[CheckedFigure], catalog: Catalog
) -> str:
    sentences = []
    for stated, checked in zip(claim.figures, figures, strict=True):
        if not checked.matches and stated.measure == "per_month":
            paid = _usd(checked.computed)
            sentences.append(
                f"{catalog.find(stated.model).name} costs {paid} a month; "
                f"{_usd(checked.claimed)} is the price of {_who_costs(stated, claim, catalog)}."
            )
        elif not checked.matches:
            right = checked.computed.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
            sentences.append(f"The saving is {right} %, not {checked.claimed} %.")
    return " ".join((*sentences, _what_output_adds(claim, catalog)))


def _who_costs(stated: PublishedFigure, claim: PublishedClaim, catalog: Catalog) -> str:
    """The models on sale that day which do cost what was published."""
    names = [
        facts.name
        for facts in catalog.models.values()
        if facts.prices
        and facts.prices[0].since is not None
        and facts.prices[0].since <= claim.on
        and facts.lifecycle(claim.on) is not Lifecycle.RETIRED
        and check_figure(msgspec.structs.replace(stated, model=facts.id), claim, catalog).matches
    ]
    return " or ".join(names) or "no model on sale then"


def _out_of_reach(claim: PublishedClaim, figures: Iterable[CheckedFigure], catalog: Catalog) -> str:
    each, million = (checked.computed for checked in figures)
    stated = claim.figures[0]
    facts = catalog.find(stated.model)
    asked = workload_of(claim, batch=stated.batch, cached=stated.cached)
    if_cached = Usage(
        cache_read_tokens=claim.input, output_tokens=claim.output, service_tier="batch"
    )
    dreamt = cost(if_cached, facts.id, at=claim.on, catalog=catalog)
    small = recount(
        workload_of(claim, batch=True),
        counted_by=stated.model,
        model=_CURRENT_SMALL_MODEL,
        at=catalog.dated,
        catalog=catalog,
    )
    today = (
        f" {catalog.find(_CURRENT_SMALL_MODEL).name} does the same text in a batch, uncached, for "
        f"about {_usd(small.likely.per_request_usd)} at the prices of {catalog.dated}."
        if small
        else ""
    )
    return (
        f"A {why_not_cached(asked, facts)}, so caching never engages: {_usd(each)} a request, "
        f"{_usd(million)} a day for a million. Even with the whole prompt read from the cache it "
        f"would be {_usd(dreamt)}.{today}"
    )


def _ratios(claim: PublishedClaim, figures: Iterable[CheckedFigure], catalog: Catalog) -> str:
    written = msgspec.structs.replace(claim, input=0, output=claim.input)
    of_output = [check_figure(figure, written, catalog).computed for figure in claim.figures]
    of_input = [checked.computed for checked in figures]
    by_output = "the same" if of_output == of_input else _chain(of_output)
    return (
        f"Exactly {_chain(of_input)} for input at the list prices of {claim.on}; {by_output} for "
        "output."
    )


def _chain(ratios: Iterable[Decimal]) -> str:
    return " : ".join(("1", *(f"{ratio.normalize():f}" for ratio in ratios)))


_NOTES: dict[str, Callable[[PublishedClaim, tuple[CheckedFigure, ...], Catalog], str]] = {
    "holds": _holds,
    "profile": _profile_note,
    "input_only": _input_only,
    "another_model": _another_model,
    "out_of_reach": _out_of_reach,
    "ratios": _ratios,
}
