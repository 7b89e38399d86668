"""What is measured, and against what: quality, agreement, or agreement against the ceiling."""

from __future__ import annotations

from suffice.errors import BadMargin, BadOption
from suffice.records import Evidence, Limits, Measure

FLOOR = 0.90
QUALITY_MARGIN = 0.03
CEILING_MARGIN = 0.05


def choose_measure(evidence: Evidence, limits: Limits) -> Measure:
    """
    The measure these pairs allow and these limits ask for.

    Grades win over agreement unless a floor of agreement is asked for; two runs of the baseline
    win over one, since a model that does not agree with itself cannot be agreed with.

    Raises:
        BadMargin: A margin was given, and neither quality nor a ceiling can be had.
    """
    if evidence.baseline_quality and limits.floor is None:
        return Measure.QUALITY
    if evidence.first_agreement and evidence.self_agreement:
        return Measure.AGREEMENT_CEILING
    if limits.margin is not None and evidence.agreement:
        raise BadMargin(
            f"{evidence.type}: a margin of {100 * limits.margin:g} points needs grades or two runs"
            " of the baseline, and there are neither.",
            effect="Nothing was decided.",
            next_step="Give references or outcomes, repeat the baseline, or use --floor instead.",
        )
    if limits.margin is not None:
        return Measure.QUALITY  # not one pair: nothing to decide, and nothing to complain of
    return Measure.AGREEMENT


def margin_of(measure: Measure, limits: Limits) -> float:
    """The largest acceptable drop, as a share of 1: the one asked for, or the measure's own."""
    if limits.margin is not None:
        return limits.margin
    return QUALITY_MARGIN if measure is Measure.QUALITY else CEILING_MARGIN


def floor_of(limits: Limits) -> float:
    """The agreement that must be ruled out from below."""
    return FLOOR if limits.floor is None else limits.floor


def check_limits(limits: Limits) -> None:
    """
    Refuse limits that no rule can work with.

    Raises:
        BadOption: A limit lies outside its range, or the target is not above the floor.
    """
    floor = floor_of(limits)
    ranges = {
        "floor": (floor, 0.0, 1.0),
        "target": (limits.target, 0.0, 1.0),
        "margin": (CEILING_MARGIN if limits.margin is None else limits.margin, 0.0, 1.0),
        "alpha": (limits.alpha, 0.0, 0.5),
        "beta": (limits.beta, 0.0, 0.5),
    }
    for name, (value, low, high) in ranges.items():
        if not low < value < high:
            raise BadOption(
                f"{name} is {value:g}, and must lie between {low:g} and {high:g}.",
                effect="Nothing was decided.",
                next_step=f"Give another {name}; 3 points are 0.03.",
            )
    if limits.target <= floor:
        raise BadOption(
            f"The target ({limits.target:g}) must lie above the floor ({floor:g}).",
            effect="Nothing was decided.",
            next_step="The wider the gap, the fewer cases: --floor 0.95 --target 0.98, say.",
        )
