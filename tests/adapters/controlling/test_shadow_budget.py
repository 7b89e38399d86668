"""Shadow calls cost so much a day and no more, and go where they find most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
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
from suffice.records.rollout import RolloutState, ShadowPair


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


def budget(world: Any, usd: str, account: Account | None = None) -> ShadowBudget:
    return ShadowBudget(world.store, account, Decimal(usd))


def test_a_days_sum_that_is_used_up_pauses_until_the_next_day(world: Any) -> None:
    kept = world.start()
    cost(world, 1, "0.60")
    cost(world, 2, "0.40")
    held = budget(world, "1.00")

    why = held.look(world.later(hours=1))
    evidence = gather(world.store, kept, account=None, now=world.later(hours=1))
    later = held.look(world.later(days=1))

    assert why == evidence.paused == "the day's $1.00 for shadow calls are used up"
    assert later == ""


def test_a_clock_that_was_set_back_overspends_nothing(world: Any) -> None:
    world.start()
    held = budget(world, "1.00")
    ahead = held.look(world.later(days=365))
    cost(world, 1, "5")

    assert ahead == ""
    assert held.look(world.later(hours=1)) == "the day's $1.00 for shadow calls are used up"


def test_yesterdays_calls_are_yesterdays_dollars(world: Any) -> None:
    world.start()
    cost(world, 1, "5", days=1)

    assert budget(world, "1.00").look(world.later(hours=1)) == ""


@pytest.mark.parametrize(("most", "paused"), [("0.30", False), ("0.50", True)])
def test_calls_on_their_way_in_batches_count_at_their_worst(
    world: Any, most: str, paused: bool
) -> None:
    world.start()
    held = ShadowBudget(
        world.store, None, Decimal(1), on_their_way=lambda _: {"triage": [Decimal(most)] * 2}
    )

    assert bool(held.look(world.later(hours=1))) is paused


def test_once_answers_have_a_price_calls_on_their_way_count_as_the_dearest(world: Any) -> None:
    world.start()
    cost(world, 1, "0.02")
    held = ShadowBudget(
        world.store, None, Decimal(1), on_their_way=lambda _: {"triage": [Decimal(9)] * 10}
    )

    assert held.look(world.later(hours=1)) == ""


def test_what_was_billed_nothing_says_nothing_of_what_an_answer_costs(world: Any) -> None:
    world.start()
    cost(world, 1, "0")
    held = ShadowBudget(
        world.store, None, Decimal(1), on_their_way=lambda _: {"triage": [Decimal(2)]}
    )

    assert held.look(world.later(hours=1)) != ""


@pytest.mark.parametrize(("usd", "paused"), [("0.10", False), ("0.60", True)])
def test_a_call_of_unknown_price_counts_as_the_dearest_known_one(
    world: Any, usd: str, paused: bool
) -> None:
    world.start()
    cost(world, 1, usd)
    cost(world, 2, None)

    assert bool(budget(world, "1.00").look(world.later(hours=1))) is paused


def test_where_no_price_is_known_nothing_more_is_called(world: Any) -> None:
    world.start()
    cost(world, 1, None)

    assert "is not known" in budget(world, "100").look(world.later(hours=1))


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
