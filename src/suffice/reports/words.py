"""Numbers into words: the same wording on every surface, and no share without its count."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from suffice.records import CostDifference, GateState, Interval, Measure, Verdict, Word

GLYPHS = {Word.SWITCH: "✓", Word.KEEP: "✗", Word.NOT_YET: "…"}
ASCII_GLYPHS = {Word.SWITCH: "+", Word.KEEP: "x", Word.NOT_YET: "?"}
SAID = {Word.SWITCH: "Switch", Word.KEEP: "Keep", Word.NOT_YET: "Not yet"}
GATE_GLYPHS = {
    GateState.PASSED: "✓",
    GateState.WITHHELD: "…",
    GateState.FAILED: "✗",
    GateState.SKIPPED: "–",
}
MEASURES = {
    Measure.QUALITY: "quality change, points",
    Measure.AGREEMENT: "agreement with the baseline, per cent",
    Measure.AGREEMENT_CEILING: "agreement against the baseline's own, points",
}
_MOST_DECIMALS = 4


def glyph(word: Word, *, unicode: bool = True) -> str:
    """The sign that stands beside the word, so that colour is never alone."""
    return GLYPHS[word] if unicode else ASCII_GLYPHS[word]


def evidence(value: float) -> str:
    """
    A figure of evidence, without an exponent.

    >>> evidence(24733.6), evidence(0.9424)
    ('24,734', '0.9424')
    """
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"  # noqa: PLR2004 - whole from there on


def count(number: int, noun: str = "", plural: str = "") -> str:
    """
    A count with thousands separators, and its noun.

    >>> count(1), count(41920, "pair"), count(2, "case has", "cases have")
    ('1', '41,920 pairs', '2 cases have')
    """
    if not noun:
        return f"{number:,}"
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def about(more: int) -> int:
    """
    A forecast with two digits, rounded up: it claims no more precision than it has.

    As the sentences of `suffice.decision` round; importing them would cost half a second.

    >>> [about(number) for number in (7, 80, 164, 1234)]
    [7, 80, 170, 1300]
    """
    unit = int(10 ** max(len(str(more)) - 2, 0))
    return math.ceil(more / unit) * unit


def points(value: float, *, decimals: int = 1) -> str:
    """
    A difference in percentage points, always with its sign.

    >>> points(-0.0236), points(0.008), points(-0.00001)
    ('-2.4', '+0.8', '0.0')
    """
    rounded = round(value * 100, decimals)
    return f"{rounded:+.{decimals}f}" if rounded else f"{0:.{decimals}f}"


def percent(value: float, *, decimals: int = 1) -> str:
    """
    A share per cent; 100% is said only of all, 0% only of none.

    >>> percent(0.9153), percent(1.0), percent(0.99999)
    ('91.5%', '100%', '>99.9%')
    """
    if value in {0, 1}:
        return f"{value:.0%}"
    text = f"{value:.{decimals}%}"
    nearly_all = f"{1:.{decimals}%}"
    if text == nearly_all:
        return f">{1 - 10 ** -(decimals + 2):.{decimals}%}"
    if float(text.rstrip("%")) == 0:
        return f"<{10 ** -(decimals + 2):.{decimals}%}"
    return text


def usd(amount: float) -> str:
    """
    Dollars, with as many decimals as small amounts need.

    >>> usd(3.614), usd(0.0012345), usd(-12345.6), usd(0)
    ('$3.61', '$0.00123', '-$12,345.60', '$0.00')
    """
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size >= 0.1 or not size:  # noqa: PLR2004  (from ten cents on, cents are exact enough)
        return f"{sign}${size:,.2f}"
    decimals = 2 - math.floor(math.log10(size))
    return f"{sign}${size:.{decimals}f}"


def usd_text(amount: str) -> str:
    """
    Dollars kept as decimal text, to the cent; smaller amounts keep their first three digits.

    >>> usd_text("3.6142"), usd_text("0.0012345"), usd_text("1234.5"), usd_text("unknown")
    ('$3.61', '$0.00123', '$1,234.50', 'unknown')
    """
    try:
        exact = Decimal(amount)
    except InvalidOperation:
        return amount
    if not exact.is_finite():
        return amount
    digits = 2 if not exact or abs(exact) >= Decimal("0.1") else 2 - exact.adjusted()
    return f"{'-' if exact < 0 else ''}${abs(exact):,.{digits}f}"


def figure(value: float, verdict: Verdict, *, unit: bool = True) -> str:
    """
    A value of the verdict's measure, with the decimals that keep its side of the limit visible.

    A bound of -2.97 beside a limit of -3 must not read -3.0: the figure may not contradict
    the word.
    """
    decimals = 1
    while decimals < _MOST_DECIMALS and not _same_side(value, verdict.limit, decimals):
        decimals += 1
    if verdict.measure is Measure.AGREEMENT:
        return percent(value, decimals=decimals)
    return points(value, decimals=decimals) + (" points" if unit else "")


def _same_side(value: float, limit: float, decimals: int) -> bool:
    shown = round(value * 100, decimals)
    shown_limit = round(limit * 100, _MOST_DECIMALS)
    if math.isclose(value, limit, abs_tol=10 ** -(_MOST_DECIMALS + 3)):
        return True
    return (shown > shown_limit) == (value > limit) and (shown < shown_limit) == (value < limit)


def limit_text(verdict: Verdict, *, unit: bool = True) -> str:
    """The limit as people set it: ``-3`` points, ``90%``."""
    value = round(verdict.limit * 100, _MOST_DECIMALS)
    if verdict.measure is Measure.AGREEMENT:
        return f"{value:g}%"
    return f"{value:+g}" + (" points" if unit else "") if value else "0"


def bounds(verdict: Verdict, *, unit: bool = False) -> str:
    """Both one-sided bounds, or a dash where there are none."""
    if verdict.lower is None and verdict.upper is None:
        return "no bounds"
    if verdict.upper is None:
        return f"at least {figure(verdict.lower or 0.0, verdict, unit=unit)}"
    if verdict.lower is None:
        return f"at most {figure(verdict.upper, verdict, unit=unit)}"
    low = figure(verdict.lower, verdict, unit=False)
    return f"{low} to {figure(verdict.upper, verdict, unit=unit)}"


def level(verdict: Verdict) -> str:
    """The confidence of each bound as promised over all decisions."""
    return f"{100 * (1 - verdict.alpha):g}%"


def counted(verdict: Verdict) -> str:
    """The count behind the estimate: ``402/412`` where answers agree or not, else the pairs."""
    agreed = verdict.both + verdict.lost == verdict.pairs and verdict.won + verdict.neither == 0
    if verdict.measure is Measure.AGREEMENT and agreed and verdict.pairs:
        return f"{verdict.both:,}/{verdict.pairs:,}"
    return f"{verdict.pairs:,}"


def cost_change(cost: CostDifference | None, *, pairs: int) -> str:
    """
    The change of cost per answer; with its own count where that is not the verdict's.

    >>> usual = CostDifference(pairs=412, baseline_usd=0.004, candidate_usd=0.001,
    ...     saving_usd=Interval(0.003, 0.0029, 0.0031), saving_share=0.75)
    >>> cost_change(usual, pairs=412), cost_change(usual, pairs=500), cost_change(None, pairs=9)
    ('-75%', '-75% of 412', 'unknown')
    """
    if cost is None:
        return "unknown"
    if cost.saving_share is None:
        return usd(-cost.saving_usd.estimate)
    change = round(-100 * cost.saving_share)
    text = f"{change:+d}%" if change else "0%"
    return text if cost.pairs == pairs else f"{text} of {cost.pairs:,}"


def saving(cost: CostDifference) -> str:
    """The proven saving per 1,000 answers with its interval, share and count."""
    thousand = Interval(*(1000 * part for part in _parts(cost.saving_usd)))
    if thousand.estimate < 0:
        text = f"costs {usd(-thousand.estimate)} more per 1,000 answers"
        between = f"{usd(-thousand.upper)} to {usd(-thousand.lower)}"
    else:
        text = f"saves {usd(thousand.estimate)} per 1,000 answers"
        between = f"{usd(thousand.lower)} to {usd(thousand.upper)}"
    share = "" if cost.saving_share is None else f"{abs(cost.saving_share):.0%}, "
    return f"{text} ({share}{between}, measured on {count(cost.pairs, 'pair')})"


def _parts(interval: Interval) -> tuple[float, float, float]:
    return interval.estimate, interval.lower, interval.upper


def headline(verdict: Verdict) -> str:
    """What to do, in one line."""
    match verdict.verdict:
        case Word.SWITCH:
            text = f"Switch {verdict.type} to {verdict.candidate}"
        case Word.KEEP:
            text = f"Keep {verdict.type} on {verdict.baseline}"
        case Word.NOT_YET:
            text = f"Not yet: {verdict.type} stays on {verdict.baseline}"
    return text


def sentence(verdict: Verdict) -> str:
    """The verdict's own sentence, or one made from its figures where it brings none."""
    if verdict.sentence:
        return verdict.sentence
    closed = [gate.detail for gate in verdict.gates if gate.state in _CLOSED and gate.detail]
    if verdict.estimate is None:
        return closed[0] if closed else "No pair could be scored."
    evidence = f"{figure(verdict.estimate, verdict)} over {count(verdict.pairs, 'pair')}"
    held = f"bounds {bounds(verdict, unit=True)}, limit {limit_text(verdict)}"
    said = f"{evidence}; {held}."
    if verdict.verdict is Word.NOT_YET and verdict.need_more:
        said += f" About {count(about(verdict.need_more), 'more pair')} would settle it."
    if verdict.verdict is Word.SWITCH and verdict.cost is not None:
        said += f" It {saving(verdict.cost)}."
    return " ".join([said, *closed])


_CLOSED = {GateState.WITHHELD, GateState.FAILED}


def ceiling(verdict: Verdict) -> str:
    """Agreement beside the baseline's agreement with itself; empty where neither is known."""
    if verdict.agreement is None:
        return ""
    agreed = f"agreement {percent(verdict.agreement)} of {count(verdict.pairs, 'pair')}"
    if verdict.noise_floor is None:
        return agreed
    return f"{agreed}, baseline with itself {noise_floor(verdict)}"


def noise_floor(verdict: Verdict) -> str:
    """The baseline's agreement with itself and the count behind it."""
    if verdict.noise_floor is None:
        return "not measured"
    pairs = verdict.noise_floor_pairs
    if pairs is None and verdict.measure is Measure.AGREEMENT_CEILING:
        pairs = verdict.pairs
    known = f" of {count(pairs, 'pair')}" if pairs is not None else " (count not recorded)"
    return percent(verdict.noise_floor) + known


def failures(counts: Mapping[str, int]) -> str:
    """
    Failed or missing answers by arm and kind.

    >>> failures({"claude-haiku-4-5:cut": 1, "claude-haiku-4-5:refusal": 3})
    'claude-haiku-4-5 1 cut, 3 refusal'
    """
    by_arm: dict[str, list[str]] = {}
    for key, number in sorted(counts.items()):
        if number:
            arm, _, kind = key.rpartition(":")
            by_arm.setdefault(arm or "unknown", []).append(f"{number:,} {kind}")
    return "; ".join(f"{arm} {', '.join(kinds)}" for arm, kinds in by_arm.items())
