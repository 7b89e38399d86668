"""
Recorded outcomes of real models, replayed as live traffic through the controller.

The order is drawn by seed, with replacement; the outcomes are as recorded. A pair agrees where
both models were right or both were wrong.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from suffice.decision import decide_all
from suffice.errors import NotProven
from suffice.monitor import Start, basis_of, named_plan, start, step
from suffice.records import (
    Evidence,
    Limits,
    RolloutEvidence,
    RolloutState,
    RolloutStep,
    ShadowPair,
    Verdict,
    Word,
)

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
OPUS, HAIKU = "claude-3-opus-20240229", "claude-3-haiku-20240307"
NEWER_HAIKU, NEWER_SONNET = "claude-3-5-haiku-20241022", "claude-3-5-sonnet-20241022"

Outcomes = list[tuple[bool, bool]]


def recorded(path: Path, baseline: str, candidate: str) -> dict[str, Outcomes]:
    """Task -> whether baseline and candidate were right, case by case."""
    found: dict[str, Outcomes] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            right = row["meta"]["correct"]
            found[row["task"].split("/")[-1]].append((right[baseline], right[candidate]))
    return found


def verdicts(outcomes: dict[str, Outcomes]) -> dict[str, Verdict]:
    evidence = [
        Evidence(
            type=name,
            baseline="big",
            candidate="small",
            cases=len(pairs),
            baseline_quality=[float(big) for big, _ in pairs],
            candidate_quality=[float(small) for _, small in pairs],
        )
        for name, pairs in outcomes.items()
    ]
    limits = Limits(margin=0.03, decisions=len(evidence))
    return {verdict.type: verdict for verdict in decide_all(evidence, limits)}


def replay(begun: RolloutStep, outcomes: Outcomes, *, days: int, seed: int = 1) -> RolloutStep:
    """A hundred pairs a day, in steps of six hours, until rolled back or the days are over."""
    dice, after = random.Random(seed), begun
    for quarter in range(1, 4 * days + 1):
        now = BEGAN + quarter * timedelta(hours=6)
        pairs = tuple(
            ShadowPair(
                id=str(seq),
                seq=seq,
                at=now,
                type=after.rollout.type,
                session=str(seq),
                served_by="candidate",
                probability=1.0,
                score=float(big == small),
            )
            for seq, (big, small) in enumerate(dice.choices(outcomes, k=25), start=25 * quarter)
        )
        after = step(after.rollout, RolloutEvidence(pairs=pairs), now=now)
        if after.rollout.state is RolloutState.ROLLED_BACK:
            break
    return after


def wish_for(verdict: Verdict) -> Start:
    return Start(
        type=verdict.type,
        baseline=OPUS,
        candidate=HAIKU,
        basis=basis_of(verdict, run="recorded"),
        plan=named_plan(),
    )


def outcome(verdict: Verdict, outcomes: Outcomes) -> str:
    """``refused``, or the state after 60 days of replayed traffic."""
    try:
        begun = start(wish_for(verdict), now=BEGAN)
    except NotProven:
        return "refused"
    return replay(begun, outcomes, days=60).rollout.state.value


def test_tool_calls_ramp_or_are_refused_as_their_verdicts_say(recorded_data: Path) -> None:
    """Opus to Haiku, twelve types: one Switch."""
    outcomes = recorded(recorded_data / "bfcl.jsonl.gz", OPUS, HAIKU)
    decided = verdicts(outcomes)

    found = {name: outcome(verdict, outcomes[name]) for name, verdict in decided.items()}

    switched = {name for name, verdict in decided.items() if verdict.verdict is Word.SWITCH}
    assert "simple" in switched
    assert {name for name, state in found.items() if state == "done"} == switched
    assert {state for name, state in found.items() if name not in switched} == {"refused"}


@pytest.mark.parametrize(
    ("baseline", "candidate", "state"),
    [
        (OPUS, NEWER_SONNET, "done"),
        (OPUS, NEWER_HAIKU, "done"),
        (NEWER_SONNET, NEWER_HAIKU, "refused"),
        (OPUS, HAIKU, "refused"),
    ],
)
def test_grade_school_sums_ramp_or_are_refused_as_their_verdicts_say(
    recorded_data: Path, baseline: str, candidate: str, state: str
) -> None:
    outcomes = recorded(recorded_data / "zeroeval_gsm.jsonl.gz", baseline, candidate)
    (verdict,) = verdicts(outcomes).values()

    assert outcome(verdict, outcomes[verdict.type]) == state


@pytest.mark.parametrize(
    ("name", "most_pairs"),
    [("parallel_function", 75), ("relevance", 75), ("parallel_multiple_function", 75)],
)
def test_who_overrules_a_keep_is_taken_back_within_a_day(
    recorded_data: Path, name: str, most_pairs: int
) -> None:
    """Somebody signs; what is held to be fine is 95 % all the same."""
    outcomes = recorded(recorded_data / "bfcl.jsonl.gz", OPUS, HAIKU)
    wish = wish_for(verdicts(outcomes)[name])
    signed = msgspec.structs.replace(wish, by="ann", reason="it looked fine to me")

    after = replay(start(signed, now=BEGAN), outcomes[name], days=60)

    assert after.rollout.state is RolloutState.ROLLED_BACK
    assert after.rollout.watch.pairs <= most_pairs
    assert not after.rollout.requalification.by_itself
