"""
No swap of models becomes a 400: every way in which one can, over real sockets.

For each feature, each model the fake serves and each API version the request is first put before
the model itself; where that is a 400, the same request is asked of a model that takes it, through a
gateway whose policy moves it to the one that does not. It must be answered at the first attempt:
translated, or by the model it asked for. The fake's journal, not the gateway, says what was sent.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from suffice.catalog.capabilities import cell, features
from suffice.testing import StrictFake, serve, strict_fake

SECTION = "matrix"
MODELS = (
    *("claude-fable-5-2", "claude-fable-5-1", "claude-fable-5"),
    *("claude-mythos-5-2", "claude-mythos-5-1", "claude-mythos-5"),
    *("claude-opus-5-5", "claude-opus-5", "claude-opus-4-8", "claude-opus-4-7"),
    *("claude-opus-4-6", "claude-opus-4-5", "claude-sonnet-5-5", "claude-sonnet-5"),
    *("claude-sonnet-4-6", "claude-sonnet-4-5", "claude-haiku-5-5", "claude-haiku-4-5"),
)
VERSIONS = ("2023-06-01", "2026-10-21")
USER = {"role": "user", "content": "2+2"}
LOOK = {"name": "look", "input_schema": {"type": "object"}}
IMAGE = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
SCHEMA = {"type": "json_schema", "schema": {"type": "object"}}
BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 1_024}, "max_tokens": 3_000}


def said(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": list(messages)}


def tool(**fields: Any) -> dict[str, Any]:
    return {"tools": [{"name": "look", **fields}]}


def config(**fields: Any) -> dict[str, Any]:
    return {"output_config": fields}


# What a request asks for -> the requests that ask for it, in every way a model tells apart.
ROWS: dict[str, list[dict[str, Any]]] = {
    "a prompt beyond the window": [said({"role": "user", "content": "word " * 170_000})],
    "`max_tokens` beyond the cap": [{"max_tokens": 64_001}, {"max_tokens": 128_000}],
    "`thinking: adaptive`": [{"thinking": {"type": "adaptive"}}],
    "`thinking: enabled`": [BUDGET, {**BUDGET, "tools": [LOOK], "tool_choice": {"type": "auto"}}],
    "`thinking: disabled`": [
        {"thinking": {"type": "disabled"}},
        *({"thinking": {"type": "disabled"}, **config(effort=e)} for e in ("high", "xhigh", "max")),
    ],
    "`thinking: between_tools`": [
        {"thinking": {"type": "between_tools"}},
        {"thinking": {"type": "between_tools"}, **config(effort="xhigh")},
        {"thinking": {"type": "between_tools"}, **config(effort="low")},
    ],
    "`effort`": [config(effort=level) for level in ("low", "medium", "high", "xhigh", "max")],
    "`temperature`, `top_p`, `top_k`": [
        *({"temperature": 0}, {"temperature": 1}, {"top_p": 0.5}, {"top_k": 4}),
        {"temperature": 0.3, "top_p": 0.9},
        {**BUDGET, "temperature": 1},
    ],
    "an assistant prefill": [said(USER, {"role": "assistant", "content": "It is"})],
    "a forced tool": [
        {"tools": [LOOK], "tool_choice": {"type": "any"}},
        {"tools": [LOOK], "tool_choice": {"type": "tool", "name": "look"}},
        {"tools": [LOOK], "tool_choice": {"type": "any"}, "thinking": {"type": "adaptive"}},
    ],
    "`inference_geo`": [{"inference_geo": "us"}, {"inference_geo": "global"}],
    "`speed: fast`": [{"speed": "fast"}],
    "a system turn in the conversation": [
        said(USER, {"role": "system", "content": "Be brief."}),
    ],
    "compaction": [
        {"context_management": {"edits": [{"type": "compact_20260112"}]}},
        {"compaction": {"type": "auto"}},
    ],
    "task budgets": [config(task_budget={"type": "tokens", "total": 20_000})],
    "`fallbacks`": [{"fallbacks": [{"model": "claude-opus-4-8"}]}],
    "web tools with dynamic filtering": [
        tool(type="web_search_20260209"),
        tool(type="web_fetch_20260209"),
    ],
    "programmatic tool calls": [
        tool(input_schema={"type": "object"}, allowed_callers=["code_execution_20250825"])
    ],
    "computer use": [
        tool(type=kind)
        for kind in ("computer_20250124", "computer_20251124", "computer_toolset_20260801")
    ],
    "the browser toolset": [tool(type="browser_toolset_20260801")],
    "more than 100 images": [said({"role": "user", "content": [IMAGE] * 101})],
    "several at once": [
        {**config(effort="xhigh"), "inference_geo": "global", "max_tokens": 128_000},
        {**config(effort="low"), "speed": "fast", "thinking": {"type": "adaptive"}},
        {**config(effort="low", format=SCHEMA), "fallbacks": [{"model": "claude-opus-4-8"}]},
        {"temperature": 0.5, "top_k": 9, "tools": [LOOK], "tool_choice": {"type": "any"}},
    ],
}


@dataclass(slots=True)
class Matrix:
    """The fake, the gateway before it, and what each model said to each request itself."""

    fake: StrictFake
    direct: dict[tuple[str, int, str, str], tuple[int, str]]
    ask: Any

    def refused(self, row: str) -> Iterator[tuple[dict[str, Any], str, str, str]]:
        """Requests of a row, with a model that takes it, one on which it is a 400, and a version."""
        for index, request in enumerate(ROWS[row]):
            for version in VERSIONS:
                told = {m: self.direct[row, index, m, version][0] for m in MODELS}
                for source in (model for model in MODELS if told[model] == 200):
                    for target in (model for model in MODELS if told[model] == 400):
                        yield request, source, target, version


def post(
    connection: http.client.HTTPConnection, request: dict[str, Any], version: str, kind: str = ""
) -> tuple[int, Any, dict[str, str]]:
    headers = {
        "anthropic-version": version,
        "anthropic-beta": "server-side-fallback-2026-07-01",
        "x-api-key": "k",
        "content-type": "application/json",
    }
    if kind:
        headers["x-suffice-type"] = kind
    connection.request("POST", "/v1/messages", json.dumps(request), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read()), dict(answer.getheaders())


def whole(request: dict[str, Any], model: str) -> dict[str, Any]:
    return {"model": model, "max_tokens": 2_000, **said(USER), **request}


@pytest.fixture(scope="module")
def matrix(shared_world: Any) -> Iterator[Matrix]:
    """Asks every model itself once, then stands a gateway with a type for every pair before it."""
    fake = strict_fake()
    kinds = {
        f"{source}--{target}": {"baseline": source, "candidate": target, "share": 1.0}
        for source in MODELS
        for target in MODELS
        if source != target
    }
    (shared_world.folder / "policy.json").write_text(json.dumps({"version": 1, "types": kinds}))
    with serve(fake) as url:
        upstream = type("Fake", (), {"url": url})
        gateway = shared_world.gateway(upstream, "--capture", "off")
        straight = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        through = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
        direct = {}
        for row, requests in ROWS.items():
            for index, request in enumerate(requests):
                for model in MODELS:
                    for version in VERSIONS:
                        status, body, _ = post(straight, whole(request, model), version)
                        words = body["error"]["message"] if status != 200 else ""
                        direct[row, index, model, version] = status, words
        yield Matrix(fake, direct, lambda *asked: post(through, *asked))
        straight.close()
        through.close()


@pytest.fixture(scope="module", autouse=True)
def written(table: Any) -> Iterator[None]:
    """What came out goes into the guide, where that is asked for."""
    yield
    table.write(SECTION, ROWS, ["a request asks for", "a 400 on the target", "translated", "kept"])


@pytest.mark.parametrize("row", ROWS)
def test_what_is_a_400_on_the_target_is_served_at_the_first_attempt(
    matrix: Matrix, table: Any, row: str
) -> None:
    translated = kept = 0
    for request, source, target, version in matrix.refused(row):
        before = matrix.fake.journal.seen
        status, answer, headers = matrix.ask(whole(request, source), version, f"{source}--{target}")
        where = f"{row}: {source} -> {target} under {version}: {headers}"

        assert status == 200, (where, answer)
        assert matrix.fake.journal.seen == before + 1, where
        assert matrix.fake.journal.last.status == 200, where
        assert answer["model"] in {source, target}, where
        assert headers["x-suffice-model"] == answer["model"], where
        assert len(headers["x-suffice-reason"]) > 5, where
        translated += answer["model"] == target
        kept += answer["model"] == source
    assert translated + kept > 0
    table.row(SECTION, row, str(translated + kept), str(translated), str(kept))


def test_every_refusal_the_catalog_knows_was_met(matrix: Matrix) -> None:
    """
    Else the matrix would have cells nobody asked for.
    """
    met = {words for status, words in matrix.direct.values() if status == 400}
    unmet = set()
    for model in MODELS:
        for version in VERSIONS:
            for feature in features():
                found = cell(model, feature, version=version)
                assert found is not None
                words = re.sub(r"\\\{\w+\\\}", ".*", re.escape(found.says))
                if found.says and not any(re.fullmatch(words, each) for each in met):
                    unmet.add((feature, found.says))

    # What the version alone forbids, no change of models brings about.
    assert {feature for feature, _ in unmet} <= {"documents_from_assistant", "citations_from_user"}


def test_the_guide_names_every_row_once(table: Any) -> None:
    assert table.is_complete(SECTION, ROWS)
