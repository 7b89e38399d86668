"""A rollout before real processes: the candidate falls, and is taken back before it does harm."""

from __future__ import annotations

import json
import subprocess
import sys


def test_a_fall_in_the_second_stage_is_taken_back_and_no_caller_sees_an_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "suffice", "demo", "--live", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rolled_back"] is True
    assert found["caller_errors"] == 0
    # About 63 pairs on average, and 16 bad answers a pair's worth of a hundred.
    assert 15 <= found["pairs_to_alarm"] <= 160
    assert found["bad_answers_served"] < 150
    assert found["seconds_to_all_workers"] < 2
    assert [event["kind"] for event in found["events"]] == ["started", "advanced", "rolled_back"]
    assert found["by_model"]["claude-opus-5-5"] > found["by_model"]["claude-haiku-5-5"]
