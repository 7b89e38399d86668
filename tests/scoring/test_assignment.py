"""The best pairing of two lists, loaded by whoever needs one."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.scoring import best_pairing


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_no_other_pairing_gains_more(rows: int, columns: int, seed: int) -> None:
    gain = np.random.default_rng(seed).integers(0, 9, (rows, columns)).astype(np.float64)

    chosen = best_pairing(gain)

    tall = gain if rows <= columns else gain.T
    best = max(
        sum(tall[row, column] for row, column in enumerate(order))
        for order in itertools.permutations(range(tall.shape[1]), tall.shape[0])
    )
    assert sum(gain[row, column] for row, column in chosen) == best
    assert len(chosen) == min(rows, columns)


def test_who_scores_labels_waits_for_no_optimizer() -> None:
    """
    It took a quarter of what a monitor needs to start.
    """
    code = (
        "import sys, suffice.scoring.json_scorer, suffice.scoring.tool_scorer;"
        "sys.exit('scipy.optimize' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False)

    assert done.returncode == 0
