"""The capability matrix: what each model accepts, and where that is from."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from anthropic.types import Model

from suffice.catalog import load_catalog
from suffice.catalog.capabilities import (
    LATEST_VERSION,
    capabilities,
    cell,
    dated,
    features,
    line_and_generation,
)

OLD_VERSION = "2023-06-01"
# The ids of the provider's own client: a model it adds is asked for here at once.
SDK_IDS: tuple[str, ...] = get_args(get_args(Model)[0])
NAMED = [model for model in load_catalog().models if capabilities(model).known]


@pytest.mark.parametrize("model", SDK_IDS)
def test_every_model_the_provider_names_has_a_row(model: str) -> None:
    assert capabilities(model).known


def test_the_client_names_models_at_all() -> None:
    assert "claude-haiku-5-5" in SDK_IDS


@pytest.mark.parametrize("model", NAMED)
def test_the_limits_by_generation_agree_with_the_catalog_of_each_model(model: str) -> None:
    facts, row = load_catalog().models[model], capabilities(model)

    told = {
        "context_tokens": (facts.context_tokens, row.context_tokens),
        "max_output_tokens": (facts.max_output_tokens, row.max_output_tokens),
        "cache_minimum_tokens": (facts.cache_minimum_tokens, row.cache_minimum_tokens),
        "tokenizer": (facts.tokenizer, row.tokenizer),
        "thinks_by_default": (facts.thinking_by_default, row.thinks_by_default),
        "image_edge_px": (
            facts.image_rule and facts.image_rule.longest_edge_px,
            row.image_edge_px,
        ),
        "tool_prompt_tokens": (
            facts.tool_prompt and (facts.tool_prompt.auto_tokens, facts.tool_prompt.forced_tokens),
            row.tool_prompt_tokens,
        ),
    }
    differing = {k: (c, r) for k, (c, r) in told.items() if c is not None and c != r}

    assert differing == {}


def test_a_move_down_meets_the_documented_walls_of_haiku_4_5() -> None:
    haiku = capabilities("claude-haiku-4-5", version=OLD_VERSION)

    assert (haiku.context_tokens, haiku.max_output_tokens) == (200_000, 64_000)
    assert haiku.effort == ()
    assert haiku.thinking == frozenset({"enabled", "disabled"})
    assert (haiku.inference_geo, haiku.fast_mode, haiku.system_messages) == (False, "no", False)
    assert (haiku.prefill, haiku.forced_tool_choice, haiku.sampling) == (True, True, "one_of_two")


def test_a_move_down_meets_the_documented_walls_of_haiku_5_5() -> None:
    haiku = capabilities("claude-haiku-5-5", version=OLD_VERSION)

    assert (haiku.context_tokens, haiku.max_output_tokens) == (1_000_000, 128_000)
    assert haiku.thinking == frozenset({"adaptive", "disabled"})
    assert haiku.thinks_by_default
    assert (haiku.prefill, haiku.sampling, haiku.default_effort) == (False, "defaults", "medium")


@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1"])
def test_a_move_up_meets_walls_too(model: str) -> None:
    row = capabilities(model)

    assert not row.forced_tool_choice
    assert row.thinking is not None
    assert "disabled" not in row.thinking


@pytest.mark.parametrize("model", SDK_IDS)
def test_the_new_version_takes_no_sampling_from_any_model(model: str) -> None:
    assert capabilities(model, version=LATEST_VERSION).sampling == "none"


def test_thinking_by_budget_ended_with_the_generation_4_6() -> None:
    budgets = {
        model: "enabled" in (capabilities(model).thinking or ())
        for model in ("claude-opus-4-5", "claude-opus-4-6", "claude-opus-4-7", "claude-haiku-5-5")
    }

    assert list(budgets.values()) == [True, True, False, False]


def test_old_and_new_names_are_read_alike() -> None:
    assert line_and_generation("claude-3-5-haiku-20241022") == ("haiku", (3, 5))
    assert line_and_generation("claude-3-opus-20240229") == ("opus", (3, 0))
    assert line_and_generation("claude-sonnet-4-20250514") == ("sonnet", (4, 0))
    assert line_and_generation("claude-haiku-4-5@A") == ("haiku", (4, 5))


def test_a_model_newer_than_the_data_has_its_predecessors_row() -> None:
    newer, known = capabilities("claude-haiku-6"), capabilities("claude-haiku-5-5")

    assert (newer.thinking, newer.prefill, newer.context_tokens) == (
        known.thinking,
        known.prefill,
        known.context_tokens,
    )


def test_nothing_is_held_against_a_model_nobody_knows() -> None:
    local = capabilities("qwen3-4b-instruct")

    assert (local.known, local.context_tokens, local.thinking, local.prefill) == (
        False,
        None,
        None,
        True,
    )


def test_every_cell_names_its_source_and_confidence_and_every_refusal_that_is_sent_its_words() -> (
    None
):
    refusals = ("prefill", "forced_tool_choice", "inference_geo", "system_messages", "sampling")
    unsourced = [
        (model, feature)
        for model in SDK_IDS
        for feature in features()
        if not ((found := cell(model, feature)) and found.source and found.confidence)
    ]
    wordless = [
        (model, feature)
        for model in SDK_IDS
        for feature in refusals
        if (found := cell(model, feature)) and found.value in (False, "none") and not found.says
    ]

    assert (unsourced, wordless) == ([], [])


def test_the_matrix_is_dated() -> None:
    assert re.fullmatch(r"2026-\d\d-\d\d", dated())
