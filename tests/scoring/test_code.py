"""Code and docstrings: read, compared, never run."""

from __future__ import annotations

import pytest

from suffice.records import Answer, Case, FailureKind, Reference, Score
from suffice.scoring import scorer_named

ASKED = """\
def take(items, count, *rest, strict=False):
    if strict and count > len(items):
        raise ValueError("too few")
    return items[:count]
"""
DOCUMENTED = ASKED.replace(
    "strict=False):\n",
    'strict=False):\n    """Take count items, ignoring rest.\n\n'
    '    Returns the first of them; with strict, raises ValueError if too few.\n    """\n',
)


def same_code(one: str, other: str) -> Score:
    case = Case(id="1", type="t")
    return scorer_named("code").score(Answer(text=one), Answer(text=other), case=case)


def documented(text: str) -> Score:
    request = {"messages": [{"role": "user", "content": f"Document this:\n```python\n{ASKED}```"}]}
    case = Case(id="1", type="t", request=request)
    scorer = scorer_named("code", options={"docstrings": True})
    return scorer.score(Answer(text=text), Reference(None), case=case)


def test_layout_comments_quotes_and_docstrings_do_not_count() -> None:
    one = "def f(a):\n    '''Say a.'''\n    return 'x' + a  # joined"
    other = 'Sure:\n```python\ndef f(a):\n\n    return ("x" + a)\n```\nDone.'

    assert same_code(one, other).value == 1


def test_another_program_differs() -> None:
    assert same_code("def f(a): return a", "def f(b): return b").value == 0


@pytest.mark.parametrize("text", ["def f(:", "```python\nreturn\n  x\n```", "not code at all"])
def test_code_that_does_not_parse_is_a_failed_answer(text: str) -> None:
    score = same_code(text, "x = 1")

    assert score.failure is not None
    assert score.failure.kind is FailureKind.UNPARSEABLE


def test_code_is_never_run(tmp_path: object) -> None:
    hostile = f"open({str(tmp_path) + '/ran'!r}, 'w')"

    assert same_code(hostile, hostile).value == 1
    assert not list(tmp_path.iterdir())  # type: ignore[attr-defined] # a path


def test_a_full_docstring_on_unchanged_code_scores_one() -> None:
    score = documented(f"```python\n{DOCUMENTED}```")

    assert (score.value, score.reason) == (1, "documents everything")


def test_a_docstring_alone_is_read_too() -> None:
    assert documented("Take count of the items, and rest; strict raises ValueError.").paths == (
        "what it returns",
    )


def test_what_is_left_out_is_named_and_costs_its_share() -> None:
    score = documented(DOCUMENTED.replace("ValueError if", "an error if").replace("rest", "those"))

    # The code's own parameter was renamed with it, so the code is another.
    assert score.value == 0
    score = documented("Take count items. Returns them; strict raises.")
    assert score.paths == ("rest", "ValueError")
    assert score.value == pytest.approx(5 / 7)


@pytest.mark.parametrize(
    "changed",
    [
        DOCUMENTED.replace("items[:count]", "items[:count + 1]"),
        DOCUMENTED.replace("def take", "def grab"),
    ],
)
def test_changed_code_scores_zero_however_well_documented(changed: str) -> None:
    assert documented(changed).value == 0


def test_a_request_without_a_function_is_the_scorers_failure() -> None:
    scorer = scorer_named("code", options={"docstrings": True})
    case = Case(id="1", type="t", request={"messages": [{"role": "user", "content": "Hello."}]})

    score = scorer.score(Answer(text="Hi."), Reference(None), case=case)

    assert score.failure is not None
    assert score.failure.kind is FailureKind.SCORER
