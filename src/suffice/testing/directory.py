"""Which models the strict fake knows, and how ``/v1/models`` describes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from suffice.catalog import Lifecycle, ModelFacts, load_catalog
from suffice.catalog.capabilities import EFFORT_LEVELS, capabilities

_EPOCH = "1970-01-01T00:00:00Z"


class Directory:
    """
    The models of the catalog on one day, and any further names a test wants.

    Args:
        today: Models retired by then are not found.
        extra: Names beyond the catalog's; nothing is held against them.
    """

    def __init__(self, *, today: date | None, extra: tuple[str, ...] = ()) -> None:
        catalog = load_catalog()
        self.today = today or catalog.dated
        self._extra = frozenset(extra)
        self._facts = {
            name: catalog.models[id_]
            for name, id_ in catalog.aliases.items()
            if name.startswith("claude-")
        }
        self._ids = tuple(catalog.models)

    def serves(self, model: str) -> bool:
        """Whether the model can be called on the day."""
        facts = self._facts.get(model)
        if facts is None:
            return model in self._extra
        return facts.lifecycle(self.today) is not Lifecycle.RETIRED

    def describe(self, model: str, *, version: str) -> dict[str, Any] | None:
        """The API's description of a model; None where there is none."""
        facts = self._facts.get(model)
        if facts is None or not self._is_listed(facts.id):
            return None
        return _model_info(facts, today=self.today, version=version)

    def page(self, query: Mapping[str, str], *, version: str) -> dict[str, Any]:
        """One page of all models, by ``limit``, ``after_id`` and ``before_id``."""
        ids = [model for model in self._ids if self._is_listed(model)]
        limit = max(1, min(1_000, int(query.get("limit") or 20)))
        before = query.get("before_id")
        if before in ids:
            ids = ids[: ids.index(before)]
            chosen, more = ids[-limit:], len(ids) > limit
        else:
            after = query.get("after_id")
            ids = ids[ids.index(after) + 1 :] if after in ids else ids
            chosen, more = ids[:limit], len(ids) > limit
        return {
            "data": [self.describe(model, version=version) for model in chosen],
            "has_more": more,
            "first_id": chosen[0] if chosen else None,
            "last_id": chosen[-1] if chosen else None,
        }

    def _is_listed(self, model: str) -> bool:
        return model.startswith("claude-")


def _model_info(facts: ModelFacts, *, today: date, version: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": facts.id,
        "display_name": facts.id.replace("-", " ").title(),
        "created_at": f"{facts.released}T00:00:00Z" if facts.released else _EPOCH,
        "max_input_tokens": facts.context_tokens,
        "max_tokens": facts.max_output_tokens,
        "lifecycle": facts.lifecycle(today).value,
        "line": facts.line,
        "deprecated_at": None,
        "retires_at": f"{facts.retires}T00:00:00Z" if facts.retires else None,
        "capabilities": _capabilities(facts.id, version=version),
    }


def _capabilities(model: str, *, version: str) -> dict[str, Any]:
    accepts = capabilities(model, version=version)
    modes, efforts = accepts.thinking or frozenset(), accepts.effort or ()

    always, context = True, ("clear_thinking_20251015", "clear_tool_uses_20250919")
    return {
        "batch": _leaf(so=always),
        "citations": _leaf(so=always),
        "code_execution": _leaf(so=accepts.programmatic_tools),
        "image_input": _leaf(so=always),
        "pdf_input": _leaf(so=always),
        "structured_outputs": _leaf(so=accepts.structured_outputs),
        "context_management": {
            "supported": always,
            **{strategy: _leaf(so=always) for strategy in context},
            "compact_20260112": _leaf(so=accepts.compaction),
        },
        "effort": {
            "supported": bool(efforts),
            **{level: _leaf(so=level in efforts) for level in EFFORT_LEVELS},
        },
        "server_tools": {
            "supported": always,
            **{tool: _leaf(so=always) for tool in ("web_search", "code_execution")},
        },
        "thinking": {
            "supported": bool(modes - {"disabled"}),
            "types": {
                mode: _leaf(so=mode in modes)
                for mode in ("adaptive", "enabled", "disabled", "between_tools")
            },
        },
    }


def _leaf(*, so: bool) -> dict[str, bool]:
    return {"supported": so}
