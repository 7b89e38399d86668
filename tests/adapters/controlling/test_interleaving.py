"""Two controllers and a person, however they get between one another: one acts, nothing is lost."""

from __future__ import annotations

import contextlib
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.adapters.controlling.controller import Controller
from suffice.adapters.controlling.evidence import gather
from suffice.adapters.policies import PolicyFiles
from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.errors import NotNow
from suffice.monitor import Command, command, wanted
from suffice.policy.changes import Signature
from suffice.records.rollout import Rollout, WantedShares
from suffice.records.rollout_evidence import RolloutEvidence

Between = Literal["nothing", "the other", "a kill", "hold", "promote", "abort", "undo"]
Deed = tuple[Literal["good pairs", "bad pairs"], int] | tuple[Literal["round"], list[Between]]

betweens: st.SearchStrategy[Between] = st.one_of(
    st.just("nothing"),
    st.just("the other"),
    st.just("a kill"),
    st.sampled_from(["hold", "promote", "abort", "undo"]),
)
deeds: st.SearchStrategy[Deed] = st.one_of(
    st.tuples(st.just("good pairs"), st.sampled_from([10, 150])),
    st.tuples(st.just("bad pairs"), st.sampled_from([2, 30])),
    st.tuples(st.just("round"), st.lists(betweens, min_size=1, max_size=4)),
    st.tuples(st.just("round"), st.lists(betweens, min_size=1, max_size=4)),
)


class Killed(BaseException):
    """A controller ends between two of its writes."""


class Crowd:
    """
    Two controllers, each with its own connections, and a person.

    Whatever is to happen happens between what a controller reads and what it keeps, or between
    what it keeps and what it publishes.
    """

    def __init__(self, world: Any) -> None:
        self.world = world
        self.hour = 0
        self.between: deque[Between] = deque()
        begun = world.store.get("triage").rollout
        self.wanted = {begun.version: wanted(begun).share}
        self.stores = [Rollouts.open(world.store.path) for _ in range(2)]
        self.controllers = [self._controller(who) for who in range(2)]

    def close(self) -> None:
        for store in self.stores:
            store.close()

    @property
    def now(self) -> datetime:
        now: datetime = self.world.later(hours=self.hour)
        return now

    def _controller(self, who: int) -> Controller:
        store = self.stores[who]

        def gathered(kept: Kept, now: datetime) -> RolloutEvidence:
            found = gather(store, kept, account=None, now=now)
            self.meanwhile(who)
            return found

        def shaped(rollout: Rollout, shares: WantedShares) -> WantedShares:
            self.wanted[rollout.version] = shares.share
            self.meanwhile(who)
            return shares

        policies = PolicyFiles(self.world.policies.path)
        return Controller(store, policies, gather=gathered, shape=shaped)

    def meanwhile(self, who: int) -> None:
        what: Between = self.between.popleft() if self.between else "nothing"
        match what:
            case "nothing":
                return
            case "the other":
                self.controllers[1 - who].round(self.now)
            case "a kill":
                raise Killed
            case _:
                self.person(what)

    def person(self, what: Command) -> None:
        kept = self.world.store.get("triage")
        try:
            stepped = command(kept.rollout, what, by="Ada", reason="because", now=self.now)
        except NotNow:
            return
        if stepped.rollout is not kept.rollout:
            kept = self.world.store.save(
                stepped.rollout, stepped.events, after=kept.rollout.version
            )
        self.wanted[kept.rollout.version] = stepped.wanted.share
        signed = Signature(at=self.now, by="Ada", reason="because")
        self.world.controller.carry_out(kept, stepped.wanted, signed)

    def do(self, deed: Deed) -> None:
        match deed:
            case ("round", betweens):
                self.hour += 1
                self.between = deque(betweens)
                with contextlib.suppress(Killed):
                    self.controllers[0].round(self.now)
                self.between.clear()
            case ("good pairs", count):
                self.world.feed([1.0] * count)
            case (_, count):
                self.world.feed([0.0] * int(count))


def after(crowd: Crowd, doings: Sequence[Deed]) -> Rollout:
    """Where the rollout stands once all is done and some controller had its round in peace."""
    for deed in doings:
        crowd.do(deed)
    crowd.do(("round", []))
    kept = crowd.world.store.get("triage")
    rollout: Rollout = kept.rollout
    return rollout


@settings(max_examples=40, deadline=None)
@given(doings=st.lists(deeds, min_size=4, max_size=12))
def test_whoever_gets_between_one_acts_and_the_policy_says_what_is_kept(
    world_in: Callable[[Path], Any], doings: list[Deed]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = world_in(Path(folder))
        world.start()
        crowd = Crowd(world)

        rollout = after(crowd, doings)

        events = [one.event for one in world.store.events()]
        versions = [event.rollout_version for event in events]
        assert versions == sorted(versions)
        assert len({msgspec.json.encode(event) for event in events}) == len(events)
        assert all(event.reason == "because" for event in events if event.kind == "aborted")
        assert world.store.is_carried_out("triage")
        assert world.share() == wanted(rollout).share
        assert comes_in_order(
            shares_in_force(world), [each[1] for each in sorted(crowd.wanted.items())]
        )
        if not {"aborted", "rolled_back"} & {event.kind for event in events}:
            assert rollout.watch.pairs == len(world.store.pairs("triage"))
        crowd.close()
        world.store.close()


def shares_in_force(world: Any) -> list[float]:
    """What each policy gave the candidate, one after the other; each change of it once."""
    published = [one.policy.types["triage"].share for one in world.policies.history()]
    return [share for share, _ in groupby(published)]


def comes_in_order(shares: list[float], wanted: list[float]) -> bool:
    """Whether nobody published what an older version of the rollout had wanted."""
    rest = iter(wanted)
    return all(share in rest for share in shares)
