"""What each session and each spawn of agents' traffic used, so that their dollars can be spread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from suffice.adapters.typed_exchanges.merged import Merged, Wanted
from suffice.adapters.typed_exchanges.store import TypedExchanges
from suffice.adapters.typed_exchanges.tables import DAY_S, MOST_UNITS, USED, Limits
from suffice.catalog import Catalog
from suffice.traffic.ranking import Counted, UnitCost
from suffice.traffic.types import Role

_ROLES = tuple(Role)
_MOST_HALVINGS = 63


def unit_costs(typed: TypedExchanges, catalog: Catalog, wanted: Wanted) -> Iterator[UnitCost]:
    """
    The usage of main loops by session and of sub-agents by spawn.

    Where there are many, those whose hash falls into a fixed part: enough for a median.

    Args:
        typed: The exchanges with their types.
        catalog: Where price bands begin.
        wanted: Which exchanges are looked at.
    """
    duck = Merged(typed, Limits.of(catalog), wanted).duck
    sums = ", ".join(f"sum({name})::HUGEINT" for name in USED)
    level = int(duck.execute("SELECT coalesce(max(level), 0) FROM units").fetchall()[0][0])
    while level < _MOST_HALVINGS and _units(duck, level) > MOST_UNITS:
        level += 1
    rows = duck.execute(
        f"""SELECT unit, role, model, day, band, service_tier, inference_geo, speed,
            max(longest), sum(calls)::BIGINT, sum(told)::BIGINT, {sums}
        FROM units WHERE {_drawn(level)} GROUP BY ALL"""  # noqa: S608 - our own columns and numbers
    ).fetchall()
    for unit, role, model, day, _, tier, geo, speed, longest, calls, known, *used in rows:
        counted = Counted(
            type="",
            role=_ROLES[role].value,
            model=model,
            day=None if day is None else datetime.fromtimestamp(day * DAY_S, UTC).date(),
            prompt_tokens=int(longest),
            service_tier=tier,
            inference_geo=geo,
            speed=speed,
            calls=calls,
            told=known,
            **dict(zip(USED, (_whole(total) for total in used), strict=True)),
        )
        yield UnitCost(unit=f"{unit:x}", counted=counted)


def _drawn(level: int) -> str:
    """Whether a unit is drawn, as SQL; each level draws half of those before it."""
    return f"unit % (1::UBIGINT << {level}) = 0"


def _units(duck: Any, level: int) -> int:
    counting = f"SELECT count(DISTINCT unit) FROM units WHERE {_drawn(level)}"  # noqa: S608
    return int(duck.execute(counting).fetchall()[0][0])


def _whole(total: Any) -> Any:
    return int(total or 0)
