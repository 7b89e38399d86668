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
    ModelMoved,
    Recheck,
    RollbackCause,
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
NOBODYS_FAULT = {RollbackCause.PROMPT, RollbackCause.ABORTED}
UNDECIDED = {
    RolloutState.HOLDING_UNDECIDED,
    RolloutState.HOLDING_YOU,
    RolloutState.DEGRADED,
    RolloutState.PAUSED,
}
OPERATORS = {">=": float.__ge__, ">": float.__gt__}
# A model found changed once more is news, and so is that what was held for it may go on.
STILL = {
    *("advanced", "mix_changed", "noted", "promoted", "undone", "aborted", "held", "released"),
}


class Machine(RuleBasedStateMachine):
    """A rollout among pairs, windows, commands and time."""

    @initialize(
        plan=st.sampled_from(["default", "cautious", "0/30/100"]), least=st.sampled_from([0, 2])
    )
    def begin(self, plan: str, least: int) -> None:
        self.now, self.seq, self.window = BEGAN, 0, 0
        self.paused, self.prompt = "", "p1"
        self.last_scored_now = 0
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
            self.holds_its_figures(event)
        assert self.proved_since_rollback or after.wanted.share == 0
        self.keeps_to_the_plan(before, after, kinds)
        self.halves_the_risk(before, after.rollout, kinds)
        self.rollout = after.rollout
        self.log += after.events

    def holds_its_figures(self, event: RolloutEvent) -> None:
        """Value, operator and limit say what happened, wherever something was measured."""
        if event.value is not None:
            assert event.limit is not None
            assert OPERATORS[event.operator](float(event.value), float(event.limit)), event

    def keeps_to_the_plan(self, before: Rollout, after: RolloutStep, kinds: list[str]) -> None:
        plan, rollout = after.rollout.plan, after.rollout
        assert after.wanted.share <= plan.stages[rollout.stage].share
        assert after.wanted.share <= 1 - plan.holdout
        if rollout.state is RolloutState.DONE:
            assert after.wanted.share == 1 - plan.holdout
        if before.state in UNDECIDED and not set(kinds) & BY_PEOPLE:
            clears = {"resumed", "recovered", "released"}
            was_undecided = before.state is RolloutState.HOLDING_UNDECIDED
            assert "advanced" not in kinds or was_undecided or set(kinds) & clears
        if rollout.state in UNDECIDED and not set(kinds) & (BY_EVIDENCE | BY_PEOPLE):
            assert after.wanted.share <= wanted(before).share

    def halves_the_risk(self, before: Rollout, after: Rollout, kinds: list[str]) -> None:
        """Once more for every rollback that was the candidate's fault, and never back."""
        old, new = before.requalification, after.requalification
        if "started" in kinds:
            assert new.alpha <= old.alpha or not old.rollbacks
            return
        if kinds.count("rolled_back") == 1 and "requalified" not in kinds:
            counts = new.cause not in NOBODYS_FAULT
            assert (new.rollbacks, new.alpha) == (
                old.rollbacks + counts,
                old.alpha / 2 if counts else old.alpha,
            )
            assert not counts or new.cools_until is not None
        if "cooled" in kinds:
            assert old.cools_until is not None
            assert old.cools_until <= self.now

    def step(self) -> None:
        before = self.rollout
        after = step(before, self.fed, now=self.now)
        if "advanced" in [event.kind for event in after.events]:
            assert before.watch.stage_pairs + len(self.fed.pairs) >= 20
        self.take(after)
        again = step(self.rollout, self.fed, now=self.now)
        assert again.rollout is self.rollout
        assert again.events == ()
        if before.state is not RolloutState.ROLLED_BACK and "rolled_back" not in self.kinds_since(
            before
        ):
            assert self.rollout.watch.last_seq >= self.last_scored_now
        stored = msgspec.json.decode(msgspec.json.encode(self.rollout), type=Rollout)
        assert stored == self.rollout

    def kinds_since(self, before: Rollout) -> list[str]:
        return [event.kind for event in self.log if event.rollout_version > before.version]

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
        if scores and not late:
            # What is served now is counted, whatever clocks have said before.
            self.last_scored_now = self.seq
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

    @rule(word=st.sampled_from(["switch", "keep", "not_yet"]), new=st.booleans())
    def held_out_cases_are_asked_again(self, word: str, new: bool) -> None:
        at = self.now if new else BEGAN - timedelta(days=1)
        self.feed(recheck=Recheck(run=f"w-{self.now:%m%d%H}", at=at, verdict=word))

    @rule(arm=st.sampled_from(["baseline", "candidate"]))
    def a_model_is_found_changed(self, arm: str) -> None:
        run = f"w-{self.now:%m%d%H}"
        self.feed(moved=ModelMoved(run=run, at=self.now, arm=arm, sentence="It has changed."))

    @rule(shares=st.lists(st.sampled_from([0.1, 0.5]), min_size=21, max_size=42))
    def the_mix_changes(self, shares: list[float]) -> None:
        self.feed(daily_shares=tuple(shares))

    @rule(days=st.sampled_from([0.001, 0.1, 20]))
    def the_clock_goes_back(self, days: float) -> None:
        self.now = max(self.now - timedelta(days=days), BEGAN)
        self.step()

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
