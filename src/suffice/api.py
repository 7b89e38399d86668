"""The verbs of the library, one per stage, each short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from suffice.catalog import Catalog, load_catalog
from suffice.comparison import (
    ArmNames,
    Arms,
    BrokenLines,
    Change,
    Chosen,
    Dollars,
    Grading,
    LiveOutcome,
    LiveRules,
    MeteredModels,
    Plan,
    Price,
    RecordedRun,
    Showcase,
    run_live,
)
from suffice.decision import decide_all, settled
from suffice.decision.classes import class_gate
from suffice.decision.ladder import ladder_notes
from suffice.errors import EmptyInput, MissingAnswers
from suffice.policy.fingerprint import PromptVersions
from suffice.ports import JudgingScorer
from suffice.records import (
    BrokenCase,
    Case,
    Comparison,
    Evidence,
    Limits,
    Pair,
    ShownCase,
    Verdict,
    Word,
)
from suffice.scoring import HumanLabel, JudgedPairs, choose_scorer, named_choice

_LONGEST_LABEL = 60


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a recorded comparison is to do.

    Attributes:
        baseline: Arm name of the model in use.
        candidates: Arm names on trial.
        limits: What "as good" means.
        scorer: ``auto`` chooses for each type from its answers; else a scorer's name, or a
            function's dotted path.
        scorer_options: As docs/scorers.md lists them, for a scorer asked for by name.
        strict: Stop at the first broken line.
        hand_picked: The cases were chosen by hand, so every verdict is provisional.
        source: Names the cases file in the result.
        limit: Use at most so many cases of each type, the first of the file; None: all.
    """

    baseline: str
    candidates: tuple[str, ...]
    limits: Limits = Limits()
    scorer: str = "auto"
    scorer_options: dict[str, Any] = {}
    strict: bool = False
    hand_picked: bool = False
    source: str = ""
    limit: int | None = None


def compare_recorded(
    cases: Iterable[Case | BrokenCase],
    job: Recorded,
    *,
    at: datetime,
    catalog: Catalog | None = None,
    keep: Callable[[ShownCase], None] | None = None,
) -> Comparison:
    """
    Decide, from answers or grades that are already there, whether each candidate suffices.

    Nobody is called and nothing is spent. Every case with both arms counts, one per group.

    Args:
        cases: As `suffice.traffic.read_cases` gives them; read once, as a stream.
        job: What is compared, and how strictly.
        at: The date whose prices turn recorded tokens into dollars.
        catalog: Prices; None: those that ship with suffice.
        keep: Called with the texts of every lost or won pair.

    Raises:
        EmptyInput: There is no case at all.
        MissingAnswers: A model has no answer and no grade anywhere.
        BrokenLine: A line is no case, and ``job.strict`` is set.
        BadMargin: A margin was asked for where neither quality nor a ceiling can be had.
    """
    prices = Dollars(catalog or load_catalog(), at)
    showcase = Showcase(keep=keep)
    choose = chooser(
        job.scorer,
        baseline=job.baseline,
        price=prices,
        hand_picked=job.hand_picked,
        options=job.scorer_options,
    )
    run = RecordedRun(job.baseline, job.candidates, choose=choose, showcase=showcase)
    broken = BrokenLines(strict=job.strict)
    names = ArmNames((job.baseline, *job.candidates), prices.catalog)
    counts: Counter[str] = Counter()
    prompts = PromptVersions()
    for case in cases:
        if isinstance(case, BrokenCase):
            broken.add(case)
        elif job.limit is None or counts[case.type] < job.limit:
            counts[case.type] += 1
            prompts.add(case.type, case.request)
            run.add(names.asked_for(case))
    if not counts:
        raise EmptyInput(
            f"There is no case in {job.source or 'the input'}.",
            effect="Nothing was compared.",
            next_step=f"{broken.total} lines were no case; see docs/cases.md for the form.",
        )
    evidences = [prices.noted(evidence) for evidence in run.finish()]
    _require_pairs(evidences, job, run.arms_seen)
    compared = [evidence for evidence in evidences if evidence.cases > evidence.unrecorded]
    limits = msgspec.structs.replace(job.limits, decisions=len(compared))
    verdicts = _with_prompts(decide_all(compared, limits), prompts)
    return Comparison(
        source=job.source,
        created=at.isoformat(timespec="seconds"),
        types=verdicts,
        notes=(*_absent(evidences), *ladder_notes(verdicts)),
        shown=showcase.shown(),
        broken=tuple(broken.first),
        broken_total=broken.total,
        prices_dated=prices.dated,
    )


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a live comparison is to do besides its plan.

    Attributes:
        scorer: As in `Recorded`.
        judge: Asks a model in the scorer's place; None: the scorer decides.
        labels: People's words on some pairs, which say what a judge's word is worth.
        hand_picked: As in `Recorded`.
        source: Names the cases file in the result.
    """

    scorer: str = "auto"
    labels: tuple[HumanLabel, ...] = ()
    judge: JudgingScorer | None = None
    hand_picked: bool = False
    source: str = ""


async def compare_live(  # noqa: PLR0913 - a run's parts, each handed in
    plan: Plan,
    cases: Mapping[str, Case],
    job: Live,
    *,
    models: MeteredModels,
    dollars: Dollars,
    at: datetime,
    keep: Callable[[ShownCase], None] | None = None,
    on_change: Callable[[Change], None] | None = None,
) -> Comparison:
    """
    Ask the models what the plan plans, and decide each type as soon as the evidence allows.

    A plan whose limits are not sequential is asked to its end, and decided then.

    Args:
        plan: As `suffice.comparison.make_plan` made it, or as a run's folder kept it.
        cases: By id.
        job: How answers are scored.
        models: Behind the meter that keeps answers and holds the budget.
        dollars: Prices.
        at: When the run was started.
        keep: Called with the texts of every lost or won pair.
        on_change: Called whenever something changed.

    Returns:
        The comparison; ``stopped`` says why where it ended early. Every paid answer is kept.

    Raises:
        MissingAnswers: The plan names a case that is not in ``cases``.
        PriceUnknown: A call has no price and unpriced calls are not allowed.
    """
    showcase = Showcase(keep=keep)
    judged = JudgedPairs(job.labels)

    def on_pair(case: Case, arms: Arms, pair: Pair) -> None:
        showcase.offer(case, arms, pair)
        if job.judge is not None:
            judged.add(case.type, arms.candidate, pair)

    outcome = await run_live(
        plan,
        cases,
        models=models,
        rules=LiveRules(
            choose=chooser(
                job.scorer,
                baseline=plan.baseline,
                price=dollars,
                judge=job.judge,
                hand_picked=job.hand_picked,
            ),
            settled=settled if plan.limits.sequential else _never,
            wanting=lambda evidence: class_gate(evidence).wanted,
            label_of=known_label,
            on_pair=on_pair,
            on_change=on_change,
        ),
    )
    evidences = [judged.labelled(dollars.noted(evidence)) for evidence in outcome.evidence]
    notes = [
        f"{found.type}: decided, {found.not_needed:,} cases not needed."
        for found in outcome.types
        if found.not_needed
    ]
    if outcome.error is not None:
        notes.append(f"{outcome.error.code} {outcome.error}")
    prompts = PromptVersions()
    for planned in plan.types:
        for case_id in planned.draw.main:
            prompts.add(planned.type, cases[case_id].request)
    verdicts = _with_prompts(
        _with_noise_floors(decide_all(evidences, plan.limits), outcome), prompts
    )
    return Comparison(
        source=job.source,
        recorded=False,
        created=at.isoformat(timespec="seconds"),
        seed=plan.seed,
        types=verdicts,
        shown=showcase.shown(),
        notes=(*notes, *ladder_notes(verdicts)),
        spending=outcome.spending,
        stopped=outcome.stopped,
        prices_dated=dollars.dated,
    )


def _never(_evidence: Evidence, _limits: Limits) -> Word | None:
    """Nothing is settled before the last case."""
    return None


def _with_prompts(verdicts: Iterable[Verdict], prompts: PromptVersions) -> tuple[Verdict, ...]:
    """Each verdict with the version of the prompt its type's cases share."""
    return tuple(
        msgspec.structs.replace(verdict, prompt_version=prompts.of(verdict.type))
        for verdict in verdicts
    )


def _with_noise_floors(verdicts: Sequence[Verdict], outcome: LiveOutcome) -> tuple[Verdict, ...]:
    """Each verdict with what its type's pilot showed, where the decision did not use it."""
    pilots = {found.type: found.pilot_agreement for found in outcome.types}
    return tuple(
        msgspec.structs.replace(
            verdict,
            noise_floor=sum(pilots[verdict.type]) / len(pilots[verdict.type]),
            noise_floor_pairs=len(pilots[verdict.type]),
        )
        if verdict.noise_floor is None and pilots.get(verdict.type)
        else verdict
        for verdict in verdicts
    )


def known_label(case: Case) -> str | None:
    """A case's class where its reference is one short text, so that rare classes can be drawn."""
    reference = case.reference
    if isinstance(reference, str) and len(reference) <= _LONGEST_LABEL:
        return reference
    return None


def chooser(
    scorer: str,
    *,
    baseline: str,
    price: Price,
    judge: JudgingScorer | None = None,
    hand_picked: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Callable[[Sequence[Case]], Chosen]:
    """
    How the pairs of a type are scored, once some of its cases are seen.

    Args:
        scorer: ``auto``, a scorer's name, or a function's dotted path.
        baseline: Arm name whose answers are looked at.
        price: Dollars of an answer, by arm.
        judge: Asks a model in the scorer's place.
        hand_picked: The cases were chosen by hand: every verdict is provisional.
        options: Of the scorer, where it was asked for by name.

    Raises:
        BrokenScorer: From the returned function, for a user's scorer that cannot be loaded.
        BadOption: Likewise, where no scorer has this name.
    """
    by_hand = ("the cases were picked by hand",) if hand_picked else ()

    def choose(cases: Sequence[Case]) -> Chosen:
        if judge is not None:
            referenced = all(case.reference is not None for case in cases)
            return Chosen(
                grading=Grading(scorer=None, by_reference=referenced, price=price, judge=judge),
                scorer="judge",
                reason="as asked",
                provisional=by_hand,
            )
        choice = (
            choose_scorer(cases, baseline=baseline)
            if scorer == "auto"
            else named_choice(scorer, cases, baseline=baseline, options=options)
        )
        referenced = any(case.reference is not None for case in cases)
        return Chosen(
            grading=Grading(
                scorer=choice.scorer,
                by_reference=choice.measure_reference,
                alone=choice.measure_reference and not referenced,
                price=price,
            ),
            scorer=choice.scorer.name if choice.scorer else "grades",
            reason=choice.reason,
            chance=choice.chance,
            provisional=(*by_hand, *([choice.provisional] if choice.provisional else [])),
        )

    return choose


def _absent(evidences: Sequence[Evidence]) -> Iterator[str]:
    """Who answered nothing of a type: nothing to decide, and nothing to share alpha for."""
    for evidence in evidences:
        if evidence.cases == evidence.unrecorded:
            yield f"{evidence.type}: no answers of {evidence.candidate} beside the baseline's."


def _require_pairs(evidences: Sequence[Evidence], job: Recorded, seen: Iterable[str]) -> None:
    for candidate in job.candidates:
        ours = [evidence for evidence in evidences if evidence.candidate == candidate]
        if any(evidence.cases > evidence.unrecorded for evidence in ours):
            continue
        raise MissingAnswers(
            f"No case holds answers or grades of both {job.baseline} and {candidate}.",
            effect="Nothing was decided.",
            next_step=f"The file has: {', '.join(sorted(seen)) or 'no model at all'}.",
        )
