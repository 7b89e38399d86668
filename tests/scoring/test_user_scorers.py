"""Scorers that users bring: loaded, guarded, their failures counted and never scored."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suffice.errors import BrokenScorer
from suffice.records import Answer, Case, Failure, FailureKind, Reference, Score
from suffice.scoring import load_scorer, scorer_named
from suffice.scoring.user_scorers import UserScorer


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Writes a module that can be imported, and names it."""

    def write(source: str) -> str:
        name = f"users_{tmp_path.name.replace('-', '_')}"
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        return name

    return write


def returning(value: Any) -> UserScorer:
    return UserScorer(lambda _answer, _target, _case: value, name="mine")


def test_a_function_is_loaded_by_its_dotted_path_with_dot_or_colon(
    module: Callable[[str], str], case: Case
) -> None:
    name = module("def same(answer, target, case):\n    return answer == target + case.id\n")

    for path in (f"{name}:same", f"{name}.same"):
        scorer = scorer_named(path)
        assert scorer.name == path
        assert scorer.score(Answer(text="x1"), Answer(text="x"), case=case).value == 1
        assert scorer.score(Answer(text="x1"), Reference("y"), case=case).value == 0


def test_a_scorer_class_is_built_and_guarded(module: Callable[[str], str], case: Case) -> None:
    name = module(
        "class Strict:\n"
        "    name = 'strict'\n"
        "    def score(self, answer, target, *, case):\n"
        "        raise LookupError('no table')\n"
    )

    score = load_scorer(f"{name}:Strict").score(Answer(text="x"), Answer(text="x"), case=case)

    assert score.failure == Failure(
        FailureKind.SCORER, f"{name}:Strict raised LookupError: no table"
    )


@pytest.mark.parametrize(("value", "expected"), [(True, 1), (False, 0), (0.25, 0.25), (1, 1)])
def test_a_bool_or_a_number_in_range_is_a_score(value: Any, expected: float, case: Case) -> None:
    assert returning(value).score(Answer(), Answer(), case=case).value == expected


def test_a_whole_score_keeps_its_reason(case: Case) -> None:
    score = Score(value=0.5, reason="half", paths=("a",))

    assert returning(score).score(Answer(), Answer(), case=case) is score


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -0.1, 1.1, None, "1", Score(value=math.nan), Score(value=2.0)]
)
def test_what_is_no_score_is_a_failure_of_the_scorer(value: Any, case: Case) -> None:
    score = returning(value).score(Answer(), Answer(), case=case)

    assert score.failure is not None
    assert score.failure.kind is FailureKind.SCORER


def test_an_exception_is_a_failure_of_the_scorer_and_named(case: Case) -> None:
    def broken(answer: str, target: Any, case: Case) -> float:
        raise KeyError(target)

    score = UserScorer(broken, name="mine").score(Answer(), Reference("x"), case=case)

    assert score.failure == Failure(FailureKind.SCORER, "mine raised KeyError: 'x'")


@pytest.mark.parametrize(
    ("source", "attribute", "why"),
    [
        ("def f(answer): return 1", "f", "cannot be called with"),
        ("async def f(a, t, c): return 1", "f", "asynchronous"),
        ("f = 3", "f", "not a function"),
        ("raise OSError('disk')", "f", "OSError: disk"),
        ("", "f", "AttributeError"),
        ("class F:\n    def __init__(self, x): pass", "F", "TypeError"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(
    module: Callable[[str], str], source: str, attribute: str, why: str
) -> None:
    with pytest.raises(BrokenScorer) as caught:
        load_scorer(f"{module(source)}:{attribute}")

    assert why in caught.value.what
    assert caught.value.next_step


@pytest.mark.parametrize("path", ["nowhere", "no.such.module", "", "os:"])
def test_a_name_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(BrokenScorer):
        load_scorer(path)
