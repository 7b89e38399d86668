"""The shadow that all rollouts together may have for a day's dollars."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from suffice.monitor.allocation import Allotted, Watched, allot
from suffice.monitor.controller import wanted
from suffice.monitor.course import HORIZON
from suffice.records import Rollout, RolloutState, WantedShares, Watch
from suffice.statistics.detection import Stream, delay

FALL = 0.07
"""The fall, in agreement, that a type is to show within a week."""

_ABOVE = 0.02
_RUNS = 1_000


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """
    A rollout that wants shadow.

    Attributes:
        rollout: As it stands.
        sessions_per_day: Of the type, on both arms together.
        usd_per_pair: Price of a shadow call and its scoring.
        harm: How much worse a bad answer of this type is than of another.
    """

    rollout: Rollout
    sessions_per_day: float
    usd_per_pair: Decimal
    harm: float = 1.0


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a rollout's policy is to say.

    Attributes:
        shares: As `suffice.monitor.wanted` gives them, with the shadow that can be paid.
        allotted: How it came about; None where no shadow is wanted.
    """

    shares: WantedShares
    allotted: Allotted | None = None


def within_budget(demands: Sequence[Demand], *, usd_per_day: Decimal) -> dict[str, Granted]:
    """
    The shares of every rollout, with a shadow that all can pay together.

    A stage gets what it asks for as far as the money goes. A rollout that is done gets less with
    every pair it has seen, down to what shows a fall of seven points within a week; a small type
    gets more than its stage's share of sessions, if it needs that for the week's promise.

    Args:
        demands: One a rollout.
        usd_per_day: For all of them.

    Returns:
        Request type -> what is granted.

    Raises:
        BadOption: A negative volume, price or budget.
    """
    asking = [demand for demand in demands if wanted(demand.rollout).shadow > 0]
    got = {
        each.type: each
        for each in allot([_watched(demand) for demand in asking], usd_per_day=usd_per_day)
    }
    return {
        demand.rollout.type: _granted(demand.rollout, got.get(demand.rollout.type))
        for demand in demands
    }


def pairs_to_see(watch: Watch) -> float:
    """
    How many pairs show this type's fall on average: from just above fine to seven points below it.

    As `suffice.monitor.plan_detection` has it, for what the type is held against and its own limit.

    >>> 210 < pairs_to_see(Watch()) < 220
    True
    """
    return _simulated(watch.p_ok, watch.limit)


@lru_cache(maxsize=1024)
def _simulated(p_ok: float, limit: float) -> float:
    fallen = max(p_ok - FALL, 0.0)
    found = delay(
        Stream(p_ok, limit),
        before=min(p_ok + _ABOVE, 1.0),
        after=fallen,
        runs=_RUNS,
        horizon=HORIZON,
        seed=1,
    )
    return found.mean if found.unseen < 1 / 2 else float(HORIZON)


def _watched(demand: Demand) -> Watched:
    shares = wanted(demand.rollout)
    served = demand.sessions_per_day * (shares.share or 1.0)
    is_done = demand.rollout.state is RolloutState.DONE
    return Watched(
        type=demand.rollout.type,
        sessions_per_day=served,
        usd_per_pair=demand.usd_per_pair,
        pairs_to_detect=pairs_to_see(demand.rollout.watch),
        harm=demand.harm,
        # A stage is to end, so it asks for the same to its last pair.
        pairs_seen=demand.rollout.watch.pairs if is_done else 0,
        most_per_day=served * shares.shadow,
    )


def _granted(rollout: Rollout, allotted: Allotted | None) -> Granted:
    shares = wanted(rollout)
    if allotted is None:
        return Granted(shares=shares)
    return Granted(shares=msgspec.structs.replace(shares, shadow=allotted.share), allotted=allotted)
