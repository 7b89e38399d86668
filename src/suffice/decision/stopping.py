"""When a live run may stop drawing for a type."""

from __future__ import annotations

from suffice.decision.classes import class_word
from suffice.decision.gates import missing_gate, reference_gate
from suffice.decision.measure import choose_measure
from suffice.decision.questions import ask
from suffice.decision.verdicts import draws_used_up
from suffice.records import Evidence, Limits, Word


def settled(evidence: Evidence, limits: Limits) -> Word | None:
    """
    Whether a live run may stop drawing for this type: cheap, and allowed after every pair.

    Args:
        evidence: The pairs so far, in the order they were drawn: an answer that comes early
            must wait for the pairs drawn before it, or fast answers would decide.
        limits: As for `decide`; ``limits.decisions`` is the plan's number.

    Returns:
        The word it stops with; None where more pairs can still change it. A Switch waits for
        every class (extra draws) and for the missing gate, until ``n_max`` main pairs or
        ``n_max`` extra draws are used up. Not yet where the references look broken: more
        pairs would not mend them.

    Raises:
        BadMargin: A margin where neither quality nor a ceiling can be had.

    >>> pairs = Evidence(type="triage", baseline="big", candidate="small", agreement=[1.0] * 46)
    >>> settled(pairs, Limits(sequential=True)) is None
    True
    """
    question = ask(evidence, limits)
    if question is None:
        return None
    measure = choose_measure(evidence, limits)
    if reference_gate(evidence, limits, measure, question).word is not None:
        return Word.NOT_YET
    classes = class_word(evidence)
    exhausted = question.pairs >= limits.n_max
    if classes is Word.KEEP:
        return Word.KEEP
    if question.p_value > limits.alpha / max(limits.decisions, 1):
        return Word.KEEP if exhausted or question.keeps(limits.beta) else None
    if classes is Word.NOT_YET:
        return Word.KEEP if draws_used_up(evidence, limits) else None
    missing = missing_gate(evidence, question.pairs).word
    return Word.SWITCH if missing is None else missing if exhausted else None
