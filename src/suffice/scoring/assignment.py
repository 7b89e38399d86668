"""The best pairing of two lists; apart, since its library takes longer to load than all else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment


def best_pairing(gain: NDArray[np.float64]) -> list[tuple[int, int]]:
    """
    Rows and columns paired so that what they gain adds up to the most.

    Args:
        gain: Of each row with each column; shape (rows, columns).

    Returns:
        As many pairs as the shorter side has, by their rows.

    Source:
        Hungarian method, `scipy.optimize.linear_sum_assignment`.

    >>> best_pairing(np.array([[1.0, 3.0, 0.0], [3.0, 4.0, 0.0]]))
    [(0, 1), (1, 0)]
    """
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))
