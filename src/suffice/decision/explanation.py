"""A verdict in words for people: what to do, what it saves, how sure it is."""

from __future__ import annotations

import math

from suffice.records import CostDifference, GateState, Measure, Verdict, Word


def sentence(verdict: Verdict, *, target: float = 0.95) -> str:
    """
    What to do, why with its counts, what it saves and how sure it is.

    No percentage stands without its count, and no saving without saying that it is proven by
    measured answers and not yet taken.

    Args:
        verdict: Complete but for its sentence.
        target: The agreement that Keep is held against.
    """
    parts = [f"{_WORDS[verdict.verdict]}: {_why(verdict, target)}"]
    if verdict.verdict is Word.SWITCH:
        parts += [_saving(verdict.cost), _how_sure(verdict)]
    if verdict.verdict is Word.NOT_YET:
        parts.append(_what_is_missing(verdict))
    if verdict.provisional:
        because = "; ".join(verdict.provisional_because)
        parts.append(f"Provisional ({because}): it cannot ramp by itself.")
    return " ".join(part for part in parts if part)


_WORDS = {Word.SWITCH: "Switch", Word.KEEP: "Keep", Word.NOT_YET: "Not yet"}
_GATE_REASONS = {
    "broken_reference": "broken_reference",
    "class_gate": "classes",
    "missing": "missing",
}


def _why(verdict: Verdict, target: float) -> str:
    gate = _GATE_REASONS.get(verdict.reason)
    if verdict.reason == "not_proven" and (verdict.lower or -1) >= verdict.limit:
        gate = "classes"  # the pairs would do; the classes used up their extra draws
    if gate is not None:
        detail = next((each.detail for each in verdict.gates if each.name == gate), "")
        if verdict.reason == "broken_reference":
            return f"the grades look broken, so nothing is decided. {detail}"
        return f"{detail} {_sentence_case(_finding(verdict, target))}".rstrip()
    return _finding(verdict, target)


def _finding(verdict: Verdict, target: float) -> str:
    if verdict.estimate is None or verdict.lower is None or verdict.upper is None:
        if verdict.reason == "unscorable":
            return f"nothing can score these answers. {_sentence_case(verdict.scorer_reason)}."
        lost = sum(verdict.missing.values())
        return f"there is not one scored pair{f'; {lost} answers are missing' if lost else ''}."
    if verdict.measure is Measure.AGREEMENT:
        return _agreement(verdict, verdict.lower, verdict.upper, target)
    return _drop(verdict, verdict.lower, verdict.upper)


def _drop(verdict: Verdict, lower: float, upper: float) -> str:
    limit = f"your {_points(-verdict.limit)}-point limit"
    counts = f"({_pairs(verdict.pairs)}: {verdict.lost} lost, {verdict.won} won)"
    beside = _beside_itself(verdict)
    if lower >= verdict.limit:
        if lower >= 0:
            worst = f"even the worst plausible change is a gain of {_points(lower)} points"
            return f"{worst} {counts}.{beside}"
        worst = f"the worst plausible drop, {_points(-lower)} points, is inside {limit}"
        return f"{worst} {counts}.{beside}"
    if upper < verdict.limit:
        best = f"even the least plausible drop, {_points(-upper)} points, is beyond {limit}"
        return f"{best} {counts}.{beside}"
    if verdict.reason == "not_proven":
        return (
            f"after {_pairs(verdict.pairs)} ({verdict.lost} lost, {verdict.won} won) it is still"
            f" not proven that the drop is inside {limit}; it may be {_points(-lower)} points."
            f"{beside}"
        )
    return (
        f"{_pairs(verdict.pairs)} ({verdict.lost} lost, {verdict.won} won) cannot rule out a drop"
        f" of {_points(-lower)} points, beyond {limit}.{beside}"
    )


def _agreement(verdict: Verdict, lower: float, upper: float, target: float) -> str:
    counts = _agreed(verdict)
    floor = f"your {_percent(verdict.limit)} limit"
    if verdict.verdict is Word.SWITCH or lower >= verdict.limit:
        worst = _percent_above(lower, verdict.limit)
        return f"the worst plausible agreement, {worst}, is above {floor} ({counts})."
    if verdict.reason == "worse":
        best = f"even the best plausible agreement, {_percent(upper, up=True)}, is below"
        return f"{best} the {_percent(target)} it should reach ({counts})."
    if verdict.reason == "not_proven":
        return (
            f"after {_pairs(verdict.pairs)} it is still not proven that agreement is above"
            f" {floor}; it may be {_percent(lower)} ({counts})."
        )
    return f"{counts}, and an agreement of {_percent(lower)}, below {floor}, cannot be ruled out."


def _agreed(verdict: Verdict) -> str:
    """The count behind an agreement, or its mean where pairs agree in part."""
    if verdict.estimate is not None and round(verdict.estimate * verdict.pairs, 6) != verdict.both:
        return f"mean {_percent(verdict.estimate, plain=True)} over {_pairs(verdict.pairs)}"
    return f"{verdict.both} of {_pairs(verdict.pairs)} agree"


def _beside_itself(verdict: Verdict) -> str:
    if verdict.measure is not Measure.AGREEMENT_CEILING or verdict.noise_floor is None:
        return ""
    if verdict.agreement is None:
        return ""
    runs = verdict.noise_floor_pairs or verdict.pairs
    return (
        f" Agreement {_percent(verdict.agreement, plain=True)} over {_pairs(verdict.pairs)},"
        f" baseline with itself {_percent(verdict.noise_floor, plain=True)} over {runs}."
    )


def _what_is_missing(verdict: Verdict) -> str:
    if verdict.reason == "broken_reference" or verdict.need_more is None:
        return ""
    if verdict.reason == "class_gate":
        return ""  # the gate's own words name the classes and their counts
    alone = any(
        gate.name == "multiplicity" and gate.state is GateState.WITHHELD for gate in verdict.gates
    )
    because = (
        f" Alone it would be a Switch; {verdict.decisions} decisions share one promise."
        if alone
        else ""
    )
    return f"About {round_up(verdict.need_more)} more cases would probably settle it.{because}"


def _saving(cost: CostDifference | None) -> str:
    if cost is None:
        return ""
    saving = cost.saving_usd
    amount = f"{_usd(1000 * abs(saving.estimate))} per 1,000 requests"
    measured = f"measured on {cost.pairs} pairs"
    if saving.estimate < 0:
        return f"It costs more: {amount}, {measured}."
    if saving.lower <= 0:
        return f"No saving is proven: {amount}, {measured}, may be chance."
    share = "" if cost.saving_share is None else f" ({_percent(cost.saving_share, plain=True)})"
    return f"Proven saving, not yet taken: {amount}{share}, {measured}."


def _how_sure(verdict: Verdict) -> str:
    if verdict.promise == "fdr":
        return (
            f"Of all Switches among these {verdict.decisions} decisions at most"
            f" {100 * verdict.alpha:g}% are expected to be wrong."
        )
    over = f" over all {verdict.decisions} decisions" if verdict.decisions > 1 else ""
    return f"The chance that this is wrong is at most {100 * verdict.alpha:g}%{over}."


def round_up(more: int) -> int:
    """
    A count that claims no more precision than it has.

    >>> [round_up(n) for n in (7, 80, 164, 1234)]
    [7, 80, 170, 1300]
    """
    if more < 100:  # noqa: PLR2004
        return more
    unit = int(10 ** (len(str(more)) - 2))
    return math.ceil(more / unit) * unit


def _points(share: float) -> str:
    """
    Points of 100, to one decimal, without a trailing zero.

    >>> _points(0.0236), _points(0.03)
    ('2.4', '3')
    """
    return f"{100 * share:.1f}".removesuffix(".0")


def _percent(share: float | None, *, up: bool = False, plain: bool = False) -> str:
    """A share in percent; bounds are rounded away from the claim they support."""
    if share is None:
        return ""
    tenths = 1000 * share
    rounded = (
        round(tenths) if plain else math.ceil(tenths - 1e-6) if up else math.floor(tenths + 1e-6)
    )
    return f"{rounded / 10:.1f}".removesuffix(".0") + "%"


def _percent_above(share: float, limit: float) -> str:
    """
    A share above a limit, with as many decimals as show that it is.

    >>> _percent_above(0.936, 0.9), _percent_above(0.90034, 0.9), _percent_above(0.9, 0.9)
    ('93.6%', '90.03%', '90%')
    """
    if _percent(share) != _percent(limit):
        return _percent(share)
    for decimals in (2, 3, 4):
        scale = 10 ** (decimals + 2)
        cut = math.floor(share * scale + 1e-6) / scale
        if cut > limit:
            return f"{100 * cut:.{decimals}f}%"
    return _percent(share)


def _usd(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.2g}"


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count} pairs"
