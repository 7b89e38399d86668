"""The rule: evidence and limits in, one verdict out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from suffice.decision.context import context
from suffice.decision.explanation import sentence
from suffice.decision.gates import Ruling, all_gates, multiplicity_gate
from suffice.decision.keeping import keep_level
from suffice.decision.measure import check_limits, choose_measure, floor_of, margin_of
from suffice.decision.questions import Question, ask
from suffice.records import BandPoint, Evidence, Gate, Limits, Measure, Verdict, Word

_LARGEST_LOG = 700.0
_MOST_BANDS = 200


@dataclass(frozen=True, slots=True)
class Level:
    """
    What one decision may spend.

    Attributes:
        alpha: Chance of a wrong Switch of this decision.
        decisions: How many share the promise.
        promise: ``fwer`` or ``fdr``.
    """

    alpha: float
    decisions: int
    promise: str = "fwer"


def decide(evidence: Evidence, limits: Limits) -> Verdict:
    """
    The verdict on one candidate for one type, alpha shared by ``limits.decisions`` (Bonferroni).

    Args:
        evidence: All pairs; of a live run, all that were drawn so far.
        limits: What "as good" means.

    Returns:
        A verdict whose word never contradicts its bounds: Switch only where the lower bound
        reaches the limit, Keep as ``worse`` only where the upper bound falls below what it is
        held against (the limit, or the target for agreement).

    Raises:
        BadMargin: A margin where neither quality nor a ceiling can be had.
        BadOption: A limit outside its range.

    >>> pairs = Evidence(type="triage", baseline="big", candidate="small", agreement=[1.0] * 47)
    >>> decide(pairs, Limits()).verdict.value
    'switch'
    """
    check_limits(limits)
    decisions = max(limits.decisions, 1)
    return verdict_at(evidence, limits, Level(limits.alpha / decisions, decisions))


def verdict_at(
    evidence: Evidence, limits: Limits, level: Level, question: Question | None = None
) -> Verdict:
    """The verdict at a given level; ``question`` saves asking twice."""
    question = question or ask(evidence, limits)
    measure = choose_measure(evidence, limits)
    if question is None:
        return _without_pairs(evidence, limits, measure, level)
    rulings = all_gates(evidence, limits, measure, question)
    found = _find(question, limits, level)
    word, reason, opened_by = _through_gates(found, rulings, evidence, limits)
    more = None
    if word is Word.NOT_YET:
        more = opened_by.need_more if opened_by else question.more(level.alpha, found.beta)
    verdict = Verdict(
        type=evidence.type,
        baseline=evidence.baseline,
        candidate=evidence.candidate,
        pairs=question.pairs,
        measure=measure,
        estimate=question.estimate,
        lower=found.lower,
        upper=found.upper,
        limit=question.limit,
        verdict=word,
        reason=reason,
        need_more=more,
        p_value=question.p_value if question.log_e is None else None,
        e_value=None if question.log_e is None else math.exp(min(question.log_e, _LARGEST_LOG)),
        gates=(
            _multiplicity(question, limits, level),
            *(ruling.gate for ruling in rulings),
        ),
        keep_level=_keep_level(word, reason, question, evidence, level, found),
        band=_band(question, level, found),
        **context(evidence, limits, measure),
        **_promise(limits, level),
    )
    return msgspec.structs.replace(verdict, sentence=sentence(verdict, target=limits.target))


def _band(question: Question, level: Level, found: _Found) -> tuple[BandPoint, ...]:
    """How the bounds narrowed; of very many decisions only where they ended, since none is read."""
    last = BandPoint(question.pairs, question.estimate, found.lower, found.upper)
    if level.decisions > _MOST_BANDS:
        return (last,)
    return (*question.band(level.alpha, found.beta)[:-1], last)


def _keep_level(
    word: Word, reason: str, question: Question, evidence: Evidence, level: Level, found: _Found
) -> float | None:
    """How sure a Keep is; of very many decisions nobody asks."""
    if word is not Word.KEEP or level.decisions > _MOST_BANDS:
        return None
    return keep_level(reason, question, evidence, beta=found.beta)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the pairs say before any gate."""

    word: Word
    reason: str
    lower: float
    upper: float
    beta: float


def _find(question: Question, limits: Limits, level: Level) -> _Found:
    # A fixed-n interval holds at one level on both sides; betting keeps at beta per decision.
    beta = min(limits.beta, level.alpha) if question.log_e is None else limits.beta
    switches = question.p_value <= level.alpha
    keeps = question.keeps(beta)
    lower, upper = question.lower(level.alpha), question.upper(beta)
    # Root finding ends within 1e-12 of the limit; the word decides on which side.
    just_below = math.nextafter(question.limit, -math.inf)
    lower = max(lower, question.limit) if switches else min(lower, just_below)
    just_below = math.nextafter(question.keep_below, -math.inf)
    upper = min(upper, just_below) if keeps else max(upper, question.keep_below)
    word, reason = Word.NOT_YET, "too_few"
    if switches:
        word, reason = Word.SWITCH, "as_good"
    elif keeps:
        word, reason = Word.KEEP, "worse"
    elif limits.sequential and question.pairs >= limits.n_max:
        word, reason = Word.KEEP, "not_proven"
    return _Found(word, reason, lower, upper, beta)


def _through_gates(
    found: _Found, rulings: Sequence[Ruling], evidence: Evidence, limits: Limits
) -> tuple[Word, str, Ruling | None]:
    """The word after the gates, its reason, and the gate that changed it."""
    for ruling in rulings:
        if ruling.word is None or (found.word is Word.KEEP and not ruling.overrides_keep):
            continue
        if found.word is Word.SWITCH or ruling.word is Word.KEEP or ruling.overrides_keep:
            if ruling.reason == "class_gate" and draws_used_up(evidence, limits):
                return (
                    Word.KEEP,
                    "not_proven" if ruling.word is Word.NOT_YET else ruling.reason,
                    ruling,
                )
            return ruling.word, ruling.reason, ruling
    return found.word, found.reason, None


def draws_used_up(evidence: Evidence, limits: Limits) -> bool:
    """Whether a live run has drawn as many extra cases for rare classes as it may."""
    drawn = sum(seen for _, seen in evidence.extra_classes.values())
    return limits.sequential and drawn >= limits.n_max


def _multiplicity(question: Question, limits: Limits, level: Level) -> Gate:
    return multiplicity_gate(
        question,
        switches=question.p_value <= level.alpha,
        alpha=limits.alpha,
        each=level.alpha,
        decisions=level.decisions,
        promise=level.promise,
    )


def _promise(limits: Limits, level: Level) -> dict[str, Any]:
    return {"decisions": level.decisions, "alpha": limits.alpha, "promise": level.promise}


def _without_pairs(evidence: Evidence, limits: Limits, measure: Measure, level: Level) -> Verdict:
    quality = measure is Measure.QUALITY
    verdict = Verdict(
        type=evidence.type,
        baseline=evidence.baseline,
        candidate=evidence.candidate,
        pairs=0,
        measure=measure,
        estimate=None,
        lower=None,
        upper=None,
        limit=-margin_of(measure, limits) if quality else floor_of(limits),
        verdict=Word.NOT_YET,
        reason="unscorable" if _unscorable(evidence) else "too_few",
        **context(evidence, limits, measure),
        **_promise(limits, level),
    )
    return msgspec.structs.replace(verdict, sentence=sentence(verdict, target=limits.target))


def _unscorable(evidence: Evidence) -> bool:
    """Answers are there, and none failed, but nothing can hold one against the other."""
    there = evidence.cases - evidence.unrecorded - evidence.missing_pairs
    return there > 0 and not evidence.failed
