"""Several decisions of one comparison, under one promise."""

from __future__ import annotations

from collections.abc import Sequence

from suffice.decision.measure import check_limits
from suffice.decision.questions import Question, ask
from suffice.decision.verdicts import Level, verdict_at
from suffice.records import Evidence, Limits, Verdict, Word
from suffice.statistics.multiplicity import benjamini_hochberg, e_benjamini_hochberg

MOST_FAMILY_WISE = 20


def decide_all(evidences: Sequence[Evidence], limits: Limits) -> tuple[Verdict, ...]:
    """
    One verdict per evidence, alpha shared among them all; gates come after.

    Recorded answers: up to 20 decisions the chance of even one wrong Switch is at most alpha
    (Bonferroni). Beyond, the expected share of wrong ones among all Switches is
    (Benjamini-Hochberg), and the bounds shown are those of the level at which the selection
    fell, so that they agree with the words.

    Live runs: each at alpha over their number, however early it stopped; at the end the
    evidence of all together may add a Switch (e-BH), under the promise of the false discovery
    rate, and takes none away.

    Args:
        evidences: Of every type and candidate of the comparison.
        limits: ``decisions`` is the plan's number; never fewer than are given.

    Raises:
        BadMargin: A margin where neither quality nor a ceiling can be had.
        BadOption: A limit outside its range.
    """
    check_limits(limits)
    decisions = max(limits.decisions, len(evidences), 1)
    questions = [ask(evidence, limits) for evidence in evidences]
    level = Level(limits.alpha / decisions, decisions)
    if not limits.sequential and decisions > MOST_FAMILY_WISE:
        p_values = [1.0 if question is None else question.p_value for question in questions]
        fallen = benjamini_hochberg(p_values, alpha=limits.alpha, decisions=decisions)
        level = Level(max(fallen, 1) * limits.alpha / decisions, decisions, "fdr")
    verdicts = tuple(
        verdict_at(evidence, limits, level, question)
        for evidence, question in zip(evidences, questions, strict=True)
    )
    return _with_added(verdicts, evidences, limits, questions) if limits.sequential else verdicts


def _with_added(
    verdicts: Sequence[Verdict],
    evidences: Sequence[Evidence],
    limits: Limits,
    questions: Sequence[Question | None],
) -> tuple[Verdict, ...]:
    """What the evidence of all together adds to live verdicts that are otherwise undecided."""
    decisions = max(limits.decisions, len(evidences), 1)
    log_es = [_log_e(question) for question in questions]
    fallen = e_benjamini_hochberg(log_es, alpha=limits.alpha, decisions=decisions)
    if fallen <= 1:
        return tuple(verdicts)
    level = Level(fallen * limits.alpha / decisions, decisions, "fdr")
    added = []
    for verdict, evidence, question in zip(verdicts, evidences, questions, strict=True):
        undecided = verdict.reason in {"too_few", "not_proven"}
        again = verdict_at(evidence, limits, level, question) if undecided else verdict
        added.append(again if again.verdict is Word.SWITCH else verdict)
    return tuple(added)


def _log_e(question: Question | None) -> float:
    if question is None or question.log_e is None:
        return 0.0
    return question.log_e
