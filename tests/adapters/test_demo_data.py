"""What the demo ships: complete, drawn from its seed, graded by its checkers, labelled honestly."""

from __future__ import annotations

import importlib
from collections import Counter
from importlib import resources
from pathlib import Path
from types import ModuleType

import pytest

from suffice.adapters.demo import CASES_FILE, demo_cases, demo_manifest
from suffice.records import Case

REPOSITORY = Path(__file__).parents[2]
SEVEN_USES = (
    "classification and routing",
    "extraction",
    "images",
    "summaries",
    "agent orchestration",
    "docstrings",
    "text clean-up",
)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case for case in demo_cases() if isinstance(case, Case)]


@pytest.fixture
def generators(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The generators that drew the inputs; they stay in the repository."""
    if not (REPOSITORY / "tools" / "demo_inputs").is_dir():
        pytest.skip("tools/demo_inputs is not here; it is no part of the package")
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module("tools.demo_inputs")


def test_every_line_is_a_case_and_no_id_comes_twice() -> None:
    read = list(demo_cases())

    assert all(isinstance(one, Case) for one in read)
    assert len({one.id for one in read if isinstance(one, Case)}) == len(read)


def test_the_seven_uses_are_covered() -> None:
    uses = [kind.use for kind in demo_manifest().types]

    assert all(any(use.startswith(wanted) for use in uses) for wanted in SEVEN_USES)


def test_the_manifest_counts_what_is_there_and_no_type_has_fewer_than_150_cases(
    cases: list[Case],
) -> None:
    counted = Counter(case.type for case in cases)

    assert counted == {kind.type: kind.cases for kind in demo_manifest().types}
    assert min(counted.values()) >= 150


def test_both_models_answered_every_case_with_measured_tokens_and_seconds(
    cases: list[Case],
) -> None:
    arms = {model.arm for model in demo_manifest().models}

    for case in cases:
        assert arms <= case.answers.keys()
        for answer in case.answers.values():
            assert answer.usage is not None
            assert answer.usage.prompt_tokens > 50
            assert answer.usage.output_tokens > 0
            assert answer.latency_s is not None
            assert answer.latency_s > 0


def test_no_input_of_a_type_comes_twice_or_stands_among_its_worked_examples(
    cases: list[Case],
) -> None:
    seen = set()
    for case in cases:
        prompt = case.request["messages"][0]["content"]
        assert (case.type, prompt) not in seen
        assert prompt not in case.request["system"]
        seen.add((case.type, prompt))


def test_a_type_without_references_was_answered_by_the_baseline_three_times(
    cases: list[Case],
) -> None:
    baseline = demo_manifest().models[0].arm
    unreferenced = [case for case in cases if case.reference is None and not case.outcomes]

    assert unreferenced
    for case in unreferenced:
        assert {baseline, f"{baseline}@B", f"{baseline}@C"} <= case.answers.keys()


def test_the_inputs_are_those_that_their_seed_draws(
    cases: list[Case], generators: ModuleType
) -> None:
    seed = demo_manifest().seed
    drawn = [
        (kind.name, generators.system_of(kind), one.prompt)
        for kind in generators.TYPES
        for one in generators.draw(kind, seed=seed, cases=kind.cases)
    ]

    assert drawn == [
        (case.type, case.request["system"], case.request["messages"][0]["content"])
        for case in cases
    ]


def test_recorded_grades_are_what_their_checker_says_of_the_texts(
    cases: list[Case], generators: ModuleType
) -> None:
    checkers = {kind.name: kind.checker for kind in generators.TYPES if kind.checker}
    graded = [case for case in cases if case.outcomes]

    assert {case.type for case in graded} == checkers.keys()
    for case in graded:
        for arm, grade in case.outcomes.items():
            value, _ = checkers[case.type](case.answers[arm].text, case.meta["facts"])
            assert grade == value


def test_models_are_named_with_their_weights_day_and_licence() -> None:
    for model in demo_manifest().models:
        assert model.quantisation
        assert model.recorded.startswith("2026-")
        assert len(model.sha256) == 64
        assert "shipped" in model.licence


def test_nothing_in_it_is_simulated() -> None:
    assert not demo_manifest().simulated


def test_the_data_is_small_enough_to_ship() -> None:
    packed = (resources.files("suffice.adapters.demo") / CASES_FILE).read_bytes()

    assert len(packed) < 8_000_000
