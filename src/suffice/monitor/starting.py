"""The beginning of a rollout: which verdict carries it, and what it will be held against."""

from __future__ import annotations

from datetime import datetime

import msgspec

from suffice.errors import NotNow, NotProven, PromptReplaced
from suffice.monitor import sentences
from suffice.monitor.controller import wanted
from suffice.monitor.guards import fresh_guards
from suffice.monitor.moves import share_text, state_for, told
from suffice.monitor.plans import named_plan
from suffice.records import (
    Measure,
    Requalification,
    Rollout,
    RolloutBasis,
    RolloutPlan,
    RolloutState,
    RolloutStep,
    Verdict,
    Watch,
    Word,
)
from suffice.statistics.anytime import agreement_lower
from suffice.statistics.detector import watchable

USUAL_OK = 0.95
"""Agreement a type is held against that was found to agree at least so often."""

_SHARE_UP = 0.5


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """
    What somebody wants to roll out.

    Attributes:
        type: The request type.
        baseline: The model its requests ask for.
        candidate: The model that is to take them.
        basis: The verdict, as `basis_of` reads it.
        plan: Its stages.
        live_prompt: The live prompt's version; empty where nobody knows it.
        steady_prompt: The version all of the latest requests came with: watched for edits where
            the verdict's cases share none.
        pairs_per_year: Pairs to be expected once it is done, for the monitor's limit.
        years_between: False alarms are at least so many years apart on average: 5, or 20.
        by: Who starts it.
        reason: Why; with ``by`` it overrules what the evidence does not carry.
        before: The type's last rollout, where there was one.
        shadow_batched: As in `Rollout`.
    """

    type: str
    baseline: str
    candidate: str
    basis: RolloutBasis
    plan: RolloutPlan = named_plan()
    live_prompt: str = ""
    steady_prompt: str = ""
    pairs_per_year: float = 36_500.0
    years_between: float = 5.0
    by: str = ""
    reason: str = ""
    before: Rollout | None = None
    shadow_batched: bool = False

    @property
    def can_overrule(self) -> bool:
        """Whether a name and a reason are there."""
        return bool(self.by.strip() and self.reason.strip())


def basis_of(
    verdict: Verdict, *, run: str, prompt_version: str = "", p_ok: float | None = None
) -> RolloutBasis:
    """
    What a rollout keeps of a verdict, and which agreement the monitor will hold it against.

    That is 95 %, or, where the models were not found to agree so often (a type decided on quality,
    or with a noisy baseline), the lower bound of the agreement that was found. After a Keep it is
    95 % whatever was found: disagreements that did harm are no measure of what is fine. After a
    Not yet it is the agreement that was found itself, and no less than a Switch must prove: few
    pairs have a low bound, and that is a reason for doubt, not for patience.

    Args:
        verdict: The word and its counts.
        run: The comparison it is stored in.
        prompt_version: Of the cases; empty where unknown.
        p_ok: Instead of the above.
    """
    return RolloutBasis(
        run=run,
        verdict=verdict.verdict.value,
        provisional=verdict.provisional,
        pairs=verdict.pairs,
        prompt_version=prompt_version,
        alpha=verdict.alpha,
        p_ok=p_ok if p_ok is not None else _agreement_ok(verdict),
    )


def start(wish: Start, *, now: datetime) -> RolloutStep:
    """
    A rollout at the beginning of its first stage.

    Args:
        wish: What is to be rolled out.
        now: The time.

    Raises:
        NotProven: The verdict is no Switch, or only a provisional one, and nobody has signed
            with a name and a reason.
        PromptReplaced: The verdict is about another version of the prompt, likewise.
        NotNow: The type's rollout runs already, rests after a rollback, or needs a newer verdict
            at a smaller risk. Nobody can overrule that.
        BadOption: The models agree too seldom to be watched.
    """
    _must_be_free(wish, now=now)
    overruled = _objection(wish)
    if overruled is not None and not wish.can_overrule:
        raise overruled
    basis = msgspec.structs.replace(wish.basis, live_prompt=_instead_of_the_proved(wish))
    if overruled is not None:
        basis = msgspec.structs.replace(
            basis, overruled_by=wish.by.strip(), overruled_because=wish.reason.strip()
        )
    rollout = Rollout(
        type=wish.type,
        baseline=wish.baseline,
        candidate=wish.candidate,
        plan=wish.plan,
        state=state_for(wish.plan.stages[0]),
        basis=basis,
        began=now,
        stage_began=now,
        state_began=now,
        watch=_fresh_watch(wish),
        guards=fresh_guards(),
        requalification=_begun(_past(wish), alpha=wish.basis.alpha),
        former=_former(wish),
        last_window=wish.before.last_window if wish.before else 0,
        shadow_batched=wish.shadow_batched,
        version=wish.before.version + 1 if wish.before else 1,
    )
    moved = told(rollout, "started", _sentence(rollout, overruled), now=now)
    event = msgspec.structs.replace(
        moved.event, by=wish.by, reason=wish.reason, rollout_version=rollout.version
    )
    return RolloutStep(rollout=rollout, wanted=wanted(rollout), events=(event,))


def _agreement_ok(verdict: Verdict) -> float:
    if verdict.verdict is Word.KEEP:
        return USUAL_OK
    share, pairs = verdict.agreement, verdict.pairs
    if share is None and verdict.measure is Measure.QUALITY and pairs:
        # Only grades were recorded: the models agree where both were right or both were wrong.
        share = (verdict.both + verdict.neither) / pairs
    if share is None or share >= USUAL_OK:
        return USUAL_OK
    if verdict.verdict is Word.NOT_YET:
        is_agreement = verdict.measure is Measure.AGREEMENT
        return min(max(share, verdict.limit if is_agreement else 0.0), USUAL_OK)
    # Whole counts with this mean would vary most, so the bound holds for graded scores too.
    lower = agreement_lower(
        share * pairs, (1 - share) * pairs, share=_SHARE_UP, alpha=verdict.alpha
    )
    return min(lower, USUAL_OK)


def _objection(wish: Start) -> NotProven | None:
    basis = wish.basis
    effect = f"Nothing was started; {wish.type} stays on {wish.baseline}."
    sign = "or give --reason and --by; both are kept for good."
    if basis.verdict != Word.SWITCH.value:
        word = basis.verdict.replace("_", " ").capitalize() or "nothing"
        return NotProven(
            f"{wish.type}: {basis.run} says {word}, not Switch, after {basis.pairs:,} pairs.",
            effect=effect,
            next_step=f"Compare more cases, {sign}",
        )
    if basis.provisional:
        return NotProven(
            f"{wish.type}: the Switch of {basis.run} is provisional, and cannot ramp by itself.",
            effect=effect,
            next_step=f"Compare randomly drawn cases with a checked scorer, {sign}",
        )
    if wish.live_prompt and basis.prompt_version and wish.live_prompt != basis.prompt_version:
        return PromptReplaced(
            f"{wish.type}: {basis.run} is about prompt {basis.prompt_version[:12]}; live is "
            f"{wish.live_prompt[:12]}.",
            effect=effect,
            next_step=f"Compare requests of the live prompt, {sign}",
        )
    return None


def _instead_of_the_proved(wish: Start) -> str:
    """The prompt that is watched for edits, where it cannot be the one that was proved."""
    proved = wish.basis.prompt_version
    if not proved:
        return wish.steady_prompt
    # Whoever overrules a prompt that was replaced means the live one to be tried.
    return wish.live_prompt if wish.live_prompt != proved else ""


def _must_be_free(wish: Start, *, now: datetime) -> None:
    before = wish.before
    if before is None:
        return
    past, effect = _past(wish), "The rollout is as it was."
    if before.state is not RolloutState.ROLLED_BACK:
        raise NotNow(
            f"{wish.type} has a rollout already: {before.state.value.replace('_', ' ')} at "
            f"{share_text(before)}.",
            effect=effect,
            next_step=f"Abort it first: suffice rollout abort {wish.type}",
        )
    if past.rollbacks == 0:
        return
    if past.cools_until is not None and now < past.cools_until:
        raise NotNow(
            f"{wish.type} was rolled back and rests for another "
            f"{sentences.days(past.cools_until - now)}.",
            effect=effect,
            next_step=f"Start it again from {past.cools_until:%Y-%m-%d %H:%M} on.",
        )
    basis = wish.basis
    is_new = basis.run != past.run
    proves = basis.verdict == Word.SWITCH.value and not basis.provisional
    if not (is_new and proves and basis.alpha <= past.alpha * (1 + 1e-9)):
        raise NotNow(
            f"{wish.type} was rolled back {sentences.times(past.rollbacks)}: a new Switch at "
            f"{sentences.percent(past.alpha)} risk is needed; {basis.run} says {basis.verdict} "
            f"at {sentences.percent(basis.alpha)}.",
            effect=effect,
            next_step=f"suffice compare CASES --alpha {past.alpha:g}",
        )


def _past(wish: Start) -> Requalification:
    """What this candidate's rollbacks have left, also where another one was tried since."""
    before = wish.before
    if before is None:
        return Requalification()
    if before.candidate == wish.candidate:
        return before.requalification
    return before.former.get(wish.candidate, Requalification())


def _begun(past: Requalification, *, alpha: float) -> Requalification:
    if past.rollbacks == 0:
        return Requalification(alpha=alpha)
    return Requalification(rollbacks=past.rollbacks, alpha=min(past.alpha, alpha), run=past.run)


def _former(wish: Start) -> dict[str, Requalification]:
    before = wish.before
    if before is None:
        return {}
    return {**before.former, before.candidate: before.requalification}


def _fresh_watch(wish: Start) -> Watch:
    return Watch(
        p_ok=watchable(wish.basis.p_ok),
        pairs_per_year=wish.pairs_per_year,
        years_between=wish.years_between,
        last_seq=wish.before.watch.last_seq if wish.before else 0,
    )


def _sentence(rollout: Rollout, overruled: NotProven | None) -> str:
    basis = rollout.basis
    first = share_text(rollout)
    carried = f"{basis.run} says Switch after {basis.pairs:,} pairs"
    if overruled is not None:
        carried = f"{basis.overruled_by} overruled the evidence: {overruled.what.rstrip('.')}"
    batched = f" Shadow calls {sentences.BATCHED}." if rollout.shadow_batched else ""
    return (
        f"Started at {first} of {rollout.type} to {rollout.candidate}: {carried}. Plan "
        f"{rollout.plan.name}; agreement of {sentences.percent(rollout.watch.p_ok)} is held to "
        f"be fine.{_of_prompt(basis)}{batched}"
    )


def _of_prompt(basis: RolloutBasis) -> str:
    """What is to be said of the prompt where it is not simply the one that was proved."""
    if basis.live_prompt and basis.prompt_version:
        return f" The live prompt, {basis.live_prompt[:12]}, is watched for edits from now on."
    if basis.live_prompt:
        return (
            f" Its cases share no prompt; the live one, {basis.live_prompt[:12]}, is watched for "
            "edits from now on."
        )
    if not basis.prompt_version:
        return " Its cases share no prompt, and no single live one is known: edits are not watched."
    return ""
