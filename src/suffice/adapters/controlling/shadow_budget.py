"""Shadow calls within so many dollars a day, given to the types where they find most."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from suffice.adapters.controlling.arm_windows import Account
from suffice.adapters.controlling.evidence import PAUSED
from suffice.adapters.storage.rollouts import Rollouts
from suffice.monitor import Demand, within_budget
from suffice.records.rollout import Rollout, RolloutState, WantedShares
from suffice.records.shadow import ShadowDay

_ALLOT_EVERY = timedelta(hours=1)
_LOOK_EVERY = timedelta(seconds=15)
_A_WEEK = timedelta(days=7)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ShadowBudget:
    """
    Shares a sum a day (UTC) out by the square-root rule, and pauses rollouts once it is used up.

    The sum itself is held by whoever makes the calls: see `suffice.records.shadow.ShadowDay`. Where
    it has no limit, every type has the shadow its stage wants.

    Args:
        store: Where pairs are.
        account: Volumes; None: types keep the shadow their stages want, up to the sum.
        day: How a day's calls stand in dollars; raises `OSError` where nobody can tell.
    """

    def __init__(
        self, store: Rollouts, account: Account | None, *, day: Callable[[datetime], ShadowDay]
    ) -> None:
        self._store, self._account, self._day = store, account, day
        self._granted: dict[str, tuple[RolloutState, float]] = {}
        self._limit_usd: Decimal | None = None
        self._allotted_at = self._looked_at = _LONG_AGO

    def look(self, now: datetime) -> str:
        """
        Note for every rollout whether the day's sum is used up, and share it out anew if due.

        Returns:
            Why no more may be called today; empty while there is something left.

        Raises:
            StorageError: Store or account fail.
        """
        if not _is_due(self._looked_at, now, every=_LOOK_EVERY):
            return self._store.noted("", PAUSED)
        self._looked_at = now
        why, limit_usd = self._standing(now)
        if why != self._store.noted("", PAUSED):
            self._store.note("", PAUSED, why, at=now)
        if _is_due(self._allotted_at, now, every=_ALLOT_EVERY) or limit_usd != self._limit_usd:
            self._allotted_at, self._limit_usd = now, limit_usd
            self._granted = {} if limit_usd is None else self._allot(limit_usd, now)
        return why

    def shape(self, rollout: Rollout, shares: WantedShares) -> WantedShares:
        """
        At most the type's part of the budget, never more than its stage wants.

        What is done has no stage to end: it is watched as closely as the week's promise takes.
        """
        if rollout.type not in self._granted:
            return shares
        state, granted = self._granted[rollout.type]
        is_done = rollout.state is state is RolloutState.DONE
        shadow = round(granted if is_done else min(granted, shares.shadow), 4)
        return msgspec.structs.replace(shares, shadow=shadow)

    def _standing(self, now: datetime) -> tuple[str, Decimal | None]:
        """Why no more may be called today, else nothing; and the day's limit."""
        try:
            day = self._day(now)
        except OSError:
            return "what the day's shadow calls cost cannot be read", self._limit_usd
        return _why(day) if day.is_used_up else "", day.limit_usd

    def _allot(self, usd_per_day: Decimal, now: datetime) -> dict[str, tuple[RolloutState, float]]:
        kept = self._store.all()
        states = {one.rollout.type: one.rollout.state for one in kept}
        demands = [found for one in kept if (found := self._demand(one.rollout, now)) is not None]
        granted = within_budget(demands, usd_per_day=usd_per_day)
        return {name: (states[name], got.shares.shadow) for name, got in granted.items()}

    def _demand(self, rollout: Rollout, now: datetime) -> Demand | None:
        """What a type wants; None where volume or price is not known yet."""
        if self._account is None:
            return None
        volume = self._account.per_day(rollout.type, now - _A_WEEK, now)
        pairs = self._store.pairs(rollout.type, since=now - _A_WEEK)
        known = [Decimal(pair.cost_usd) for pair in pairs if pair.cost_usd is not None]
        if not volume or not known:
            return None
        return Demand(
            rollout=rollout,
            sessions_per_day=volume,
            usd_per_pair=sum(known, Decimal(0)) / len(known),
        )


def _why(day: ShadowDay) -> str:
    limit_usd, refused_usd = day.limit_usd or Decimal(0), day.refused_usd or Decimal(0)
    if refused_usd > limit_usd > 0:
        return f"one shadow call may cost ${refused_usd:.4f}, more than the day's ${limit_usd}"
    return f"the day's ${limit_usd} for shadow calls are used up"


def _is_due(last: datetime, now: datetime, *, every: timedelta) -> bool:
    """Whether so long has gone by, or the clock was set back behind the last time."""
    return not timedelta(0) <= now - last < every
