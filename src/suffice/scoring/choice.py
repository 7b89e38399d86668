"""Which scorer fits a type, from its baseline's answers and its references; said in a sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from suffice.ports import Scorer
from suffice.records import Case
from suffice.scoring.answer_field import answer_field
from suffice.scoring.assertions import AssertionScorer
from suffice.scoring.code_scorer import CodeScorer, holds_code
from suffice.scoring.docstrings import DocstringScorer, function_in_request
from suffice.scoring.exact import ExactScorer
from suffice.scoring.json_choice import choose_json
from suffice.scoring.label_choice import chance_of, label_set
from suffice.scoring.labels import LabelScorer, is_label_like
from suffice.scoring.learnt import Sample, spread
from suffice.scoring.literals import LiteralScorer
from suffice.scoring.named import scorer_named
from suffice.scoring.numbers import NumberScorer
from suffice.scoring.tool_calls import Malformed, calls_of, reference_calls
from suffice.scoring.tool_scorer import ToolCallScorer

_MOST, _HALF, _OWN_LABELS = 0.9, 0.5, 0.7
_FEW_LABELS = 10
_OF_TASKS = frozenset(
    {
        "label",
        "tool_call",
        "suffice.tasks.grading:TaskScorer",
        "suffice.tasks.grading:FormScorer",
    }
)
_PURE_NUMBER = re.compile(r"[#\s]*[-−+]?\s?[$€£¥₹]?\s?[-−]?[\d.,\u00a0\u202f ]*\d\s?%?\s*")


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a type is scored.

    Attributes:
        scorer: None where no scorer is fit to compare these answers.
        reason: One sentence: what was seen.
        measure_reference: Whether the scorer can grade an answer by its case (its reference, its
            assertions or its request), and not only against another answer.
        chance: What guessing scores against the reference: 1/k for k labels or lettered options,
            else 0.
        provisional: Why a verdict by this scorer may not ramp by itself; empty if it may.
    """

    scorer: Scorer | None
    reason: str
    measure_reference: bool = False
    chance: float = 0.0
    provisional: str = ""


def choose_scorer(cases: Sequence[Case], *, baseline: str) -> Choice:
    """
    Choose by what the baseline's answers and the references look like.

    Cases of a ready-made task are scored as that task says. Else, in this order: assertions of
    the cases, tool calls, numbers, labels, JSON, code, short texts.
    Free text gets no scorer: that two texts are similar does not mean that they say the same.

    Args:
        cases: Cases of one type; where there are many, some of them, drawn at random.
        baseline: Arm name whose answers are looked at.

    >>> from suffice.records import Answer
    >>> cases = [
    ...     Case(id=str(n), type="t", answers={"m": Answer(text="yes" if n % 3 else "no")})
    ...     for n in range(36)
    ... ]
    >>> choose_scorer(cases, baseline="m").reason
    '36 answers are one of 2 labels'
    """
    sample = Sample(cases, baseline=baseline)
    if cases and all(case.assertions for case in cases):
        return Choice(
            scorer=AssertionScorer(),
            reason="every case carries its own assertions",
            measure_reference=True,
        )
    own = _of_task(cases)
    if own:
        return msgspec.structs.replace(
            named_choice(own, cases, baseline=baseline), reason="the task's own"
        )
    for rule in (_tool_calls, _numbers, _labels, _json, _code, _short):
        choice = rule(sample)
        if choice is not None:
            return choice
    return _nothing_fits(sample)


def _of_task(cases: Sequence[Case]) -> str:
    """The scorer that all cases name for their ready-made task; empty where they do not."""
    tasks = [case.meta.get("task") for case in cases]
    named = [one.get("scorer") if isinstance(one, Mapping) else None for one in tasks]
    # A file of cases may come from anywhere: nothing but what is part of suffice is loaded for it.
    return next((one for one in _OF_TASKS if named and all(name == one for name in named)), "")


def named_choice(
    name: str,
    cases: Sequence[Case],
    *,
    baseline: str,
    options: Mapping[str, Any] | None = None,
) -> Choice:
    """
    The scorer somebody asked for by name, with what goes with it.

    Raises:
        BadOption: An option the scorer does not have, or a value it cannot take.
        BrokenScorer: A user's scorer that cannot be loaded.
    """
    scorer = scorer_named(name, cases=cases, baseline=baseline, options=options)
    sample = Sample(cases, baseline=baseline)
    graded_alone = isinstance(scorer, AssertionScorer | DocstringScorer)
    return Choice(
        scorer=scorer,
        reason="as asked",
        measure_reference=graded_alone or bool(sample.references),
        chance=chance_of(len(scorer.labels), sample) if isinstance(scorer, LabelScorer) else 0.0,
        provisional=(
            "similarity of texts is not calibrated on human labels"
            if name == "text" and not (options or {}).get("threshold")
            else getattr(scorer, "provisional", "")
        ),
    )


def _tool_calls(sample: Sample) -> Choice | None:
    calling = sum(1 for answer in sample.answers if _calls_tools(answer))
    offered = bool(sample.cases) and all(case.request.get("tools") for case in sample.cases)
    if not calling or (not offered and calling < len(sample.answers) / 2):
        return None
    given = sample.references
    readable = bool(given) and all(reference_calls(value) is not None for value in spread(given))
    talking = len(sample.answers) - calling
    return Choice(
        scorer=ToolCallScorer(),
        reason=f"{calling} of {len(sample.answers)} answers call tools",
        measure_reference=readable,
        provisional=(
            f"{talking} of {len(sample.answers)} answers are text, whose content is not compared"
            if talking and not readable
            else ""
        ),
    )


def _calls_tools(answer: Any) -> bool:
    try:
        return bool(calls_of(answer))
    except Malformed:
        return True


def _numbers(sample: Sample) -> Choice | None:
    given = sample.references
    if given:
        few = len({str(value).strip() for value in given})
        are_grades = few <= _FEW_LABELS and len(given) >= 5 * few and _bare(sample)
        if are_grades or not all(_is_number(value) for value in given):
            return None
        reason = "the reference is a number"
        return Choice(scorer=NumberScorer(), reason=reason, measure_reference=True)
    if len(set(sample.texts)) <= max(2, len(sample.texts) // 4):
        return None
    if all(_is_number(text) for text in sample.some_texts):
        return Choice(scorer=NumberScorer(), reason="every answer is a number")
    if all(_marks_number(text) for text in sample.some_texts):
        return Choice(scorer=NumberScorer(), reason="every answer marks its number")
    return None


def _marks_number(text: str) -> bool:
    found = answer_field(text)
    return found is not None and found[1] in {"####", "\\boxed"} and _is_number(found[0])


def _bare(sample: Sample) -> bool:
    short = sum(1 for text in sample.some_texts if is_label_like(text))
    return short >= _MOST * len(sample.some_texts)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return True
    return isinstance(value, str) and len(value) <= 40 and bool(_PURE_NUMBER.fullmatch(value))  # noqa: PLR2004


def _labels(sample: Sample) -> Choice | None:
    labels = label_set(sample)
    if not labels:
        return None
    texts = sample.texts
    scorer = LabelScorer(labels, outside=sample.outside)
    within = sum(n for text, n in Counter(texts).items() if scorer.read(text).in_set)
    # Without references the answers must prove by themselves that they are labels.
    known = sample.references or sample.declared_labels
    if within < (_HALF if known else _OWN_LABELS) * len(texts):
        return None
    if not texts:
        subject = "the references are"
    elif within == len(texts):
        subject = f"{within} answers are"
    else:
        subject = f"{within} of {len(texts)} answers are"
    return Choice(
        scorer=scorer,
        reason=f"{subject} one of {len(labels)} labels",
        measure_reference=bool(sample.references),
        chance=chance_of(len(labels), sample),
    )


def _json(sample: Sample) -> Choice | None:
    found = choose_json(sample)
    if found is None:
        return None
    return Choice(
        scorer=LiteralScorer() if found.literal else found.scorer,
        reason=found.reason,
        measure_reference=found.measure_reference,
        provisional=found.provisional,
    )


def _code(sample: Sample) -> Choice | None:
    texts = sample.some_texts
    asked = [function_in_request(case) for case in spread(sample.cases, most=20)]
    if not texts or sum(map(holds_code, texts)) < 0.8 * len(texts):
        return None
    if asked and all(function is not None for function in asked) and _documents(sample):
        return Choice(
            scorer=DocstringScorer(),
            reason="the answers document the function they were given",
            measure_reference=True,
            provisional="what a docstring says is not judged, only that it names everything",
        )
    return Choice(
        scorer=CodeScorer(),
        reason="the answers are Python; only the same program counts as agreement",
        measure_reference=bool(sample.references)
        and all(isinstance(r, str) for r in sample.references),
    )


def _documents(sample: Sample) -> bool:
    scorer = DocstringScorer()
    with_answers = [case for case in sample.cases if case.answers]
    scores = [
        scorer.score(answer, answer, case=case)
        for case in spread(with_answers, most=20)
        for answer in list(case.answers.values())[:1]
    ]
    kept = sum(1 for score in scores if score.failure is None and score.value > 0)
    return kept >= 0.8 * len(scores) > 0


def _short(sample: Sample) -> Choice | None:
    texts, given = sample.some_texts, sample.references
    if not texts or not all(is_label_like(text) or not text.strip() for text in texts):
        return None
    graded = bool(given) and all(isinstance(value, str) and is_label_like(value) for value in given)
    return Choice(
        scorer=ExactScorer(), reason="the answers are short texts", measure_reference=graded
    )


def _nothing_fits(sample: Sample) -> Choice:
    chance = 1 / sample.options if sample.options else 0.0
    if not sample.answers:
        if sample.cases and all(case.outcomes for case in sample.cases):
            return Choice(scorer=None, reason="the cases carry their own grades", chance=chance)
        return Choice(
            scorer=None,
            reason="there is no usable answer of the baseline to look at",
            chance=chance,
        )
    known = "" if sample.references else " without a reference"
    return Choice(
        scorer=None,
        reason=f"free text{known}: needs a judge, or a text threshold calibrated on human labels",
        chance=chance,
    )
