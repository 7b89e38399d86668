"""Our own number for each published one, and whether they are the same."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from suffice.catalog import Catalog
from suffice.pricing.dollars import exact_product
from suffice.pricing.published_claims import PublishedClaim, PublishedFigure
from suffice.pricing.workload import MONTHS_PER_YEAR, Workload, price_workload


class CheckedFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One published number beside ours."""

    what: str
    claimed: Decimal
    computed: Decimal
    matches: bool


def check_figure(figure: PublishedFigure, claim: PublishedClaim, catalog: Catalog) -> CheckedFigure:
    """A published number beside ours, rounded to as many digits before they are held together."""
    claimed = Decimal(figure.claimed)
    computed = _measure(figure, claim, catalog)
    rounded = computed.quantize(claimed, rounding=ROUND_HALF_UP)
    return CheckedFigure(
        what=figure.what,
        claimed=claimed,
        computed=computed,
        matches=computed < claimed if figure.bound == "below" else rounded == claimed,
    )


def _measure(figure: PublishedFigure, claim: PublishedClaim, catalog: Catalog) -> Decimal:
    each = _per_request(claim, figure.model, catalog, batch=figure.batch, cached=figure.cached)
    other = (
        _per_request(claim, figure.against, catalog, batch=figure.against_batch)
        if figure.against
        else Decimal(0)
    )
    month = exact_product(other - each, claim.a_month)
    match figure.measure:
        case "per_request":
            measured = each
        case "per_day":
            measured = exact_product(each, Decimal(claim.requests_per_day))
        case "per_month":
            measured = exact_product(each, claim.a_month)
        case "saving_per_month":
            measured = month
        case "saving_per_year":
            measured = exact_product(month, Decimal(MONTHS_PER_YEAR))
        case "saving_percent":
            measured = (other - each) / other * 100
        case "ratio":
            measured = each / other
        case unknown:
            raise ValueError(f"claim {claim.id} asks for {unknown!r}, which nothing measures")
    return measured


def _per_request(
    claim: PublishedClaim, model: str, catalog: Catalog, *, batch: bool = False, cached: str = "0"
) -> Decimal:
    workload = workload_of(claim, batch=batch, cached=cached)
    return price_workload(workload, model, at=claim.on, catalog=catalog).per_request_usd


def workload_of(claim: PublishedClaim, *, batch: bool = False, cached: str = "0") -> Workload:
    """The claim's workload, sent as one of its figures says."""
    return Workload(
        requests_per_day=claim.requests_per_day,
        input_tokens=claim.input,
        output_tokens=claim.output,
        cached_share=Decimal(cached),
        batch=batch,
    )
