"""Crossings of a falling function."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from suffice.statistics.roots import falling_root, falling_roots


@given(st.floats(0.001, 0.999), st.integers(1, 9))
def test_the_crossing_is_found_from_below(root: float, steepness: int) -> None:
    def falling(x: float) -> float:
        return -math.copysign(abs(x - root) ** (1 / steepness), x - root)

    found = falling_root(falling, 0.0, 1.0)

    assert 0 <= root - found < 1e-11


def test_a_function_that_starts_at_infinity_is_no_obstacle() -> None:
    found = falling_root(lambda x: math.inf if x == 0 else -math.log(x) - 3, 0.0, 1.0)

    assert abs(found - math.exp(-3)) < 1e-11


def test_a_function_that_never_falls_below_zero_crosses_at_the_end() -> None:
    assert falling_root(lambda _: 1.0, 0.2, 0.7) == 0.7


def test_many_crossings_at_once_are_each_within_the_asked_error() -> None:
    roots = np.array([0.1, 0.5, 0.9])

    found = falling_roots(lambda x: roots - x, np.zeros(3), np.ones(3), steps=14)

    assert np.all((roots - found >= 0) & (roots - found <= 2**-14))
