"""What a steady workload costs per request, day, month and year, and what a switch would save."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec

from suffice.catalog import Catalog, ModelFacts, TokenClass
from suffice.pricing.counterfactual import Basis, TokenRatio, ratio_remark, token_ratio
from suffice.pricing.dollars import cost, exact_product, exact_sum, price_day
from suffice.records import Usage

DAYS_PER_MONTH = 30
MONTHS_PER_YEAR = 12
_CACHE_LIVES = timedelta(minutes=5)


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """
    Requests of one shape, day after day.

    Attributes:
        requests_per_day: At least 0.
        input_tokens: The whole prompt of one request.
        output_tokens: What one answer writes.
        cached_share: Part of the prompt that is read from the cache, in [0, 1].
        batch: Sent through Message Batches.
    """

    requests_per_day: int
    input_tokens: int
    output_tokens: int
    cached_share: Decimal = Decimal(0)
    batch: bool = False

    @property
    def cached_tokens(self) -> int:
        """Prompt tokens that would be read from the cache."""
        return int(self.input_tokens * self.cached_share)


class WorkloadCost(msgspec.Struct, frozen=True, kw_only=True):
    """
    A workload on one model. A month has 30 days and a year 12 such months.

    Attributes:
        model: The model's id.
        batch: Whether the batch discount applies.
        cached_tokens: Prompt tokens per request priced as cache reads.
        not_applied: Why a discount that was asked for does not apply.
        remarks: What else a reader must know.
    """

    model: str
    per_request_usd: Decimal
    per_day_usd: Decimal
    per_month_usd: Decimal
    per_year_usd: Decimal
    batch: bool = False
    cached_tokens: int = 0
    not_applied: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a switch saves, never a percentage without its dollars.

    Attributes:
        per_month_usd: Baseline minus candidate; negative where the candidate is dearer.
        per_year_usd: Twelve of those.
        of_per_month_usd: What the baseline costs.
        percent: Of that; None where the baseline costs nothing.
    """

    per_month_usd: Decimal
    per_year_usd: Decimal
    of_per_month_usd: Decimal
    percent: Decimal | None


class Recount(msgspec.Struct, frozen=True, kw_only=True):
    """
    A workload's month where the candidate counts the same text otherwise than the baseline.

    Attributes:
        remark: How the two count.
        likely: At the likeliest ratio.
        low: At the lower end of the ratio's interval.
        high: At the upper end.
    """

    remark: str
    likely: WorkloadCost
    low: WorkloadCost
    high: WorkloadCost


def price_workload(
    workload: Workload, model: str, *, at: date | datetime, catalog: Catalog
) -> WorkloadCost:
    """
    What a workload costs on a model, with the discounts that really apply to it.

    Raises:
        PriceUnknown: The model, or a class of tokens it would use, has no price.

    >>> from suffice.catalog import load_catalog
    >>> small = Workload(
    ...     requests_per_day=10, input_tokens=1_000, output_tokens=50, cached_share=Decimal("0.9")
    ... )
    >>> priced = price_workload(
    ...     small, "claude-haiku-4-5", at=date(2026, 11, 21), catalog=load_catalog()
    ... )
    >>> priced.per_request_usd, priced.not_applied[0]
    (Decimal('0.001250'), "prompt of 1,000 tokens is below Haiku 4.5's cache minimum of 4,096")
    """
    facts = catalog.find(model)
    not_cached = why_not_cached(workload, facts)
    cached_tokens = 0 if not_cached else workload.cached_tokens
    usage = Usage(
        input_tokens=workload.input_tokens - cached_tokens,
        cache_read_tokens=cached_tokens,
        output_tokens=workload.output_tokens,
        service_tier="batch" if workload.batch else None,
    )
    each = cost(usage, facts.id, at=at, catalog=catalog)
    per_day = exact_product(each, Decimal(workload.requests_per_day))
    per_month = exact_product(per_day, Decimal(DAYS_PER_MONTH))
    return WorkloadCost(
        model=facts.id,
        per_request_usd=each,
        per_day_usd=per_day,
        per_month_usd=per_month,
        per_year_usd=exact_product(per_month, Decimal(MONTHS_PER_YEAR)),
        batch=workload.batch,
        cached_tokens=cached_tokens,
        not_applied=(not_cached,) if not_cached else (),
        remarks=_remarks(workload, facts, cached_tokens=cached_tokens, day=price_day(at)),
    )


def saving(baseline: WorkloadCost, candidate: WorkloadCost) -> Saving:
    """What moving a workload from one model to the other saves."""
    month = exact_sum((baseline.per_month_usd, -candidate.per_month_usd))
    return Saving(
        per_month_usd=month,
        per_year_usd=exact_product(month, Decimal(MONTHS_PER_YEAR)),
        of_per_month_usd=baseline.per_month_usd,
        percent=month / baseline.per_month_usd * 100 if baseline.per_month_usd else None,
    )


def recount(
    workload: Workload, *, counted_by: str, model: str, at: date | datetime, catalog: Catalog
) -> Recount | None:
    """
    The workload with its tokens counted by the other model; None where both count alike.

    Raises:
        PriceUnknown: As `price_workload`.
    """
    seen_on, target = catalog.find(counted_by), catalog.find(model)
    ratio = token_ratio(seen_on, target, catalog.rules)
    if ratio.basis is not Basis.RATIO:
        return None
    likely, low, high = (
        price_workload(each, model, at=at, catalog=catalog) for each in _recounts(workload, ratio)
    )
    return Recount(remark=ratio_remark(seen_on, target, ratio), likely=likely, low=low, high=high)


def why_not_cached(workload: Workload, facts: ModelFacts) -> str:
    """Why reading from the cache saves nothing here; empty where it does, or was not asked for."""
    if not workload.cached_tokens:
        return ""
    minimum = facts.cache_minimum_tokens or 0
    for what, tokens in (
        ("prompt", workload.input_tokens),
        ("cached part", workload.cached_tokens),
    ):
        if tokens < minimum:
            return (
                f"{what} of {tokens:,} tokens is below {facts.name}'s cache minimum of {minimum:,}"
            )
    return ""


def _recounts(workload: Workload, ratio: TokenRatio) -> tuple[Workload, ...]:
    return tuple(
        msgspec.structs.replace(
            workload,
            input_tokens=round(workload.input_tokens * end),
            output_tokens=round(workload.output_tokens * end),
        )
        for end in (ratio.likely, ratio.low, ratio.high)
    )


def _remarks(
    workload: Workload, facts: ModelFacts, *, cached_tokens: int, day: date
) -> tuple[str, ...]:
    remarks = [facts.price_remark(day)]
    period = facts.period(day)
    band = period.band(workload.input_tokens)
    if band.above_prompt_tokens:
        dearer = band.usd_per_mtok[TokenClass.INPUT] / period.band(0).usd_per_mtok[TokenClass.INPUT]
        remarks.append(
            f"{facts.name} bills a prompt above {band.above_prompt_tokens:,} tokens whole at "
            f"{dearer.normalize():f} times its base price."
        )
    whole = workload.input_tokens + workload.output_tokens
    if facts.context_tokens is not None and whole > facts.context_tokens:
        remarks.append(
            f"{facts.name} takes {facts.context_tokens:,} tokens: {whole:,} a request would fail."
        )
    if cached_tokens:
        remarks += _cache_remarks(workload, facts)
    return tuple(filter(None, remarks))


def _cache_remarks(workload: Workload, facts: ModelFacts) -> list[str]:
    remarks = []
    if facts.cache_minimum_tokens is None:
        remarks.append(f"{facts.name}'s cache minimum is not known; caching is assumed to engage.")
    if workload.batch:
        remarks.append("Cache hits inside a batch are best effort; the share is taken as given.")
    elif workload.requests_per_day * _CACHE_LIVES < timedelta(days=1):
        apart = timedelta(days=1) / max(1, workload.requests_per_day)
        remarks.append(
            f"A request comes every {apart // timedelta(minutes=1)} minutes on average, and the "
            "cache lives five: unless they cluster, it must be written anew."
        )
    return remarks
