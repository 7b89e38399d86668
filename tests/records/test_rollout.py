"""Rollouts are stored as JSON and come back as they were."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from suffice.records import Rollout, RolloutBasis, RolloutPlan, RolloutState, Stage, Watch

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_rollout_survives_being_stored() -> None:
    rollout = Rollout(
        type="triage",
        baseline="claude-opus-5-5",
        candidate="claude-haiku-5-5",
        plan=RolloutPlan(name="5/100", stages=(Stage(share=0.05, shadow=1.0),)),
        state=RolloutState.ADVANCING,
        basis=RolloutBasis(run="r-1", verdict="switch"),
        began=NOW,
        stage_began=NOW,
        watch=Watch(levels=(1.5, 1e-300, 1.7e308)),
    )

    assert msgspec.json.decode(msgspec.json.encode(rollout), type=Rollout) == rollout


@pytest.mark.parametrize("shares", [(), (0.5, 0.05)])
def test_a_plan_that_leads_nowhere_is_refused(shares: tuple[float, ...]) -> None:
    stages = tuple(Stage(share=share, shadow=1.0) for share in shares)

    with pytest.raises(ValueError, match="has stages"):
        RolloutPlan(name="odd", stages=stages)
