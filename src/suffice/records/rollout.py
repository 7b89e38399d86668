"""A rollout: the way of one request type from the baseline to its candidate, and back."""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from suffice.records.rollout_evidence import Count, Moment, Share


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """
    One step of a plan: how much moves, how closely it is watched, and what lets it go on.

    Attributes:
        share: Conversations that go to the candidate, in 0..1.
        shadow: Share of the conversations served by the candidate that the baseline answers too,
            unseen; where ``share`` is 0, of those served by the baseline that the candidate does.
        pairs: Scored pairs of this stage before the next one may begin.
        least_days: Days before the next one may begin, whatever the pairs.
    """

    share: Share
    shadow: Share
    pairs: Count = 150
    least_days: float = 0.0


class RolloutPlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    The stages of a rollout and what is kept back at its end.

    Attributes:
        name: ``default``, ``cautious``, or what was asked for, e.g. ``5/25/100``.
        stages: At least one; shares never fall.
        holdout: Conversations that stay on the baseline for good, so that there is something to
            compare with: no stage goes beyond ``1 - holdout``.
        cooldown_days: After a rollback nothing is tried again for so long.
    """

    name: str
    stages: tuple[Stage, ...]
    holdout: Share = 0.02
    cooldown_days: float = 7.0

    def __post_init__(self) -> None:
        """
        Refuse a plan that leads nowhere, so that no step has to.

        Raises:
            ValueError: There is no stage, or a share is smaller than the one before.
        """
        shares = [stage.share for stage in self.stages]
        if not shares or shares != sorted(shares):
            message = "a rollout plan has stages, and each share is at least the one before"
            raise ValueError(message)


class RolloutState(enum.StrEnum):
    """Where a rollout stands."""

    SHADOW = "shadow"
    ADVANCING = "advancing"
    HOLDING_UNDECIDED = "holding_undecided"
    HOLDING_YOU = "holding_you"
    ROLLED_BACK = "rolled_back"
    DONE = "done"
    DEGRADED = "degraded"
    PAUSED = "paused"


class RollbackCause(enum.StrEnum):
    """What took the traffic back to the baseline."""

    AGREEMENT = "agreement"
    ERRORS = "errors"
    LATENCY = "latency"
    COST = "cost"
    FEEDBACK = "feedback"
    PROMPT = "prompt"
    RECHECK = "recheck"
    ABORTED = "aborted"


class RolloutBasis(msgspec.Struct, frozen=True, kw_only=True):
    """
    The verdict a rollout rests on.

    Attributes:
        run: The stored comparison.
        verdict: Its word: ``switch``, ``keep`` or ``not_yet``.
        provisional: It may not ramp by itself.
        pairs: Scored pairs behind it.
        prompt_version: Hash of the prompt's skeleton the cases were of; empty where unknown.
        alpha: Chance of a wrong Switch it was decided at.
        p_ok: Agreement that is as good as when it was proved: what the monitor holds it against.
        overruled_by: Who started against the evidence; empty where nobody had to.
        overruled_because: Why, in their own words.
        live_prompt: Version of the prompt that was live at the start or soon after, where it is
            not the one that was proved: watched for edits in its place; else empty.
    """

    run: str
    verdict: str
    provisional: bool = False
    pairs: Count = 0
    prompt_version: str = ""
    alpha: float = 0.05
    p_ok: float = 0.95
    overruled_by: str = ""
    overruled_because: str = ""
    live_prompt: str = ""

    @property
    def watched_prompt(self) -> str:
        """The version an edit is told from; empty where prompt edits are not watched."""
        return self.live_prompt or self.prompt_version


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the monitor remembers of one type's pairs: a few floats, whatever the number of pairs.

    Attributes:
        p_ok: Agreement held to be fine; see `RolloutBasis`.
        pairs_per_year: Pairs expected in a year; with ``years_between`` it sets the limit.
        years_between: False alarms are at least so many years apart on average (K: 5 or 20).
        levels: The three sums S_j of the e-Shiryaev-Roberts statistic.
        last_seq: The last pair that was counted; older ones are never counted again.
        pairs: Scored pairs since the rollout (or its re-qualification) began.
        score: Sum of their scores.
        missing: Pairs without a score since then.
        stage_pairs: Scored pairs of the present stage.
        stage_score: Sum of their scores.
        stage_missing: Pairs of the present stage without a score.
        leaning: Natural logs of the stakes against this stage's agreement, one per fall.
        proof: Agreed and disagreed score sums since a re-qualification began.
        recent: The latest scores, the newest last, for people to read.
        recent_missing: Pairs without a score since the last scored one.
        recent_missing_why: Why -> how many of those; of a few reasons, the first that came up.
        last_pair: When the last scored pair was served; None before the first.
    """

    p_ok: float = 0.95
    pairs_per_year: float = 36_500.0
    years_between: float = 5.0
    levels: tuple[float, float, float] = (0.0, 0.0, 0.0)
    last_seq: int = 0
    pairs: Count = 0
    score: float = 0.0
    missing: Count = 0
    stage_pairs: Count = 0
    stage_score: float = 0.0
    stage_missing: Count = 0
    leaning: tuple[float, float, float] = (0.0, 0.0, 0.0)
    proof: tuple[float, float] = (0.0, 0.0)
    recent: tuple[float, ...] = ()
    recent_missing: Count = 0
    recent_missing_why: dict[str, Count] = {}
    last_pair: Moment | None = None

    @property
    def limit(self) -> float:
        """Where the alarm is raised."""
        return self.years_between * self.pairs_per_year


GuardName = Literal["errors", "latency", "cost", "feedback"]


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the monitor remembers of one guard.

    Attributes:
        name: ``errors``, ``latency``, ``cost`` or ``feedback``.
        wealth: Natural logs of the stakes, one per rise that is looked for.
        candidate_hits: Errors (slow, dear or disliked answers) of the candidate's arm.
        candidate_seen: Of so many.
        baseline_hits: Likewise of the baseline's arm.
        baseline_seen: Likewise.
        reference: The rate held to be fine where there is no other arm to compare with.
        levels: The Shiryaev-Roberts sums once the rollout is done, one per rise.
        limit: What those are held against; None before.
    """

    name: GuardName
    wealth: tuple[float, ...] = ()
    candidate_hits: Count = 0
    candidate_seen: Count = 0
    baseline_hits: Count = 0
    baseline_seen: Count = 0
    reference: float | None = None
    levels: tuple[float, ...] = ()
    limit: float | None = None


class Requalification(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a rollout that was rolled back must show before it may begin again.

    Attributes:
        rollbacks: How often it was rolled back by the monitor.
        alpha: Chance of a wrong return it may spend: halved by every rollback.
        cause: What rolled it back; None where nothing did.
        at: When.
        cools_until: Nothing is tried before.
        cooled_at: When it was tried again; evidence from before belongs to another story.
        by_itself: It may qualify again from shadow pairs alone; else only a new verdict does.
        proved: It has qualified since the last rollback.
        run: The comparison that had carried it: the same one cannot do so again.
    """

    rollbacks: Count = 0
    alpha: float = 0.05
    cause: RollbackCause | None = None
    at: Moment | None = None
    cools_until: Moment | None = None
    cooled_at: Moment | None = None
    by_itself: bool = True
    proved: bool = False
    run: str = ""


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where a rollout stood before a person's last command.

    Attributes:
        command: What was commanded.
        at: When.
        state: The state before.
        stage: The stage before, counted from 0.
        resumes: As in `Rollout`.
        requalification: As in `Rollout`.
    """

    command: str
    at: Moment
    state: RolloutState
    stage: Count
    resumes: RolloutState | None = None
    requalification: Requalification = Requalification()


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where one type's rollout stands, with all that the next step needs.

    Attributes:
        type: The request type.
        baseline: The model the type's requests ask for.
        candidate: The model that is to take them.
        plan: Its stages.
        state: See `RolloutState`.
        stage: Index into the plan's stages.
        basis: The verdict it rests on.
        began: When it was started.
        stage_began: When the present stage began.
        state_began: When the present state began.
        watch: What the pairs have shown.
        guards: One per guard.
        requalification: What a rollback has left.
        resumes: What it goes back to once it is no longer degraded or paused.
        state_because: Why it is held, degraded or paused; empty otherwise.
        undo: What a person's last command changed; None where there is nothing to undo.
        last_window: The last stretch of arm counts that was counted.
        former: Other candidates of the type -> what their rollbacks have left.
        mix_noted: A changed share of the type in the traffic has been told already.
        outdated_by: The comparison that found a model changed, if the rollout was held for it.
        shadow_batched: Its shadow calls may wait for a batch, at half the price.
        version: Counts up with every change; what compare-and-swap compares.
    """

    type: str
    baseline: str
    candidate: str
    plan: RolloutPlan
    state: RolloutState
    stage: Count = 0
    basis: RolloutBasis
    began: Moment
    stage_began: Moment
    state_began: Moment | None = None
    watch: Watch = Watch()
    guards: tuple[Guard, ...] = ()
    requalification: Requalification = Requalification()
    resumes: RolloutState | None = None
    state_because: str = ""
    undo: Undo | None = None
    last_window: int = 0
    former: dict[str, Requalification] = {}
    mix_noted: bool = False
    outdated_by: str = ""
    shadow_batched: bool = False
    version: Count = 0


class RolloutEvent(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something that happened to a rollout, with the figures that made it happen.

    Attributes:
        at: When.
        type: The request type.
        kind: ``started``, ``advanced``, ``held``, ``released``, ``promoted``, ``rolled_back``,
            ``aborted``, ``undone``, ``done``, ``degraded``, ``recovered``, ``paused``,
            ``resumed``, ``cooled``, ``requalified``, ``mix_changed``, ``shadow_changed`` or
            ``noted``.
        sentence: For people: value, operator and limit stand in it.
        state: The state afterwards.
        value: What was measured; None where nothing was.
        operator: How it was held against the limit, e.g. ``>=``.
        limit: What it was held against.
        by: Who commanded it; empty where the controller decided.
        reason: Their own words.
        policy_version: The first policy that carries it out; None until published.
        rollout_version: The rollout's version afterwards.
        found_on: The other type that a changed model was found on; empty where it was this one.
    """

    at: Moment
    type: str
    kind: str
    sentence: str
    state: RolloutState
    value: float | None = None
    operator: str = ""
    limit: float | None = None
    by: str = ""
    reason: str = ""
    policy_version: int | None = None
    rollout_version: int = 0
    found_on: str = ""


class WantedShares(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the policy must say for a rollout to stand where it stands.

    Attributes:
        share: Conversations that go to the candidate.
        shadow: As in `Stage`, before any budget.
        done: The candidate has taken the type wholly: only without a hold-out.
    """

    share: Share
    shadow: Share
    done: bool = False


class RolloutStep(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one step of the controller makes of a rollout.

    Attributes:
        rollout: The same object where nothing changed, else its next version.
        wanted: What the policy must say; given always, so that a lost publication is made good.
        events: What happened, in order; empty where nothing did.
    """

    rollout: Rollout
    wanted: WantedShares
    events: tuple[RolloutEvent, ...] = ()
