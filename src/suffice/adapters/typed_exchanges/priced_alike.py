"""Exchanges that are priced alike, added up: what is asked of the tables, and what a row says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from suffice.adapters.typed_exchanges.tables import DAY_S, USED
from suffice.traffic.ranking import Counted
from suffice.traffic.types import Role

ROLES = tuple(role.value for role in Role)
"""Names of roles, by the numbers the tables hold."""

ALIKE = "role, model, day, band, service_tier, inference_geo, speed"
"""The columns that decide a price."""

SUMMED = ", ".join(
    (
        "max(longest), sum(calls)::BIGINT, sum(told)::BIGINT",
        *(f"sum({name})::HUGEINT" for name in USED),
    )
)
"""What is added up of rows that are alike."""


def counted_of(row: Sequence[Any], *, of_type: str, cached: tuple[int, int] = (0, 0)) -> Counted:
    """
    A row of `ALIKE` and `SUMMED`.

    Args:
        row: As the tables give it.
        of_type: Whose sums they are.
        cached: Prompt tokens that a cache would read, and those that fill it.
    """
    role, model, day, _, tier, geo, speed, longest, calls, told, *sums = row
    used: dict[str, Any] = {name: int(total or 0) for name, total in zip(USED, sums, strict=True)}
    return Counted(
        type=of_type,
        role=ROLES[role],
        model=model,
        day=None if day is None else day_of(day * DAY_S),
        prompt_tokens=int(longest),
        service_tier=tier,
        inference_geo=geo,
        speed=speed,
        calls=calls,
        told=told,
        cacheable=cached[0],
        cache_filling=cached[1],
        **used,
    )


def day_of(ts: float) -> date:
    """The day of a moment, UTC."""
    return datetime.fromtimestamp(ts, UTC).date()
