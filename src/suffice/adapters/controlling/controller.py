"""
The controller: reads where rollouts stand and what is known, steps, publishes, and says so.

Each write may be the last before a kill. First the rollout's next version is kept with its events,
if nobody was faster; then the policy that follows from it is published, with the store held, so
that nobody publishes what a rollout said before. Whatever is missing is made good by the next
step of anybody: the policy is compared with what the kept rollout wants, every time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from suffice.adapters.controlling.policy_rule import taken_by_hand, with_rollout
from suffice.adapters.policies import Loaded, PolicyFiles
from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.errors import PolicyChanged, RolloutChanged, SufficeError
from suffice.monitor import command, step, wanted
from suffice.policy.changes import Signature
from suffice.policy.table import Policy
from suffice.records.rollout import Rollout, RolloutEvent, RolloutStep, WantedShares
from suffice.records.rollout_evidence import RolloutEvidence

_TRIES = 3
CONTROLLER = "suffice monitor"
NOT_CARRIED_OUT, CARRIED_OUT_AGAIN = "not_carried_out", "carried_out_again"
"""Kinds of events the controller adds itself; they change no rollout."""

Gather = Callable[[Kept, datetime], RolloutEvidence]
Shape = Callable[[Rollout, WantedShares], WantedShares]
"""Last word on the shares that are published, e.g. a shadow within a budget."""


def as_wanted(_rollout: Rollout, shares: WantedShares) -> WantedShares:
    """Publish what the stages want, without any bound."""
    return shares


class Acted(NamedTuple):
    """
    What became of one rollout in one round.

    Attributes:
        type: The request type.
        kept: As it is kept now; None where that is not known.
        events: What happened.
        policy_version: The version published for it; None where none had to be.
        problem: Why it could not be stepped or carried out; empty if all is well.
    """

    type: str
    kept: Kept | None
    events: tuple[RolloutEvent, ...] = ()
    policy_version: int | None = None
    problem: str = ""


class Controller:
    """
    Steps every rollout once per round. Several may run at once; one acts, the others follow.

    Args:
        store: Where rollouts are kept.
        policies: What gateways read.
        gather: Everything known since a rollout's last step.
        shape: Bounds what is published.
    """

    def __init__(
        self,
        store: Rollouts,
        policies: PolicyFiles,
        *,
        gather: Gather,
        shape: Shape = as_wanted,
    ) -> None:
        self._store = store
        self._policies = policies
        self._gather = gather
        self._shape = shape

    def round(self, now: datetime) -> list[Acted]:
        """
        One step of each rollout. One that fails keeps no other from its step.

        Raises:
            StorageError: The store itself cannot be read.
        """
        return [self._act(kept, now) for kept in self._store.all()]

    def carry_out(
        self, kept: Kept, shares: WantedShares, signed: Signature
    ) -> tuple[Kept, int | None]:
        """
        Publish what a kept rollout wants, unless the policy says so already.

        Returns:
            The rollout, and the version that was published; None where none had to be.

        Raises:
            RolloutChanged: It is not what is kept any more; nothing was published.
            PolicyChanged: The policy in force was edited by hand, in place.
            StorageError: The policy cannot be written.
        """
        shares = self._shape(kept.rollout, shares)
        if self._store.is_carried_out(kept.rollout.type):
            loaded = self._policies.load()
            if with_rollout(loaded.policy, kept.rollout, shares, signed) is None:
                return kept, None

        def publish() -> tuple[int | None, int | None]:
            return self._published(
                lambda policy: with_rollout(policy, kept.rollout, shares, signed)
            )

        return kept, self._store.while_unchanged(kept, publish)

    def _act(self, kept: Kept, now: datetime) -> Acted:
        request_type = kept.rollout.type
        events: tuple[RolloutEvent, ...] = ()
        try:
            stepped = self._stepped(kept, now)
            events = stepped.events
            if stepped.rollout is not kept.rollout:
                kept = self._store.save(stepped.rollout, events, after=kept.rollout.version)
            why = events[-1].sentence if events else ""
            signed = Signature(at=now, by=CONTROLLER, reason=why)
            _, version = self.carry_out(kept, stepped.wanted, signed)
            self._note_recovery(kept, now)
        except RolloutChanged:
            # Somebody else was faster; the next round sees what they made of it.
            return Acted(request_type, None)
        except SufficeError as error:
            return Acted(request_type, kept, events, problem=self._troubled(kept, error, now))
        return Acted(request_type, kept, events, version)

    def _stepped(self, kept: Kept, now: datetime) -> RolloutStep:
        rollout = kept.rollout
        if self._store.is_carried_out(rollout.type):
            by_hand = self._taken_back(rollout, now)
            if by_hand is not None:
                return by_hand
        return step(rollout, self._gather(kept, now), now=now)

    def _taken_back(self, rollout: Rollout, now: datetime) -> RolloutStep | None:
        """Where somebody took the type back in the policy itself, the rollout is aborted."""
        policy = self._policies.load().policy
        reason = taken_by_hand(policy, rollout, wanted(rollout))
        if not reason:
            return None
        by = policy.audit[-1].by if policy.audit else ""
        return command(rollout, "abort", by=by, reason=reason, now=now)

    def _published(
        self, change: Callable[[Policy], Policy | None]
    ) -> tuple[int | None, int | None]:
        """The version that says it, and the one that was published for it, if any."""
        for attempt in range(_TRIES):
            loaded: Loaded = self._policies.load()
            changed = change(loaded.policy)
            if changed is None:
                return loaded.policy.version, None
            try:
                published = self._policies.publish(changed, after=loaded.etag)
            except PolicyChanged:
                # Another type's rollout, or a person: begin again from what they published.
                if attempt == _TRIES - 1:
                    raise
            else:
                return published.policy.version, published.policy.version
        raise AssertionError("the last try returns or raises")

    def _troubled(self, kept: Kept, error: SufficeError, now: datetime) -> str:
        """Say once that a rollout cannot be stepped or carried out."""
        rollout = kept.rollout
        if self._store.open_trouble(_trouble(kept), at=now):
            self._store.tell(_event(rollout, NOT_CARRIED_OUT, error.what, now))
        return error.what

    def _note_recovery(self, kept: Kept, now: datetime) -> None:
        if self._store.close_trouble(_trouble(kept)):
            sentence = "What the rollout wants is carried out again."
            self._store.tell(_event(kept.rollout, CARRIED_OUT_AGAIN, sentence, now))


def _trouble(kept: Kept) -> str:
    return f"{kept.dedup_key}:carrying-out"


def _event(rollout: Rollout, kind: str, sentence: str, now: datetime) -> RolloutEvent:
    shares = wanted(rollout)
    return RolloutEvent(
        at=now,
        type=rollout.type,
        kind=kind,
        sentence=sentence,
        state=rollout.state,
        value=shares.share,
        # Known from the start: an event of ours waits for no policy.
        policy_version=0,
        rollout_version=rollout.version,
    )
