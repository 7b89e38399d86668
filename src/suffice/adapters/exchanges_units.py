"""What each session and each spawn of agents' traffic used, so that their dollars can be spread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from suffice.adapters.exchange_types import TypedExchanges, quiet
from suffice.adapters.exchanges_queries import Wanted
from suffice.catalog import Catalog
from suffice.traffic.ranking import Counted, UnitCost
from suffice.traffic.types import Role

_MOST_UNITS = 20_000
_DAY_S = 86_400
_ROLES = tuple(Role)
_AGENTIC = (Role.MAIN_LOOP, Role.SUB_AGENT)
_PROMPT = "(input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens)"
_SUMS = (
    "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "output_tokens", "thinking_tokens", "web_searches",
)  # fmt: skip


def unit_costs(typed: TypedExchanges, catalog: Catalog, wanted: Wanted) -> Iterator[UnitCost]:
    """
    The usage of main loops by session and of sub-agents by spawn.

    Where there are many, those of a fixed part of the sessions: enough for a median.

    Args:
        typed: The exchanges with their types.
        catalog: Where price bands begin.
        wanted: Which exchanges are looked at.
    """
    roles = ", ".join(str(_ROLES.index(role)) for role in _AGENTIC)
    told = f"{wanted.condition()} AND role IN ({roles}) AND iterations = '' AND billed"
    bands = {
        band.above_prompt_tokens
        for facts in catalog.models.values()
        for period in facts.prices
        for band in period.bands
        if band.above_prompt_tokens
    }
    band = " + ".join(f"({_PROMPT} > {limit})::INT" for limit in sorted(bands)) or "0"
    sums = ", ".join(f"sum({name})::BIGINT" for name in _SUMS)
    with quiet() as duck:
        counting = (
            f"SELECT count(DISTINCT (conversation, agent_id)) FROM {typed.sql()} WHERE {told}"  # noqa: S608 - our own columns and numbers
        )
        units = int(duck.execute(counting).fetchall()[0][0])
        part = max(1, -(-units // _MOST_UNITS))
        rows = duck.execute(
            f"""SELECT conversation || chr(0) || agent_id, role, model,
                floor(ts / {_DAY_S})::BIGINT AS day, {band} AS band, service_tier, inference_geo,
                speed, max({_PROMPT}), count(*), count(*) FILTER (usage_known), {sums}
            FROM {typed.sql()} WHERE {told} AND hash(conversation) % {part} = 0 GROUP BY ALL"""  # noqa: S608 - our own columns and numbers
        ).fetchall()
    for unit, role, model, day, _, tier, geo, speed, longest, calls, known, *used in rows:
        counted = Counted(
            type="",
            role=_ROLES[role].value,
            model=model,
            day=None if day is None else datetime.fromtimestamp(day * _DAY_S, UTC).date(),
            prompt_tokens=int(longest),
            service_tier=tier,
            inference_geo=geo,
            speed=speed,
            calls=calls,
            told=known,
            **dict(zip(_SUMS, (_whole(total) for total in used), strict=True)),
        )
        yield UnitCost(unit=unit, counted=counted)


def _whole(total: Any) -> Any:
    return int(total or 0)
