"""A live run asks in the plan's order, stops when decided, and pays for nothing twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.adapters.storage import RunFolder, open_run
from suffice.comparison.live import State
from suffice.comparison.metering import note_attempt
from suffice.comparison.plan import PlanOptions
from suffice.comparison.stored import AnswerKey
from suffice.errors import BudgetReached, MissingAnswers, PriceUnknown, Refused, StorageError
from suffice.records import (
    Answer,
    Case,
    Evidence,
    Failure,
    FailureKind,
    Limits,
    ModelSpec,
    Score,
    Usage,
    Word,
)

Live = Callable[..., Any]
SomeCases = Callable[..., list[Case]]


def said(text: str) -> Answer:
    return Answer(text=text, usage=Usage(input_tokens=100, output_tokens=10))


def same(arm: ModelSpec, case_id: str, before: int) -> Answer:
    return said("yes")


def never(evidence: Evidence, limits: Limits) -> Word | None:
    return None


def small_is_wrong_on(*wrong: str) -> Callable[[ModelSpec, str, int], Answer]:
    return lambda arm, case_id, _before: said(
        "no" if arm.name.startswith("small") and case_id in wrong else "yes"
    )


def test_a_type_stops_as_soon_as_it_is_decided(live: Live) -> None:
    world = live(same)

    outcome = world.run()

    found = outcome.types[0]
    assert found.words == {"small": Word.SWITCH}
    assert (found.counted, found.not_needed) == (40, 260)
    assert len(world.models.asked) <= 2 * (40 + world.concurrency)
    assert world.changes[-1].state is State.DECIDED


def test_the_verdict_does_not_depend_on_which_answer_comes_first(
    live: Live, some_cases: SomeCases, tmp_path: Path
) -> None:
    """Wrong answers that come at once must wait for the slow ones drawn before them."""
    wrong = {f"t{n}" for n in range(0, 300, 29)}
    seen = set()
    for seed, concurrency in [(1, 16), (2, 16), (3, 64), (4, 1)]:
        world = live(
            small_is_wrong_on(*wrong),
            seed=seed,
            concurrency=concurrency,
            folder=tmp_path / f"run{seed}",
        )
        found = world.run().types[0]
        evidence = found.evidence[0]
        seen.add((found.counted, found.words["small"], tuple(evidence.agreement)))

    assert len(seen) == 1


def test_several_candidates_share_the_baselines_answer(live: Live) -> None:
    world = live(same, candidates=("small", "small:effort=low"))

    world.run()

    assert max(Counter(world.models.asked).values()) == 1
    assert sum(arm == "big" for arm, _ in world.models.asked) <= 40 + world.concurrency


def test_a_settled_candidate_is_asked_no_more_while_the_other_goes_on(live: Live) -> None:
    def script(arm: ModelSpec, case_id: str, before: int) -> Answer:
        return said("no" if arm.name == "bad" else "yes")

    world = live(script, candidates=("bad", "small"), concurrency=4)

    found = world.run().types[0]

    assert found.words == {"bad": Word.KEEP, "small": Word.SWITCH}
    assert [len(one.agreement) for one in found.evidence] == [5, 40]
    assert sum(arm == "bad" for arm, _ in world.models.asked) <= 5 + 4


def test_concurrency_is_bounded(live: Live) -> None:
    world = live(same, concurrency=5)

    world.run()

    assert world.models.most_in_flight == 5


def test_the_pilot_is_asked_twice_and_stays_out_of_the_test(live: Live) -> None:
    world = live(same, options=PlanOptions(pilot=30))

    found = world.run().types[0]

    asked = Counter(world.models.asked)
    pilot = {case_id for (arm, case_id), count in asked.items() if count == 2}
    assert len(pilot) == 30
    assert not any(("small", case_id) in asked for case_id in pilot)
    assert found.pilot_agreement == (1.0,) * 30
    assert not found.ceiling


def test_a_baseline_that_disagrees_with_itself_twice_is_asked_twice_per_case(live: Live) -> None:
    def script(arm: ModelSpec, case_id: str, before: int) -> Answer:
        restless = arm.name == "big" and before == 1 and case_id.endswith("7")
        return said("no" if restless else "yes")

    world = live(script, options=PlanOptions(pilot=60))

    found = world.run().types[0]

    assert found.ceiling
    evidence = found.evidence[0]
    assert len(evidence.self_agreement) == len(evidence.agreement) == found.counted
    assert 0 < sum(evidence.self_agreement) < found.counted


def test_answers_in_the_file_are_not_asked_again(live: Live, some_cases: SomeCases) -> None:
    cases = [
        msgspec.structs.replace(case, answers={"big": said("yes")}) for case in some_cases(100)
    ]
    world = live(same, cases=cases)

    outcome = world.run()

    assert {arm for arm, _ in world.models.asked} == {"small"}
    assert outcome.spending.reused >= 40


def test_a_finished_run_resumes_without_a_call_and_says_the_same(live: Live) -> None:
    world = live(small_is_wrong_on("t3", "t5"))
    first = world.run()
    asked = len(world.models.asked)

    again = world.run()

    assert len(world.models.asked) == asked
    assert msgspec.json.encode(again.evidence[0].agreement.tolist()) == msgspec.json.encode(
        first.evidence[0].agreement.tolist()
    )
    assert again.types[0].words == first.types[0].words
    assert again.spending.spent_usd == first.spending.spent_usd


def test_a_gentle_stop_keeps_what_is_in_flight_and_the_resumed_run_ends_the_same(
    live: Live, tmp_path: Path
) -> None:
    whole = live(small_is_wrong_on("t3", "t5"), folder=tmp_path / "whole").run()

    async def interrupted(world: Any) -> Any:
        world.stop = asyncio.Event()
        world.models.on_call = lambda count: world.stop.set() if count == 30 else None
        return await world.go()

    world = live(small_is_wrong_on("t3", "t5"))
    stopped = asyncio.run(interrupted(world))
    assert stopped.stopped == "interrupted"
    assert len(world.models.asked) == 30
    with open_run(world.folder) as run:
        assert run.answered == 30
        assert run.unsettled == 0

    world.stop, world.models.on_call = None, lambda _count: None
    resumed = world.run()

    assert max(Counter(world.models.asked).values()) == 1
    assert list(resumed.evidence[0].agreement) == list(whole.evidence[0].agreement)
    assert resumed.types[0].words == whole.types[0].words


@pytest.mark.parametrize("cap", ["0.0201", "0.05", "0.001"])
def test_a_budget_is_never_exceeded_and_a_larger_one_continues(live: Live, cap: str) -> None:
    world = live(same, cap_usd=Decimal(cap))

    stopped = world.run()

    assert stopped.stopped == "budget"
    assert world.budget.spent_usd <= Decimal(cap)
    assert Decimal(stopped.spending.spent_usd) == world.budget.spent_usd
    with open_run(world.folder) as run:
        assert run.spent_usd == world.budget.spent_usd
        assert run.answered == len(world.models.asked)

    world.cap_usd = Decimal(1)
    assert world.run().types[0].words == {"small": Word.SWITCH}
    assert max(Counter(world.models.asked).values(), default=1) == 1


def test_transport_failures_are_missing_and_spare_cases_stand_in(live: Live) -> None:
    def script(arm: ModelSpec, case_id: str, before: int) -> Answer:
        if arm.name == "small" and case_id == "t9":
            return Answer(failure=Failure(FailureKind.TRANSPORT, "timeout"))
        return said("yes")

    world = live(script, settled=never)

    evidence = world.run().evidence[0]

    assert evidence.missing == {("small", "transport"): 1}
    assert len(evidence.agreement) == 299


def test_a_refused_key_ends_the_run_cleanly(live: Live) -> None:
    def script(arm: ModelSpec, case_id: str, before: int) -> Answer:
        if arm.name == "small":
            raise Refused("401", effect="", next_step="")
        return said("yes")

    world = live(script)

    outcome = world.run()

    assert outcome.stopped == "provider"
    assert isinstance(outcome.error, Refused)
    with open_run(world.folder) as run:
        assert run.answered == sum(arm == "big" for arm, _ in world.models.asked)
        assert run.unsettled == 0


def test_an_unknown_price_stops_before_a_call(live: Live) -> None:
    world = live(same, price=lambda _arm, _usage: None, cap_usd=Decimal(1))

    with pytest.raises(PriceUnknown):
        world.run()

    assert not world.models.asked


def test_a_case_that_is_gone_stops_before_a_call(live: Live, some_cases: SomeCases) -> None:
    world = live(same)
    plan = world.plan()
    world.plan = lambda: plan
    world.cases = world.cases[:10]

    with pytest.raises(MissingAnswers):
        world.run()

    assert not world.models.asked


def test_extra_draws_feed_the_class_gate_alone(live: Live, some_cases: SomeCases) -> None:
    """Every twentieth case is a refund; its gate wants ten of them after the main decision."""
    cases = some_cases(300)
    world = live(
        lambda _arm, case_id, _before: said("refund" if int(case_id[1:]) % 20 == 0 else "other"),
        cases=cases,
        more_rules={
            "wanting": lambda evidence: (
                {"refund": 10 - _seen(evidence)} if _seen(evidence) < 10 else {}
            )
        },
        settled=lambda evidence, _limits: (
            None
            if len(evidence.agreement) < 40
            else Word.SWITCH
            if not evidence.classes or _seen(evidence) >= 10
            else None
        ),
    )

    found = world.run().types[0]

    evidence = found.evidence[0]
    assert found.words == {"small": Word.SWITCH}
    assert len(evidence.agreement) == 40
    assert set(evidence.extra_classes) == {"refund"}
    assert _seen(evidence) == 10


def _seen(evidence: Any) -> int:
    counts = (evidence.classes.get("refund", (0, 0)), evidence.extra_classes.get("refund", (0, 0)))
    return sum(seen for _, seen in counts)


def test_a_judge_is_metered_recorded_and_not_asked_again(live: Live) -> None:
    world = live(same, settled=never, options=PlanOptions(pilot=0))
    world.cases = world.cases[:12]

    class Judge:
        name = "judge"

        def __init__(self) -> None:
            self.models: Any = None

        async def judge(self, answer: Answer, target: Any, *, case: Case) -> Score:
            request = {"max_tokens": 20, "messages": [{"role": "user", "content": answer.text}]}
            verdict = await self.models.answer(ModelSpec("judge"), request, case_id=case.id)
            return Score(value=float(verdict.text == "yes"))

    judge = world.judge = Judge()
    metered = world.metered

    def metered_for_all(run: Any) -> Any:
        judge.models = metered(run)
        return judge.models

    world.metered = metered_for_all
    first, asked = world.run(), len(world.models.asked)
    again = world.run()

    assert list(first.evidence[0].agreement) == [1.0] * 12
    assert asked == 36
    assert len(world.models.asked) == 36
    assert first.spending.spent_usd == again.spending.spent_usd == "0.036"


def test_a_retry_that_may_be_billed_is_booked_at_its_worst_case(live: Live) -> None:
    class Attempt:
        outcome, may_be_billed, usage = "retried", True, None

    def script(arm: ModelSpec, case_id: str, before: int) -> Answer:
        if case_id == "t1" and arm.name == "big":
            note_attempt(Attempt())
        return said("yes")

    world = live(script, settled=never)
    world.cases = world.cases[:3]

    outcome = world.run()

    # Six answers at 0.001, and one lost try at the worst case of 0.0022.
    assert Decimal(outcome.spending.spent_usd) == Decimal("0.0082")
    assert world.budget.reserved_usd == 0
    assert world.budget.overruns == 0


def test_a_retry_finds_no_room_beyond_the_cap(live: Live) -> None:
    class Attempt:
        outcome, may_be_billed, usage = "retried", True, None

    def script(arm: ModelSpec, case_id: str, before: int) -> Answer:
        with pytest.raises(BudgetReached):
            note_attempt(Attempt())
        raise BudgetReached("no room")

    world = live(script, cap_usd=Decimal("0.003"), concurrency=1)

    outcome = world.run()

    assert outcome.stopped == "budget"
    assert len(world.models.asked) == 1
    assert world.budget.spent_usd == Decimal("0.0022")
    assert world.budget.reserved_usd == 0


def test_a_full_disk_ends_the_run_and_sends_nothing_more(live: Live) -> None:
    """The eleventh call finds no room for its answer: it is not sent, the ten are kept."""
    world = live(same, concurrency=1)
    metered = world.metered

    class AlmostFull:
        def __init__(self, run: RunFolder) -> None:
            self.run, self.announced = run, 0

        def announce(self, key: AnswerKey, *, worst_usd: Decimal | None, room_bytes: int) -> None:
            if self.announced == 10:
                raise StorageError("no space left on the device")
            self.announced += 1
            self.run.announce(key, worst_usd=worst_usd, room_bytes=room_bytes)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.run, name)

    world.metered = lambda run: metered(AlmostFull(run))
    outcome = world.run()

    assert outcome.stopped == "storage"
    assert isinstance(outcome.error, StorageError)
    assert len(world.models.asked) == 10
    with open_run(world.folder) as run:
        assert (run.answered, run.unsettled) == (10, 0)


def test_a_broken_scorer_ends_the_run_and_keeps_what_is_in_flight(live: Live) -> None:
    class Broken(Exception):
        pass

    def rule(evidence: Evidence, limits: Limits) -> Word | None:
        raise Broken

    world = live(same, settled=rule)

    with pytest.raises(Broken):
        world.run()

    with open_run(world.folder) as run:
        assert run.answered == len(world.models.asked)
        assert run.unsettled == 0
