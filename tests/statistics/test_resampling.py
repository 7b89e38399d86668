"""The interval of a paired mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from suffice.statistics.resampling import bca_interval


def skewed(pairs: int) -> np.typing.NDArray[np.float64]:
    """Dollars saved per answer: a long tail to the right."""
    return np.random.default_rng(pairs).exponential(0.002, pairs) ** 1.2


@pytest.mark.parametrize("pairs", [30, 99, 100, 400])
def test_the_interval_is_that_of_scipys_bootstrap(pairs: int) -> None:
    """Within a twentieth of its width, resampled or expanded."""
    differences = skewed(pairs)
    theirs = bootstrap(
        (differences,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval

    mean, lower, upper = bca_interval(differences, seed=7)

    width = theirs.high - theirs.low
    assert mean == pytest.approx(differences.mean())
    assert lower == pytest.approx(theirs.low, abs=width / 20)
    assert upper == pytest.approx(theirs.high, abs=width / 20)


def test_the_same_seed_gives_the_same_interval() -> None:
    assert bca_interval(skewed(40), seed=3) == bca_interval(skewed(40), seed=3)


@pytest.mark.parametrize("same", [[0.5], [0.5, 0.5, 0.5], [0.0, 0.0]])
def test_what_never_varies_has_no_width(same: list[float]) -> None:
    assert bca_interval(np.array(same), seed=1) == (same[0], same[0], same[0])


@pytest.mark.parametrize("pairs", [60, 200])
def test_it_covers_a_skewed_mean_about_as_often_as_it_says(pairs: int) -> None:
    """500 seeded samples: a normal interval would miss upwards far oftener than downwards."""
    dice = np.random.default_rng(17)
    covered = 0
    for _ in range(500):
        _, lower, upper = bca_interval(dice.exponential(1.0, pairs), seed=1)
        covered += lower <= 1.0 <= upper

    assert 0.90 <= covered / 500 <= 0.98
