"""Jobs are run by the cheapest model that may do them, and every call is charged."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from suffice.errors import BadOption, SpendLimit, StorageError
from suffice.records import Answer, Failure, FailureKind, ModelSpec, Usage
from suffice.tasks import Attempt, Batch, Runner, Unresolved, classify, using
from suffice.testing import ScriptedModels, answering

SMALL, MIDDLE = "claude-haiku-5-5", "claude-sonnet-5-5"
LABELS = ["billing", "delivery", "other"]
DOLLAR = Decimal(1)


def runner(models: ScriptedModels, **more: Any) -> Runner:
    return Runner(models, ladder=lambda *_: (SMALL, MIDDLE), price=lambda *_: DOLLAR, **more)


def failing(kind: FailureKind, message: str = "so") -> Failure:
    return Failure(kind, message)


def test_the_first_model_that_gives_a_usable_answer_is_the_last_one_asked() -> None:
    models = answering("billing")
    with using(runner(models)):
        outcome = classify.outcome("charged twice", LABELS)
    assert (outcome.value, outcome.model, outcome.usd) == ("billing", SMALL, DOLLAR)
    assert [asked.model for asked in models.asked] == [SMALL]


def test_a_model_is_told_once_what_is_wrong_then_the_next_one_is_asked() -> None:
    models = answering("a complaint", "no idea", "billing")
    with using(runner(models)):
        outcome = classify.outcome("charged twice", LABELS)
    assert outcome.value == "billing"
    assert [(a.model, a.repair) for a in outcome.attempts] == [
        (SMALL, False),
        (SMALL, True),
        (MIDDLE, False),
    ]
    assert outcome.usd == 3 * DOLLAR
    repair = models.asked[1].request["messages"]
    assert [turn["role"] for turn in repair] == ["user", "assistant", "user"]
    assert "'a complaint' is no label." in repair[-1]["content"]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (failing(FailureKind.REFUSAL), "refusal"),
        (failing(FailureKind.CUT), "cut"),
        (failing(FailureKind.TRANSPORT, "529 overloaded_error Overloaded"), "overload"),
        (failing(FailureKind.TRANSPORT, "429 rate_limit_error Slow down"), "overload"),
        (failing(FailureKind.TRANSPORT, "400 invalid_request_error No"), "rejected"),
        (failing(FailureKind.TRANSPORT, "not sent: it takes no such thing"), "rejected"),
        (failing(FailureKind.TRANSPORT, "no whole answer in time (ReadTimeout)"), "overload"),
    ],
)
def test_a_failure_is_a_typed_outcome_once_nobody_is_left_to_ask(
    failure: Failure, reason: str
) -> None:
    models = answering(failure)
    with using(runner(models)):
        outcome = classify.outcome("text", LABELS)
    assert isinstance(outcome.value, Unresolved)
    assert (outcome.value.reason, bool(outcome.value)) == (reason, False)
    assert [asked.model for asked in models.asked] == [SMALL, MIDDLE]


def test_without_escalation_only_the_first_model_is_asked() -> None:
    models = answering(failing(FailureKind.REFUSAL))
    with using(runner(models, escalate=False)):
        assert not classify("text", LABELS)
    assert [asked.model for asked in models.asked] == [SMALL]


def test_a_model_named_in_the_call_is_the_only_one_asked() -> None:
    models = answering("nonsense")
    with using(runner(models)):
        assert not classify("text", LABELS, model="claude-opus-5-5")
    assert {asked.model for asked in models.asked} == {"claude-opus-5-5"}


def test_what_no_price_is_known_of_makes_the_whole_cost_unknown() -> None:
    models = answering("billing")
    with using(Runner(models, ladder=lambda *_: (SMALL,))):
        assert classify.outcome("text", LABELS).usd is None


def test_an_error_the_provider_answers_itself_costs_nothing_and_a_lost_answer_is_not_known() -> (
    None
):
    for message, usd in (("529 overloaded", Decimal(0)), ("no whole answer in time", None)):
        models = answering(failing(FailureKind.TRANSPORT, message))
        with using(runner(models, escalate=False)):
            assert classify.outcome("text", LABELS).usd == usd


def test_a_job_takes_no_longer_than_it_may() -> None:
    class Slow(ScriptedModels):
        @override
        async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:
            await asyncio.sleep(30)
            raise AssertionError

    with using(runner(Slow(lambda *_: "billing"), timeout_s=0.05)):
        outcome = classify.outcome("text", LABELS)
    assert isinstance(outcome.value, Unresolved)
    assert outcome.value.reason == "timeout"


def test_every_call_is_told_to_whoever_traces() -> None:
    told: list[tuple[str, Attempt]] = []
    models = answering("nonsense", "billing")
    with using(runner(models, on_attempt=lambda kind, attempt: told.append((kind, attempt)))):
        classify("text", LABELS)
    assert [attempt.repair for _, attempt in told] == [False, True]
    assert told[0][0].startswith("classify/")


def test_the_blocking_call_works_where_a_loop_is_running() -> None:
    async def notebook() -> object:
        with using(runner(answering("billing"))):
            return classify("text", LABELS), await classify.aio("text", LABELS)

    assert asyncio.run(notebook()) == ("billing", "billing")


def test_two_threads_use_the_runner_each_has_chosen() -> None:
    found: dict[str, object] = {}

    def work(label: str) -> None:
        with using(runner(answering(label))):
            found[label] = classify("text", LABELS)

    threads = [threading.Thread(target=work, args=(label,)) for label in LABELS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {label: label for label in LABELS}


def test_many_are_done_in_order_and_equal_ones_once() -> None:
    def reply(_arm: ModelSpec, request: dict[str, Any]) -> str:
        return "billing" if "card" in request["messages"][0]["content"] else "delivery"

    models = ScriptedModels(reply)
    with using(runner(models)):
        found = classify.map(["my card", "my parcel", "my card"], LABELS)
    assert [outcome.value for outcome in found] == ["billing", "delivery", "billing"]
    assert len(models.asked) == 2


def test_a_batch_begins_nothing_more_once_its_budget_is_spent() -> None:
    models = answering("billing")
    with using(runner(models)):
        batch = Batch(concurrency=1, budget_usd=Decimal(2))
        found = classify.map([f"text {n}" for n in range(5)], LABELS, batch=batch)
    values = [outcome.value for outcome in found]
    assert values[:2] == ["billing", "billing"]
    assert all(isinstance(value, Unresolved) and value.reason == "budget" for value in values[2:])
    assert len(models.asked) == 2


def test_a_batch_with_a_budget_ends_at_a_call_of_unknown_price() -> None:
    models = answering("billing")
    with using(Runner(models, ladder=lambda *_: (SMALL,))):
        batch = Batch(concurrency=1, budget_usd=Decimal(2))
        classify.map(["a", "b", "c"], LABELS, batch=batch)
    assert len(models.asked) == 1


def test_what_was_paid_for_is_not_asked_again(tmp_path: Path) -> None:
    batch = Batch(resume=tmp_path / "paid.jsonl")
    first, again = answering("nonsense", "billing"), answering("delivery")
    with using(runner(first)):
        before = classify.map(["one"], LABELS, batch=batch)
    with using(runner(again)):
        after = classify.map(["one", "two"], LABELS, batch=batch)
    assert [outcome.value for outcome in after] == ["billing", "delivery"]
    assert after[0].value == before[0].value
    assert [attempt.reused for attempt in after[0].attempts] == [True, True]
    assert after[0].usd == 0
    assert len(again.asked) == 1


def test_a_line_torn_by_a_kill_is_dropped_and_any_other_harm_is_told(tmp_path: Path) -> None:
    path = tmp_path / "paid.jsonl"
    with using(runner(answering("billing"))):
        classify.map(["one"], LABELS, batch=Batch(resume=path))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key": "torn')
    again = answering("delivery")
    with using(runner(again)):
        found = classify.map(["one"], LABELS, batch=Batch(resume=path))
        assert found[0].value == "billing"
        path.write_bytes(b"not ours\n" + whole)
        with pytest.raises(StorageError, match="no paid answer"):
            classify.map(["one"], LABELS, batch=Batch(resume=path))
    assert again.asked == []


def test_a_changed_prompt_is_asked_anew(tmp_path: Path) -> None:
    batch = Batch(resume=tmp_path / "paid.jsonl")
    models = answering("billing")
    with using(runner(models)):
        classify.map(["one"], LABELS, batch=batch)
        classify.map(["one"], LABELS, instructions="Money is billing.", batch=batch)
    assert len(models.asked) == 2


def test_the_accounts_own_limit_ends_a_batch_as_itself() -> None:
    class Broke(ScriptedModels):
        @override
        async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:
            raise SpendLimit("The limit is reached.")

    with using(runner(Broke(lambda *_: ""))), pytest.raises(SpendLimit):
        classify.map(["a", "b"], LABELS)


def test_a_batch_that_could_never_begin_is_refused() -> None:
    with pytest.raises(BadOption):
        Batch(concurrency=0)
    with pytest.raises(BadOption):
        Batch(budget_usd=Decimal(0))


def test_usage_of_a_scripted_answer_is_what_the_test_says() -> None:
    usage = Usage(input_tokens=7)
    models = ScriptedModels(lambda *_: "billing", usage=usage)
    with using(runner(models)):
        assert classify.outcome("text", LABELS).attempts[0].usage == usage
