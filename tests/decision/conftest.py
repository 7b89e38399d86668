"""Tiny worlds of pairs, each built in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from suffice.records import Evidence

Build = Callable[..., Evidence]


@pytest.fixture
def agreeing() -> Build:
    """``agreeing(48, 2)``: pairs that agree and pairs that do not, in that order."""

    def build(agreed: int, disagreed: int, **fields: Any) -> Evidence:
        scores = [1.0] * agreed + [0.0] * disagreed
        known = {"type": "triage", "baseline": "big", "candidate": "small", "cases": len(scores)}
        return Evidence(**{**known, "agreement": scores, **fields})

    return build


@pytest.fixture
def graded() -> Build:
    """``graded(lost=34, won=24, both=900, neither=16)``: quality from grades of 0 and 1."""

    def build(
        *, lost: int = 0, won: int = 0, both: int = 0, neither: int = 0, **fields: Any
    ) -> Evidence:
        baseline = [1.0] * lost + [0.0] * won + [1.0] * both + [0.0] * neither
        candidate = [0.0] * lost + [1.0] * won + [1.0] * both + [0.0] * neither
        known = {"type": "triage", "baseline": "big", "candidate": "small", "cases": len(baseline)}
        columns = {"baseline_quality": baseline, "candidate_quality": candidate}
        return Evidence(**{**known, **columns, **fields})

    return build


@pytest.fixture
def two_runs() -> Build:
    """``two_runs((1, 1, 1), (0, 0, 1))``: first, second and own agreement, case by case."""

    def build(*triples: tuple[float, float, float], **fields: Any) -> Evidence:
        first, second, own = (list(column) for column in zip(*triples, strict=True))
        known = {"type": "triage", "baseline": "big@A", "candidate": "small", "cases": len(triples)}
        columns = {
            "agreement": first,
            "first_agreement": first,
            "second_agreement": second,
            "self_agreement": own,
        }
        return Evidence(**{**known, **columns, **fields})

    return build
