"""
Every cell of the capability matrix, both ways: served by the candidate, or kept with a reason.

For each feature a request uses it; it is routed from each model that takes it to each other one,
and what comes out is put before the strict fake. The fake's rules alone judge the whole matrix,
which has thousands of cells; over HTTP it judges each feature between five models.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.catalog.capabilities import capabilities, features
from suffice.policy.routing import route
from suffice.policy.splice import splice
from suffice.policy.table import Policy, TypeRule
from suffice.policy.translation import translate
from suffice.policy.view import view_request
from suffice.records import ModelSpec
from suffice.testing import serve, strict_fake
from suffice.testing.model_rules import model_problems
from suffice.testing.shape import shape_problems
from suffice.testing.tokens import prompt_tokens

MODELS = sorted(
    model
    for model in load_catalog().models
    if model.startswith("claude-") and capabilities(model).known
)
FIVE = (
    "claude-opus-5-5",
    "claude-opus-4-8",
    "claude-sonnet-4-6",
    "claude-haiku-5-5",
    "claude-haiku-4-5",
)
VERSIONS = ("2023-06-01", "2026-10-21")
BETA = "server-side-fallback-2026-07-01"
BETAS = frozenset({BETA})
USER = {"role": "user", "content": "2+2"}
LOOK = {"name": "look", "input_schema": {"type": "object"}}
IMAGE = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
SCHEMA = {"type": "json_schema", "schema": {"type": "object"}}


def turns(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": list(messages)}


def tooled(**tool: Any) -> dict[str, Any]:
    return {"tools": [{"name": "look", **tool}]}


def config(**fields: Any) -> dict[str, Any]:
    return {"output_config": fields}


# Feature of the matrix -> requests that use it, in every way a cell tells apart.
USES: dict[str, list[dict[str, Any]]] = {
    "context_tokens": [turns({"role": "user", "content": "word " * 150_000})],
    "max_output_tokens": [{"max_tokens": n} for n in (4_097, 8_193, 32_001, 64_001, 128_000)],
    "max_images": [turns({"role": "user", "content": [IMAGE] * 101})],
    "thinking": [
        *({"thinking": {"type": mode}} for mode in ("adaptive", "disabled", "between_tools")),
        {"thinking": {"type": "enabled", "budget_tokens": 1_024}, "max_tokens": 3_000},
        {"thinking": {"type": "enabled", "budget_tokens": 1_024}, "max_tokens": 1_025},
    ],
    "thinks_by_default": [{}],
    "thinking_off_up_to": [
        {"thinking": {"type": "disabled"}, **config(effort=effort)}
        for effort in ("high", "xhigh", "max")
    ],
    "effort": [config(effort=effort) for effort in ("low", "medium", "high", "xhigh", "max")],
    "sampling": [
        {"temperature": 0},
        {"top_p": 0.5},
        {"temperature": 0.3, "top_p": 0.9},
        {"top_k": 4},
    ],
    "prefill": [turns(USER, {"role": "assistant", "content": "It is"})],
    "forced_tool_choice": [
        {"tools": [LOOK], "tool_choice": {"type": "any"}},
        {"tools": [LOOK], "tool_choice": {"type": "tool", "name": "look"}},
        {"tools": [LOOK], "tool_choice": {"type": "any"}, "thinking": {"type": "adaptive"}},
    ],
    "structured_outputs": [
        config(format=SCHEMA),
        tooled(input_schema={"type": "object"}, strict=True),
    ],
    "inference_geo": [{"inference_geo": "us"}, {"inference_geo": "global"}],
    "fast_mode": [{"speed": "fast"}],
    "system_messages": [turns(USER, {"role": "system", "content": "Be brief."})],
    "compaction": [
        {"context_management": {"edits": [{"type": "compact_20260112"}]}},
        {"compaction": {"type": "auto"}},
    ],
    "task_budgets": [config(task_budget={"type": "tokens", "total": 20_000})],
    "fallbacks": [{"fallbacks": [{"model": "claude-opus-4-8"}]}],
    "dynamic_web_tools": [
        tooled(type="web_search_20260209"),
        tooled(type="web_fetch_20260209", allowed_callers=["direct"]),
        tooled(type="web_search_20250305"),
    ],
    "programmatic_tools": [
        tooled(input_schema={"type": "object"}, allowed_callers=["code_execution_20250825"])
    ],
    "computer_tools": [
        tooled(type=kind)
        for kind in ("computer_20250124", "computer_20251124", "computer_toolset_20260801")
    ],
    "browser_toolset": [tooled(type="browser_toolset_20260801")],
    "documents_from_assistant": [
        turns(
            USER,
            {"role": "assistant", "content": [{"type": "document", "source": {"type": "text"}}]},
            USER,
        )
    ],
    "citations_from_user": [
        turns(
            {
                "role": "user",
                "content": [{"type": "text", "text": "x", "citations": [{"type": "char"}]}],
            }
        )
    ],
}
# How a model counts and caches: nothing of it can make a request a 400.
HARMLESS = {
    "cache_minimum_tokens",
    "tokenizer",
    "image_edge_px",
    "image_tokens",
    "tool_prompt_tokens",
    "default_effort",
}


# What no translation may quietly lose: somewhere the request must stay.
REFUSED_SOMEWHERE = {
    "context_tokens",
    "max_images",
    "prefill",
    "forced_tool_choice",
    "structured_outputs",
    "inference_geo",
    "system_messages",
    "compaction",
    "dynamic_web_tools",
    "programmatic_tools",
    "computer_tools",
    "browser_toolset",
}


def complaints(request: dict[str, Any], model: str, version: str) -> list[str]:
    """What the fake would answer with a 400."""
    accepts = capabilities(model, version=version)
    tokens = prompt_tokens(request, accepts)
    return [
        *shape_problems(request, betas=BETAS),
        *model_problems(request, accepts, tokens=tokens),
    ]


def cells(
    use: dict[str, Any], models: Sequence[str] = MODELS
) -> Iterator[tuple[bytes, str, str, str]]:
    """The request for each model that takes it, beside each other model, in each version."""
    for version in VERSIONS:
        for source in models:
            request = {"model": source, "max_tokens": 2_000, **turns(USER), **use}
            if complaints(request, source, version):
                continue
            body = json.dumps(request).encode()
            yield from ((body, source, target, version) for target in models if target != source)


def test_every_feature_of_the_matrix_is_put_to_use_or_is_harmless() -> None:
    assert set(features()) == set(USES) | HARMLESS


@pytest.mark.parametrize("feature", USES)
def test_a_routed_request_is_taken_or_stays_with_a_reason(feature: str) -> None:
    served = kept = 0
    for use in USES[feature]:
        # A prompt of this size takes long to count; one model of each kind stands for all.
        models = FIVE if feature == "context_tokens" else MODELS
        for body, source, target, version in cells(use, models):
            rule = TypeRule(baseline=source, candidate=target, share=1.0)
            view = view_request({"x-suffice-type": "t"}, body)
            assert view is not None
            policy = Policy(version=1, types={"t": rule})
            found = route(policy, view, key=b"k", version=version)
            where = f"{source} -> {target} under {version}: {found.reason}"

            if found.arm == "candidate":
                served += 1
                sent = json.loads(splice(body, found.body_edits))
                assert sent["model"] == target, where
                assert complaints(sent, target, version) == [], where
            else:
                kept += 1
                assert found.arm == "baseline", where
                assert len(found.reason) > 5, where
                assert (found.model, bool(found.body_edits)) == (source, False), where
    # A test that never saw a request would prove nothing.
    assert served > 0
    if feature in REFUSED_SOMEWHERE:
        assert kept > 0


def test_the_fake_itself_takes_every_routed_request() -> None:
    # The fake knows no retired model, as the provider.
    with serve(strict_fake()) as url, httpx2.Client(base_url=url) as client:
        answered = 0
        for uses in USES.values():
            for use in uses:
                for body, source, target, version in cells(use, FIVE):
                    rule = TypeRule(baseline=source, candidate=target, share=1.0)
                    view = view_request({"x-suffice-type": "t"}, body)
                    assert view is not None
                    policy = Policy(version=1, types={"t": rule})
                    found = route(policy, view, key=b"k", version=version)
                    headers = {
                        "anthropic-version": version,
                        "anthropic-beta": BETA,
                        "x-api-key": "any",
                    }
                    sent = splice(body, found.body_edits)
                    response = client.post("/v1/messages", content=sent, headers=headers)
                    assert response.status_code == 200, (source, target, response.text)
                    assert response.json()["model"] == found.model
                    answered += 1
    assert answered > 500


def test_what_is_spliced_is_what_was_translated() -> None:
    seen = 0
    for uses in USES.values():
        for use in uses:
            for body, source, target, version in cells(use, FIVE):
                seen += _is_the_translation(body, source, target, version)
    assert seen > 200


def _is_the_translation(body: bytes, source: str, target: str, version: str) -> bool:
    rule = TypeRule(baseline=source, candidate=target, share=1.0)
    view = view_request({"x-suffice-type": "t"}, body)
    assert view is not None
    found = route(Policy(version=1, types={"t": rule}), view, key=b"k", version=version)
    if found.arm != "candidate":
        return False
    translated = translate(
        json.loads(body), target=ModelSpec(target), version=version, source=source
    )
    assert json.loads(splice(body, found.body_edits)) == translated.request
    assert found.changes == translated.changes
    return True


COMBINED = st.lists(
    st.sampled_from([use for uses in USES.values() for use in uses if "messages" not in use]),
    max_size=4,
)
HISTORIES = st.sampled_from(
    [
        turns(USER),
        turns(USER, {"role": "assistant", "content": "It is"}),
        turns(
            USER,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "s"},
                    {"type": "text", "text": "4"},
                ],
            },
            USER,
        ),
        turns(
            USER,
            {
                "role": "assistant",
                "content": [{"type": "redacted_thinking", "data": "x"}],
            },
            USER,
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    uses=COMBINED,
    history=HISTORIES,
    source=st.sampled_from(MODELS),
    target=st.sampled_from(MODELS),
    version=st.sampled_from(VERSIONS),
    indent=st.sampled_from([None, 1]),
)
def test_whatever_is_combined_the_splice_decodes_to_the_translation(
    uses: list[dict[str, Any]],
    history: dict[str, Any],
    source: str,
    target: str,
    version: str,
    indent: int | None,
) -> None:
    request: dict[str, Any] = {"model": source, "max_tokens": 2_000, **history}
    for use in uses:
        request |= use
    body = json.dumps(request, indent=indent).encode()
    view = view_request({"x-suffice-type": "t", "x-suffice-session": "s"}, body)
    assert view is not None
    rule = TypeRule(baseline=source, candidate=target, share=1.0)
    found = route(Policy(version=1, types={"t": rule}), view, key=b"k", version=version)
    # Without a memory the thinking in the history is the candidate's own, and stays.
    own = {**request, "messages": [{"role": "user", "content": "2+2"}]}
    thinks = any("thinking" in str(m.get("content")) for m in request["messages"])
    basis = own if thinks else request

    if found.arm == "candidate":
        translated = translate(basis, target=ModelSpec(target), version=version, source=source)
        assert translated.refused is None
        expected = {**translated.request, "messages": request["messages"]}
        assert json.loads(splice(body, found.body_edits)) == expected
