"""Thinking and effort, which every generation of models spells in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suffice.catalog.capabilities import EFFORT_LEVELS, Capabilities
from suffice.policy.draft import Draft
from suffice.policy.obstacles import forces_a_tool
from suffice.policy.settings import MINIMUM_THINKING_BUDGET, thinking_for

# Budgets and efforts for one another. The provider publishes no such table; these follow the
# budgets its guides use as examples for light, usual and deep thinking.
BUDGET_FOR_EFFORT = {
    "low": 2_048,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 32_768,
}
_OF_THE_ARM = "set by the arm"


def thinks(body: Mapping[str, Any], accepts: Capabilities) -> bool:
    """Whether a model that takes the body as it stands will think."""
    thinking = body.get("thinking")
    if not isinstance(thinking, Mapping):
        return accepts.thinks_by_default
    return thinking.get("type") in {"adaptive", "enabled"}


def think(draft: Draft) -> None:
    """Put ``thinking`` and ``output_config.effort`` into the target's words."""
    if draft.settings.effort is not None:
        draft.replace("output_config.effort", draft.settings.effort, _OF_THE_ARM)
    if draft.settings.thinking is not None:
        thinking = thinking_for(draft.settings.thinking, draft.accepts)
        draft.replace("thinking", thinking, _OF_THE_ARM)
    _translate_mode(draft)
    _exclude(draft)
    _translate_effort(draft)
    _bound_effort_without_thinking(draft)
    _say_what_changes_in_silence(draft)


def _translate_mode(draft: Draft) -> None:
    mode, modes = draft.get("thinking.type"), draft.accepts.thinking
    if mode is None or modes is None or mode in modes:
        return
    reason = f"{draft.name} takes no thinking.type {mode}"
    match mode:
        case "adaptive" if "enabled" in modes:
            _budget_instead(draft, reason)
        case "enabled" if "adaptive" in modes:
            _effort_instead(draft, reason)
        case "between_tools" if "disabled" in modes:
            draft.replace("thinking", {"type": "disabled"}, reason)
        case "disabled" if "between_tools" in modes:
            draft.replace("thinking", {"type": "between_tools"}, reason)
        case "disabled" | "between_tools":
            draft.drop("thinking", f"{draft.name} always thinks")
            if draft.get("output_config.effort") is None and draft.accepts.effort:
                reason = "thinking was off, and cannot be"
                draft.replace("output_config.effort", draft.accepts.effort[0], reason)
        case _:
            draft.drop("thinking", reason)


def _budget_instead(draft: Draft, reason: str) -> None:
    effort = draft.get("output_config.effort") or "high"
    most = (draft.get("max_tokens") or 2 * BUDGET_FOR_EFFORT[effort]) // 2
    budget = min(BUDGET_FOR_EFFORT.get(effort, most), most)
    if budget < MINIMUM_THINKING_BUDGET:
        draft.drop("thinking", f"{reason}, and max_tokens leaves no room for a budget")
    else:
        draft.replace("thinking", {"type": "enabled", "budget_tokens": budget}, reason)


def _effort_instead(draft: Draft, reason: str) -> None:
    budget = draft.get("thinking.budget_tokens") or 0
    rest = {
        key: value
        for key, value in draft.body["thinking"].items()
        if key not in {"type", "budget_tokens"}
    }
    draft.replace("thinking", {"type": "adaptive", **rest}, reason)
    if draft.get("output_config.effort") is None and draft.accepts.effort:
        levels = ("low", "medium", "high")
        effort = next((e for e in levels if budget <= BUDGET_FOR_EFFORT[e]), "high")
        draft.replace("output_config.effort", effort, f"for a budget of {budget:,} tokens")


def _exclude(draft: Draft) -> None:
    if draft.get("thinking.type") != "enabled":
        return
    asked = isinstance(draft.settings.thinking, int)
    for is_so, what in (
        (forces_a_tool(draft.body), "with a forced tool"),
        (draft.history.prefill, "with an assistant prefill"),
    ):
        if is_so and asked:
            draft.refuse(f"cannot think {what}")
        elif is_so:
            draft.drop("thinking", f"{draft.name} cannot think {what}")
            return


def _translate_effort(draft: Draft) -> None:
    effort, levels = draft.get("output_config.effort"), draft.accepts.effort
    if effort is None or levels is None or effort in levels or effort not in EFFORT_LEVELS:
        return
    if not levels:
        draft.drop("output_config.effort", f"{draft.name} has no effort parameter")
        return
    rank = EFFORT_LEVELS.index(effort)
    nearest = [level for level in levels if EFFORT_LEVELS.index(level) <= rank][-1]
    reason = f"{draft.name} has no effort {effort}"
    draft.replace("output_config.effort", nearest, reason, action="clamp")


def _bound_effort_without_thinking(draft: Draft) -> None:
    bound, effort = draft.accepts.thinking_off_up_to, draft.get("output_config.effort")
    if not bound or draft.get("thinking.type") not in {"disabled", "between_tools"}:
        return
    if effort in EFFORT_LEVELS and EFFORT_LEVELS.index(effort) > EFFORT_LEVELS.index(bound):
        reason = f"{draft.name} can be without thinking only up to {bound}"
        draft.replace("output_config.effort", bound, reason, action="clamp")


def _say_what_changes_in_silence(draft: Draft) -> None:
    said = any(field == "thinking" for field, _, _ in draft.changes)
    if said or draft.get("thinking") is not None or draft.thought_before is None:
        return
    now = thinks(draft.body, draft.accepts)
    if now and not draft.thought_before:
        draft.keep("thinking", f"not given: {draft.name} thinks by default, billed as output")
    elif draft.thought_before and not now:
        draft.keep("thinking", f"not given: {draft.name} thinks only when asked")
