"""The single-file HTML report: no script, no network, and nothing untrusted unescaped."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Sequence
from datetime import datetime

import jinja2
from markupsafe import Markup

from suffice.records import Comparison, Measure, ShownCase, Verdict, Word
from suffice.reports import drawing, words
from suffice.reports.axis import shared_axis
from suffice.reports.data import to_json
from suffice.reports.next_step import next_command
from suffice.reports.page_cases import CaseView, case_view
from suffice.reports.page_facts import Fact, how_computed, money_facts
from suffice.reports.selection import CasesByVerdict, cases_by_verdict, counts, key_of, several_arms
from suffice.reports.templating import content_policy, template_text, templates_with
from suffice.reports.text import shared_alpha, spending
from suffice.reports.untrusted import encodable, script_safe, visible

CLASSES = {Word.SWITCH: "ok", Word.KEEP: "bad", Word.NOT_YET: "wait"}
# A hyphen that begins a number, as typography wants it: never inside a name or a date.
_MINUS = re.compile(r"(?<![\w-])-(?=\$?\d)")
_OPEN_AT_MOST = 6  # with more types than this, each stands folded


@dataclasses.dataclass(frozen=True, slots=True)
class TypeView:
    """One verdict, ready for its template."""

    number: int
    row: Verdict
    headline: str
    sentence: str
    cell: str
    count_rows: tuple[tuple[str, str, int, str], ...]
    strip: drawing.Strip
    ruler: tuple[drawing.Tick, ...]
    band: drawing.Band | None
    anytime: bool
    money: tuple[Fact, ...]
    failures: tuple[tuple[str, str, str, int], ...]
    lost: tuple[CaseView, ...]
    won: tuple[CaseView, ...]
    nothing_lost: str
    how: tuple[Fact, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class TableView:
    """The verdicts of one measure, on one axis."""

    title: str
    level: str
    ruler: tuple[drawing.Tick, ...]
    limit: drawing.Tick | None
    rows: tuple[tuple[TypeView, drawing.Strip], ...]


def to_html(comparison: Comparison) -> str:
    """
    The comparison as one HTML page that needs nothing else, not even JavaScript.

    It follows the reader's light or dark scheme and has a switch; every picture is also a
    table; the raw JSON stands in it for machines, as ``<script type="application/json">``.
    All texts of cases and models are escaped, hidden characters in them are written out, and a
    Content-Security-Policy forbids every script and every request.
    """
    style = template_text("report.css")
    cases = cases_by_verdict(comparison)
    views = [
        _type_view(comparison, row, at, cases) for at, row in enumerate(comparison.types, start=1)
    ]
    command, why = next_command(comparison)
    decisions = max((row.decisions for row in comparison.types), default=1)
    html = (
        _templates()
        .get_template("report.html.j2")
        .render(
            comparison=comparison,
            policy=content_policy(style),
            style=Markup(style),  # noqa: S704  (our own package data)
            title=_title(comparison),
            lede=_lede(comparison),
            cards=_cards(comparison),
            facets=[(CLASSES[word], words.SAID[word], n) for word, n in counts(comparison).items()],
            tables=_tables(views),
            views=views,
            arms=several_arms(comparison.types),
            folded=len(views) > _OPEN_AT_MOST,
            shared=shared_alpha(comparison.types[0], decisions) if decisions > 1 else "",
            spending=spending(comparison),
            next_command=command,
            next_why=why,
            raw=Markup(script_safe(to_json(comparison, indent=0))),  # noqa: S704  (escaped for it)
            height=drawing.BAND_HEIGHT,
            plot_top=drawing.PLOT_TOP,
            plot_height=drawing.PLOT_HEIGHT,
        )
    )
    return encodable(html)


@functools.cache
def _templates() -> jinja2.Environment:
    return templates_with(
        {
            "glyph": words.glyph,
            "said": words.SAID.__getitem__,
            "shade": CLASSES.__getitem__,
            "bounds": words.bounds,
            "counted": words.counted,
            "gate_glyph": words.GATE_GLYPHS.__getitem__,
            "minus": lambda text: text.replace("-", "−"),
            "breakable": _breakable,
            "minus_signs": lambda text: _MINUS.sub("−", text),
            "count": words.count,
            "about": words.about,
            "percent": words.percent,
        }
    )


def _breakable(text: str) -> Markup:
    """A name that may break after its own separators rather than anywhere."""
    parts = re.split(r"(?<=[/_.:-])(?=[^/_.:-])", visible(text))
    return Markup("<wbr>").join(parts)


def _title(comparison: Comparison) -> str:
    rows = comparison.types
    if not rows:
        return "No request type could be compared"
    if len(rows) == 1:
        return words.headline(rows[0])
    said = [f"{number:,} {words.SAID[word]}" for word, number in counts(comparison).items()]
    return ", ".join(said)


def _lede(comparison: Comparison) -> tuple[str, ...]:
    rows = comparison.types
    parts = []
    if rows and not several_arms(rows):
        parts.append(f"{rows[0].baseline} → {rows[0].candidate}")
    parts.append(comparison.source)
    parts.append("recorded answers, nobody was called" if comparison.recorded else "live run")
    parts.append(_when(comparison.created))
    if comparison.prices_dated:
        parts.append(f"prices of {comparison.prices_dated}")
    return tuple(part for part in parts if part)


def _when(created: str) -> str:
    try:
        return f"{datetime.fromisoformat(created):%Y-%m-%d %H:%M %Z}".strip()
    except ValueError:
        return created


def _cards(comparison: Comparison) -> tuple[tuple[str, str, str], ...]:
    rows = comparison.types
    ready = [row for row in rows if row.verdict is Word.SWITCH]
    provisional = sum(row.provisional for row in ready)
    proven = sorted(1000 * row.cost.saving_usd.estimate for row in ready if row.cost is not None)
    measured = sum(row.cost.pairs for row in ready if row.cost is not None)
    saved = words.usd(proven[-1]) if proven else "none"
    if len(proven) > 1:
        saved = f"{words.usd(proven[0])} to {saved}"
    spent = comparison.spending
    cap = f" of {words.usd_text(spent.cap_usd)}" if spent.cap_usd is not None else ""
    return (
        (
            "May switch",
            f"{len(ready):,} of {len(rows):,}",
            f"{provisional:,} of them provisional" if provisional else "decisions in this run",
        ),
        (
            "Proven saving per 1,000 answers",
            saved,
            f"measured on {words.count(measured, 'pair')}" if proven else "no Switch with dollars",
        ),
        (
            "Evidence",
            words.count(sum(row.pairs for row in rows), "pair"),
            f"{sum(row.lost for row in rows):,} lost, {sum(row.won for row in rows):,} won",
        ),
        (
            "Cost of proving it",
            words.usd_text(spent.spent_usd) + cap,
            f"{words.count(spent.calls, 'call')}, {spent.reused:,} answers reused",
        ),
    )


def _tables(views: Sequence[TypeView]) -> list[TableView]:
    tables = []
    for measure in dict.fromkeys(view.row.measure for view in views):
        members = [view for view in views if view.row.measure is measure]
        rows = [view.row for view in members]
        axis = shared_axis(rows)
        strips = [drawing.strip(row, axis) for row in rows]
        shared = len({row.limit for row in rows}) == 1
        limit = drawing.Tick(strips[0].limit, words.limit_text(rows[0], unit=False))
        tables.append(
            TableView(
                title=words.MEASURES[measure],
                level=words.level(rows[0]),
                ruler=drawing.ruler(axis, rows),
                limit=limit if shared else None,
                rows=tuple(zip(members, strips, strict=True)),
            ),
        )
    return tables


def _type_view(
    comparison: Comparison, row: Verdict, number: int, cases: CasesByVerdict
) -> TypeView:
    axis = shared_axis([row])
    lost, won = (cases.get(key_of(row, outcome), []) for outcome in ("lost", "won"))
    return TypeView(
        number=number,
        row=row,
        headline=words.headline(row),
        sentence=words.sentence(row),
        cell=words.cost_change(row.cost, pairs=row.pairs),
        count_rows=_count_rows(row),
        strip=drawing.strip(row, axis),
        ruler=drawing.ruler(axis, [row]),
        band=drawing.band(row),
        anytime=row.e_value is not None or row.p_value is None,
        money=money_facts(row),
        failures=_failures(row),
        lost=_case_views(lost),
        won=_case_views(won),
        nothing_lost=_nothing_lost(row),
        how=how_computed(row, comparison),
    )


def _case_views(cases: Sequence[ShownCase]) -> tuple[CaseView, ...]:
    return tuple(case_view(case, at) for at, case in enumerate(cases, start=1))


def _count_rows(row: Verdict) -> tuple[tuple[str, str, int, str], ...]:
    """Label, remark, count and what the count links to."""
    if row.measure is Measure.QUALITY:
        return (
            ("Both right", "", row.both, ""),
            ("Lost", f"only {row.baseline} right", row.lost, "lost"),
            ("Won", f"only {row.candidate} right", row.won, "won"),
            ("Neither right", "", row.neither, ""),
        )
    return (
        ("Agree", "", row.both, ""),
        ("Differ", f"{row.candidate} answered otherwise", row.lost, "lost"),
    )


def _failures(row: Verdict) -> tuple[tuple[str, str, str, int], ...]:
    """Model, kind, effect and count."""
    told = []
    for numbers, effect in ((row.failed, "scored 0"), (row.missing, "pair left out")):
        for key, number in sorted(numbers.items()):
            arm, _, kind = key.rpartition(":")
            told.append((arm or "unknown", kind, effect, number))
    return tuple(told)


def _nothing_lost(row: Verdict) -> str:
    if row.lost or not row.pairs:
        return ""
    possible = 1 - 0.05 ** (1 / row.pairs)
    return (
        f"None lost in {row.pairs:,}. That still allows a true loss rate up to "
        f"{words.percent(possible)} (95% bound over {words.count(row.pairs, 'pair')})."
    )
