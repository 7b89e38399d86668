"""What the HTML report says beside the pictures: money, time, and how it was computed."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from functools import partial

from suffice.records import Comparison, Interval, Measure, Verdict, Word
from suffice.reports import words
from suffice.reports.sums import adding_up, decimals_of, dollars


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """A name and what it is, with a remark."""

    name: str
    value: str
    remark: str = ""


RULES = {
    Measure.QUALITY: (
        "Each pair gives the candidate's grade minus the baseline's. Switch needs the lower bound "
        "of its mean at or above the limit, Keep the upper bound below it; else Not yet."
    ),
    Measure.AGREEMENT: (
        "Each pair agrees or not. Switch needs the lower bound of the agreement at or above the "
        "floor, Keep evidence that it lies below the target; else Not yet."
    ),
    Measure.AGREEMENT_CEILING: (
        "A model does not always agree with itself. Each case holds the candidate's agreement "
        "with two runs of the baseline against the agreement of those runs with each other. "
        "Switch needs the lower bound of the difference at or above the limit."
    ),
}


def money_facts(row: Verdict) -> tuple[Fact, ...]:
    """Cost and latency differences with their intervals and counts."""
    cost = row.cost
    if cost is None:
        return (Fact("Cost", "unknown", row.cost_note or "no usage or no price was recorded"),)
    measured = f"measured on {words.count(cost.pairs, 'pair')}"
    thousand = Interval(
        1000 * cost.saving_usd.estimate,
        1000 * cost.saving_usd.lower,
        1000 * cost.saving_usd.upper,
    )
    proven = "Proven saving" if row.verdict is Word.SWITCH else "Would save"
    before, after, saved = _difference(1000 * cost.baseline_usd, 1000 * cost.candidate_usd)
    facts = [
        Fact(f"{row.baseline}, per 1,000 answers", before),
        Fact(f"{row.candidate}, per 1,000 answers", after),
        Fact(
            f"{proven}, per 1,000 answers",
            saved,
            f"{words.usd(thousand.lower)} to {words.usd(thousand.upper)}, "
            + ("" if cost.saving_share is None else f"{cost.saving_share:.0%}, ")
            + measured,
        ),
    ]
    if cost.latency_s is not None:
        time = cost.latency_s
        facts.append(
            Fact(
                "Seconds per answer",
                f"{time.estimate:+.2f} s",
                f"{time.lower:+.2f} to {time.upper:+.2f} s, {measured}",
            ),
        )
    if cost.note:
        facts.append(Fact("Prices", "", cost.note))
    return tuple(facts)


def _difference(before: float, after: float) -> tuple[str, str, str]:
    """
    Two amounts and what lies between them, as dollars of which that is true as shown.

    >>> _difference(0.335, 0.115)
    ('$0.34', '$0.12', '$0.22')
    """
    exact = Decimal(str(before)), Decimal(str(after))
    decimals = decimals_of(exact)
    more, minus_less = adding_up([exact[0], -exact[1]], decimals=decimals)
    shown = partial(dollars, decimals=decimals)
    return shown(more), shown(-minus_less), shown(more + minus_less)


def how_computed(row: Verdict, comparison: Comparison) -> tuple[Fact, ...]:
    """Everything a reader needs to check the verdict, or to compute it again."""
    facts = [
        Fact("Rule", RULES[row.measure]),
        Fact("Estimate", _or_none(row.estimate, row), f"over {words.count(row.pairs, 'pair')}"),
        Fact(f"{words.level(row)} bounds", words.bounds(row, unit=True), "each one-sided"),
        Fact("Limit", words.limit_text(row)),
        Fact("Reason", row.reason),
        Fact("Agreement", words.ceiling(row) or "not measured"),
    ]
    if row.baseline_quality is not None and row.candidate_quality is not None:
        grades = (
            f"{row.baseline} {words.percent(row.baseline_quality)}, "
            f"{row.candidate} {words.percent(row.candidate_quality)}"
        )
        facts.append(Fact("Mean grade", grades, f"over {words.count(row.pairs, 'pair')}"))
    if row.p_value is not None:
        facts.append(Fact("p-value", f"{row.p_value:.2g}", "one-sided, against the limit"))
    if row.e_value is not None:
        facts.append(Fact("Evidence (e-value)", f"{row.e_value:.3g}", "valid at every look"))
    facts.append(
        Fact(
            "Chance of a wrong Switch",
            f"at most {100 * row.alpha:g}%",
            _promise(row),
        ),
    )
    facts.append(Fact("Scorer", row.scorer or "grades in the file", row.scorer_reason))
    if not comparison.recorded:
        facts.append(Fact("Seed", str(comparison.seed), "shuffled the cases"))
    return tuple(fact for fact in facts if fact.value)


def _promise(row: Verdict) -> str:
    if row.decisions == 1:
        return "this decision alone"
    kind = "expected share of wrong Switches" if row.promise == "fdr" else "any of them"
    return f"shared by {row.decisions:,} decisions: {kind}"


def _or_none(value: float | None, row: Verdict) -> str:
    return "none" if value is None else words.figure(value, row)
