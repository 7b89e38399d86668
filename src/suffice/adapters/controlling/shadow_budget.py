"""Shadow calls within so many dollars a day, given to the types where they find most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import msgspec

from suffice.adapters.controlling.arm_windows import Account
from suffice.adapters.controlling.evidence import PAUSED
from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.monitor import Demand, within_budget
from suffice.records.rollout import Rollout, RolloutState, ShadowPair, WantedShares

OnTheirWay = Callable[[datetime], Mapping[str, Sequence[Decimal | None]]]

_ALLOT_EVERY = timedelta(hours=1)
_LOOK_EVERY = timedelta(seconds=15)
_A_WEEK = timedelta(days=7)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ShadowBudget:
    """
    Holds shadow calls to a sum a day (UTC), and shares it out by the square-root rule.

    A call whose dollars are not known counts as the type's dearest known one; where none is known,
    nothing more is called that day. One that is on its way in a batch counts at its worst until its
    answer is there, but as no more than that dearest one. A call counts on the day its request was
    served.

    Args:
        store: Where pairs are.
        account: Volumes; None: types keep the shadow their stages want, up to the sum.
        usd_per_day: For all types together.
        on_their_way: Request type -> dollars at most of each call sent and not answered, of
            requests served since a moment.
    """

    def __init__(
        self,
        store: Rollouts,
        account: Account | None,
        usd_per_day: Decimal,
        *,
        on_their_way: OnTheirWay = lambda _: {},
    ) -> None:
        self._store, self._account, self._usd_per_day = store, account, usd_per_day
        self._on_their_way = on_their_way
        self._granted: dict[str, tuple[RolloutState, float]] = {}
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
        kept = self._store.all()
        why = self._used_up(kept, now)
        if why != self._store.noted("", PAUSED):
            self._store.note("", PAUSED, why, at=now)
        if _is_due(self._allotted_at, now, every=_ALLOT_EVERY):
            self._allotted_at = now
            self._granted = self._allot(kept, now)
        return why

    def shape(self, rollout: Rollout, shares: WantedShares) -> WantedShares:
        """
        At most the type's part of the budget, never more than its stage wants.

        What is done has no stage to end: it is watched as closely as the week's promise takes.
        """
        state, granted = self._granted.get(rollout.type, (rollout.state, shares.shadow))
        is_done = rollout.state is state is RolloutState.DONE
        shadow = round(granted if is_done else min(granted, shares.shadow), 4)
        return msgspec.structs.replace(shares, shadow=shadow)

    def _used_up(self, kept: list[Kept], now: datetime) -> str:
        midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        spent = Decimal(0)
        on_their_way = self._on_their_way(midnight)
        for one in kept:
            name = one.rollout.type
            pairs = self._store.pairs(name, since=midnight)
            usd = spent_usd(pairs, on_their_way=on_their_way.get(name, ()))
            if usd is None:
                return f"what shadow calls of {name} cost is not known"
            spent += usd
        if spent < self._usd_per_day:
            return ""
        return f"the day's ${self._usd_per_day} for shadow calls are used up"

    def _allot(self, kept: list[Kept], now: datetime) -> dict[str, tuple[RolloutState, float]]:
        states = {one.rollout.type: one.rollout.state for one in kept}
        demands = [found for one in kept if (found := self._demand(one.rollout, now)) is not None]
        granted = within_budget(demands, usd_per_day=self._usd_per_day)
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


def without_budget(store: Rollouts, now: datetime) -> None:
    """
    Let what another monitor's budget had paused go on: here every rollout has what it wants.

    Raises:
        StorageError: The store fails.
    """
    if store.noted("", PAUSED):
        store.note("", PAUSED, "", at=now)


def _is_due(last: datetime, now: datetime, *, every: timedelta) -> bool:
    """Whether so long has gone by, or the clock was set back behind the last time."""
    return not timedelta(0) <= now - last < every


def spent_usd(
    pairs: Sequence[ShadowPair], *, on_their_way: Sequence[Decimal | None] = ()
) -> Decimal | None:
    """
    What shadow calls cost at most; None where not one of their prices is known.

    Args:
        pairs: Of one type.
        on_their_way: Dollars at most of each call that is not answered yet.

    >>> spent_usd([])
    Decimal('0')
    >>> spent_usd([], on_their_way=[Decimal("0.02"), Decimal("0.03")])
    Decimal('0.05')
    """
    known = [Decimal(pair.cost_usd) for pair in pairs if pair.cost_usd is not None]
    # What was billed nothing says nothing of what an answer costs.
    dearest = max(known, default=Decimal(0)) or None
    unknown = [dearest] * (len(pairs) - len(known)) + [
        min((usd for usd in (most, dearest) if usd is not None), default=None)
        for most in on_their_way
    ]
    spent = sum(known, Decimal(0))
    for usd in unknown:
        if usd is None:
            return None
        spent += usd
    return spent
