"""What watching a type will find, how soon, at what price: before anything is started."""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec

from suffice.errors import BadOption
from suffice.monitor.course import DAYS_A_YEAR, HORIZON, Course, Supposed
from suffice.monitor.plans import named_plan
from suffice.records import RolloutPlan
from suffice.statistics.detection import Stream, delay, false_alarms
from suffice.statistics.detector import watchable

_DAYS_A_MONTH = Decimal("30.4375")
_RUNS = 1_000
_ALARM_RUNS, _ALARM_PAIRS = 4_000, 4_000


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """
    What becomes of one fall, and how often there is an alarm without one.

    Attributes:
        pairs_per_day: Scored pairs.
        agreement: Before the fall.
        fall_to: After it.
        p_ok: Agreement held to be fine.
        years_between: The promise: false alarms at least so many years apart.
        limit: Where the alarm is raised.
        pairs_to_detect: Mean pairs from the fall to the alarm; None where fewer than half of the
            runs saw it within the horizon.
        pairs_to_detect_error: Its standard error; None likewise.
        pairs_to_detect_90: Nine in ten falls are seen by here; None likewise.
        days_to_detect: ``pairs_to_detect`` in days.
        seen_within_horizon: Share of falls seen within ``horizon_pairs``.
        horizon_pairs: Where the simulation ends.
        false_alarms_per_year: At ``agreement``, simulated.
        false_alarms_per_year_error: Its standard error; an upper bound where none was seen.
        false_alarms_per_year_bound: Proved, for any agreement of ``p_ok`` or better.
        seed: Of the simulation.
    """

    pairs_per_day: float
    agreement: float
    fall_to: float
    p_ok: float
    years_between: float
    limit: float
    pairs_to_detect: float | None
    pairs_to_detect_error: float | None
    pairs_to_detect_90: float | None
    days_to_detect: float | None
    seen_within_horizon: float
    horizon_pairs: int
    false_alarms_per_year: float
    false_alarms_per_year_error: float
    false_alarms_per_year_bound: float
    seed: int


class FallOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one fall would cost.

    Attributes:
        fall_to: Agreement after it.
        pairs_to_detect: Mean pairs from a fall in full operation to the alarm; None where fewer
            than half of the runs saw it.
        days_to_detect: The same in days.
        bad_answers_done: Answers served that disagree, from the fall to the rollback.
        bad_answers_ramp: The same where the candidate is so from the first stage on.
        rolled_back_in_ramp: Share of rollouts that such a candidate does not finish.
    """

    fall_to: float
    pairs_to_detect: float | None
    days_to_detect: float | None
    bad_answers_done: float | None
    bad_answers_ramp: float
    rolled_back_in_ramp: float


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """
    What to expect of a type's rollout.

    Attributes:
        volume_per_day: Sessions of the type.
        agreement: What is supposed.
        plan: Its name.
        stage_pairs_per_day: Pairs a day in each stage.
        pairs_per_day: Pairs a day once it is done.
        days_to_done: Mean days until it is done, if agreement is as supposed.
        falls: One entry a fall.
        false_alarms_per_year: At ``agreement``.
        false_alarms_per_year_error: As in `Detection`.
        false_alarms_per_year_bound: As in `Detection`.
        usd_per_pair: Supposed price of a pair, as decimal text; None where it is not known.
        watching_usd_ramp: Shadow calls of all stages at their least pairs, likewise.
        watching_usd_per_month: Shadow calls once it is done, likewise.
        seed: Of the simulation.
    """

    volume_per_day: float
    agreement: float
    plan: str
    stage_pairs_per_day: tuple[float, ...]
    pairs_per_day: float
    days_to_done: float
    falls: tuple[FallOutlook, ...]
    false_alarms_per_year: float
    false_alarms_per_year_error: float
    false_alarms_per_year_bound: float
    usd_per_pair: str | None
    watching_usd_ramp: str | None
    watching_usd_per_month: str | None
    seed: int


def plan_detection(
    *,
    pairs_per_day: float,
    agreement: float = 0.97,
    fall_to: float = 0.80,
    p_ok: float = 0.95,
    years_between: float = 5.0,
    seed: int = 1,
) -> Detection:
    """
    How soon a fall is seen at so many pairs a day, and how often there is a false alarm.

    Args:
        pairs_per_day: Scored pairs.
        agreement: Before the fall; at least ``fall_to``.
        fall_to: After it.
        p_ok: Agreement held to be fine.
        years_between: False alarms are to be so many years apart: 5, or 20.
        seed: The same seed gives the same figures.

    Raises:
        BadOption: A value outside its range.

    >>> found = plan_detection(pairs_per_day=100, agreement=0.97, fall_to=0.80)
    >>> round(found.days_to_detect or 0, 1), found.false_alarms_per_year_bound
    (0.7, 0.2)
    """
    _check(pairs_per_day, agreement=agreement, fall_to=fall_to, years_between=years_between)
    p_ok = watchable(p_ok)
    yearly = pairs_per_day * DAYS_A_YEAR
    stream = Stream(p_ok, years_between * yearly)
    found = delay(stream, before=agreement, after=fall_to, runs=_RUNS, horizon=HORIZON, seed=seed)
    alarms = false_alarms(stream, at=agreement, runs=_ALARM_RUNS, pairs=_ALARM_PAIRS, seed=seed)
    usual = found.mean if found.unseen < 1 / 2 else None
    return Detection(
        pairs_per_day=pairs_per_day,
        agreement=agreement,
        fall_to=fall_to,
        p_ok=p_ok,
        years_between=years_between,
        limit=stream.limit,
        pairs_to_detect=usual,
        pairs_to_detect_error=None if usual is None else found.error,
        pairs_to_detect_90=found.slow if math.isfinite(found.slow) else None,
        days_to_detect=None if usual is None else usual / pairs_per_day,
        seen_within_horizon=1 - found.unseen,
        horizon_pairs=HORIZON,
        false_alarms_per_year=alarms.per_pair * yearly,
        false_alarms_per_year_error=alarms.error * yearly,
        false_alarms_per_year_bound=1 / years_between,
        seed=seed,
    )


def plan_rollout(supposed: Supposed, *, plan: RolloutPlan | None = None, seed: int = 1) -> Outlook:
    """
    What a type's rollout will take and find, by simulation for its own volume.

    Args:
        supposed: Volume, agreement, price.
        plan: The stages; None: the default ones.
        seed: The same seed gives the same figures.

    Raises:
        BadOption: A value outside its range, or a last stage without shadow.
    """
    plan = plan or named_plan()
    volume = supposed.volume_per_day
    kept = 1 - plan.holdout
    rates = tuple(volume * (min(stage.share, kept) or 1.0) * stage.shadow for stage in plan.stages)
    _check(
        min(rates, default=0.0),
        agreement=supposed.agreement,
        fall_to=max(supposed.agreement - max(supposed.falls), 0.0),
        years_between=supposed.years_between,
    )
    course = Course(plan, supposed, rates)
    alarms = plan_detection(
        pairs_per_day=rates[-1],
        agreement=supposed.agreement,
        fall_to=supposed.agreement - max(supposed.falls),
        p_ok=supposed.p_ok,
        years_between=supposed.years_between,
        seed=seed,
    )
    price = supposed.usd_per_pair
    return Outlook(
        volume_per_day=volume,
        agreement=supposed.agreement,
        plan=plan.name,
        stage_pairs_per_day=rates,
        pairs_per_day=rates[-1],
        days_to_done=course.run(supposed.agreement, seed=seed).days_to_done,
        falls=tuple(_outlook(course, fall, seed=seed) for fall in supposed.falls),
        false_alarms_per_year=alarms.false_alarms_per_year,
        false_alarms_per_year_error=alarms.false_alarms_per_year_error,
        false_alarms_per_year_bound=alarms.false_alarms_per_year_bound,
        usd_per_pair=None if price is None else f"{price.normalize():f}",
        watching_usd_ramp=_cents(price, Decimal(sum(stage.pairs for stage in plan.stages))),
        watching_usd_per_month=_cents(price, Decimal(str(rates[-1])) * _DAYS_A_MONTH),
        seed=seed,
    )


def _cents(usd_per_pair: Decimal | None, pairs: Decimal) -> str | None:
    """The dollars of so many pairs, to the cent."""
    return None if usd_per_pair is None else str((usd_per_pair * pairs).quantize(Decimal("0.01")))


def _outlook(course: Course, fall: float, *, seed: int) -> FallOutlook:
    supposed, rate = course.supposed, course.rates[-1]
    after = round(supposed.agreement - fall, 9)
    found = delay(
        course.stream,
        before=supposed.agreement,
        after=after,
        runs=_RUNS,
        horizon=HORIZON,
        seed=seed,
    )
    usual = found.mean if found.unseen < 1 / 2 else None
    ramp = course.run(after, seed=seed)
    served = supposed.volume_per_day * min(course.plan.stages[-1].share, 1 - course.plan.holdout)
    return FallOutlook(
        fall_to=after,
        pairs_to_detect=usual,
        days_to_detect=None if usual is None else usual / rate,
        bad_answers_done=None if usual is None else usual / rate * served * (1 - after),
        bad_answers_ramp=ramp.bad_answers,
        rolled_back_in_ramp=ramp.rolled_back,
    )


def _check(pairs_per_day: float, *, agreement: float, fall_to: float, years_between: float) -> None:
    if not (pairs_per_day > 0 and 0 <= fall_to <= agreement <= 1 and years_between > 0):
        raise BadOption(
            f"{pairs_per_day:g} pairs a day, agreement {agreement:g}, falling to {fall_to:g}, "
            f"{years_between:g} years between false alarms: nothing can be planned of that.",
            effect="Nothing was computed.",
            next_step="Pairs and years are positive, and agreement falls within 0..1.",
        )
