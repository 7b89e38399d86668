"""
What re-checks may still risk: each type's looks, kept with its rollout in the store.

A look is paid for when it is planned, before anybody is asked anything, and by the name of its
run: neither a kill nor a second monitor nor another folder gives it back or pays it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

import msgspec

from suffice.adapters.storage.rollouts import Rollouts
from suffice.records.rollout_evidence import Moment
from suffice.statistics.spending import A_YEAR, WEEKLY, Look, Purse

OWN = Purse(holds=1.0, refill=1.0)
"""For comparisons that somebody enters: the first has the chance it was decided at, as the verdict
the rollout rests on had; those after it share a year's by the time between them."""

_LOOKS, _OWN_LOOKS = "looks", "own_looks"
_KEPT_FOR = 2 * A_YEAR


class PaidLook(msgspec.Struct, frozen=True, array_like=True):
    """
    A look as it is kept.

    Attributes:
        run: Whose it is, as `RunInfo.run_id` names it.
        at: When it was planned.
        share: Of the year's chance, so much was given to it.
        candidate: The model on trial.
    """

    run: str
    at: Moment
    share: float
    candidate: str

    @property
    def as_look(self) -> Look:
        """What the purse needs to know of it."""
        return Look(self.at, self.share)


class Looks:
    """
    Looks at rollouts, and what they cost.

    Args:
        store: Where they are kept.
        own: Comparisons that somebody enters, rather than held-out cases asked again.
    """

    def __init__(self, store: Rollouts, *, own: bool = False) -> None:
        self._store = store
        self._purse, self._name = (OWN, _OWN_LOOKS) if own else (WEEKLY, _LOOKS)

    def share(
        self,
        run: str,
        request_type: str,
        candidate: str,
        *,
        at: datetime,
        others: Sequence[PaidLook] = (),
    ) -> float:
        """
        What a look would be given.

        Args:
            run: Whose it would be. One that has paid is given what it has paid for.
            request_type: At what it looks.
            candidate: The model on trial.
            at: When it is planned.
            others: Looks that may stand nowhere in the store, since nothing was being rolled
                out when they were taken.

        Raises:
            StorageError: The store fails.
        """
        return self._share(request_type, PaidLook(run, at, 0.0, candidate), others)[0]

    def pay(
        self,
        run: str,
        request_type: str,
        candidate: str,
        *,
        at: datetime,
        others: Sequence[PaidLook] = (),
    ) -> float:
        """
        Take a look: `share`, and it is spent.

        Raises:
            StorageError: The store fails.
        """
        look = PaidLook(run, at, 0.0, candidate)
        while True:
            share, noted = self._share(request_type, look, others)
            kept = self._kept(noted)
            if any(one.run == run for one in kept):
                return share
            # What was noted by a clock that was ahead must not bar others until then.
            late = [
                msgspec.structs.replace(one, at=min(one.at, at))
                for one in kept
                if at - one.at <= _KEPT_FOR
            ]
            paid = [*late, msgspec.structs.replace(look, share=share)]
            value = msgspec.json.encode(paid).decode()
            if self._store.note_instead(request_type, self._name, value, before=noted, at=at):
                return share

    def paid(self, run: str, request_type: str) -> float | None:
        """The share a run was given for a type; None where it has paid nothing."""
        kept = self._kept(self._store.noted(request_type, self._name))
        return next((look.share for look in kept if look.run == run), None)

    def _share(
        self, request_type: str, look: PaidLook, others: Sequence[PaidLook]
    ) -> tuple[float, str]:
        """What a look has or would be given, and all that is noted of the type's."""
        noted = self._store.noted(request_type, self._name)
        kept = self._kept(noted)
        mine = next((one.share for one in kept if one.run == look.run), None)
        if mine is not None:
            return mine, noted
        known = {one.run for one in kept}
        before = [*kept, *(one for one in others if one.run not in known)]
        looks = [
            one.as_look
            for one in sorted(before, key=attrgetter("at"))
            if one.candidate == look.candidate
        ]
        return self._purse.share(looks, look.at), noted

    @staticmethod
    def _kept(noted: str) -> list[PaidLook]:
        return msgspec.json.decode(noted, type=list[PaidLook]) if noted else []
