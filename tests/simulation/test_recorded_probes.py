"""What the probe says of real models' answers: three runs of one model over 974 coding tasks."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from suffice.monitor.probe import Asked, probe
from suffice.records.held_out import Arm, Probe

HAIKU, SONNET = "claude-haiku-4-5", "claude-sonnet-5"
TASKS = 974


@pytest.fixture(scope="module")
def outcomes(recorded_data: Path) -> list[dict[str, float]]:
    """For each task, model and run to whether the answer was right."""
    [path] = recorded_data.glob("mbpp_claude_outcomes*")
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        {f"{one['model']}@{one['run']}": float(one["correct"]) for one in row["runs"]}
        for row in rows
    ]


def probed(outcomes: list[dict[str, float]], *runs: str) -> Probe:
    """The last run held against those before it; likeness is being right, or wrong, alike."""
    tables = []
    for task in outcomes:
        told = np.array([task[run] for run in runs])
        tables.append(1 - np.abs(told[:, None] - told[None, :]))
    return probe(tables, Asked("coding", Arm.BASELINE, HAIKU))


@pytest.mark.parametrize("order", list(itertools.permutations("ABC")))
def test_a_real_model_that_disagrees_with_itself_in_one_task_of_twelve_has_not_changed(
    outcomes: list[dict[str, float]], order: tuple[str, ...]
) -> None:
    """
    Below 95 % with itself at every look: a limit on agreement would cry each time.
    """
    found = probed(outcomes, *(f"{HAIKU}@{run}" for run in order))

    assert found.cases == TASKS
    assert 0.91 < (found.agreement or 0) < 0.93
    assert not found.moved
    assert (found.p_value or 0) > 0.2


@pytest.mark.parametrize(("tasks", "seen"), [(60, False), (200, True), (TASKS, True)])
def test_another_model_under_the_same_name_is_seen_on_two_hundred_tasks(
    outcomes: list[dict[str, float]], tasks: int, seen: bool
) -> None:
    """
    It agrees with the old one in 83 to 86 %, where that agrees with itself in 91 to 95 %.
    """
    found = probed(outcomes[:tasks], f"{HAIKU}@A", f"{HAIKU}@B", f"{SONNET}@B")

    assert found.moved is seen
    assert 0.82 < (found.agreement or 0) < 0.86
