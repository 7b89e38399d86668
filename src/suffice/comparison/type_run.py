"""One type of a live run: pilot, main sample in its fixed order, extra draws for rare classes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import msgspec

from suffice.comparison.judging import NotJudged, failed_to_judge, judged_pair
from suffice.comparison.live import Change, LiveRules, State, TypeOutcome
from suffice.comparison.metering import ACCOUNT, MeteredModels
from suffice.comparison.pairing import Arms
from suffice.comparison.plan import Plan, TypePlan, recorded_answers
from suffice.comparison.recorded import Chosen
from suffice.comparison.tally import Tally
from suffice.records import (
    Answer,
    Case,
    Evidence,
    Limits,
    ModelSpec,
    Pair,
    Word,
    parse_model_spec,
)

CEILING_DISAGREEMENTS = 2
LOOKED_AT = 20
_LEAST_AHEAD = 16
_LEAST_PAIRS = 40
_NEARLY = 1e-9

_Got = TypeVar("_Got")
_Pairs = dict[str, Pair | None]
_Answered = tuple[Case, _Pairs]


class _Candidate:
    """One candidate's evidence in the making."""

    def __init__(self, arm: ModelSpec, request_type: str, arms: Arms) -> None:
        self.arm, self.arms = arm, arms
        self.tally = Tally(request_type, arms)
        self.word: Word | None = None
        self.wants: dict[str, int] = {}
        self.main_is_over = False
        self.usable = 0

    @property
    def live(self) -> bool:
        """Whether further main pairs are wanted."""
        return self.word is None and not self.main_is_over


class TypeRun:
    """
    Runs one type of a plan.

    Pairs are counted in the plan's order, whatever order answers arrive in, so that the verdict
    is a function of the plan and of the answers alone: a stop rule that looked at the pairs
    that happen to be there would favour whatever is answered fast.

    Args:
        plan: The whole plan.
        planned: This type's part.
        cases: By id.
        models: Behind their meter.
        rules: What other rooms hand in.
    """

    def __init__(
        self,
        plan: Plan,
        planned: TypePlan,
        cases: Mapping[str, Case],
        models: MeteredModels,
        rules: LiveRules,
    ) -> None:
        self._plan, self._planned, self._cases = plan, planned, cases
        self._models, self._rules = models, rules
        self._baseline = parse_model_spec(plan.baseline)
        self._second = second_run_name(self._baseline)
        self._candidates = self._fresh(second=None)
        self._chosen: Chosen | None = None
        self._pilot_agreement: tuple[float, ...] = ()
        self._ceiling = False
        self._counted = self._main_place = self._looked_at = 0
        self._incomplete = False
        self.reused = 0

    async def run(self) -> TypeOutcome:
        """Everything, to the end or to where the run is halted."""
        ACCOUNT.set(self._planned.type)
        if not self._planned.draw.main:
            return self._finish()
        self._tell(State.PILOT if self._planned.draw.pilot else State.TESTING)
        if await self._prepare():
            await self._main()
            await self._extra_draws()
        return self._finish()

    async def _prepare(self) -> bool:
        """Choose the scorer and learn the noise floor; False where the run is halted first."""
        pilot = self._planned.draw.pilot
        looked_at = pilot or self._planned.draw.main[:LOOKED_AT]
        runs = (0, 1) if pilot else (0,)
        seen = await _gathered(self._look_at(self._cases[one], runs) for one in looked_at)
        cases = [case for case in seen if case is not None]
        if len(cases) < len(seen):
            self._incomplete = True
            return False
        self._chosen = self._rules.choose(cases)
        return not pilot or await self._learn_noise_floor(cases)

    async def _look_at(self, case: Case, runs: Sequence[int]) -> Case | None:
        answered = await self._with_baseline(case, runs, wanted=lambda: True)
        self._looked_at += 1
        if self._planned.draw.pilot:
            self._tell(State.PILOT)
        return answered

    async def _learn_noise_floor(self, cases: Sequence[Case]) -> bool:
        arms = Arms(baseline=self._plan.baseline, candidate=self._second)
        try:
            pairs = await _gathered(self._pair(case, arms) for case in cases)
        except NotJudged:
            self._incomplete = True
            return False
        self._pilot_agreement = tuple(
            pair.agreement for pair in pairs if pair is not None and pair.agreement is not None
        )
        missed = sum(1 - agreed for agreed in self._pilot_agreement)
        self._ceiling = missed >= CEILING_DISAGREEMENTS - _NEARLY
        if self._ceiling:
            self._candidates = self._fresh(second=self._second)
        return True

    async def _main(self) -> None:
        self._tell(State.TESTING)
        order = self._planned.draw.main
        async with aclosing(self._in_order(order, lambda: self._live)) as answers:
            async for answered in answers:
                if answered is None:
                    self._incomplete = True
                    return
                self._main_place += 1
                self._count(*answered)
                self._tell(State.TESTING)
                if not self._live or self._used_up():
                    return

    def _count(self, case: Case, pairs: _Pairs) -> None:
        """Count one case for every candidate that still wants it, and ask the stop rule."""
        self._counted += 1
        for one in self._live:
            pair = pairs[one.arm.name]
            one.tally.add(pair)
            one.usable += pair is not None and (
                pair.agreement is not None
                or (pair.baseline_quality is not None and pair.candidate_quality is not None)
            )
            if pair is not None and self._rules.on_pair is not None:
                self._rules.on_pair(case, one.arms, pair)
            self._judge(one)

    def _judge(self, one: _Candidate) -> None:
        evidence, limits = self._evidence(one), self._limits
        one.word = self._rules.settled(evidence, limits)
        if one.word is not None or self._rules.wanting is None or not evidence.classes:
            return
        # The main question may be settled while a rare class is not. Further main pairs could
        # only unsettle it, so the main sample ends here and draws go to the classes alone.
        bare = msgspec.structs.replace(evidence, classes={}, extra_classes={})
        if self._rules.settled(bare, limits) is Word.SWITCH:
            one.main_is_over = True
            one.wants = dict(self._rules.wanting(evidence))

    async def _extra_draws(self) -> None:
        """Feed the gates of classes still undecided; the verdict's own counts are closed."""
        wanting = [one for one in self._candidates if one.word is None and one.wants]
        if self._incomplete or not wanting:
            return
        self._tell(State.CLASSES)

        def still() -> list[_Candidate]:
            return [one for one in wanting if one.word is None and one.wants]

        draws = list(self._draws_for({label for one in wanting for label in one.wants}))
        async with aclosing(self._in_order(draws, still)) as answers:
            async for answered in answers:
                if answered is None:
                    self._incomplete = True
                    return
                for one in still():
                    self._add_extra(one, answered[1][one.arm.name])
                self._tell(State.CLASSES)
                if not still():
                    return

    def _add_extra(self, one: _Candidate, pair: Pair | None) -> None:
        if pair is None or pair.label not in one.wants:
            return
        one.tally.add_extra_draw(pair)
        evidence = self._evidence(one)
        one.word = self._rules.settled(evidence, self._limits)
        if one.word is None and self._rules.wanting is not None:
            one.wants = dict(self._rules.wanting(evidence))

    def _draws_for(self, labels: Iterable[str]) -> Iterator[str]:
        """Cases drawn for these classes in turn, then main cases that were not counted."""
        lists = [self._planned.draw.extra.get(label, ()) for label in sorted(labels)]
        for place in range(max(map(len, lists), default=0)):
            yield from (ids[place] for ids in lists if place < len(ids))
        known = self._rules.label_of
        for one in self._planned.draw.main[self._main_place :]:
            if known is None or known(self._cases[one]) in {None, *labels}:
                yield one

    async def _in_order(
        self, order: Sequence[str], asked: Callable[[], list[_Candidate]]
    ) -> AsyncGenerator[_Answered | None]:
        """Ask cases ahead, hand them out in order; what is in flight at the end is awaited."""
        waiting: deque[asyncio.Task[_Answered | None]] = deque()
        ids = deque(order)
        # A resumed run first counts what it has: perhaps that decides it without a call.
        replaying = True
        try:
            while True:
                while ids and len(waiting) < self._ahead:
                    case = self._cases[ids[0]]
                    if replaying and not self._is_here(case, asked()):
                        if waiting:
                            break
                        replaying = False
                    ids.popleft()
                    waiting.append(asyncio.create_task(self._answer(case, asked)))
                if not waiting:
                    return
                answered = await asyncio.shield(waiting[0])
                waiting.popleft()
                yield answered
        except asyncio.CancelledError:
            for task in waiting:
                task.cancel()
            raise
        finally:
            # Calls in flight are paid: their answers are waited for and kept.
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _answer(self, case: Case, asked: Callable[[], list[_Candidate]]) -> _Answered | None:
        """Both baseline runs where needed, every candidate that still wants it, and the scores."""
        runs = self._runs
        wanting = asked()
        got = await _gathered(
            (
                self._with_baseline(case, runs, wanted=lambda: bool(asked())),
                *(self._one(case, one.arm, 0, partial(_is_in, one, asked)) for one in wanting),
            )
        )
        ours, theirs = got[0], got[1:]
        if not isinstance(ours, Case):
            return None
        answers = dict(ours.answers)
        for one, answer in zip(wanting, theirs, strict=True):
            if isinstance(answer, Answer):
                answers[one.arm.name] = answer
            elif one in asked():
                return None
        whole = msgspec.structs.replace(ours, answers=answers)
        there = [one for one in wanting if one.arm.name in answers]
        try:
            pairs = await _gathered(self._pair(whole, one.arms) for one in there)
        except NotJudged:
            return None
        return whole, dict(zip((one.arm.name for one in there), pairs, strict=True))

    async def _pair(self, case: Case, arms: Arms) -> Pair | None:
        assert self._chosen is not None  # noqa: S101 - `_prepare` came first
        pair = await judged_pair(case, arms, self._chosen.grading)
        if self._models.halted() and failed_to_judge(pair):
            raise NotJudged
        return pair

    async def _with_baseline(
        self, case: Case, runs: Sequence[int], *, wanted: Callable[[], bool]
    ) -> Case | None:
        """The case with the baseline's answers under the names the arms use."""
        got = await _gathered(self._one(case, self._baseline, run, wanted) for run in runs)
        names = (self._plan.baseline, self._second)
        answers = dict(case.answers)
        for name, answer in zip(names, got, strict=False):
            if answer is None:
                return None
            answers[name] = answer
        return msgspec.structs.replace(case, answers=answers)

    async def _one(
        self, case: Case, arm: ModelSpec, run: int, wanted: Callable[[], bool]
    ) -> Answer | None:
        """The n-th answer of an arm: from the file, else from the run or the model."""
        recorded = recorded_answers(case, arm)
        if run < len(recorded):
            self.reused += 1
            return recorded[run]
        return await self._models.fetch(
            arm, case.request, case_id=case.id, run=run - len(recorded), wanted=wanted
        )

    def _is_here(self, case: Case, wanting: Sequence[_Candidate]) -> bool:
        """Whether everything a case needs is in the file or in the run's folder."""
        needed = [(self._baseline, run) for run in self._runs]
        needed += [(one.arm, 0) for one in wanting]
        for arm, run in needed:
            recorded = len(recorded_answers(case, arm))
            if run >= recorded and not self._models.holds(
                arm, case.request, case_id=case.id, run=run - recorded
            ):
                return False
        return True

    @property
    def _runs(self) -> tuple[int, ...]:
        """Which answers of the baseline a main case needs."""
        return (0, 1) if self._ceiling or self._planned.asked_again else (0,)

    @property
    def _live(self) -> list[_Candidate]:
        return [one for one in self._candidates if one.live]

    @property
    def _ahead(self) -> int:
        """
        How many cases are asked before their turn: enough to keep the line busy.

        What is asked ahead of a decision is paid for nothing, so a type looks ahead by a
        quarter of what it has, except at the start, where no decision can fall yet.
        """
        useful = max(_LEAST_AHEAD, _LEAST_PAIRS - self._counted, self._counted // 4)
        return min(self._models.concurrency, useful)

    def _used_up(self) -> bool:
        return all(one.usable >= self._limits.n_max for one in self._live)

    @property
    def _limits(self) -> Limits:
        return self._plan.limits

    def _fresh(self, *, second: str | None) -> list[_Candidate]:
        return [
            _Candidate(
                parse_model_spec(name),
                self._planned.type,
                Arms(baseline=self._plan.baseline, candidate=name, second=second),
            )
            for name in self._plan.candidates
        ]

    def _evidence(self, one: _Candidate) -> Evidence:
        chosen = self._chosen
        evidence = one.tally.evidence()
        if chosen is None:
            return evidence
        return msgspec.structs.replace(
            evidence,
            critical_classes=self._plan.critical_classes,
            chance=chosen.chance,
            scorer=chosen.scorer,
            scorer_reason=chosen.reason,
            provisional=chosen.provisional,
            grouped_out=self._planned.draw.left_out.same_group,
        )

    def _finish(self) -> TypeOutcome:
        words = {one.arm.name: one.word for one in self._candidates}
        decided = bool(words) and all(words.values())
        why = self._models.halted() if self._incomplete else ""
        not_needed = 0 if why else max(0, self._planned.most_pairs - self._counted)
        outcome = TypeOutcome(
            type=self._planned.type,
            evidence=tuple(map(self._evidence, self._candidates)),
            words=words,
            counted=self._counted,
            not_needed=not_needed if decided else 0,
            pilot_agreement=self._pilot_agreement,
            ceiling=self._ceiling,
            exhausted=not decided and not why,
            why_stopped=why,
        )
        # A run that takes one look is decided by whoever takes it, once all cases are there.
        ended = decided or not self._limits.sequential
        state = State.STOPPED if why else State.DECIDED if ended else State.UNDECIDED
        self._tell(state, not_needed=outcome.not_needed, why=why)
        return outcome

    def _tell(self, state: State, *, not_needed: int = 0, why: str = "") -> None:
        if self._rules.on_change is None:
            return
        in_pilot = state is State.PILOT
        budget = self._models.budget
        self._rules.on_change(
            Change(
                type=self._planned.type,
                state=state,
                done=self._looked_at if in_pilot else self._counted,
                planned=len(self._planned.draw.pilot) if in_pilot else self._planned.most_pairs,
                words={one.arm.name: one.word for one in self._candidates},
                type_usd=self._models.spent_by.get(self._planned.type, Decimal(0)),
                spent_usd=budget.spent_usd,
                cap_usd=budget.cap_usd,
                not_needed=not_needed,
                ceiling=self._ceiling,
                why=why,
            )
        )


def second_run_name(baseline: ModelSpec) -> str:
    """
    The name under which the baseline's second answers are held beside its first.

    >>> second_run_name(ModelSpec("claude-opus-5-5"))
    'claude-opus-5-5@second'
    """
    label = f"{baseline.label}.second" if baseline.label else "second"
    return msgspec.structs.replace(baseline, label=label).name


def _is_in(one: _Candidate, asked: Callable[[], list[_Candidate]]) -> bool:
    return one in asked()


async def _gathered(awaitables: Iterable[Awaitable[_Got]]) -> list[_Got]:
    """All of them; where one fails the others are waited for, since they may be paid."""
    several = list(awaitables)
    if len(several) == 1:
        return [await several[0]]
    got: list[Any] = await asyncio.gather(*several, return_exceptions=True)
    for one in got:
        if isinstance(one, BaseException):
            raise one
    return got
