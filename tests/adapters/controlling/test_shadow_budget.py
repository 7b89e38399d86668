"""Shadow calls cost so much a day and no more, and go where they find most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.adapters.controlling.arm_windows import Account
from suffice.adapters.controlling.evidence import gather
from suffice.adapters.controlling.shadow_budget import ShadowBudget
from suffice.monitor import wanted
from suffice.monitor.budgeting import pairs_to_see
from suffice.records import ExchangeRecord
from suffice.records.rollout import RolloutState
from suffice.records.rollout_evidence import ShadowPair
from suffice.records.shadow import ShadowDay


def cost(world: Any, number: int, usd: str | None, *, type_: str = "triage", **ago: float) -> None:
    pair = ShadowPair(
        id=f"{type_}{number}",
        at=world.later(hours=1) - timedelta(**ago),
        type=type_,
        session=str(number),
        served_by="candidate",
        probability=1.0,
        score=1.0,
        cost_usd=usd,
    )
    world.store.add_pairs([pair])


def budget(
    world: Any,
    usd: str,
    account: Account | None = None,
    *,
    day: Callable[[datetime], ShadowDay] | None = None,
) -> ShadowBudget:
    standing = ShadowDay(limit_usd=Decimal(usd))
    return ShadowBudget(world.store, account, day=day or (lambda _: standing))


def test_a_days_sum_that_is_used_up_pauses_until_the_next_day(world: Any) -> None:
    kept = world.start()
    today = world.later(hours=1).date()

    def day(at: datetime) -> ShadowDay:
        return ShadowDay(limit_usd=Decimal("1.00"), is_used_up=at.date() == today)

    held = budget(world, "1.00", day=day)

    why = held.look(world.later(hours=1))
    evidence = gather(world.store, kept, account=None, now=world.later(hours=1))
    later = held.look(world.later(days=1))

    assert why == evidence.paused == "the day's $1.00 for shadow calls are used up"
    assert later == ""


def test_a_call_that_costs_more_than_a_day_may_is_said_so(world: Any) -> None:
    world.start()
    standing = ShadowDay(limit_usd=Decimal(1), refused_usd=Decimal("1.45227"), is_used_up=True)

    why = budget(world, "1", day=lambda _: standing).look(world.later(hours=1))

    assert why == "one shadow call may cost $1.4523, more than the day's $1"


def test_dollars_that_come_back_are_no_reason_to_pause(world: Any) -> None:
    world.start()
    held = ShadowDay(
        limit_usd=Decimal(1), held_usd=Decimal(1), calls_held=9, refused_usd=Decimal(1)
    )

    assert budget(world, "1", day=lambda _: held).look(world.later(hours=1)) == ""


def test_where_nobody_can_tell_the_days_sum_nothing_moves_on(world: Any) -> None:
    world.start()

    def day(_at: datetime) -> ShadowDay:
        raise OSError

    assert "cannot be read" in budget(world, "100", day=day).look(world.later(hours=1))


def test_the_shadow_is_held_to_the_types_part_and_never_raised(
    world: Any, account_of: Callable[[Sequence[ExchangeRecord]], Path]
) -> None:
    """
    Two hundred conversations a day of which 5 % are the candidate's, ten cents a pair, 40 cents a
    day: four pairs of ten conversations.
    """  # noqa: D205 - one sentence
    kept = world.start()
    cost(world, 1, "0.10")
    at = world.began.timestamp() + 60
    account = Account.open(
        account_of([ExchangeRecord(ts=at, type="triage", session=str(n)) for n in range(200)])
    )
    assert account is not None
    held = budget(world, "0.40", account)
    held.look(world.later(hours=1))
    account.close()

    shares = held.shape(kept.rollout, wanted(kept.rollout))

    assert (wanted(kept.rollout).shadow, shares.share) == (1.0, 0.05)
    assert shares.shadow == pytest.approx(0.4, abs=0.01)
    assert held.shape(kept.rollout, shares) == shares


def test_a_limit_that_is_taken_back_pauses_and_lessens_nothing_any_more(world: Any) -> None:
    kept = world.start()
    days = [ShadowDay(limit_usd=Decimal(0), is_used_up=True), ShadowDay()]
    held = budget(world, "0", day=lambda _: days.pop(0))

    assert held.look(world.later(hours=1)) != ""
    assert held.look(world.later(hours=2)) == ""
    assert held.shape(kept.rollout, wanted(kept.rollout)) == wanted(kept.rollout)


def test_without_an_account_a_type_keeps_what_its_stage_wants(world: Any) -> None:
    kept = world.start()
    held = budget(world, "0.40")
    held.look(world.later(hours=1))

    assert held.shape(kept.rollout, wanted(kept.rollout)) == wanted(kept.rollout)


def test_what_is_done_is_watched_as_closely_as_a_weeks_promise_takes(
    world: Any, account_of: Callable[[Sequence[ExchangeRecord]], Path]
) -> None:
    """
    Forty conversations a day: 5 % of them would be two pairs a day, and a fall seen in months.
    """
    kept = world.start()
    done = msgspec.structs.replace(
        kept.rollout, state=RolloutState.DONE, stage=2, version=kept.rollout.version + 1
    )
    world.store.save(done, [], after=kept.rollout.version)
    cost(world, 1, "0.01")
    at = world.began.timestamp() + 60
    account = Account.open(
        account_of([ExchangeRecord(ts=at, type="triage", session=str(n), path="/v1/messages")
                    for n in range(40)])
    )  # fmt: skip
    assert account is not None
    held = budget(world, "100", account)
    held.look(world.later(hours=1))
    account.close()

    shares = held.shape(done, wanted(done))

    assert (wanted(done).shadow, wanted(done).share) == (0.05, 1.0)
    assert shares.shadow == pytest.approx(pairs_to_see(done.watch) / 7 / 40, abs=0.01)
