"""The weekly report as text, as Markdown, and as one HTML file."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from textwrap import fill, wrap

import jinja2
from markupsafe import Markup

from suffice.reports.templating import content_policy, template_text, templates_with
from suffice.reports.untrusted import encodable, script_safe, visible
from suffice.reports.week import Week
from suffice.reports.weekly import Section, headline, sections, title, weekly_json

_WIDTH = 100


def weekly_text(week: Week, *, unicode: bool = True) -> str:
    """
    The report for a terminal and for mail.

    Args:
        week: What happened.
        unicode: Whether glyphs beyond ASCII will arrive.
    """
    parts = [title(week), fill(headline(week), _WIDTH)]
    for section in sections(week):
        lines = [section.title.upper(), *wrap(section.says, _WIDTH)]
        lines += _table(section) if section.rows else [f"  {section.empty}"]
        parts.append("\n".join(lines))
    return visible("\n\n".join(parts) + "\n", unicode=unicode)


def weekly_markdown(week: Week) -> str:
    """The report for a wiki or a chat."""
    parts = [f"# {_plain(title(week))}", _plain(headline(week))]
    for section in sections(week):
        lines = [f"## {section.title}", ""]
        lines += [_plain(section.says), ""] if section.says else []
        if section.rows:
            rule = [
                "---" if n < section.figures_from else "---:" for n in range(len(section.headings))
            ]
            lines += [_row(section.headings), _row(rule), *(_row(row) for row in section.rows)]
        else:
            lines.append(section.empty)
        lines += ["", f"_{section.note}_"] if section.note and section.rows else []
        parts.append("\n".join(lines))
    return visible("\n\n".join(parts) + "\n")


def weekly_html(week: Week) -> str:
    """The report as a page that needs nothing else; its figures stand in it for machines."""
    style = template_text("report.css")
    raw = json.dumps(weekly_json(week), ensure_ascii=False)
    page = _template().render(
        title=title(week),
        headline=headline(week),
        sections=sections(week),
        policy=content_policy(style),
        style=Markup(style),  # noqa: S704  (our own package data)
        raw=Markup(script_safe(raw)),  # noqa: S704  (escaped for it)
    )
    return encodable(page)


def _table(section: Section) -> list[str]:
    """Columns as wide as they need and there is room for; what is longer goes on below."""
    rows = [section.headings, *section.rows]
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [
        # A figure is not broken; its heading may be.
        max(map(len, (*column[1:], *column[0].split())))
        if place >= section.figures_from
        else max(len(word) for cell in column for word in cell.split() or [""])
        for place, column in enumerate(columns)
    ]
    while sum(widths) > _WIDTH - 2 * len(widths):
        room = [width - few for width, few in zip(widths, least, strict=True)]
        widest = max(range(len(widths)), key=lambda place: (room[place] > 0) * widths[place])
        if room[widest] <= 0:
            break
        widths[widest] -= 1
    return [line for row in rows for line in _lines(row, widths, section.figures_from)]


def _lines(row: Sequence[str], widths: Sequence[int], figures_from: int) -> list[str]:
    cells = [_folded(cell, width) for cell, width in zip(row, widths, strict=True)]
    height = max(len(cell) for cell in cells)
    lines = []
    for place in range(height):
        texts = [cell[place] if place < len(cell) else "" for cell in cells]
        aligned = [
            text.rjust(width) if column >= figures_from else text.ljust(width)
            for column, (text, width) in enumerate(zip(texts, widths, strict=True))
        ]
        lines.append(("  " + "  ".join(aligned)).rstrip())
    return lines


def _folded(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text that Markdown takes as it is."""
    for sign in "\\`*_{}[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return text


@functools.cache
def _template() -> jinja2.Template:
    return templates_with({}).get_template("weekly.html.j2")
