"""Verdicts and comparisons as the other rooms make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from suffice.records import (
    BandPoint,
    Comparison,
    CostDifference,
    Gate,
    GateState,
    Interval,
    Measure,
    ShownCase,
    Spending,
    Verdict,
    Word,
)

MakeVerdict = Callable[..., Verdict]


def make_verdict(**changes: Any) -> Verdict:
    """A Switch on quality: 412 pairs, 9 lost, 6 won."""
    plain: dict[str, Any] = {
        "type": "ticket-triage",
        "baseline": "claude-opus-5-5",
        "candidate": "claude-haiku-4-5",
        "pairs": 412,
        "measure": Measure.QUALITY,
        "estimate": -0.0073,
        "agreement": 0.961,
        "noise_floor": 0.978,
        "noise_floor_pairs": 60,
        "baseline_quality": 0.966,
        "candidate_quality": 0.959,
        "lower": -0.023,
        "upper": 0.008,
        "limit": -0.03,
        "verdict": Word.SWITCH,
        "reason": "as_good",
        "sentence": "The worst plausible drop, 2.3 points over 412 pairs, is inside your limit.",
        "gates": (Gate(name="missing", state=GateState.PASSED, detail="0 of 412 <= 2%"),),
        "lost": 9,
        "won": 6,
        "both": 389,
        "neither": 8,
        "p_value": 0.0004,
        "scorer": "label",
        "cost": CostDifference(
            pairs=412,
            baseline_usd=0.00425,
            candidate_usd=0.00106,
            saving_usd=Interval(0.00319, 0.0031, 0.0033),
            saving_share=0.75,
            latency_s=Interval(-0.81, -0.95, -0.64),
        ),
    }
    return Verdict(**plain | changes)


def make_keep(**changes: Any) -> Verdict:
    """A Keep: 260 pairs, 27 lost."""
    plain: dict[str, Any] = {
        "type": "invoice-extract",
        "pairs": 260,
        "estimate": -0.081,
        "lower": -0.113,
        "upper": -0.049,
        "verdict": Word.KEEP,
        "reason": "worse",
        "sentence": "Worse on 21 more of 260; even the best plausible change is 4.9 points down.",
        "lost": 27,
        "won": 6,
        "both": 210,
        "neither": 17,
        "failed": {"claude-haiku-4-5:cut": 3},
        "missing": {"claude-opus-5-5:transport": 1},
    }
    return make_verdict(**plain | changes)


def make_not_yet(**changes: Any) -> Verdict:
    """A provisional Not yet on agreement: 83 of 88, no dollars."""
    plain: dict[str, Any] = {
        "type": "summarise-call",
        "pairs": 88,
        "measure": Measure.AGREEMENT,
        "estimate": 0.943,
        "agreement": 0.943,
        "noise_floor": None,
        "noise_floor_pairs": None,
        "baseline_quality": None,
        "candidate_quality": None,
        "lower": 0.861,
        "upper": 0.983,
        "limit": 0.9,
        "verdict": Word.NOT_YET,
        "provisional": True,
        "provisional_because": ("0 of 200 human labels",),
        "reason": "too_few",
        "sentence": "83 of 88 agree; less than 86.1% cannot be ruled out. About 64 more.",
        "gates": (Gate(name="judge", state=GateState.WITHHELD, detail="0 labels of 200"),),
        "need_more": 64,
        "lost": 5,
        "won": 0,
        "both": 83,
        "neither": 0,
        "p_value": None,
        "e_value": 1.7,
        "cost": None,
        "cost_note": "no usage was recorded",
        "band": tuple(
            BandPoint(pairs, 0.943, 0.943 - 0.5 / pairs**0.5, min(0.943 + 0.2 / pairs**0.5, 1))
            for pairs in range(8, 89, 8)
        ),
    }
    return make_verdict(**plain | changes)


def make_case(**changes: Any) -> ShownCase:
    """A lost case of the Switch."""
    plain: dict[str, Any] = {
        "type": "ticket-triage",
        "baseline": "claude-opus-5-5",
        "candidate": "claude-haiku-4-5",
        "case_id": "7f3a",
        "outcome": "lost",
        "prompt": "Billing page fails to load, nothing was charged.",
        "reference": '{"category":"bug"}',
        "baseline_text": '{"category":"bug"}',
        "candidate_text": '{"category":"billing"}',
        "reason": "label billing, expected bug",
        "paths": ("category",),
    }
    return ShownCase(**plain | changes)


@pytest.fixture
def verdict() -> MakeVerdict:
    return make_verdict


@pytest.fixture
def keep() -> MakeVerdict:
    return make_keep


@pytest.fixture
def not_yet() -> MakeVerdict:
    return make_not_yet


@pytest.fixture
def case() -> Callable[..., ShownCase]:
    return make_case


@pytest.fixture
def comparison() -> Comparison:
    return Comparison(
        run_id="runs/r1",
        source="cases.jsonl",
        recorded=False,
        created="2026-11-22T09:14:00+00:00",
        seed=7,
        types=(make_verdict(), make_keep(), make_not_yet()),
        shown=(make_case(), make_case(type="invoice-extract", case_id="inv-11")),
        spending=Spending(spent_usd="3.6142", cap_usd="10", calls=428, reused=1052),
        prices_dated="2026-11-21",
    )
