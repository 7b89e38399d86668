"""Whatever happens to a rollout, in whatever order: what must never be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from suffice.errors import NotProven
from suffice.monitor import Start, command, named_plan, start, step, wanted
from suffice.monitor.moves import is_requalifying
from suffice.records import (
    ArmCounts,
    ArmWindow,
    Rollout,
    RolloutBasis,
    RolloutEvent,
    RolloutEvidence,
    RolloutState,
    RolloutStep,
    ShadowPair,
)

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
BY_EVIDENCE = {"advanced", "done", "requalified"}
BY_PEOPLE = {"promoted", "undone", "started"}
STILL = {"advanced", "mix_changed", "noted", "promoted", "undone", "aborted"}


class Machine(RuleBasedStateMachine):
    """A rollout among pairs, windows, commands and time."""

    @initialize(
        plan=st.sampled_from(["default", "cautious", "0/30/100"]), least=st.sampled_from([0, 2])
    )
    def begin(self, plan: str, least: int) -> None:
        self.now, self.seq, self.window = BEGAN, 0, 0
        self.paused, self.prompt = "", "p1"
        self.fed = RolloutEvidence()
        self.proved_since_rollback = True
        self.log: list[RolloutEvent] = []
        wish = Start(
            type="triage",
            baseline="claude-opus-5-5",
            candidate="claude-haiku-5-5",
            basis=RolloutBasis(run="r-0", verdict="switch", prompt_version="p1"),
            plan=named_plan(plan, pairs=20, least_days=least),
            pairs_per_year=1_000,
        )
        begun = start(wish, now=self.now)
        self.rollout = begun.rollout
        self.log += begun.events

    def take(self, after: RolloutStep) -> None:
        """Check one change against everything that must hold of all changes."""
        before = self.rollout
        kinds = [event.kind for event in after.events]
        grown = after.wanted.share > wanted(before).share
        if grown:
            assert set(kinds) & (BY_EVIDENCE | BY_PEOPLE), kinds
        if after.rollout.state is RolloutState.ROLLED_BACK or is_requalifying(after.rollout):
            assert after.wanted.share == 0
        path = [before.state, *(event.state for event in after.events)]
        assert path[-1] is after.rollout.state
        for old, event in zip(path, after.events, strict=False):
            assert event.state is not old or event.kind in STILL, event
            assert event.sentence.endswith(".")
            assert event.rollout_version == after.rollout.version
        if before.state is not after.rollout.state:
            assert after.events
        changed = after.rollout != before
        assert after.rollout.version == before.version + changed
        for event in after.events:
            if event.kind == "rolled_back":
                self.proved_since_rollback = False
            if event.kind in {"requalified", "started"}:
                self.proved_since_rollback = True
        assert self.proved_since_rollback or after.wanted.share == 0
        self.rollout = after.rollout
        self.log += after.events

    def step(self) -> None:
        before = self.rollout
        after = step(before, self.fed, now=self.now)
        if "advanced" in [event.kind for event in after.events]:
            assert before.watch.stage_pairs + len(self.fed.pairs) >= 20
        self.take(after)
        again = step(self.rollout, self.fed, now=self.now)
        assert again.rollout is self.rollout
        assert again.events == ()
        stored = msgspec.json.decode(msgspec.json.encode(self.rollout), type=Rollout)
        assert stored == self.rollout

    @rule(
        scores=st.lists(st.sampled_from([1.0] * 12 + [0.0, 0.5, None]), max_size=25),
        late=st.booleans(),
    )
    def pairs_arrive(self, scores: list[float | None], late: bool) -> None:
        at = self.now - timedelta(days=9) if late else self.now
        made = tuple(
            ShadowPair(
                id=str(self.seq + i),
                seq=self.seq + i,
                at=at,
                type="triage",
                session=str(self.seq + i),
                served_by="candidate",
                probability=1.0,
                score=score,
            )
            for i, score in enumerate(scores, start=1)
        )
        self.seq += len(scores)
        self.feed(pairs=(*self.fed.pairs[-10:], *made))

    @rule(score=st.sampled_from([0.0, 1.0]))
    def many_alike_arrive(self, score: float) -> None:
        self.pairs_arrive([score] * 60, late=False)

    @rule(errors=st.integers(0, 20), others=st.integers(0, 20))
    def a_window_closes(self, errors: int, others: int) -> None:
        self.window += 1
        window = ArmWindow(
            seq=self.window,
            type="triage",
            began=self.now,
            ended=self.now,
            candidate=ArmCounts(seen=100, errors=errors, rated=20, disliked=min(errors, 20)),
            baseline=ArmCounts(seen=100, errors=others, rated=20, disliked=min(others, 20)),
        )
        self.feed(windows=(*self.fed.windows[-3:], window))

    @rule(poor=st.booleans())
    def the_budget_changes(self, poor: bool) -> None:
        self.feed(paused="the day's budget is used up" if poor else "")

    @precondition(lambda self: len(self.log) > 3)
    @rule()
    def the_prompt_changes(self) -> None:
        self.prompt = "p2"
        self.feed(prompt_version="p2")

    @rule(days=st.sampled_from([0.1, 1, 8]))
    def time_passes(self, days: float) -> None:
        self.now += timedelta(days=days)
        self.step()

    @rule(what=st.sampled_from(["hold", "promote", "abort", "undo"]))
    def somebody_commands(self, what: str) -> None:
        before = self.rollout
        try:
            after = command(before, what, by="ann", reason="because", now=self.now)  # type: ignore[arg-type]
        except NotProven:
            return
        self.take(after)

    @precondition(lambda self: self.rollout.state is RolloutState.ROLLED_BACK)
    @rule(alpha=st.sampled_from([0.05, 0.0001]), fresh=st.booleans())
    def somebody_starts_again(self, alpha: float, fresh: bool) -> None:
        past = self.rollout.requalification
        run = f"r-{self.seq}-{self.rollout.version}" if fresh else self.rollout.basis.run
        wish = Start(
            type="triage",
            baseline="claude-opus-5-5",
            candidate="claude-haiku-5-5",
            basis=RolloutBasis(run=run, verdict="switch", prompt_version=self.prompt, alpha=alpha),
            plan=self.rollout.plan,
            live_prompt=self.prompt,
            pairs_per_year=1_000,
            by="ann",
            reason="because",
            before=self.rollout,
        )
        try:
            begun = start(wish, now=self.now)
        except NotProven:
            return
        if past.rollbacks:
            assert fresh
            assert alpha <= past.alpha
        self.take(begun)

    def feed(self, **new: object) -> None:
        self.fed = msgspec.structs.replace(self.fed, **new)
        self.step()

    @invariant()
    def a_rollback_reaches_zero(self) -> None:
        if self.rollout.state is RolloutState.ROLLED_BACK:
            assert wanted(self.rollout).share == 0
            assert self.rollout.requalification.cause is not None

    @invariant()
    def the_log_ends_where_the_rollout_stands(self) -> None:
        assert self.log[-1].state is self.rollout.state
        versions = [event.rollout_version for event in self.log]
        assert versions == sorted(versions)


Machine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestWhateverHappens = Machine.TestCase
