"""A tool that exists, with arguments that fit its schema; or none, and why."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from suffice.catalog.capabilities import capabilities
from suffice.errors import BadOption
from suffice.policy.translation import translate
from suffice.records import Answer, parse_model_spec
from suffice.tasks import Runner, ToolChoice, Unresolved, choose_tool, using
from suffice.testing import ScriptedModels, answering

SMALL, LARGE = "claude-haiku-5-5", "claude-opus-5-5"
WEATHER = {
    "name": "weather",
    "description": "The weather of a town.",
    "input_schema": {
        "type": "object",
        "properties": {"town": {"type": "string"}, "days": {"type": "integer", "maximum": 7}},
        "required": ["town"],
        "additionalProperties": False,
    },
}
CLOCK = {"name": "clock", "description": "The time."}


def call(name: str, given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": given}


def said(*blocks: dict[str, Any], text: str = "") -> Answer:
    return Answer(text=text, blocks=blocks)


def ask(answer: Answer, **more: Any) -> tuple[Any, ScriptedModels]:
    models = answering(answer)
    with using(Runner(models, ladder=lambda *_: (SMALL, LARGE))):
        return choose_tool("Will it rain in Bonn?", [WEATHER, CLOCK], **more), models


def test_the_call_comes_out_with_its_reason() -> None:
    found, _ = ask(said(call("weather", {"town": "Bonn"}), text="It asks for weather."))
    assert found == ToolChoice(
        tool="weather", input={"town": "Bonn"}, reason="It asks for weather."
    )


@pytest.mark.parametrize(
    ("blocks", "reason", "told"),
    [
        ((call("weather", {}),), "schema", '"town" is a required property'),
        ((call("weather", {"town": "Bonn", "days": 9}),), "schema", "days: 9 is greater than"),
        ((call("weather", {"town": "Bonn", "unit": "C"}),), "schema", "'unit' was unexpected"),
        ((call("weather", "Bonn"),), "schema", "no object"),
        ((call("radar", {}),), "out_of_set", "'radar' is no tool"),
        ((call("clock", {}), call("clock", {})), "schema", "2 tools were called"),
    ],
)
def test_a_call_that_cannot_be_made_is_told_so_then_the_next_model_is_asked(
    blocks: tuple[dict[str, Any], ...], reason: str, told: str
) -> None:
    found, models = ask(said(*blocks))
    assert isinstance(found, Unresolved)
    assert found.reason == reason
    assert told in found.detail
    assert [asked.model for asked in models.asked] == [SMALL, SMALL, LARGE, LARGE]
    assert told in models.asked[1].request["messages"][-1]["content"]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "weather", "arguments": {"town": "Bonn"}}',
        "```json\n{'tool': 'weather', 'input': {}}\n```",
        '<tools></tools>\n<request parameters="town=Bonn"></request>',
        "<function=weather>",
        'I call weather(town="Bonn").',
    ],
)
def test_a_call_in_words_is_neither_a_call_nor_a_no(text: str) -> None:
    found, models = ask(said({"type": "text", "text": text}, text=text))
    assert isinstance(found, Unresolved)
    assert (found.reason, len(models.asked)) == ("schema", 4)
    assert "called in words" in models.asked[1].request["messages"][-1]["content"]


def test_a_no_may_speak_of_tools() -> None:
    text = "The function `weather()` needs a town, and none is named; clock (the tool) is no help."
    assert ask(said({"type": "text", "text": text}, text=text))[0].tool is None


def test_no_tool_may_fit_unless_one_is_demanded() -> None:
    nothing = said({"type": "text", "text": "Nobody sings here."}, text="Nobody sings here.")
    assert ask(nothing)[0] == ToolChoice(tool=None, input={}, reason="Nobody sings here.")
    assert ask(nothing, or_none=False)[0].reason == "schema"


def test_any_object_will_do_where_a_tool_has_no_schema() -> None:
    assert ask(said(call("clock", {"zone": "UTC"})))[0].input == {"zone": "UTC"}


@pytest.mark.parametrize("or_none", [True, False])
@pytest.mark.parametrize("model", [SMALL, LARGE, "claude-sonnet-5-5", "claude-haiku-4-5"])
def test_every_model_accepts_the_request_also_those_that_cannot_be_forced(
    model: str, or_none: bool
) -> None:
    assert not capabilities(LARGE).forced_tool_choice
    job = choose_tool.job("Will it rain?", [WEATHER, CLOCK], or_none=or_none)
    moved = translate(job.request, target=parse_model_spec(model), version="2026-10-21")
    assert moved.refused is None
    assert moved.request["tool_choice"]["type"] == "auto"


@pytest.mark.parametrize(
    "tools",
    [
        [],
        [CLOCK, CLOCK],
        [{"name": "a b", "description": "x"}],
        [{"name": "a"}],
        [{"name": "a", "description": "x", "input_schema": {"type": "string"}}],
        [{"name": "a", "description": "x", "input_schema": {"type": "object", "required": 1}}],
    ],
)
def test_what_are_no_tools_is_refused_before_anybody_is_asked(tools: Any) -> None:
    with pytest.raises(BadOption):
        choose_tool.job("query", tools)


def test_a_changed_tool_is_another_request_type() -> None:
    one = choose_tool.job("query", [WEATHER, CLOCK])
    other = choose_tool.job("query", [WEATHER, {**CLOCK, "description": "The hour."}])
    assert one.type != other.type


def test_calls_of_real_models_are_read_and_tools_they_made_up_are_caught(
    recorded_data: Path,
) -> None:
    """
    240 requests that no tool fits, as a small model answered them.
    """
    found: Counter[str] = Counter()
    with gzip.open(recorded_data / "bfcl.jsonl.gz", "rt") as rows:
        for row in map(json.loads, rows):
            if row["task"] != "tool_call/relevance":
                continue
            text = row["outputs"]["claude-3-haiku-20240307"]
            blocks = tuple(json.loads(text)) if text.startswith("[{") else None
            job = choose_tool.job(row["prompt"][-1]["content"], row["tools"])
            value = job.read(Answer(text="" if blocks else text, blocks=blocks))
            found[value.reason if isinstance(value, Unresolved) else str(bool(value.tool))] += 1
    assert found == {"True": 164, "False": 52, "out_of_set": 15, "schema": 9}
