"""Which models the strict fake knows, and how ``/v1/models`` describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from suffice.catalog import Lifecycle, ModelFacts, load_catalog
from suffice.catalog.capabilities import EFFORT_LEVELS, capabilities
from suffice.testing.admission import invalid
from suffice.testing.paging import page

_EPOCH = "1970-01-01T00:00:00Z"
_STAGES = tuple(
    stage.value for stage in (Lifecycle.ACTIVE, Lifecycle.DEPRECATED, Lifecycle.RETIRED)
)


class Directory:
    """
    The models of the catalog on one day, and any further names a test wants.

    Args:
        today: Models retired by then are not found.
        extra: Further names: retired models that answer all the same, and names beyond the
            catalog's, against which nothing is held.
    """

    def __init__(self, *, today: date | None, extra: tuple[str, ...] = ()) -> None:
        catalog = load_catalog()
        self.today = today or catalog.dated
        self._extra = extra
        self._facts = {
            name: catalog.models[id_]
            for name, id_ in catalog.aliases.items()
            if name.startswith("claude-")
        }
        ids = [id_ for id_ in catalog.models if id_.startswith("claude-")]
        self._ids = tuple(sorted(ids, key=lambda id_: self._facts[id_].released or date.min))[::-1]

    def serves(self, model: str) -> bool:
        """Whether the model can be called on the day."""
        if model in self._extra:
            return True
        facts = self._facts.get(model)
        return facts is not None and facts.lifecycle(self.today) is not Lifecycle.RETIRED

    def describe(self, model: str, *, version: str) -> dict[str, Any] | None:
        """The API's description of a model; None where there is none."""
        facts = self._facts.get(model)
        if facts is not None:
            return _model_info(facts, today=self.today, version=version)
        return _stranger(model) if model in self._extra else None

    def page(
        self, query: Mapping[str, str], *, version: str, stages: Sequence[str] = ()
    ) -> dict[str, Any]:
        """
        One page of models, the newest first, by ``limit``, ``after_id`` and ``before_id``.

        Args:
            query: Those three.
            version: The API version.
            stages: The lifecycle stages asked for; retired models come only where asked for.

        Raises:
            Problem: A stage or the limit is wrong.
        """
        for stage in stages:
            if stage not in _STAGES:
                raise invalid(f"lifecycle: Input should be one of {', '.join(_STAGES)}")
        wanted = stages or _STAGES[:2]
        strangers = [model for model in self._extra if model not in self._facts]
        found = {
            model: self.describe(model, version=version) or {} for model in (*self._ids, *strangers)
        }
        listed = [model for model, info in found.items() if info["lifecycle"] in wanted]
        return page(listed, query, describe=found.__getitem__)


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


def _stranger(model: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model,
        "display_name": model,
        "created_at": _EPOCH,
        "max_input_tokens": None,
        "max_tokens": None,
        "lifecycle": Lifecycle.ACTIVE.value,
        "line": None,
        "deprecated_at": None,
        "retires_at": None,
        "capabilities": None,
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
