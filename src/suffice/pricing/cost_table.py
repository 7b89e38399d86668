"""One workload on several models, side by side: what each costs and what moving to it saves."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec

from suffice.catalog import Catalog
from suffice.errors import PriceUnknown
from suffice.pricing.dollars import price_day
from suffice.pricing.workload import (
    Recount,
    Saving,
    Workload,
    WorkloadCost,
    price_workload,
    recount,
    saving,
)


class Role(enum.StrEnum):
    """What a row of the table is there for."""

    BASELINE = "baseline"
    CANDIDATE = "candidate"
    UNDISCOUNTED = "undiscounted"


class CostRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One model's row.

    Attributes:
        model: Its id, or the name as given where the catalog has no price for it.
        role: The baseline, a candidate, or the baseline without the discounts that were asked for.
        cost: None where there is no price and that was allowed.
        saving: Against the baseline, sent alike; None for the baseline and where unknown.
        saving_undiscounted: Against the baseline sent one by one and uncached; None likewise, and
            where no discount was asked for.
        recount: The month where this model counts the same text otherwise; None where it does not.
        note: Why there is no price; empty where there is.
    """

    model: str
    role: Role
    cost: WorkloadCost | None
    saving: Saving | None = None
    saving_undiscounted: Saving | None = None
    recount: Recount | None = None
    note: str = ""


class CostTable(msgspec.Struct, frozen=True, kw_only=True):
    """A workload priced on a day: the baseline first, then the candidates as given."""

    workload: Workload
    priced_on: date
    rows: tuple[CostRow, ...]


def price_models(
    workload: Workload,
    *,
    baseline: str,
    candidates: Sequence[str],
    at: date | datetime,
    catalog: Catalog,
    allow_unpriced: bool = False,
) -> CostTable:
    """
    What a workload costs on the baseline and on each candidate.

    Savings compare like with like: both models sent the same way. Where batch or cache was asked
    for, a last row tells what the baseline costs without either.

    Raises:
        PriceUnknown: A model has no price, unless that is allowed.

    >>> from suffice.catalog import load_catalog
    >>> table = price_models(
    ...     Workload(requests_per_day=10_000, input_tokens=800, output_tokens=50),
    ...     baseline="claude-opus-4-7",
    ...     candidates=["claude-haiku-4-5"],
    ...     at=date(2026, 11, 21),
    ...     catalog=load_catalog(),
    ... )
    >>> f"${table.rows[1].saving.per_month_usd:,.2f}, {table.rows[1].saving.percent:.0f} %"
    '$1,260.00, 80 %'
    """
    plain = msgspec.structs.replace(workload, batch=False, cached_share=Decimal(0))

    def priced(shape: Workload, name: str, role: Role) -> CostRow:
        try:
            found = price_workload(shape, name, at=at, catalog=catalog)
        except PriceUnknown as error:
            if not allow_unpriced:
                raise
            return CostRow(model=name, role=role, cost=None, note=error.what)
        return CostRow(model=found.model, role=role, cost=found)

    now = priced(workload, baseline, Role.BASELINE)
    undiscounted = priced(plain, baseline, Role.UNDISCOUNTED) if plain != workload else None
    rows = [now]
    for name in candidates:
        row = priced(workload, name, Role.CANDIDATE)
        rows.append(
            msgspec.structs.replace(
                row,
                saving=_saving(now, row),
                saving_undiscounted=_saving(undiscounted, row),
                recount=recount(workload, counted_by=now.model, model=name, at=at, catalog=catalog)
                if now.cost and row.cost
                else None,
            )
        )
    if undiscounted is not None:
        rows.append(undiscounted)
    return CostTable(workload=workload, priced_on=price_day(at), rows=tuple(rows))


def _saving(baseline: CostRow | None, candidate: CostRow) -> Saving | None:
    if baseline is None or baseline.cost is None or candidate.cost is None:
        return None
    return saving(baseline.cost, candidate.cost)
