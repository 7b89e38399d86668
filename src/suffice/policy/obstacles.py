"""Why a model cannot take a request at all: what no translation may quietly lose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from suffice.catalog.capabilities import Capabilities
from suffice.policy.history import History

_DYNAMIC_SINCE = 20_260_209
_WEB_TOOL = re.compile(r"web_(?:search|fetch)_(\d{8})")


def obstacles(
    request: Mapping[str, Any], history: History, accepts: Capabilities, *, tokens: int | None
) -> Iterator[str]:
    """
    Each reason why the model cannot take the request, as a clause that follows its name.

    Args:
        request: The body, in any version.
        history: What its messages hold.
        accepts: The model and the API version.
        tokens: The prompt's size as the model counts it; None unknown.
    """
    yield from _size(history, accepts, tokens=tokens)
    yield from _turns(history, accepts)
    yield from _fields(request, accepts)
    for tool in request.get("tools") or ():
        if isinstance(tool, Mapping):
            yield from _tool(tool, accepts)


def _size(history: History, accepts: Capabilities, *, tokens: int | None) -> Iterator[str]:
    if tokens is not None and accepts.context_tokens and tokens > accepts.context_tokens:
        yield f"reads at most {accepts.context_tokens:,} tokens, the prompt has {tokens:,}"
    if accepts.max_images and history.images > accepts.max_images:
        yield f"takes at most {accepts.max_images} images, the request has {history.images}"


def _turns(history: History, accepts: Capabilities) -> Iterator[str]:
    if history.prefill and not accepts.prefill:
        yield "takes no assistant prefill"
    if history.system_messages and not accepts.system_messages:
        yield "takes no system turn within the conversation"
    if history.assistant_documents and not accepts.documents_from_assistant:
        yield f"takes no document from the assistant under API version {accepts.version}"
    if history.user_citations and not accepts.citations_from_user:
        yield f"takes no citations from the user under API version {accepts.version}"


def _fields(request: Mapping[str, Any], accepts: Capabilities) -> Iterator[str]:
    if forces_a_tool(request) and not accepts.forced_tool_choice:
        yield "cannot be forced to call a tool"
    if _mapping(request, "output_config").get("format") and not accepts.structured_outputs:
        yield "has no structured outputs"
    if request.get("inference_geo") == "us" and not accepts.inference_geo:
        yield "cannot be kept in the US"
    edits = _mapping(request, "context_management").get("edits") or ()
    compacts = any(str(edit.get("type", "")).startswith("compact") for edit in edits)
    if (compacts or request.get("compaction")) and not accepts.compaction:
        yield "has no compaction"


def _tool(tool: Mapping[str, Any], accepts: Capabilities) -> Iterator[str]:
    kind = str(tool.get("type") or "custom")
    callers = tool.get("allowed_callers")
    web = _WEB_TOOL.fullmatch(kind)
    if (
        web
        and int(web[1]) >= _DYNAMIC_SINCE
        and not accepts.dynamic_web_tools
        and callers != ["direct"]
    ):
        yield f"has no {kind}"
    programmatic = any(str(caller).startswith("code_execution") for caller in callers or ())
    if programmatic and not web and not accepts.programmatic_tools:
        yield "has no programmatic tool calls"
    if kind.startswith("computer_") and accepts.computer_tools is not None:
        if kind not in accepts.computer_tools:
            yield f"has no {kind}, only {', '.join(sorted(accepts.computer_tools))}"
    elif kind.startswith("browser_toolset") and not accepts.browser_toolset:
        yield f"has no {kind}"
    if tool.get("strict") and not accepts.structured_outputs:
        yield "has no strict tools"


def forces_a_tool(request: Mapping[str, Any]) -> bool:
    """Whether the request demands a tool call."""
    return _mapping(request, "tool_choice").get("type") in {"any", "tool"}


def _mapping(request: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = request.get(field)
    return value if isinstance(value, Mapping) else {}
