"""What a model refuses of a well-formed request, in the provider's words where they are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from suffice.catalog.capabilities import EFFORT_LEVELS, Capabilities, cell
from suffice.policy.history import History, read_history
from suffice.policy.obstacles import forces_a_tool
from suffice.policy.settings import MINIMUM_THINKING_BUDGET
from suffice.policy.thinking import thinks

_DYNAMIC_SINCE = 20_260_209
_WEB_TOOL = re.compile(r"web_(?:search|fetch)_(\d{8})")
_MODES = ("adaptive", "enabled", "disabled", "between_tools")


def model_problems(body: Mapping[str, Any], accepts: Capabilities, *, tokens: int) -> Iterator[str]:
    """
    Each thing the model refuses, as the message of a 400.

    Args:
        body: A request whose shape is right.
        accepts: The model and the API version.
        tokens: The prompt's size.
    """
    history = read_history(body["messages"])
    yield from _size(body, history, accepts, tokens=tokens)
    yield from _thinking(body, accepts)
    yield from _budget(body, accepts)
    yield from _effort(body, accepts)
    yield from _sampling(body, accepts)
    yield from _turns(body, history, accepts)
    yield from _fields(body, accepts)
    for index, tool in enumerate(body.get("tools") or ()):
        yield from _tool(index, tool, accepts)


def _size(
    body: Mapping[str, Any], history: History, accepts: Capabilities, *, tokens: int
) -> Iterator[str]:
    cap, window, images = accepts.max_output_tokens, accepts.context_tokens, accepts.max_images
    wanted = body.get("max_tokens", 0)
    if cap is not None and wanted > cap:
        yield (
            f"max_tokens: {wanted} > {cap}, which is the maximum allowed number of output tokens "
            f"for {accepts.model}"
        )
    if window is not None and tokens > window:
        yield _says(accepts, "context_tokens", have=tokens, limit=window)
    if images is not None and history.images > images:
        yield _says(accepts, "max_images", have=history.images, limit=images)


def _thinking(body: Mapping[str, Any], accepts: Capabilities) -> Iterator[str]:
    mode = (body.get("thinking") or {}).get("type")
    if "thinking" not in body or accepts.thinking is None:
        return
    if mode not in _MODES:
        yield f"thinking.type: Input should be one of {', '.join(_MODES)}"
    elif mode not in accepts.thinking:
        yield _says(accepts, "thinking", mode=mode)
    bound = accepts.thinking_off_up_to
    effort = (body.get("output_config") or {}).get("effort")
    is_off = mode in {"disabled", "between_tools"} and effort in EFFORT_LEVELS
    if bound and is_off and EFFORT_LEVELS.index(effort) > EFFORT_LEVELS.index(bound):
        yield _says(accepts, "thinking_off_up_to", mode=mode, effort=effort)


def _budget(body: Mapping[str, Any], accepts: Capabilities) -> Iterator[str]:
    thinking = body.get("thinking") or {}
    if thinking.get("type") != "enabled" or not accepts.known:
        return
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int):
        yield "thinking.enabled.budget_tokens: Field required"
        return
    if budget < MINIMUM_THINKING_BUDGET:
        yield (
            "thinking.enabled.budget_tokens: Input should be greater than or equal to "
            f"{MINIMUM_THINKING_BUDGET}"
        )
    if "max_tokens" in body and budget >= body["max_tokens"]:
        yield "`max_tokens` must be greater than `thinking.budget_tokens`."
    if forces_a_tool(body):
        yield "Thinking may not be enabled when tool_choice forces tool use."


def _effort(body: Mapping[str, Any], accepts: Capabilities) -> Iterator[str]:
    effort = (body.get("output_config") or {}).get("effort")
    if effort is None or accepts.effort is None or effort in accepts.effort:
        return
    known = effort in EFFORT_LEVELS
    text = _says(accepts, "effort", effort=effort) if known or not accepts.effort else ""
    yield text or f"output_config.effort: Input should be one of {', '.join(EFFORT_LEVELS)}"


def _sampling(body: Mapping[str, Any], accepts: Capabilities) -> Iterator[str]:
    given = [field for field in ("temperature", "top_p", "top_k") if field in body]
    for field in given:
        default = field != "top_k" and body[field] == 1
        if accepts.sampling == "none" or (accepts.sampling == "defaults" and not default):
            yield _says(accepts, "sampling", field=field)
    if accepts.sampling == "one_of_two" and {"temperature", "top_p"} <= set(given):
        yield _says(accepts, "sampling", field="top_p")
    if not accepts.known or "thinking" not in body or not thinks(body, accepts):
        return
    if body.get("temperature", 1) != 1:
        yield "`temperature` may only be set to 1 when thinking is enabled."
    if "top_k" in given:
        yield "`top_k` must be unset when thinking is enabled."
    if body.get("top_p", 1) < 0.95:  # noqa: PLR2004 - the provider's own figure
        yield "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled."


def _turns(body: Mapping[str, Any], history: History, accepts: Capabilities) -> Iterator[str]:
    config = body.get("output_config") or {}
    if history.prefill and not accepts.prefill:
        yield _says(accepts, "prefill")
    elif history.prefill and config.get("format"):
        yield "When using output format, pre-filling the `assistant` response is not supported."
    elif history.prefill and (body.get("thinking") or {}).get("type") == "enabled":
        yield "When `thinking` is enabled, a final `assistant` message must start with thinking."
    if history.system_messages and not accepts.system_messages:
        yield _says(accepts, "system_messages")
    if history.assistant_documents and not accepts.documents_from_assistant:
        yield _says(accepts, "documents_from_assistant", index="*")
    if history.user_citations and not accepts.citations_from_user:
        yield _says(accepts, "citations_from_user", index="*")


def _fields(body: Mapping[str, Any], accepts: Capabilities) -> Iterator[str]:
    config = body.get("output_config") or {}
    edits = (body.get("context_management") or {}).get("edits") or ()
    compacts = any(str(edit.get("type", "")).startswith("compact") for edit in edits)
    refused = {
        "forced_tool_choice": forces_a_tool(body),
        "structured_outputs": bool(config.get("format")),
        "inference_geo": body.get("inference_geo") is not None,
        "compaction": compacts or bool(body.get("compaction")),
        "task_budgets": config.get("task_budget") is not None,
        "fallbacks": bool(body.get("fallbacks")),
    }
    for feature, used in refused.items():
        if used and not getattr(accepts, feature):
            yield _says(accepts, feature)
    if body.get("speed") == "fast" and accepts.fast_mode == "no":
        yield _says(accepts, "fast_mode")


def _tool(index: int, tool: Mapping[str, Any], accepts: Capabilities) -> Iterator[str]:
    kind, callers = str(tool.get("type") or "custom"), tool.get("allowed_callers")
    web = _WEB_TOOL.fullmatch(kind)
    if web:
        dynamic = int(web[1]) >= _DYNAMIC_SINCE and callers != ["direct"]
        if dynamic and not accepts.dynamic_web_tools:
            yield _says(accepts, "dynamic_web_tools", index=index, tool=kind)
    elif not accepts.programmatic_tools and any(
        str(caller).startswith("code_execution") for caller in callers or ()
    ):
        yield _says(accepts, "programmatic_tools", index=index)
    computers = accepts.computer_tools
    if kind.startswith("computer_") and computers is not None and kind not in computers:
        yield _says(accepts, "computer_tools", index=index, tool=kind)
    if kind.startswith("browser_toolset") and not accepts.browser_toolset:
        yield _says(accepts, "browser_toolset", index=index, tool=kind)
    if tool.get("strict") and not accepts.structured_outputs:
        yield f"tools.{index}.strict: strict tools are not supported on this model"


def _says(accepts: Capabilities, feature: str, **filled: Any) -> str:
    found = cell(accepts.model, feature, version=accepts.version)
    text = (found.says if found else "") or f"{feature}: not supported on this model"
    return text.format_map({"model": accepts.model, **filled})
