"""The plain fields of a request: where it runs, how it samples, how long it may write."""

from __future__ import annotations

import math

from suffice.policy.draft import Draft
from suffice.policy.settings import MINIMUM_THINKING_BUDGET
from suffice.policy.thinking import thinks

DEFAULT_MAX_TOKENS = 4_096
# The launch notes of the new tokenizer: the same text has 1.0 to 1.35 times the tokens.
NEW_TOKENIZER_GROWTH = 1.35
# Room for thinking where the request was written for a model that did not think. The provider
# publishes no figures; ours leave the text its whole max_tokens at each effort.
THINKING_ROOM = {
    "low": 2_000,
    "medium": 8_000,
    "high": 16_000,
    "xhigh": 32_000,
    "max": 64_000,
}
_SAMPLERS = ("temperature", "top_p", "top_k")
_OF_THE_ARM = "set by the arm"


def place(draft: Draft) -> None:
    """Where and how fast it runs, and who else may answer."""
    for field in ("speed", "inference_geo", "service_tier"):
        value = getattr(draft.settings, field)
        if value is not None:
            draft.replace(field, value, _OF_THE_ARM)
    if draft.get("speed") == "fast" and draft.accepts.fast_mode != "yes":
        draft.drop("speed", f"{draft.name} has no fast mode")
    if draft.get("inference_geo") is not None and not draft.accepts.inference_geo:
        draft.drop("inference_geo", f"{draft.name} takes no inference_geo")
    if draft.get("fallbacks") is not None and not draft.accepts.fallbacks:
        draft.drop("fallbacks", f"{draft.name} has no fallbacks")
    if draft.get("output_config.task_budget") is not None and not draft.accepts.task_budgets:
        draft.drop("output_config.task_budget", f"{draft.name} has no task budgets")


def sample(draft: Draft) -> None:
    """Temperature and its kin; `think` has run before, since thinking excludes most of them."""
    for field in _SAMPLERS:
        value = getattr(draft.settings, field)
        if value is not None:
            draft.replace(field, value, _OF_THE_ARM)
    for field, reason in _unfit_samplers(draft):
        draft.drop(field, reason)
    if draft.accepts.known and draft.get("thinking.type") in {"enabled", "adaptive"}:
        _sample_while_thinking(draft)


def size(draft: Draft) -> None:
    """How long the answer may be, with room for thinking that was not there before."""
    wanted = draft.settings.max_tokens
    if wanted is not None:
        draft.replace("max_tokens", wanted, _OF_THE_ARM)
    elif draft.get("max_tokens") is None:
        draft.replace("max_tokens", DEFAULT_MAX_TOKENS, "required, and the request gives none")
        _make_room(draft)
    elif draft.get("max_tokens"):
        _make_room(draft)
    cap = draft.accepts.max_output_tokens
    if cap is not None and draft.get("max_tokens") > cap:
        draft.replace("max_tokens", cap, f"{draft.name} writes at most {cap:,}", action="clamp")
    _fit_budget(draft)


def _make_room(draft: Draft) -> None:
    before = draft.written_for
    tokens: int = draft.get("max_tokens")
    if before is not None and (before.tokenizer, draft.accepts.tokenizer) == ("old", "new"):
        grown = math.ceil(tokens * NEW_TOKENIZER_GROWTH)
        reason = f"{draft.name} counts up to {NEW_TOKENIZER_GROWTH:g} times the tokens"
        draft.replace("max_tokens", grown, reason)
    room = _thinking_room(draft)
    if room:
        reason = f"{room:,} more, since {draft.name} thinks within max_tokens"
        draft.replace("max_tokens", draft.get("max_tokens") + room, reason)


def _thinking_room(draft: Draft) -> int:
    asked = draft.settings.thinking
    if isinstance(asked, int):
        fits = draft.thought_before and asked < draft.get("max_tokens")
        return 0 if fits else asked
    if draft.thought_before is not False or not thinks(draft.body, draft.accepts):
        return 0
    effort = draft.get("output_config.effort") or draft.accepts.default_effort
    return int(draft.get("thinking.budget_tokens") or THINKING_ROOM[effort])


def _fit_budget(draft: Draft) -> None:
    budget, tokens = draft.get("thinking.budget_tokens"), draft.get("max_tokens")
    if budget is None or budget < tokens:
        return
    if tokens > MINIMUM_THINKING_BUDGET:
        reason = "must be below max_tokens"
        draft.replace("thinking.budget_tokens", tokens - 1, reason, action="clamp")
    else:
        draft.drop("thinking", "max_tokens leaves no room for thinking")


def _unfit_samplers(draft: Draft) -> list[tuple[str, str]]:
    given = [field for field in _SAMPLERS if draft.get(field) is not None]
    match draft.accepts.sampling:
        case "none":
            return [(f, f"API version {draft.accepts.version} takes no {f}") for f in given]
        case "defaults":
            set_by_hand = [f for f in given if not _is_default(f, draft.get(f))]
            return [(f, f"{draft.name} takes no {f}") for f in set_by_hand]
        case "one_of_two" if {"temperature", "top_p"} <= set(given):
            return [("top_p", f"{draft.name} takes temperature or top_p, not both")]
        case _:
            return []


def _sample_while_thinking(draft: Draft) -> None:
    least_top_p = 0.95
    if draft.get("temperature") not in {None, 1}:
        draft.drop("temperature", "not with thinking")
    if draft.get("top_k") is not None:
        draft.drop("top_k", "not with thinking")
    if draft.get("top_p") is not None and draft.get("top_p") < least_top_p:
        draft.drop("top_p", "not below 0.95 with thinking")


def _is_default(field: str, value: float) -> bool:
    return field != "top_k" and value == 1
