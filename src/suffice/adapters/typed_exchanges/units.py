"""What each session and each spawn of agents' traffic used, so that their dollars can be spread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from suffice.adapters.typed_exchanges.merged import Merged, Wanted
from suffice.adapters.typed_exchanges.priced_alike import ALIKE, SUMMED, counted_of
from suffice.adapters.typed_exchanges.store import TypedExchanges
from suffice.adapters.typed_exchanges.tables import MOST_UNITS, Limits
from suffice.catalog import Catalog
from suffice.traffic.ranking import UnitCost

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
    level = int(duck.execute("SELECT coalesce(max(level), 0) FROM units").fetchall()[0][0])
    while level < _MOST_HALVINGS and _units(duck, level) > MOST_UNITS:
        level += 1
    rows = duck.execute(
        f"""SELECT unit, {ALIKE}, {SUMMED}
        FROM units WHERE {_drawn(level)} GROUP BY ALL"""  # noqa: S608 - our own columns and numbers
    ).fetchall()
    for unit, *row in rows:
        yield UnitCost(unit=f"{unit:x}", counted=counted_of(row, of_type=""))


def _drawn(level: int) -> str:
    """Whether a unit is drawn, as SQL; each level draws half of those before it."""
    return f"unit % (1::UBIGINT << {level}) = 0"


def _units(duck: Any, level: int) -> int:
    counting = f"SELECT count(DISTINCT unit) FROM units WHERE {_drawn(level)}"  # noqa: S608
    return int(duck.execute(counting).fetchall()[0][0])
