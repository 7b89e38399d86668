"""What a live run will ask, how much of it is there already, and what it may cost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b

import msgspec

from suffice.comparison.pairing import is_answered
from suffice.comparison.quoting import Quoter
from suffice.comparison.sampling import Draw, LabelOf, Wanted, draw
from suffice.errors import BadOption
from suffice.records import Answer, Case, FailureKind, Limits, ModelSpec, parse_model_spec

Held = Callable[[Case, ModelSpec, int], bool]
"""Whether an arm's answer to a case (its n-th, from 0) is there already and costs nothing."""


class TypePlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    What will be asked for one type.

    Attributes:
        type: The request type.
        available: Cases of this type.
        draw: Which of them, in which order.
        most_pairs: At most so many pairs are counted.
        likely_pairs: So many will probably decide it.
        likely_calls: Calls that will probably be sent.
        most_calls: Calls sent if nothing is decided early and the noise floor needs second runs.
        reused: Answers of the planned cases that are there already.
        likely_usd: Decimal text; None where some price is unknown.
        most_usd: If every planned call came at its worst case; None likewise.
        asked_again: The baseline is asked the main cases a second time, whatever the pilot shows.
    """

    type: str
    available: int
    draw: Draw
    most_pairs: int
    likely_pairs: int
    likely_calls: int = 0
    most_calls: int = 0
    reused: int = 0
    likely_usd: str | None = "0"
    most_usd: str | None = "0"
    asked_again: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """
    A live run, fixed before the first call and kept with it; a run is resumed by its plan.

    Attributes:
        baseline: Arm name of the model in use.
        candidates: Arm names on trial.
        judge: Arm name of the judge; None without one.
        seed: What shuffled the cases.
        limits: What "as good" means; ``decisions`` is types x candidates, whatever happens.
        types: In the order of the cases file.
        critical_classes: Classes gated however rare they are.
    """

    baseline: str
    candidates: tuple[str, ...]
    seed: int
    limits: Limits
    types: tuple[TypePlan, ...]
    judge: str | None = None
    critical_classes: frozenset[str] = frozenset()
    version: int = 1

    @property
    def likely_calls(self) -> int:
        """Over all types."""
        return sum(one.likely_calls for one in self.types)

    @property
    def most_calls(self) -> int:
        """Over all types."""
        return sum(one.most_calls for one in self.types)

    @property
    def most_cases(self) -> int:
        """Cases that may be asked, the pilots among them."""
        return sum(one.most_pairs + len(one.draw.pilot) for one in self.types)

    @property
    def reused(self) -> int:
        """Answers that are there already, over all types."""
        return sum(one.reused for one in self.types)

    @property
    def likely_usd(self) -> Decimal | None:
        """Over all types; None where some price is unknown."""
        return _sum(one.likely_usd for one in self.types)

    @property
    def most_usd(self) -> Decimal | None:
        """Over all types, every call at its worst case; a budget caps it."""
        return _sum(one.most_usd for one in self.types)


class PlanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a run is to be planned.

    Attributes:
        seed: Shuffles the cases.
        limits: As asked for; ``decisions`` and ``sequential`` are filled in.
        pilot: Cases for the noise floor; 0 where quality is measured and none is needed.
        likely_pairs: What a decision takes on average, from the statistics; capped by ``n_max``.
        per_class: See `Wanted`.
        critical_classes: See `Wanted`.
        judge: Arm name of the judge; None without one.
        held_out: See `Wanted`.
    """

    seed: int = 0
    limits: Limits = Limits()
    pilot: int = 60
    likely_pairs: int = 180
    per_class: int = 31
    critical_classes: frozenset[str] = frozenset()
    judge: str | None = None
    held_out: int = 0


def make_plan(
    cases: Mapping[str, Sequence[Case]],
    baseline: str,
    candidates: Sequence[str],
    *,
    options: PlanOptions,
    quoter: Quoter,
    held: Held | None = None,
    label_of: LabelOf | None = None,
) -> Plan:
    """
    Draw the cases and add up what asking them may cost.

    Args:
        cases: By type, all there are.
        baseline: Arm name of the model in use.
        candidates: Arm names on trial.
        options: How to plan.
        quoter: What a call may cost.
        held: Answers that are there already; by default those in the cases.
        label_of: Known classes, for extra draws.

    Raises:
        BadOption: A model is on trial against itself without a run label, or twice.
        PriceUnknown: As the quoter's price function does.

    >>> request = {"max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
    >>> some = {"t": [Case(id=str(n), type="t", request=request) for n in range(9)]}
    >>> free = Quoter(lambda arm, usage: Decimal(0))
    >>> plan = make_plan(some, "m", ["n"], options=PlanOptions(), quoter=free)
    >>> plan.limits.decisions, len(plan.types[0].draw.pilot), plan.types[0].most_calls
    (1, 3, 24)
    """
    _check_arms(baseline, candidates)
    limits = msgspec.structs.replace(
        options.limits, decisions=max(1, len(cases) * len(candidates)), sequential=True
    )
    wanted = Wanted(
        main=limits.n_max,
        pilot=options.pilot,
        per_class=options.per_class,
        critical_classes=options.critical_classes,
        held_out=options.held_out,
    )
    bill = Bill(baseline, candidates, options.judge, quoter, held or held_in_cases)
    types = []
    for name, some in cases.items():
        drawn = draw(some, dice=_dice(options.seed, name), wanted=wanted, label_of=label_of)
        most_pairs = min(limits.n_max, len(drawn.main))
        planned = TypePlan(
            type=name,
            available=len(some),
            draw=drawn,
            most_pairs=most_pairs,
            likely_pairs=min(options.likely_pairs, most_pairs),
        )
        types.append(bill.added_to(planned, {case.id: case for case in some}))
    return Plan(
        baseline=baseline,
        candidates=tuple(candidates),
        judge=options.judge,
        critical_classes=options.critical_classes,
        seed=options.seed,
        limits=limits,
        types=tuple(types),
    )


def _check_arms(baseline: str, candidates: Sequence[str]) -> None:
    arms = [baseline, *candidates]
    twice = next((arm for arm in arms if arms.count(arm) > 1), None)
    if twice is not None:
        raise BadOption(
            f"{twice} is named twice.",
            effect="Nothing was sent.",
            next_step=f"To try a model against itself, write --to {twice}@B.",
        )


def recorded_answers(case: Case, arm: ModelSpec) -> list[Answer]:
    """
    The answers of one arm that came with a case: under its name, then under its run labels.

    A transport failure is no answer and is asked again.
    """
    names = [arm.name] if arm.name in case.answers else []
    if arm.label is None:
        names += sorted(
            name for name in case.answers if name.startswith(arm.name + "@") and name != arm.name
        )
    found = [case.answers[name] for name in names]
    return [answer for answer in found if is_kept(answer) and is_answered(answer)]


def is_kept(answer: Answer) -> bool:
    """Whether an answer is one: a transport failure is asked again, a refusal is not."""
    return answer.failure is None or answer.failure.kind is not FailureKind.TRANSPORT


def held_in_cases(case: Case, arm: ModelSpec, run: int) -> bool:
    """Whether the answer came with the case."""
    return len(recorded_answers(case, arm)) > run


class Bill:
    """
    Adds up the calls of a type's cases.

    Args:
        baseline: Arm name of the model in use.
        candidates: Arm names on trial.
        judge: Arm name of the judge; None without one.
        quoter: What a call may cost.
        held: Answers that are there already.
    """

    def __init__(
        self,
        baseline: str,
        candidates: Sequence[str],
        judge: str | None,
        quoter: Quoter,
        held: Held,
    ) -> None:
        self._baseline = parse_model_spec(baseline)
        self._candidates = tuple(map(parse_model_spec, candidates))
        self._judge = None if judge is None else parse_model_spec(judge)
        self._quoter, self._held = quoter, held

    def added_to(self, planned: TypePlan, cases: Mapping[str, Case]) -> TypePlan:
        """
        A type's plan with its calls and dollars.

        Raises:
            PriceUnknown: As the quoter's price function does.
        """
        ours, theirs = (self._baseline,), self._candidates
        likely, most = _Sum(), _Sum()
        reused = 0
        for one in planned.draw.pilot:
            reused += self._add(cases[one], ours, (0, 1), (likely, most))
            self._add_judgements(cases[one], 1, (likely, most))
        for place, one in enumerate(planned.draw.main[: planned.most_pairs]):
            sums = (likely, most) if place < planned.likely_pairs else (most,)
            reused += self._add(cases[one], ours, (0,), sums)
            reused += self._add(cases[one], theirs, (0,), sums)
            self._add_judgements(cases[one], len(theirs), sums)
            if planned.asked_again:
                self._add(cases[one], ours, (1,), sums)
            if planned.draw.pilot:
                if not planned.asked_again:
                    self._add(cases[one], ours, (1,), (most,))
                self._add_judgements(cases[one], len(theirs) + 1, (most,))
        for one in (one for ids in planned.draw.extra.values() for one in ids):
            self._add(cases[one], (*ours, *theirs), (0,), (most,))
            self._add_judgements(cases[one], len(theirs), (most,))
        return msgspec.structs.replace(
            planned,
            likely_calls=likely.calls,
            most_calls=most.calls,
            reused=reused,
            likely_usd=likely.likely,
            most_usd=most.worst,
        )

    def _add(
        self, case: Case, arms: Iterable[ModelSpec], runs: Iterable[int], sums: Sequence[_Sum]
    ) -> int:
        reused = 0
        for arm in arms:
            for run in runs:
                if self._held(case, arm, run):
                    reused += 1
                    continue
                quote = self._quoter.quote(arm, self._quoter.sent(arm, case.request))
                for total in sums:
                    total.add(quote.likely_usd, quote.worst_usd)
        return reused

    def _add_judgements(self, case: Case, comparisons: int, sums: Sequence[_Sum]) -> None:
        """A judge reads the request and both answers, twice, the second time the other way."""
        if self._judge is None:
            return
        quote = self._quoter.quote_judgement(self._judge, case.request)
        for total in sums:
            for _ in range(2 * comparisons):
                total.add(quote.likely_usd, quote.worst_usd)


class _Sum:
    """Calls and dollars; dollars are unknown as soon as one of them is."""

    def __init__(self) -> None:
        self.calls = 0
        self._likely: Decimal | None = Decimal(0)
        self._worst: Decimal | None = Decimal(0)

    def add(self, likely: Decimal | None, worst: Decimal | None) -> None:
        self.calls += 1
        self._likely = None if self._likely is None or likely is None else self._likely + likely
        self._worst = None if self._worst is None or worst is None else self._worst + worst

    @property
    def likely(self) -> str | None:
        return None if self._likely is None else str(self._likely)

    @property
    def worst(self) -> str | None:
        return None if self._worst is None else str(self._worst)


def _dice(seed: int, request_type: str) -> random.Random:
    """Dice of a type's own, so that adding a type changes no other type's order."""
    mark = blake2b(f"{seed}:{request_type}".encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(mark, "big"))  # noqa: S311 - a repeatable order, no secret


def _sum(amounts: Iterable[str | None]) -> Decimal | None:
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += Decimal(amount)
    return total
