"""Which events of a rollout people are told of, how gravely, and in which words."""

from __future__ import annotations

from suffice.records.alert import Alert, Level
from suffice.records.rollout import RolloutEvent
from suffice.reports.next_step import shell_word
from suffice.reports.untrusted import one_line
from suffice.reports.words import evidence

_KINDS: dict[str, tuple[str, Level, bool]] = {
    "started": ("rollout.started", "message", True),
    "advanced": ("rollout.advanced", "message", False),
    "promoted": ("rollout.advanced", "message", False),
    "held": ("rollout.held", "message", False),
    "rolled_back": ("rollout.rolled_back", "message", False),
    "aborted": ("rollout.rolled_back", "message", False),
    "requalified": ("rollout.requalified", "message", True),
    "undone": ("rollout.undone", "message", True),
    "done": ("rollout.completed", "message", True),
    "degraded": ("rollout.degraded", "message", False),
    "recovered": ("rollout.recovered", "message", True),
    "paused": ("rollout.paused", "message", False),
    "resumed": ("rollout.resumed", "message", True),
    "mix_changed": ("drift.detected", "message", False),
    "baseline_moved": ("drift.detected", "message", False),
    "candidate_moved": ("drift.detected", "message", False),
    "released": ("rollout.released", "message", True),
    "recheck_failed": ("recheck.failed", "message", False),
    # The controller's own: traffic stays where nobody may want it any more, so somebody is woken.
    "not_carried_out": ("rollout.rollback_failed", "page", False),
    "carried_out_again": ("rollout.carried_out", "page", True),
}
_WHO_CAN_WAIT = "rollout.not_carried_out"


def alert_of(event: RolloutEvent, *, event_id: int, number: int) -> Alert | None:
    """
    What people are told of an event; None where it is not for them.

    Args:
        event: What happened.
        event_id: Its place in the store: the alert's id is made from it, so that telling it twice
            is telling the same.
        number: Of its type's rollouts, the how-manieth; troubles of one share a key.
    """
    found = _KINDS.get(event.kind)
    if found is None:
        return None
    kind, level, resolves = found
    key = f"suffice:{event.type}:{number}"
    if event.kind in {"not_carried_out", "carried_out_again"}:
        key += ":carrying-out"
        if event.kind == "not_carried_out" and event.value:
            # What cannot be carried out gives requests to the candidate: the way back is open.
            kind, level = _WHO_CAN_WAIT, "message"
    return Alert(
        id=f"suffice-evt-{event_id}-{event.at:%Y%m%d%H%M%S}",
        at=event.at,
        kind=kind,
        level=level,
        sentence=one_line(f"{event.type}: {event.sentence}"),
        next_step=_next_step(event),
        about=event.type,
        dedup_key=key,
        resolves=resolves,
        facts=_facts(event),
    )


def _next_step(event: RolloutEvent) -> str:
    name = shell_word(event.type)
    match event.kind:
        case "not_carried_out" if not event.value:
            return f"Take it back by hand: suffice policy set {name} --share 0"
        case "rolled_back" | "aborted" | "degraded" | "not_carried_out":
            return f"suffice rollout status {name}"
        case _:
            return ""


def _facts(event: RolloutEvent) -> dict[str, str]:
    facts = {"state": event.state.value.replace("_", " ")}
    if event.value is not None and event.limit is not None:
        facts["evidence"] = f"{evidence(event.value)} {event.operator} {evidence(event.limit)}"
    if event.by:
        facts["by"] = one_line(event.by)
    if event.reason:
        facts["reason"] = one_line(event.reason)
    if event.policy_version:
        facts["policy"] = str(event.policy_version)
    return facts
