"""The shadow that all rollouts together may have for a day's dollars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from suffice.monitor import Demand, command, plan_detection, step, wanted, within_budget
from suffice.monitor.budgeting import pairs_to_see
from suffice.records import Rollout, RolloutEvidence, RolloutState, ShadowPair, Watch

Pairs = Callable[..., tuple[ShadowPair, ...]]
HOUR = timedelta(hours=1)


def demand(rollout: Rollout, sessions: float, usd: str = "0.01") -> Demand:
    return Demand(rollout=rollout, sessions_per_day=sessions, usd_per_pair=Decimal(usd))


@pytest.fixture
def done(rollout: Rollout) -> Rollout:
    return msgspec.structs.replace(rollout, state=RolloutState.DONE, stage=2)


def test_a_stage_gets_what_it_asks_for_where_there_is_money(rollout: Rollout) -> None:
    granted = within_budget([demand(rollout, 2_000)], usd_per_day=Decimal(10))

    assert granted["triage"].shares == wanted(rollout)


def test_no_more_is_granted_than_the_days_dollars(rollout: Rollout, done: Rollout) -> None:
    notes = msgspec.structs.replace(done, type="notes")

    granted = within_budget(
        [demand(rollout, 2_000), demand(notes, 9_000, "0.04")], usd_per_day=Decimal("1.50")
    )

    spent = [each.allotted.usd_per_day for each in granted.values() if each.allotted]
    assert sum(spent, Decimal(0)) <= Decimal("1.50")
    assert granted["triage"].shares.share == 0.05


def test_shadow_wears_off_with_evidence_down_to_a_weeks_promise(done: Rollout) -> None:
    def share(pairs: int) -> float:
        seen = msgspec.structs.replace(done, watch=Watch(pairs=pairs))
        return within_budget([demand(seen, 2_000)], usd_per_day=Decimal(99))["triage"].shares.shadow

    found = [share(pairs) for pairs in (0, 300, 100_000)]

    assert found == pytest.approx([0.05, 0.0209, pairs_to_see(Watch()) / 7 / 1_960], abs=0.0002)


def test_a_small_type_is_watched_more_closely_than_its_stage_says(done: Rollout) -> None:
    granted = within_budget([demand(done, 100)], usd_per_day=Decimal(99))["triage"]

    assert granted.shares.shadow == pytest.approx(pairs_to_see(Watch()) / 7 / 98, abs=0.001)
    assert granted.allotted is not None
    assert granted.allotted.keeps_promise


def test_who_wants_no_shadow_gets_none(rollout: Rollout, pairs: Pairs, now: datetime) -> None:
    gone = command(rollout, "abort", by="ann", reason="", now=now).rollout
    fallen = step(rollout, RolloutEvidence(pairs=pairs([0.0] * 20)), now=now + HOUR).rollout

    for one in (gone, fallen):
        granted = within_budget([demand(one, 2_000)], usd_per_day=Decimal(99))["triage"]
        assert (granted.shares.shadow, granted.allotted) == (0.0, None)


def test_pairs_to_see_a_fall_are_the_types_own_planned_figure() -> None:
    for p_ok, yearly in ((0.95, 9_125.0), (0.9, 36_500.0), (0.8, 182_500.0)):
        planned = plan_detection(
            pairs_per_day=yearly / 365, agreement=p_ok + 0.02, fall_to=p_ok - 0.07, p_ok=p_ok
        )

        assert pairs_to_see(Watch(p_ok=p_ok, pairs_per_year=yearly)) == pytest.approx(
            planned.pairs_to_detect
        )
