"""A live run: every type of a plan, within one budget, stopped and resumed without loss."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from suffice.comparison.live import LiveOutcome, LiveRules, TypeOutcome
from suffice.comparison.metering import MeteredModels
from suffice.comparison.plan import Plan, TypePlan
from suffice.comparison.type_run import TypeRun
from suffice.errors import MissingAnswers
from suffice.records import Case, Spending

_CALLS_PER_TYPE = 16


async def run_live(
    plan: Plan, cases: Mapping[str, Case], *, models: MeteredModels, rules: LiveRules
) -> LiveOutcome:
    """
    Ask what the plan plans, until every type is decided, used up, or the run is halted.

    The verdicts depend on the plan and on the answers, never on which answer came first: pairs
    are counted in the plan's order, so a stop after any pair is valid. Running the same plan
    over the same store again asks only what is not kept yet, and then ends the same way.

    Setting the meter's ``stop`` event halts the run gently: nothing more is sent, calls in
    flight are waited for and kept. Cancelling the run quits at once; calls in flight then count
    as spent at their worst case when the run is resumed.

    Args:
        plan: As `make_plan` made it, or as a run's folder kept it.
        cases: By id; all cases the plan names.
        models: Who answers, behind the meter that holds the store, the budget and the stop.
        rules: What other rooms hand in.

    Returns:
        Evidence per type and candidate, in the plan's order. A refused credential, the account's
        spend limit and a full disk end the run and stand in ``error``; nothing is lost.

    Raises:
        MissingAnswers: The plan names a case that is not in ``cases``.
        PriceUnknown: A call has no price and unpriced calls are not allowed.
    """
    _check(plan, cases)
    # Few types at once: a budget then decides the first types rather than none.
    at_once = asyncio.Semaphore(max(2, models.concurrency // _CALLS_PER_TYPE))
    runs = [TypeRun(plan, planned, cases, models, rules) for planned in plan.types]
    found = await asyncio.gather(
        *(_one_type(run, at_once, models) for run in runs), return_exceptions=True
    )
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return LiveOutcome(
        types=tuple(one for one in found if isinstance(one, TypeOutcome)),
        spending=_spending(models, sum(run.reused for run in runs)),
        stopped=_why(found),
        error=models.error,
    )


async def _one_type(run: TypeRun, at_once: asyncio.Semaphore, models: MeteredModels) -> TypeOutcome:
    async with at_once:
        try:
            return await run.run()
        except BaseException:
            models.halt()
            raise


def _spending(models: MeteredModels, reused_from_file: int) -> Spending:
    budget = models.budget
    return Spending(
        spent_usd=str(budget.spent_usd),
        cap_usd=None if budget.cap_usd is None else str(budget.cap_usd),
        calls=models.calls,
        reused=models.reused + reused_from_file,
        unpriced_calls=budget.unpriced_calls,
    )


def _why(found: list[TypeOutcome | BaseException]) -> str:
    """The first reason; empty where every type ran to its end, whatever happened afterwards."""
    reasons = (one.why_stopped for one in found if isinstance(one, TypeOutcome))
    return next((reason for reason in reasons if reason), "")


def _check(plan: Plan, cases: Mapping[str, Case]) -> None:
    lacking = [one for planned in plan.types for one in _named(planned) if one not in cases]
    if lacking:
        raise MissingAnswers(
            f"{len(lacking)} cases of the plan are not in the cases file, e.g. {lacking[0]!r}.",
            effect="Nothing was sent.",
            next_step="Resume with the file the run was started with.",
        )


def _named(planned: TypePlan) -> list[str]:
    extra = [one for ids in planned.draw.extra.values() for one in ids]
    return [*planned.draw.pilot, *planned.draw.main, *extra]
