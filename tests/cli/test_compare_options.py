"""What a comparison refuses before anything is read or sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from suffice.cli.compare_options import Options, check, limits_of
from suffice.errors import BadOption


def options(**fields: Any) -> Options:
    given = {"cases": Path("c"), "baseline": "big", "candidates": ("small",), "recorded": True}
    return Options(**{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"candidates": ()}, "at least one --to"),
        ({"candidates": ("big",)}, "baseline and a candidate"),
        ({"candidates": ("a", "a")}, "named twice"),
        ({"recorded": False, "yes": True}, "--budget"),
        ({"recorded": False, "no_save": True}, "paid answers"),
        ({"recorded": False, "scorer": "judge"}, "--judge"),
        ({"judge": "other"}, "calls nobody"),
        ({"outputs": (Path("report.doc"),)}, "ending"),
        ({"outputs": (Path("/no/such/folder/r.html"),)}, "no folder"),
    ],
)
def test_what_cannot_be_carried_out_is_a_usage_error(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BadOption, match=said):
        check(options(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"floor": 0.9, "margin": 3.0},
        {"floor": 0.96, "target": 0.95},
        {"floor": 1.0},
        {"margin": 0.0},
        {"margin": 100.0},
        {"alpha": 0.5},
        {"margin": float("nan")},
        {"floor": float("nan")},
    ],
)
def test_limits_outside_their_range_are_usage_errors(fields: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        limits_of(options(**fields))


def test_points_become_shares_and_a_target_alone_brings_the_usual_floor() -> None:
    assert limits_of(options(margin=3.0)).margin == 0.03
    assert limits_of(options(target=0.97)).floor == 0.90
    assert limits_of(options(floor=0.95)).target == pytest.approx(0.975)


def test_recorded_answers_are_counted_all_and_live_ones_may_stop_early() -> None:
    assert not limits_of(options()).sequential
    assert limits_of(options(recorded=False)).sequential
