"""A rollout in a few words: one at its beginning, and pairs that agree or do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from suffice.monitor import Start, named_plan, start
from suffice.records import Rollout, RolloutBasis, ShadowPair

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """When the rollout begins."""
    return NOW


@pytest.fixture
def switch() -> RolloutBasis:
    """A Switch that carries a rollout."""
    return RolloutBasis(run="r-7", verdict="switch", pairs=100, prompt_version="p1")


@pytest.fixture
def rollout(switch: RolloutBasis) -> Rollout:
    """The default plan, begun."""
    wish = Start(
        type="triage",
        baseline="claude-opus-5-5",
        candidate="claude-haiku-5-5",
        basis=switch,
        plan=named_plan(),
    )
    return start(wish, now=NOW).rollout


def made_pairs(
    scores: Iterable[float | None], *, first: int = 1, at: datetime = NOW + timedelta(hours=1)
) -> tuple[ShadowPair, ...]:
    """Pairs in a row, all served at one time."""
    return tuple(
        ShadowPair(
            id=f"p{seq}",
            seq=seq,
            at=at,
            type="triage",
            session=f"s{seq}",
            served_by="candidate",
            probability=0.05,
            score=score,
        )
        for seq, score in enumerate(scores, start=first)
    )


@pytest.fixture
def pairs() -> Callable[..., tuple[ShadowPair, ...]]:
    """`made_pairs`."""
    return made_pairs
