"""Translation: a request for one model, made fit for another."""

from __future__ import annotations

from typing import Any

import pytest

from suffice.errors import BadOption
from suffice.policy.translation import Translation, translate
from suffice.records import parse_model_spec

OLD = "2023-06-01"
NEW = "2026-10-21"
ASK: dict[str, Any] = {"max_tokens": 500, "messages": [{"role": "user", "content": "hi"}]}
TOOL = {"name": "look", "input_schema": {"type": "object"}}


def moved(
    request: dict[str, Any], to: str, *, source: str | None = "claude-opus-4-8", version: str = OLD
) -> Translation:
    return translate(request, target=parse_model_spec(to), version=version, source=source)


def touched(translation: Translation) -> dict[str, str]:
    return {change.field: change.action for change in translation.changes}


def test_a_request_the_target_takes_as_it_is_keeps_every_object() -> None:
    request = {**ASK, "system": [{"type": "text", "text": "Be brief."}], "tools": [TOOL]}

    translation = moved(request, "claude-opus-4-7")

    assert translation.changes == ()
    assert all(translation.request[field] is request[field] for field in request)
    assert translation.request["model"] == "claude-opus-4-7"


def test_the_callers_request_is_never_changed() -> None:
    request = {**ASK, "output_config": {"effort": "max", "task_budget": {"total": 9}}}
    before = {**request, "output_config": dict(request["output_config"])}

    moved(request, "claude-haiku-4-5")

    assert request == before


def test_effort_is_dropped_where_there_is_none_and_its_object_with_it() -> None:
    translation = moved({**ASK, "output_config": {"effort": "high"}}, "claude-haiku-4-5")

    assert "output_config" not in translation.request
    assert touched(translation) == {"output_config.effort": "drop"}


def test_an_effort_the_target_lacks_becomes_the_nearest_below() -> None:
    translation = moved({**ASK, "output_config": {"effort": "xhigh"}}, "claude-opus-4-5")

    assert translation.request["output_config"] == {"effort": "high"}
    assert touched(translation) == {"output_config.effort": "clamp"}


def test_max_tokens_is_clamped_to_the_targets_cap() -> None:
    translation = moved({**ASK, "max_tokens": 128_000}, "claude-haiku-4-5")

    assert translation.request["max_tokens"] == 64_000
    assert touched(translation) == {"max_tokens": "clamp"}


def test_fast_mode_and_geography_go_where_they_are_unknown() -> None:
    request = {**ASK, "speed": "fast", "inference_geo": "global"}

    translation = moved(request, "claude-haiku-4-5")

    assert touched(translation) == {"speed": "drop", "inference_geo": "drop"}


def test_a_request_that_must_stay_in_the_us_is_refused_by_a_model_that_cannot_promise_it() -> None:
    assert moved({**ASK, "inference_geo": "us"}, "claude-haiku-4-5").refused == (
        "claude-haiku-4-5 cannot be kept in the US"
    )


def test_adaptive_thinking_becomes_a_budget_within_max_tokens() -> None:
    request = {**ASK, "max_tokens": 10_000, "thinking": {"type": "adaptive"}}

    translation = moved(request, "claude-haiku-4-5")

    assert translation.request["thinking"] == {"type": "enabled", "budget_tokens": 5_000}


def test_adaptive_thinking_goes_where_no_budget_fits() -> None:
    translation = moved({**ASK, "thinking": {"type": "adaptive"}}, "claude-haiku-4-5")

    assert "thinking" not in translation.request
    assert touched(translation) == {"thinking": "drop"}


def test_a_thinking_budget_becomes_adaptive_with_the_effort_said() -> None:
    request = {
        **ASK,
        "max_tokens": 9_000,
        "thinking": {"type": "enabled", "budget_tokens": 8_000, "display": "omitted"},
    }

    translation = moved(request, "claude-haiku-5-5", source="claude-haiku-4-5")

    assert translation.request["thinking"] == {"type": "adaptive", "display": "omitted"}
    assert translation.request["output_config"] == {"effort": "medium"}


def test_thinking_off_is_said_in_sonnet_5_5s_own_word() -> None:
    translation = moved({**ASK, "thinking": {"type": "disabled"}}, "claude-sonnet-5-5")

    assert translation.request["thinking"] == {"type": "between_tools"}


def test_thinking_off_becomes_the_lowest_effort_where_thinking_cannot_be_off() -> None:
    translation = moved({**ASK, "thinking": {"type": "disabled"}}, "claude-opus-5-5")

    assert "thinking" not in translation.request
    assert translation.request["output_config"] == {"effort": "low"}


def test_thinking_off_bounds_the_effort_where_the_two_exclude_each_other() -> None:
    request = {**ASK, "thinking": {"type": "disabled"}, "output_config": {"effort": "max"}}

    translation = moved(request, "claude-haiku-5-5")

    assert translation.request["output_config"] == {"effort": "high"}
    assert translation.request["thinking"] == {"type": "disabled"}


def test_a_model_that_thinks_by_default_gets_room_for_it() -> None:
    translation = moved(ASK, "claude-haiku-5-5", source="claude-opus-4-8")

    assert translation.request["max_tokens"] == 500 + 8_000
    assert touched(translation) == {"thinking": "keep", "max_tokens": "replace"}


def test_a_model_that_counts_more_tokens_gets_more_room() -> None:
    translation = moved(ASK, "claude-haiku-5-5:thinking=off", source="claude-haiku-4-5")

    assert translation.request["max_tokens"] == 675


def test_a_request_of_unknown_origin_keeps_its_max_tokens() -> None:
    assert moved(ASK, "claude-haiku-5-5", source=None).request["max_tokens"] == 500


def test_a_request_for_the_same_model_is_left_alone() -> None:
    assert moved(ASK, "claude-haiku-5-5", source="claude-haiku-5-5").changes == ()


def test_the_old_version_lets_default_sampling_pass_and_drops_the_rest() -> None:
    request = {**ASK, "temperature": 1.0, "top_k": 5}

    translation = moved(request, "claude-opus-4-7")

    assert touched(translation) == {"top_k": "drop"}


def test_the_new_version_drops_sampling_for_every_model() -> None:
    request = {**ASK, "temperature": 1.0, "top_p": 1}

    for model in ("claude-haiku-4-5", "claude-opus-4-6", "claude-haiku-5-5"):
        translation = moved(request, model, version=NEW)
        assert translation.request.keys().isdisjoint({"temperature", "top_p"})


def test_haiku_4_5_keeps_temperature_and_loses_top_p() -> None:
    translation = moved({**ASK, "temperature": 0, "top_p": 0.5}, "claude-haiku-4-5")

    assert translation.request["temperature"] == 0
    assert "top_p" not in translation.request


def test_temperature_gives_way_to_thinking() -> None:
    request = {**ASK, "max_tokens": 8_000, "temperature": 0}

    translation = moved(request, "claude-haiku-4-5:thinking=2048")

    assert "temperature" not in translation.request
    assert translation.request["thinking"] == {"type": "enabled", "budget_tokens": 2_048}
    assert translation.request["max_tokens"] == 8_000 + 2_048


@pytest.mark.parametrize(
    ("request_", "to", "why"),
    [
        (
            {**ASK, "messages": [*ASK["messages"], {"role": "assistant", "content": "{"}]},
            "claude-haiku-5-5",
            "takes no assistant prefill",
        ),
        (
            {**ASK, "messages": [*ASK["messages"], {"role": "system", "content": "Be brief."}]},
            "claude-haiku-4-5",
            "takes no system turn within the conversation",
        ),
        (
            {**ASK, "tools": [TOOL], "tool_choice": {"type": "any"}},
            "claude-opus-5-5",
            "cannot be forced to call a tool",
        ),
        (
            {**ASK, "tools": [{"type": "web_search_20260209", "name": "web_search"}]},
            "claude-haiku-4-5",
            "has no web_search_20260209",
        ),
        (
            {**ASK, "tools": [{"type": "computer_20251124", "name": "computer"}]},
            "claude-haiku-5-5",
            "has no computer_20251124, only computer_toolset_20260801",
        ),
        (
            {**ASK, "context_management": {"edits": [{"type": "compact_20260112"}]}},
            "claude-haiku-4-5",
            "has no compaction",
        ),
        (
            {
                **ASK,
                "messages": [{"role": "user", "content": [{"type": "image", "source": {}}] * 101}],
            },
            "claude-haiku-4-5",
            "takes at most 100 images, the request has 101",
        ),
        (
            {**ASK, "output_config": {"format": {"type": "json_schema", "schema": {}}}},
            "claude-3-5-haiku-20241022",
            "has no structured outputs",
        ),
    ],
)
def test_what_cannot_be_translated_is_refused_with_its_reason(
    request_: dict[str, Any], to: str, why: str
) -> None:
    assert moved(request_, to).refused == f"{to} {why}"


def test_a_prompt_beyond_the_window_is_refused() -> None:
    refused = translate(
        ASK, target=parse_model_spec("claude-haiku-4-5"), version=NEW, prompt_tokens=200_001
    ).refused

    assert refused == "claude-haiku-4-5 reads at most 200,000 tokens, the prompt has 200,001"


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_document_from_the_assistant_depends_on_the_version_alone(version: str) -> None:
    document = {"type": "document", "source": {"type": "text", "data": "x"}}
    request = {
        **ASK,
        "messages": [
            *ASK["messages"],
            {"role": "assistant", "content": [document]},
            *ASK["messages"],
        ],
    }

    refused = moved(request, "claude-opus-4-7", source="claude-opus-4-7", version=version).refused

    assert (refused is None) == (version == OLD)


def test_foreign_thinking_goes_and_every_other_block_stays_the_same_object() -> None:
    said = {"type": "text", "text": "4"}
    turns = [
        {"role": "user", "content": "2+2"},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "…", "signature": "s"}, said],
        },
        {"role": "user", "content": "and 3+3?"},
    ]

    translation = moved({**ASK, "messages": turns}, "claude-haiku-4-5")

    messages = translation.request["messages"]
    assert messages[0] is turns[0]
    assert messages[2] is turns[2]
    assert messages[1]["content"] == [said]
    assert messages[1]["content"][0] is said


def test_a_model_keeps_its_own_thinking() -> None:
    block = {"type": "thinking", "thinking": "…", "signature": "s"}
    turns = [
        {"role": "user", "content": "2+2"},
        {"role": "assistant", "content": [block, {"type": "text", "text": "4"}]},
        {"role": "user", "content": "and 3+3?"},
    ]

    translation = moved({**ASK, "messages": turns}, "claude-opus-5-5", source="claude-opus-5-5")

    assert translation.request["messages"] is turns


def test_an_open_tool_loop_with_thinking_is_not_entered() -> None:
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    thought = {"type": "thinking", "thinking": "…", "signature": "s"}
    turns = [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": [thought, use]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1"}]},
    ]

    refused = moved({**ASK, "messages": turns, "tools": [TOOL]}, "claude-haiku-4-5").refused

    assert refused == "claude-haiku-4-5 cannot enter a tool loop another model's thinking has begun"


def test_a_paused_server_turn_is_no_prefill() -> None:
    paused = {
        "role": "assistant",
        "content": [{"type": "server_tool_use", "id": "s", "name": "x", "input": {}}],
    }

    assert moved({**ASK, "messages": [*ASK["messages"], paused]}, "claude-opus-4-7").refused is None


def test_the_settings_of_the_arm_are_applied_and_said() -> None:
    translation = moved(ASK, "claude-opus-5-5:effort=low,max_tokens=900", source="claude-opus-5-5")

    assert translation.request["output_config"] == {"effort": "low"}
    assert translation.request["max_tokens"] == 900
    assert touched(translation) == {"output_config.effort": "replace", "max_tokens": "replace"}


def test_a_request_without_max_tokens_gets_one() -> None:
    assert moved({"messages": []}, "claude-opus-4-7").request["max_tokens"] == 4_096


def test_a_forced_tool_ends_an_inherited_budget_and_refuses_an_asked_one() -> None:
    forced = {
        **ASK,
        "max_tokens": 4_000,
        "tools": [TOOL],
        "tool_choice": {"type": "any"},
        "thinking": {"type": "adaptive"},
    }

    assert "thinking" not in moved(forced, "claude-haiku-4-5").request
    assert moved(forced, "claude-haiku-4-5:thinking=2048").refused == (
        "claude-haiku-4-5 cannot think with a forced tool"
    )


def test_a_model_nobody_knows_gets_the_request_as_it_is() -> None:
    request = {**ASK, "temperature": 0.2, "top_k": 3, "thinking": {"type": "enabled"}}

    translation = moved(request, "qwen3-4b", source=None)

    assert translation.request == {**request, "model": "qwen3-4b"}
    assert translation.changes == ()


@pytest.mark.parametrize(
    ("arm", "version"),
    [
        ("claude-haiku-4-5:effort=low", OLD),
        ("claude-opus-5-5:thinking=off", OLD),
        ("claude-haiku-5-5:thinking=2048", OLD),
        ("claude-haiku-4-5:thinking=adaptive", OLD),
        ("claude-haiku-5-5:thinking=off,effort=max", OLD),
        ("claude-haiku-4-5:temperature=0", NEW),
        ("claude-haiku-5-5:temperature=0", OLD),
        ("claude-haiku-4-5:temperature=0,top_p=0.5", OLD),
        ("claude-haiku-4-5:max_tokens=100000", OLD),
        ("claude-haiku-4-5:thinking=4096,max_tokens=4000", OLD),
        ("claude-haiku-5-5:speed=fast", OLD),
        ("claude-haiku-4-5:inference_geo=us", OLD),
        ("claude-haiku-5-5:zeal=low", OLD),
        ("claude-haiku-5-5:effort=lowest", OLD),
        ("claude-haiku-4-5:thinking=12", OLD),
        ("claude-haiku-4-5:thinking=much", OLD),
        ("claude-haiku-4-5:temperature=warm", OLD),
        ("claude-haiku-4-5:temperature=2", OLD),
    ],
)
def test_a_setting_the_model_would_reject_stops_before_anything_is_sent(
    arm: str, version: str
) -> None:
    with pytest.raises(BadOption, match=r"Nothing was run\."):
        moved(ASK, arm, version=version)
