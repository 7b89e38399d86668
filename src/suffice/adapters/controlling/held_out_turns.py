"""
Whose held-out cases are asked again next, by whom, and for how many dollars.

Everything is kept in the store of rollouts, so that of several monitors one asks, a killed one is
taken up by the next, and no restart forgets what was spent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.records.rollout import RolloutEvent, RolloutState
from suffice.records.rollout_evidence import Moment

FAILED = "recheck_failed"
"""The kind of the event that tells of held-out cases that could not be asked."""

BASELINE_MOVED = "baseline_moved"
"""The kind of the event that tells each rollout of a baseline that it was found changed."""

_TURN, _CLAIM, _SPENT = "held_out_turn", "held_out_claim", "held_out_spent"
_LEASE = timedelta(minutes=2)
_FIRST_WAIT = timedelta(minutes=15)
_NOTHING = Decimal(0)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """
    The latest run over a type's held-out cases, by the schedule.

    Attributes:
        began: When it was first begun.
        run: Its folder's name; empty before the first.
        over: It came to its end.
        tries: Attempts that failed, one after another.
        next_at: Nothing is done before.
        spent_usd: What the run is known to have cost so far, as it stands in the books.
        why: Why the last attempt did not come to its end.
    """

    began: Moment
    run: str = ""
    over: bool = False
    tries: int = 0
    next_at: Moment
    spent_usd: str = "0"
    why: str = ""


class Due(NamedTuple):
    """
    A rollout whose held-out cases are to be asked now.

    Attributes:
        kept: The rollout.
        turn: Its latest turn; None before the first.
    """

    kept: Kept
    turn: Turn | None


class _Claim(msgspec.Struct, frozen=True, array_like=True):
    holder: str
    until: float


class _Spent(msgspec.Struct, frozen=True, array_like=True):
    at: float
    usd: str


class Turns:
    """
    The turns of all types' held-out runs.

    Args:
        store: Where they are kept.
        every: A type's cases are asked once in so long.
        usd: All types together cost no more than this within that time.
    """

    def __init__(self, store: Rollouts, *, every: timedelta, usd: Decimal) -> None:
        self._store, self._every, self._usd = store, every, usd

    def due(self, now: datetime) -> Due | None:
        """The type that has waited longest, if any is due."""
        waiting = []
        for kept in self._store.all():
            if kept.rollout.state is RolloutState.ROLLED_BACK:
                continue
            turn = self.turn(kept.rollout.type)
            if turn is not None and turn.began < kept.rollout.began and turn.over:
                turn = None  # of an earlier rollout of the type
            at = kept.rollout.began + self._every if turn is None else turn.next_at
            if turn is not None and self._is_alarmed(kept, turn):
                at = turn.began
            waiting.append((at, Due(kept, turn)))
        ready = [one for one in waiting if one[0] <= now]
        return min(ready, key=lambda one: (one[0], one[1].kept.rollout.type))[1] if ready else None

    def claim(self, holder: str, now: datetime) -> bool:
        """Whether the holder may ask now, or may go on; for two minutes from now."""
        noted = self._store.noted("", _CLAIM)
        if noted:
            claim = msgspec.json.decode(noted, type=_Claim)
            if claim.holder != holder and claim.until > now.timestamp():
                return False
        mine = msgspec.json.encode(_Claim(holder, (now + _LEASE).timestamp())).decode()
        return self._store.note_instead("", _CLAIM, mine, before=noted, at=now)

    def let_go(self, holder: str, now: datetime) -> None:
        """Let others ask at once."""
        noted = self._store.noted("", _CLAIM)
        if noted and msgspec.json.decode(noted, type=_Claim).holder == holder:
            self._store.note_instead("", _CLAIM, "", before=noted, at=now)

    def turn(self, request_type: str) -> Turn | None:
        """A type's latest turn; None before the first."""
        return turn_of(self._store, request_type)

    def begun(self, due: Due, run: str, now: datetime) -> Turn:
        """Note that a run begins, or is taken up again, before it can cost anything."""
        before = due.turn
        if before is not None and before.run == run and not before.over:
            turn = before
        else:
            tries = before.tries if before is not None else 0
            turn = Turn(began=now, run=run, next_at=now, tries=tries)
        return self._keep(due, turn, now)

    def booked(self, due: Due, turn: Turn, spent_usd: Decimal, now: datetime) -> Turn:
        """Put into the books what the run has cost beyond what stands there."""
        more = spent_usd - Decimal(turn.spent_usd)
        if more > 0:
            spent = [*self._spent(now), _Spent(now.timestamp(), str(more))]
            self._store.note("", _SPENT, msgspec.json.encode(spent).decode(), at=now)
        changed = msgspec.structs.replace(turn, spent_usd=str(spent_usd))
        return self._keep(due, changed, now)

    def left_usd(self, now: datetime) -> Decimal:
        """What may still be spent now."""
        spent = sum((Decimal(one.usd) for one in self._spent(now)), _NOTHING)
        return max(_NOTHING, self._usd - spent)

    def ended(self, due: Due, turn: Turn, now: datetime, *, why: str = "") -> Turn:
        """
        The run came to its end; the next one is due by the time this one was.

        Args:
            due: Whose it is.
            turn: Its turn.
            now: The time.
            why: Why it says nothing all the same; empty if it does.
        """
        following = max(turn.began + self._every, now)
        over = msgspec.structs.replace(turn, over=True, tries=0, why=why, next_at=following)
        if why:
            self._tell(due, why, now)
        else:
            self._store.close_trouble(_trouble(due.kept))
        return self._keep(due, over, now)

    def waits(self, due: Due, turn: Turn, why: str, now: datetime) -> Turn:
        """The sum is used up: it goes on where it stands, with the next one's."""
        later = now + self._every
        oldest = min((one.at for one in self._spent(now)), default=now.timestamp())
        free = datetime.fromtimestamp(oldest, now.tzinfo) + self._every
        self._tell(due, why, now)
        changed = msgspec.structs.replace(turn, why=why, next_at=min(later, free))
        return self._keep(due, changed, now)

    def failed(self, due: Due, turn: Turn | None, why: str, now: datetime) -> Turn:
        """
        It could not be asked, or not to the end: again after 15 minutes, twice as long each time.

        Told once, until it succeeds.
        """
        base = turn or Turn(began=now, next_at=now)
        wait = min(_FIRST_WAIT * 2 ** min(base.tries, 20), self._every)
        self._tell(due, why, now)
        changed = msgspec.structs.replace(base, tries=base.tries + 1, why=why, next_at=now + wait)
        return self._keep(due, changed, now)

    def interrupted(self, due: Due, turn: Turn, now: datetime) -> Turn:
        """Somebody stopped the monitor: whoever comes next goes on with it."""
        return self._keep(due, msgspec.structs.replace(turn, next_at=now), now)

    def _tell(self, due: Due, why: str, now: datetime) -> None:
        rollout = due.kept.rollout
        if not self._store.open_trouble(_trouble(due.kept), at=now):
            return
        event = RolloutEvent(
            at=now,
            type=rollout.type,
            kind=FAILED,
            sentence=f"Held-out cases could not be asked again: {why}",
            state=rollout.state,
            policy_version=0,
            rollout_version=rollout.version,
        )
        self._store.tell(event)

    def _is_alarmed(self, kept: Kept, turn: Turn) -> bool:
        """
        Whether the baseline was found changed on another type since the latest turn began.

        Not if that turn has found it as well: then nothing is left to be asked about it.
        """
        if not turn.over or turn.tries:
            return False
        since = self._store.events(request_type=kept.rollout.type, since=turn.began)
        moved = [one.event for one in since if one.event.kind == BASELINE_MOVED]
        return bool(moved) and all(one.found_on for one in moved)

    def _spent(self, now: datetime) -> list[_Spent]:
        noted = self._store.noted("", _SPENT)
        found = msgspec.json.decode(noted, type=list[_Spent]) if noted else []
        since = (now - self._every).timestamp()
        return [one for one in found if one.at > since]

    def _keep(self, due: Due, turn: Turn, now: datetime) -> Turn:
        value = msgspec.json.encode(turn).decode()
        self._store.note(due.kept.rollout.type, _TURN, value, at=now)
        return turn


def turn_of(store: Rollouts, request_type: str) -> Turn | None:
    """A type's latest turn; None before the first."""
    noted = store.noted(request_type, _TURN)
    return msgspec.json.decode(noted, type=Turn) if noted else None


def _trouble(kept: Kept) -> str:
    return f"{kept.dedup_key}:held-out"
