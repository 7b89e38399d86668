"""Cases no verdict has seen: which ones are left over, and the plan of a run that asks them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from suffice.comparison.plan import Bill, Plan, TypePlan, held_in_cases
from suffice.comparison.quoting import Quoter
from suffice.comparison.sampling import Draw
from suffice.records import Case
from suffice.records.held_out import HeldOutCase
from suffice.statistics.spending import WEEKLY

HELD_OUT_CASES = 200
"""Of what an early stop never asked, so many cases of a type are kept."""


def left_over(
    plan: Plan, *, counted: Mapping[str, int], asked: Collection[str], most: int = HELD_OUT_CASES
) -> dict[str, tuple[str, ...]]:
    """
    Cases of the main sample that an early stop never asked, the first ones of each type.

    Their order was drawn before the first call, and when a type stops depends on counted pairs
    alone: those not yet counted are as random a sample as they were before the run.

    Args:
        plan: Of a run that has ended.
        counted: Type -> main cases counted.
        asked: Cases anybody was asked, ahead of their turn or for a class.
        most: So many of each type.
    """
    return {
        planned.type: tuple(
            one for one in planned.draw.main[counted.get(planned.type, 0) :] if one not in asked
        )[:most]
        for planned in plan.types
    }


def to_keep(
    plan: Plan, cases: Mapping[str, Case], held_out: Mapping[str, Sequence[str]]
) -> list[HeldOutCase]:
    """
    The cases as they are kept: those held out, and the pilot's, without any answer.

    Only cases with a request: nothing else can be asked.
    """
    kept = []
    for planned in plan.types:
        aside = held_out.get(planned.type, ())
        if not aside:
            continue
        marked = [(one, True) for one in planned.draw.pilot] + [(one, False) for one in aside]
        for one, pilot in marked:
            if cases[one].request.get("messages"):
                kept.append(HeldOutCase(case=without_answers(cases[one]), pilot=pilot))
    return kept


def without_answers(case: Case) -> Case:
    """A case that is to be answered anew."""
    return msgspec.structs.replace(case, answers={}, outcomes={}, line=0)


def plan_again(
    kept: Sequence[HeldOutCase],
    before: Plan,
    *,
    candidates: Sequence[str],
    quoter: Quoter,
    first_time: bool,
    halvings: int = 0,
    share: float = WEEKLY.holds,
) -> Plan:
    """
    The plan of a run that asks held-out cases: all of them, with the limits of the run before.

    Every case is asked and one look is taken, at the end. The chance of a wrong Keep is a share of
    that of the run before, which all looks of a year have together.

    Args:
        kept: Of one run, as `to_keep` made them.
        before: That run's plan.
        candidates: Arm names on trial: some or all of that run's.
        quoter: What a call may cost.
        first_time: Nobody has asked them yet: the baseline is asked each case twice, since later
            answers can only be told from its own noise by cases where that noise is seen.
        halvings: How often a Switch was looked for since a model has changed: each further look
            has half the risk of the one before, so that all of them have twice the first one's.
        share: Of the chance of a wrong Keep, as `suffice.statistics.spending` gives it out.

    Raises:
        PriceUnknown: As the quoter's price function does.
    """
    cases = {one.case.id: one.case for one in kept}
    types = list(dict.fromkeys(one.case.type for one in kept))
    limits = msgspec.structs.replace(
        before.limits,
        sequential=False,
        decisions=max(1, len(types) * len(candidates)),
        alpha=before.limits.alpha / 2**halvings,
        beta=before.limits.beta * share,
        n_max=max(1, len(kept)),
    )
    bill = Bill(before.baseline, candidates, before.judge, quoter, held_in_cases)
    planned = [
        bill.added_to(_type_plan(name, kept, first_time=first_time), cases) for name in types
    ]
    return Plan(
        baseline=before.baseline,
        candidates=tuple(candidates),
        judge=before.judge,
        seed=before.seed,
        limits=limits,
        types=tuple(planned),
        critical_classes=before.critical_classes,
    )


def _type_plan(name: str, kept: Sequence[HeldOutCase], *, first_time: bool) -> TypePlan:
    ours = [one for one in kept if one.case.type == name]
    pilot = tuple(one.case.id for one in ours if one.pilot)
    main = tuple(one.case.id for one in ours if not one.pilot)
    return TypePlan(
        type=name,
        available=len(ours),
        draw=Draw(pilot=pilot, main=main),
        most_pairs=len(main),
        likely_pairs=len(main),
        asked_again=first_time,
    )
