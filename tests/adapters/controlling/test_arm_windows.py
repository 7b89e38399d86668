"""What both arms did, out of a real account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.adapters.controlling.arm_windows import (
    Account,
    Beyond,
)
from suffice.adapters.controlling.evidence import SETTLED, WINDOW, gather
from suffice.policy.routing import IN_SHARE, NOT_IN_SHARE, route
from suffice.policy.table import Policy, TypeRule
from suffice.policy.view import view_request
from suffice.records import ExchangeRecord, Usage
from suffice.records.rollout_evidence import ArmCounts

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
Make = Callable[[Sequence[ExchangeRecord]], Path]


def exchange(
    world: Any, *, arm: str = "candidate", after_s: float = 1.0, **more: Any
) -> ExchangeRecord:
    reason = "in the share of 5 %" if arm == "candidate" else NOT_IN_SHARE
    usual = ExchangeRecord(
        ts=world.began.timestamp() + after_s,
        type="triage",
        requested_model=OPUS,
        served_model=HAIKU if arm == "candidate" else OPUS,
        arm=arm,
        reason=reason,
        status=200,
        complete=True,
        duration_s=1.0,
        usage=Usage(input_tokens=1000, output_tokens=100),
    )
    return msgspec.structs.replace(usual, **more)


@pytest.mark.parametrize(("share", "reason"), [(0.0, NOT_IN_SHARE), (1.0, IN_SHARE)])
def test_the_reasons_are_those_that_routing_gives(share: float, reason: str) -> None:
    rule = TypeRule(baseline=OPUS, candidate=HAIKU, share=share)
    body = b'{"model": "claude-opus-5-5", "max_tokens": 9, "messages": []}'

    view = view_request({"x-suffice-type": "triage"}, body)
    assert view is not None

    found = route(
        Policy(version=1, types={"triage": rule}),
        view,
        key=b"k",
        version="2026-10-21",
    )

    assert found.reason.startswith(reason)


def counted(world: Any, path: Path, **more: Any) -> tuple[ArmCounts, ArmCounts]:
    account = Account.open(path)
    assert account is not None
    try:
        return account.arms(
            "triage",
            world.began,
            world.later(minutes=5),
            beyond=more.get("beyond"),
            ratings=more.get("ratings", {}),
        )
    finally:
        account.close()


def test_a_conversation_with_several_errors_counts_one(world: Any, account_of: Make) -> None:
    path = account_of(
        [
            exchange(world, session="a", status=500),
            exchange(world, session="a", status=529),
            exchange(world, session="a"),
            exchange(world, session="b"),
            exchange(world, session="c", stop_reason="refusal"),
            exchange(world, session="d", retry_count=1),
            exchange(world, arm="baseline", session="e"),
        ]
    )

    baseline, candidate = counted(world, path)

    assert (candidate.seen, candidate.errors) == (4, 3)
    assert (baseline.seen, baseline.errors) == (1, 0)


def test_who_could_not_have_gone_the_other_way_is_not_counted(world: Any, account_of: Make) -> None:
    path = account_of(
        [
            exchange(world, arm="baseline", session="a", reason="offers tools"),
            exchange(world, arm="baseline", session="b", reason="keeps its model"),
            exchange(world, arm="requested", session="c"),
            exchange(world, session="d", type="other"),
            exchange(world, session="e", path="/v1/messages/count_tokens"),
            exchange(world, session="f", after_s=301.0),
            exchange(world, arm="shadow", session="g"),
        ]
    )

    assert counted(world, path) == (ArmCounts(), ArmCounts())


def test_a_request_that_fell_back_is_the_candidates_mishap_and_nobody_elses(
    world: Any, account_of: Make
) -> None:
    failed = exchange(world, session="s1", status=529, answered=False)
    instead = exchange(
        world,
        arm="baseline",
        session="s1",
        after_s=2.0,
        reason="claude-haiku-5-5 answered 529",
        attempt=2,
    )
    baseline, candidate = counted(world, account_of([failed, instead]))
    assert (candidate.seen, candidate.errors) == (1, 1)
    assert baseline == ArmCounts()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
@pytest.mark.parametrize("arm", ["candidate", "baseline"])
def test_what_is_refused_whoever_answers_is_nobodys_mishap(
    world: Any, account_of: Make, arm: str, status: int
) -> None:
    """
    Without a credential nobody brings a rollout back, or hides what is wrong with it.
    """
    stranger = exchange(world, arm=arm, session="s1", status=status, retry_count=1)

    assert counted(world, account_of([stranger])) == (ArmCounts(), ArmCounts())


def test_a_word_on_a_refusal_is_a_word_on_no_model(world: Any, account_of: Make) -> None:
    """
    The provider names its refusals, so anybody has requests to speak of.
    """
    path = account_of([exchange(world, session="s1", status=401, request_id="req_1")])

    assert counted(world, path, ratings={"req_1": False}) == (ArmCounts(), ArmCounts())


@pytest.mark.parametrize(("status", "errors"), [(200, 1), (529, 1), (400, 0)])
def test_a_refusal_is_the_candidates_where_the_other_model_takes_the_request(
    world: Any, account_of: Make, status: int, errors: int
) -> None:
    refused = exchange(world, session="s1", status=400, answered=False)
    instead = exchange(
        world,
        arm="baseline",
        session="s1",
        # The stretch ends in between.
        after_s=301.0,
        status=status,
        reason="claude-haiku-5-5 refused it with 400",
        attempt=2,
    )

    baseline, candidate = counted(world, account_of([refused, instead]))

    assert (candidate.seen, candidate.errors) == (errors, errors)
    assert baseline == ArmCounts()


def test_slow_and_dear_are_beyond_what_the_baseline_usually_is(
    world: Any, account_of: Make
) -> None:
    path = account_of([exchange(world, session="a", duration_s=9.0), exchange(world, session="b")])

    _, candidate = counted(world, path, beyond=Beyond(slow_s=2.0, dear_picousd=1.0))

    assert (candidate.timed, candidate.slow) == (2, 1)
    assert (candidate.priced, candidate.dear) == (2, 2)


def test_a_thumb_down_is_counted_at_the_arm_that_answered(world: Any, account_of: Make) -> None:
    path = account_of(
        [
            exchange(world, session="a", request_id="req_a"),
            exchange(world, arm="baseline", session="b", request_id="req_b"),
        ]
    )

    baseline, candidate = counted(world, path, ratings={"req_a": False, "req_b": True})

    assert (candidate.rated, candidate.disliked) == (1, 1)
    assert (baseline.rated, baseline.disliked) == (1, 0)


def test_each_stretch_is_counted_once_and_none_lies_on_both_sides_of_a_stage(
    world: Any, account_of: Make
) -> None:
    kept = world.start()
    path = account_of([exchange(world, session=str(n), after_s=60.0 * n) for n in range(1, 9)])
    kept = kept._replace(
        rollout=msgspec.structs.replace(kept.rollout, stage_began=world.later(minutes=3))
    )
    account = Account.open(path)
    assert account is not None
    now = world.later(minutes=9)

    found = gather(world.store, kept, account=account, now=now)
    again = gather(world.store, kept, account=account, now=now)
    account.close()

    assert found.windows == again.windows
    assert [(one.seq, one.began, one.ended) for one in found.windows] == [
        (1, world.began, world.later(minutes=3)),
        (2, world.later(minutes=3), now - SETTLED),
    ]
    assert [one.candidate.seen for one in found.windows] == [2, 6]


def test_a_clock_that_was_ahead_leaves_no_arm_uncounted(world: Any, account_of: Make) -> None:
    """
    A stretch once ended next year; what both arms do today is counted from today on.
    """
    kept = world.start()
    account = Account.open(account_of([exchange(world, after_s=60.0 * n) for n in range(1, 20)]))
    assert account is not None
    gather(world.store, kept, account=account, now=world.later(days=365))

    gather(world.store, kept, account=account, now=world.later(minutes=5))
    found = gather(world.store, kept, account=account, now=world.later(minutes=11))
    account.close()

    today = [one for one in found.windows if one.ended < world.later(days=1)]
    assert [one.seq for one in today] == [2, 3]
    assert today[-1].ended - today[-1].began == timedelta(minutes=6)


def test_what_is_too_young_waits(world: Any, account_of: Make) -> None:
    kept = world.start()
    account = Account.open(account_of([exchange(world)]))
    assert account is not None

    soon = gather(world.store, kept, account=account, now=world.began + WINDOW)
    then = gather(world.store, kept, account=account, now=world.began + WINDOW + SETTLED)
    account.close()

    assert (len(soon.windows), len(then.windows)) == (0, 1)


def test_what_is_slow_is_fixed_before_the_rollout_and_from_a_hundred_answers_on(
    world: Any, account_of: Make
) -> None:
    before = [
        exchange(world, arm="requested", after_s=-60.0 - n, duration_s=n / 100) for n in range(100)
    ]
    account = Account.open(account_of(before))
    assert account is not None

    found = account.beyond("triage", world.began)
    fewer = account.beyond("triage", world.began - timedelta(seconds=61))
    account.close()

    assert found is not None
    assert found.slow_s == 0.95
    assert fewer is None


def test_set_and_actual_are_told_apart(world: Any, account_of: Make) -> None:
    path = account_of(
        [
            exchange(world, session="a"),
            exchange(world, arm="baseline", session="b"),
            exchange(world, arm="baseline", session="c", reason="offers tools"),
            exchange(world, arm="requested", session="d", requested_model="claude-sonnet-5-5"),
            exchange(world, arm="shadow", session="e", answered=False),
        ]
    )
    account = Account.open(path)
    assert account is not None

    served = account.served("triage", OPUS, world.began)
    account.close()

    assert served == (3, 1)


def test_without_an_account_nothing_is_known_of_arms(tmp_path: Path) -> None:
    assert Account.open(tmp_path / "none.sqlite") is None
