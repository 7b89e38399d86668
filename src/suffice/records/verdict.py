"""What the evidence says of one candidate for one type, ready for any surface."""

from __future__ import annotations

import enum

import msgspec


class Word(enum.StrEnum):
    """The verdict, in one word."""

    SWITCH = "switch"
    KEEP = "keep"
    NOT_YET = "not_yet"


class Measure(enum.StrEnum):
    """What was measured; the bounds of a verdict are those of its measure."""

    QUALITY = "quality"
    AGREEMENT = "agreement"
    AGREEMENT_CEILING = "agreement_ceiling"


class GateState(enum.StrEnum):
    """Whether a gate lets a Switch through."""

    PASSED = "passed"
    WITHHELD = "withheld"
    FAILED = "failed"
    SKIPPED = "skipped"


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """
    One check that may withhold a Switch.

    Attributes:
        name: ``multiplicity``, ``missing``, ``classes``, ``broken_reference``, ``judge``, ...
        state: See `GateState`.
        detail: One sentence with value, operator and limit.
    """

    name: str
    state: GateState
    detail: str = ""


class Interval(msgspec.Struct, frozen=True):
    """Two bounds and the point between them."""

    estimate: float
    lower: float
    upper: float


class CostDifference(msgspec.Struct, frozen=True, kw_only=True):
    """
    Dollars per answer, measured from usage, paired by case.

    Attributes:
        pairs: Cases with dollars on both sides.
        baseline_usd: Mean dollars per answer of the baseline.
        candidate_usd: Mean dollars per answer of the candidate.
        saving_usd: Mean saving per answer with a BCa interval.
        saving_share: ``saving_usd.estimate / baseline_usd``; None where the baseline cost nothing.
        latency_s: Candidate minus baseline seconds per answer with a BCa interval; None unknown.
        note: Whose prices, and what is illustrative.
    """

    pairs: int
    baseline_usd: float
    candidate_usd: float
    saving_usd: Interval
    saving_share: float | None = None
    latency_s: Interval | None = None
    note: str = ""


class BandPoint(msgspec.Struct, frozen=True):
    """The bounds as they stood after so many pairs, for the picture of the band."""

    pairs: int
    estimate: float
    lower: float
    upper: float


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """
    The decision for one type and one candidate, with all it rests on.

    ``estimate``, ``lower`` and ``upper`` are in the measure's unit: for quality the candidate's
    score minus the baseline's in [-1, 1], for agreement a share in [0, 1], for agreement against
    the ceiling the excess disagreement in [-1, 1]. ``limit`` is in the same unit.

    Attributes:
        pairs: Scored pairs behind ``estimate``.
        agreement: Mean agreement, where both answers could be compared.
        noise_floor: The baseline's agreement with itself; None without a second run.
        noise_floor_pairs: Pairs of runs behind ``noise_floor``; None where not counted.
        baseline_quality: Mean grade of the baseline, where graded.
        candidate_quality: Mean grade of the candidate, where graded.
        lower: One-sided bound; the word says Switch only where lower >= limit.
        upper: One-sided bound from above; Keep where upper < limit (or its sequential twin).
        limit: What ``lower`` is held against.
        provisional: Cannot ramp by itself: hand-picked cases or an uncalibrated judge.
        reason: One machine-readable token, e.g. ``as_good``, ``worse``, ``too_few``,
            ``unscorable``, ``broken_reference``, ``class_gate``, ``missing``, ``not_proven``.
        sentence: What to do, what it saves, how sure it is; for people.
        need_more: Pairs that would probably settle it; None where decided or unknowable.
        lost: Cases only the baseline got right (or, in agreement, disagreements).
        won: Cases only the candidate got right; 0 for agreement.
        both: Cases both got right (in agreement: agreements).
        neither: Cases neither got right; 0 for agreement.
        failed: ``arm:kind`` -> count of answers that failed and scored 0.
        missing: ``arm:kind`` -> count of pairs left out.
        p_value: One-sided, for recorded quality decisions; None otherwise.
        e_value: Evidence against the null, for betting decisions; None otherwise.
        decisions: Over how many decisions alpha was shared.
        alpha: The promised chance of a wrong Switch over all decisions.
        promise: ``fwer`` or ``fdr``.
        keep_level: Of a Keep the least chance of a wrong one at which the same pairs still say
            it; None where the word is another, where it says Keep for want of proof alone, and
            of very many decisions.
        band: The bounds as they narrowed; empty where not computed.
        prompt_version: Of the prompt all compared cases came with; empty where they differ, or
            where no prompt was recorded.
    """

    type: str
    baseline: str
    candidate: str
    pairs: int
    measure: Measure
    estimate: float | None
    agreement: float | None
    noise_floor: float | None
    noise_floor_pairs: int | None = None
    baseline_quality: float | None = None
    candidate_quality: float | None = None
    lower: float | None
    upper: float | None
    limit: float
    verdict: Word
    provisional: bool = False
    provisional_because: tuple[str, ...] = ()
    reason: str
    sentence: str = ""
    gates: tuple[Gate, ...] = ()
    need_more: int | None = None
    lost: int = 0
    won: int = 0
    both: int = 0
    neither: int = 0
    failed: dict[str, int] = {}
    missing: dict[str, int] = {}
    p_value: float | None = None
    e_value: float | None = None
    decisions: int = 1
    alpha: float = 0.05
    promise: str = "fwer"
    scorer: str = ""
    scorer_reason: str = ""
    cost: CostDifference | None = None
    cost_note: str = ""
    notes: tuple[str, ...] = ()
    band: tuple[BandPoint, ...] = ()
    prompt_version: str = ""
    keep_level: float | None = None
