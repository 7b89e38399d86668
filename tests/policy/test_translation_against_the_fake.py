"""Whatever is asked of whichever model: what translation lets through, the API takes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.catalog.capabilities import EFFORT_LEVELS, capabilities
from suffice.policy.translation import translate
from suffice.records import ModelSpec
from suffice.testing.model_rules import model_problems
from suffice.testing.shape import shape_problems
from suffice.testing.tokens import prompt_tokens

MODELS = [
    model
    for model in load_catalog().models
    if model.startswith("claude-") and capabilities(model).known
]
TEXT = {"type": "text", "text": "4"}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
USE = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
HISTORIES: list[list[dict[str, Any]]] = [
    [{"role": "user", "content": "2+2"}],
    [{"role": "user", "content": "2+2"}, {"role": "assistant", "content": "It is"}],
    [
        {"role": "user", "content": "2+2"},
        {"role": "assistant", "content": [THOUGHT, TEXT]},
        {"role": "user", "content": "and 3+3"},
    ],
    [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": [THOUGHT, USE]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]},
    ],
    [{"role": "user", "content": "2+2"}, {"role": "system", "content": "Be brief."}],
]
TOOLS: list[list[dict[str, Any]]] = [
    [{"name": "look", "input_schema": {"type": "object"}}],
    [{"name": "look", "input_schema": {"type": "object"}, "strict": True}],
    [
        {"name": "look", "input_schema": {"type": "object"}},
        {"type": "web_search_20260209", "name": "web_search"},
    ],
    [
        {"name": "look", "input_schema": {"type": "object"}},
        {"type": "computer_20251124", "name": "computer"},
    ],
]
REQUESTS = st.fixed_dictionaries(
    {"messages": st.sampled_from(HISTORIES), "tools": st.sampled_from(TOOLS)},
    optional={
        "max_tokens": st.sampled_from([1, 300, 1_024, 5_000, 64_001, 128_000]),
        "thinking": st.sampled_from(
            [
                {"type": "adaptive"},
                {"type": "disabled"},
                {"type": "between_tools"},
                {"type": "enabled", "budget_tokens": 1_024},
                {"type": "enabled", "budget_tokens": 60_000},
            ]
        ),
        "output_config": st.fixed_dictionaries(
            {},
            optional={
                "effort": st.sampled_from(EFFORT_LEVELS),
                "format": st.just({"type": "json_schema", "schema": {"type": "object"}}),
                "task_budget": st.just({"type": "tokens", "total": 20_000}),
            },
        ),
        "tool_choice": st.sampled_from([{"type": "auto"}, {"type": "any"}]),
        "temperature": st.sampled_from([0, 0.5, 1]),
        "top_p": st.sampled_from([0.5, 0.99, 1]),
        "top_k": st.just(40),
        "speed": st.sampled_from(["fast", "standard"]),
        "inference_geo": st.sampled_from(["us", "global"]),
        "fallbacks": st.just([{"model": "claude-opus-4-8"}]),
        "cache_control": st.just({"type": "ephemeral"}),
    },
)


def complaints(request: dict[str, Any], version: str) -> list[str]:
    accepts = capabilities(request["model"], version=version)
    betas = frozenset({"server-side-fallback-2026-07-01"})
    return [
        *shape_problems(request, betas=betas),
        *model_problems(request, accepts, tokens=prompt_tokens(request, accepts)),
    ]


@settings(max_examples=400, deadline=None)
@given(
    request=REQUESTS,
    source=st.sampled_from([None, *MODELS]),
    target=st.sampled_from(MODELS),
    version=st.sampled_from(["2023-06-01", "2026-10-21"]),
)
def test_no_translated_request_is_ever_a_400(
    request: dict[str, Any], source: str | None, target: str, version: str
) -> None:
    translation = translate(request, target=ModelSpec(target), version=version, source=source)
    # Two faults no translation answers for: they are wrong for every model.
    format_and_prefill = request["messages"] is HISTORIES[1] and "format" in request.get(
        "output_config", {}
    )

    if translation.refused is None and not format_and_prefill:
        assert complaints(translation.request, version) == []


@settings(max_examples=200, deadline=None)
@given(request=REQUESTS, target=st.sampled_from(MODELS))
def test_translating_twice_is_translating_once(request: dict[str, Any], target: str) -> None:
    once = translate(
        request, target=ModelSpec(target), version="2026-10-21", source="claude-opus-5"
    )
    twice = translate(once.request, target=ModelSpec(target), version="2026-10-21", source=target)

    assert twice.request == once.request
    assert [change for change in twice.changes if change.action != "keep"] == []
