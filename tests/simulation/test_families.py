"""Every type exactly on its boundary: how often is any, or what share, switched wrongly."""

from __future__ import annotations

import numpy as np
import pytest

from suffice.decision import decide_all
from suffice.records import Evidence, Limits, Word
from suffice.statistics.betting import DIFFERENCE_BETS, ceiling_bets, log_wealth_many
from suffice.statistics.multiplicity import benjamini_hochberg
from suffice.statistics.tango import non_inferiority_p_value, switch_chance
from suffice.statistics.walk import Rule, course


@pytest.mark.parametrize("types", [1, 5, 20])
def test_live_agreement_on_the_floor_switches_any_of_them_in_at_most_five_percent(
    types: int,
) -> None:
    """Exact, by dynamic programming, with a look after every pair."""
    wrong = course(Rule(alpha=0.05 / types), 0.90, cap=2000).switch

    assert 1 - (1 - wrong) ** types <= 0.05


@pytest.mark.parametrize("types", [5, 20])
@pytest.mark.parametrize("discordant", [0.03, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("cases", [200, 600, 974])
def test_recorded_quality_on_the_margin_switches_any_of_them_in_at_most_five_percent(
    types: int, discordant: float, cases: int
) -> None:
    """Exact, by enumeration."""
    wrong = switch_chance(
        cases, difference=-0.03, discordant=discordant, margin=0.03, alpha=0.05 / types
    )

    assert 1 - (1 - wrong) ** types <= 0.05


def on_the_margin(cases: int, dice: np.random.Generator) -> Evidence:
    """One type whose candidate is worse by exactly three points, one case in ten discordant."""
    lost, won, _ = dice.multinomial(cases, [0.065, 0.035, 0.9]).tolist()
    both = round(0.85 * cases)
    rest = [0.0] * (cases - both - lost - won)
    return Evidence(
        type="t",
        baseline="b",
        candidate="c",
        baseline_quality=[1.0] * lost + [0.0] * won + [1.0] * both + rest,
        candidate_quality=[0.0] * lost + [1.0] * won + [1.0] * both + rest,
    )


@pytest.mark.parametrize(("types", "families"), [(5, 60), (20, 20)])
def test_whole_families_through_the_rule_rarely_hold_a_wrong_switch(
    types: int, families: int
) -> None:
    """The same through `decide_all`: within three standard errors of 5 %."""
    dice = np.random.default_rng(types)
    wrong = sum(
        any(
            verdict.verdict is Word.SWITCH
            for verdict in decide_all([on_the_margin(300, dice) for _ in range(types)], Limits())
        )
        for _ in range(families)
    )

    assert wrong / families <= 0.05 + 3 * (0.05 * 0.95 / families) ** 0.5


def false_discovery_rate(families: int, *, good: int, bad: int) -> float:
    """Mean share of wrong ones among the selected; good types lose and win 5 % each."""
    dice = np.random.default_rng(31)
    shares = []
    for _ in range(families):
        counts = [
            *dice.multinomial(400, [0.065, 0.035, 0.9], size=bad),
            *dice.multinomial(400, [0.02, 0.02, 0.96], size=good),
        ]
        p_values = [
            non_inferiority_p_value(int(lost), int(won), 400, margin=0.03)
            for lost, won, _ in counts
        ]
        size = len(counts)
        fallen = benjamini_hochberg(p_values, alpha=0.05, decisions=size)
        level = fallen * 0.05 / size
        shares.append(sum(p <= level for p in p_values[:bad]) / max(fallen, 1))
    return float(np.mean(shares))


@pytest.mark.parametrize(("good", "bad"), [(0, 57), (20, 37), (45, 12)])
def test_beyond_twenty_the_share_of_wrong_switches_stays_below_five_percent(
    good: int, bad: int
) -> None:
    assert false_discovery_rate(150, good=good, bad=bad) <= 0.05 + 0.054


@pytest.mark.large
@pytest.mark.parametrize(("good", "bad"), [(0, 57), (20, 37), (45, 12)])
def test_at_full_size_the_false_discovery_rate_is_below_five_percent(good: int, bad: int) -> None:
    assert false_discovery_rate(4000, good=good, bad=bad) <= 0.05 + 0.0105


def first_switches(
    draws: np.typing.NDArray[np.float64], *, null: float, ceiling: bool
) -> np.typing.NDArray[np.float64]:
    """Per stream the first pair at which wealth reaches 20; infinity if none does."""
    bets = ceiling_bets(null) if ceiling else DIFFERENCE_BETS
    distinct, codes = np.unique(draws, return_inverse=True)
    seen = np.stack([(codes == k).cumsum(axis=1) for k in range(len(distinct))], axis=-1)
    pairs = draws.shape[1]
    found = np.full(len(draws), np.inf)
    for i, counts in enumerate(seen.astype(np.float64)):
        wealth = log_wealth_many(distinct, counts, null=np.full(pairs, null), bets=bets)
        if (wealth >= np.log(20)).any():
            found[i] = (wealth >= np.log(20)).argmax() + 1
    return found


def clones(own: float, runs: int, *, worse: float = 0.0) -> np.typing.NDArray[np.float64]:
    """Excess agreement of a candidate with a baseline that agrees with itself in ``own``."""
    dice = np.random.default_rng(41)
    off = (1 - (2 * own - 1) ** 0.5) / 2
    candidate_off = off + worse / (1 - 2 * off)
    first, second = dice.random((2, runs, 1500)) < off
    candidate = dice.random((runs, 1500)) < candidate_off
    agreement = ((candidate == first) * 1.0 + (candidate == second)) / 2
    return np.asarray(agreement - (first == second), dtype=np.float64)


@pytest.mark.parametrize(("own", "triples"), [(0.913, 220), (0.944, 167), (0.97, 128)])
def test_a_clone_switches_against_the_ceiling_after_a_few_hundred_triples(
    own: float, triples: int
) -> None:
    """To a tenth, where a case has two possible answers; it depends a little on how they stray."""
    found = first_switches((clones(own, 600) + 1) / 1.5, null=0.95 / 1.5, ceiling=True)

    assert found.mean() == pytest.approx(triples, rel=0.1)


def test_a_candidate_on_the_ceilings_limit_rarely_switches() -> None:
    excess = clones(0.944, 300, worse=0.05)

    found = first_switches((excess + 1) / 1.5, null=0.95 / 1.5, ceiling=True)

    assert np.isfinite(found).mean() <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


def test_a_live_difference_on_the_margin_rarely_switches() -> None:
    draws = np.random.default_rng(43).choice([-1.0, 0.0, 1.0], (300, 800), p=[0.065, 0.9, 0.035])

    found = first_switches((draws + 1) / 2, null=0.97 / 2, ceiling=False)

    assert np.isfinite(found).mean() <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5
