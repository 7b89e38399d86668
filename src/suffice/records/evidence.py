"""All that the pairs of one type say about one candidate, in the form the rule reads."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """
    The pairs of one (type, baseline, candidate), reduced to what a decision needs.

    Evidence over two disjoint sets of pairs adds: sequences are joined, counts summed.
    A failed answer already stands in the scores as 0; a missing one stands in no sequence.

    Attributes:
        type: The request type.
        baseline: Arm name of the model in use.
        candidate: Arm name of the cheaper one on trial.
        cases: Cases that belong here, scored or not.
        baseline_quality: Per graded case, in [0, 1]; shape (n,).
        candidate_quality: Aligned with ``baseline_quality``; shape (n,).
        agreement: Per pair, in [0, 1]; shape (m,).
        second_agreement: Per case with two baseline runs, candidate against the second; shape (k,).
        first_agreement: Aligned: candidate against the first; shape (k,).
        self_agreement: Aligned: the two runs against each other; shape (k,).
        classes: Class -> (hits, seen) of the candidate on that class, from the main sample.
        extra_classes: The same from extra draws, which feed only the class gate.
        baseline_classes: The same of the baseline, where that can be seen: nobody is held to name
            a class more surely than the model in use does.
        critical_classes: Classes gated whatever their share.
        failed: (arm, kind) -> answers that failed and scored 0.
        missing: (arm, kind) -> pairs left out for want of an answer or a score.
        missing_pairs: Cases left out for it, each counted once though both arms may be missing;
            0: as many as ``missing`` sums to.
        baseline_usd: Dollars per paired case where both are known; shape (c,).
        candidate_usd: Aligned; shape (c,).
        baseline_latency_s: Seconds per paired case where both are known; shape (l,).
        candidate_latency_s: Aligned; shape (l,).
        chance: What guessing scores against the reference: 1/k for k labels, else 0.
        scorer: The scorer's name.
        scorer_reason: Why this scorer.
        provisional: Reasons why the verdict may not ramp by itself; empty if none.
        identical_requests: Cases whose request equals an earlier one's; counted, not dropped.
        grouped_out: Cases left out since another case of their group counts.
        unrecorded: Cases of a recorded file that lack a grade or an answer of one arm.
        judge_labels: ``agree`` and ``differ``, the judge's word -> (pairs people call as good,
            pairs people labelled), from a sample stratified by that word; empty without labels.
        cost_note: Why dollars are missing; empty if they are not.
    """

    type: str
    baseline: str
    candidate: str
    cases: int = 0
    baseline_quality: Sequence[float] = ()
    candidate_quality: Sequence[float] = ()
    agreement: Sequence[float] = ()
    first_agreement: Sequence[float] = ()
    second_agreement: Sequence[float] = ()
    self_agreement: Sequence[float] = ()
    classes: dict[str, tuple[int, int]] = {}
    extra_classes: dict[str, tuple[int, int]] = {}
    baseline_classes: dict[str, tuple[int, int]] = {}
    critical_classes: frozenset[str] = frozenset()
    failed: dict[tuple[str, str], int] = {}
    missing: dict[tuple[str, str], int] = {}
    missing_pairs: int = 0
    baseline_usd: Sequence[float] = ()
    candidate_usd: Sequence[float] = ()
    baseline_latency_s: Sequence[float] = ()
    candidate_latency_s: Sequence[float] = ()
    chance: float = 0.0
    scorer: str = ""
    scorer_reason: str = ""
    provisional: tuple[str, ...] = ()
    identical_requests: int = 0
    grouped_out: int = 0
    unrecorded: int = 0
    judge_labels: dict[str, tuple[int, int]] = {}
    cost_note: str = ""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """
    What "as good" means.

    Attributes:
        floor: Agreement that must be ruled out from below, in (0, 1); None where not asked for.
        target: Agreement that should pass, in (floor, 1).
        margin: Largest acceptable drop as a share of 1 (3 points is 0.03); None: the measure's own.
        alpha: Chance of a wrong Switch, over all decisions of the plan.
        beta: Chance of a wrong Keep, per decision.
        n_max: Live runs stop here, undecided means Keep; recorded runs know no such cap.
        sequential: True for a live run that may stop early, False for recorded answers.
        decisions: Types x candidates, fixed in the plan.
    """

    floor: float | None = None
    target: float = 0.95
    margin: float | None = None
    alpha: float = 0.05
    beta: float = 0.05
    n_max: int = 600
    sequential: bool = False
    decisions: int = 1
