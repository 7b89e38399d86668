"""What the rule itself promises at the settings of a run, beside "50 cases, 95 % match"."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec

from suffice.decision import Certificate, certificate
from suffice.errors import BadOption
from suffice.records import Comparison, Limits, Measure, Verdict
from suffice.reports import words
from suffice.reports.data import encode
from suffice.statistics.certificate import CertificateRow

CERTIFICATE_FORMATS = ("text", "json", "md")
_UNSEEN_DISCORDANT = 0.06
_UNSEEN_SELF_AGREEMENT = 0.944


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """
    The rule of one measure at the settings of one run.

    Attributes:
        limits: As good as what; ``sequential`` where every pair was looked at.
        rule: What becomes of it.
    """

    limits: Limits
    rule: Certificate


def certify(comparison: Comparison, *, target: float = 0.95) -> tuple[Certified, ...]:
    """
    One certificate per measure and limit of a comparison, at its own number of pairs.

    Args:
        comparison: For its measures, limits, alpha, decisions, pairs and how often models
            differed. Of recorded runs with types of different size the median counts.
        target: The agreement that should pass, as the run had it.

    Raises:
        BadOption: The target is not above the floor of a run on agreement.
    """
    groups: dict[tuple[Measure, float], list[Verdict]] = {}
    for row in comparison.types:
        if row.pairs:
            groups.setdefault((row.measure, row.limit), []).append(row)
    return tuple(_certified(rows, comparison, target) for rows in groups.values())


def _certified(rows: Sequence[Verdict], comparison: Comparison, target: float) -> Certified:
    first = rows[0]
    agreement = first.measure is Measure.AGREEMENT
    limits = Limits(
        floor=first.limit if agreement else None,
        target=target,
        margin=None if agreement else -first.limit,
        alpha=first.alpha,
        sequential=not comparison.recorded,
        decisions=max(row.decisions for row in rows),
    )
    differing = sum(row.lost + row.won for row in rows) / sum(row.pairs for row in rows)
    own = [row.noise_floor for row in rows if row.noise_floor is not None]
    found = certificate(
        limits,
        measure=first.measure,
        pairs=round(median(row.pairs for row in rows)),
        discordant=round(differing, 3) or _UNSEEN_DISCORDANT,
        self_agreement=max(median(own), 0.55) if own else _UNSEEN_SELF_AGREEMENT,
    )
    return Certified(limits=limits, rule=found)


def render_certificates(
    certificates: Sequence[Certified],
    format: str,  # noqa: A002  (the word of the command line's own option)
    *,
    unicode: bool = True,
) -> str:
    """
    The certificates in one of `CERTIFICATE_FORMATS`.

    Raises:
        BadOption: There is no such format.
    """
    match format:
        case "json":
            document = {
                "schema": "suffice.certificate",
                "version": 1,
                "certificates": list(certificates),
            }
            return msgspec.json.format(encode(document)).decode() + "\n"
        case "text":
            return "\n".join(_text(found, unicode=unicode) for found in certificates)
        case "md":
            return "\n".join(_markdown(found) for found in certificates)
        case _:
            raise BadOption(
                f"There is no format {format!r} for a certificate.",
                effect="Nothing was written.",
                next_step=f"Choose one of {', '.join(CERTIFICATE_FORMATS)}.",
            )


def _title(found: Certified) -> str:
    limits, rule = found.limits, found.rule
    decisions = words.count(limits.decisions, "decision")
    each = ""
    if limits.decisions > 1:
        each = f", each at {words.percent(limits.alpha / limits.decisions)}"
    looks = f"{words.count(rule.pairs, 'pair')}, looked at once"
    if limits.sequential:
        looks = f"looked at after every pair, at most {rule.pairs:,}"
    parts = [
        words.MEASURES[rule.measure],
        _limit(limits),
        f"{decisions} at {100 * limits.alpha:g}%{each}",
        looks,
        rule.method,
        rule.assumes,
    ]
    return "; ".join(part for part in parts if part)


def _limit(limits: Limits) -> str:
    if limits.floor is not None:
        return f"floor {100 * limits.floor:g}%, target {100 * limits.target:g}%"
    return f"limit {-100 * (limits.margin or 0):+g} points"


def _heads(found: Certified) -> list[str]:
    heads = ["truth", "Switch", "Keep", "Not yet", "mean pairs", "50 cases, 95%"]
    if found.limits.decisions == 1:
        return heads
    any_of = f"any of {found.limits.decisions:,}"
    return [*heads[:5], any_of, heads[5], any_of]


def _cells(found: Certified, row: CertificateRow) -> list[str]:
    agreement = found.rule.measure is Measure.AGREEMENT
    truth = f"{100 * row.truth:.4g}%" if agreement else words.points(row.truth)
    course = row.course
    chances = [words.percent(part) for part in (course.switch, course.keep, course.undecided)]
    cells = [truth, *chances, f"{course.expected_pairs:,.0f}"]
    if found.limits.decisions > 1:
        cells.append(words.percent(row.switch_any))
    cells.append(words.percent(row.usual))
    if found.limits.decisions > 1:
        cells.append(words.percent(row.usual_any))
    return cells


def _sums(found: Certified) -> tuple[str, str]:
    rule, decisions = found.rule, found.limits.decisions
    good = f"{100 * found.limits.target:g}% agreement" if found.limits.floor else "no difference"
    any_of = f"any of {decisions:,} decisions, each" if decisions > 1 else "one decision,"
    wrong = (
        f"wrong Switch: {words.percent(rule.wrong_switch_any)} for {any_of} exactly on the limit "
        f'(one decision by "50 cases, 95%": {words.percent(rule.usual_wrong)})'
    )
    missed = (
        f"missed saving: {words.percent(rule.missed_saving)} for a candidate with {good}, "
        f"{words.count(rule.pairs, 'pair')} (50 cases, 95%: {words.percent(rule.usual_missed)})"
    )
    return wrong, missed


def _text(found: Certified, *, unicode: bool) -> str:
    table = [_heads(found), *(_cells(found, row) for row in found.rule.rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in table
    ]
    measure, limit, *rest = _title(found).split("; ")
    sums = [f"  {part}" for part in _sums(found)]
    parts = [f"{measure}; {limit}", "; ".join(rest), "", *lines, "", *sums, ""]
    text = "\n".join(parts)
    return text if unicode else text.encode("ascii", "backslashreplace").decode()


def _markdown(found: Certified) -> str:
    rows = [_heads(found), ["---:"] * len(_heads(found))]
    rows += [_cells(found, row) for row in found.rule.rows]
    table = [f"| {' | '.join(row)} |" for row in rows]
    sums = [f"- {part}" for part in _sums(found)]
    return "\n".join([f"### {_title(found)}", "", *table, "", *sums, ""])
