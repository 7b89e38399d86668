"""Several candidates for one type."""

from __future__ import annotations

from suffice.decision.ladder import ladder_notes, winner
from suffice.records import CostDifference, Interval, Measure, Verdict, Word


def verdict(candidate: str, word: Word, *, saves_usd: float | None, of: str = "t") -> Verdict:
    cost = None
    if saves_usd is not None:
        saving = Interval(saves_usd, saves_usd, saves_usd)
        cost = CostDifference(pairs=9, baseline_usd=1.0, candidate_usd=0.5, saving_usd=saving)
    return Verdict(
        type=of,
        baseline="big",
        candidate=candidate,
        pairs=9,
        measure=Measure.QUALITY,
        estimate=0.0,
        agreement=None,
        noise_floor=None,
        lower=None,
        upper=None,
        limit=-0.03,
        verdict=word,
        reason="",
        cost=cost,
    )


def test_the_lever_that_saves_most_at_the_same_quality_wins_not_the_smallest_model() -> None:
    ladder = [
        verdict("tiny", Word.KEEP, saves_usd=0.9),
        verdict("big:effort=low", Word.SWITCH, saves_usd=0.6),
        verdict("small", Word.SWITCH, saves_usd=0.4),
    ]

    best = winner(ladder)

    assert best is not None
    assert best.candidate == "big:effort=low"
    assert ladder_notes(ladder) == (
        "t: big:effort=low saves most of the 2 that suffice, $600.00 per 1,000 requests.",
    )


def test_what_costs_more_or_has_no_price_never_wins() -> None:
    assert winner([verdict("a", Word.SWITCH, saves_usd=-1.0)]) is None
    assert winner([verdict("a", Word.SWITCH, saves_usd=None)]) is None


def test_one_candidate_alone_needs_no_comparison() -> None:
    assert not ladder_notes([verdict("a", Word.SWITCH, saves_usd=1.0)])
