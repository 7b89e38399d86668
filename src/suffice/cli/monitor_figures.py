"""The rollouts' figures, left where the gateway's /metrics adds them up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from suffice.adapters.feedback_inbox import KEPT, UNKNOWN, counted
from suffice.cli.rollout_facts import served_lately, share_in_force
from suffice.cli.rollout_world import Places, World
from suffice.gateway.metrics import SUFFIX, Labels, Snapshot, read_snapshot, write_snapshot
from suffice.records.rollout import Rollout, RolloutState
from suffice.statistics.proportions import wilson_interval

_MOST_TYPES = 50
_POINTS = 100
_HEALTH, _ROUND = f"monitor-health{SUFFIX}", "suffice_monitor_round_timestamp_seconds"


def leave_figures(places: Places, world: World, *, now: datetime) -> bool:
    """
    Write share, state and agreement of each rollout, and words on answers, for Prometheus.

    Returns:
        False where there is no gateway's folder, or it cannot be written: figures are no reason
        to stop watching.

    Raises:
        StorageError: The store or the account cannot be read.
    """
    folder = places.data / "metrics"
    if not folder.is_dir():
        return False
    gauges: list[tuple[str, Labels, float]] = []
    for kept in world.store.all()[:_MOST_TYPES]:
        rollout, kind = kept.rollout, ("type", kept.rollout.type)
        gauges += [
            ("suffice_rollout_state", (kind, ("state", state.value)), float(state is rollout.state))
            for state in RolloutState
        ]
        served = served_lately(world, rollout, now=now)
        actual = None if served is None else served.share
        gauges += [
            ("suffice_rollout_weight_ratio", (kind, ("kind", name)), share)
            for name, share in (("set", share_in_force(world, rollout)), ("actual", actual))
            if share is not None
        ]
        gauges += [
            ("suffice_quality_delta_points", (kind, ("bound", bound)), points)
            for bound, points in _points(rollout)
        ]
    counters: list[tuple[str, Labels, float]] = [
        ("suffice_feedback_total", (("result", result),), counted(world.store, name))
        for result, name in (("kept", KEPT), ("no_such_answer", UNKNOWN))
    ]
    return write_snapshot(folder / f"monitor{SUFFIX}", Snapshot(counters=counters, gauges=gauges))


def leave_health(places: Places, *, now: datetime, trouble: str = "") -> bool:
    """
    Write for Prometheus and `suffice gateway status` when the last round was, and how it went.

    Args:
        places: Where the gateway's data lie.
        now: The time.
        trouble: The code of what kept a round from being made; empty where all is well.

    Returns:
        False where there is no gateway's folder, or it cannot be written.
    """
    folder = places.data / "metrics"
    if not folder.is_dir():
        return False
    labels: Labels = (("reason", trouble),) if trouble else ()
    gauges: list[tuple[str, Labels, float]] = [
        (_ROUND, (), now.timestamp()),
        ("suffice_monitor_trouble", labels, float(bool(trouble))),
    ]
    return write_snapshot(folder / _HEALTH, Snapshot(gauges=gauges))


def looked_at(data: Path) -> datetime | None:
    """When a monitor last looked at the rollouts of a gateway's data; None where nobody knows."""
    found = read_snapshot(data / "metrics" / _HEALTH).gauges
    rounds = [value for name, _, value in found if name == _ROUND]
    return datetime.fromtimestamp(max(rounds), UTC) if rounds else None


def _points(rollout: Rollout) -> list[tuple[str, float]]:
    """Points by which the latest pairs agree more often than is fine, with an interval."""
    recent, fine = rollout.watch.recent, rollout.watch.p_ok
    if not recent:
        return []
    mean = sum(recent) / len(recent)
    low, high = wilson_interval(round(sum(recent)), len(recent))
    named = (("lower", low), ("mid", mean), ("upper", high))
    return [(bound, _POINTS * (value - fine)) for bound, value in named]
