"""Verdicts for the machines of a build: JUnit's XML and GitHub's annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from suffice.records import Comparison, Verdict, Word
from suffice.reports import words
from suffice.reports.untrusted import one_line, visible

# What XML 1.0 cannot hold in any form.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KINDS = {Word.KEEP: "error", Word.NOT_YET: "warning", Word.SWITCH: "notice"}
# GitHub shows so many annotations of a kind per step and drops the rest without a word.
_SHOWN_PER_KIND = 10


def to_junit(comparison: Comparison) -> str:
    """
    One test per type and candidate: Keep fails, Not yet is skipped, Switch passes.

    Characters that XML cannot hold are removed; those a reader cannot see are written out.
    """
    rows = comparison.types
    kept = sum(row.verdict is Word.KEEP for row in rows)
    undecided = sum(row.verdict is Word.NOT_YET for row in rows)
    totals = f'tests="{len(rows)}" failures="{kept}" errors="0" skipped="{undecided}"'
    when = f' timestamp="{_attribute(comparison.created)}"' if comparison.created else ""
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="suffice" {totals}>',
            f'  <testsuite name="{_attribute(comparison.source or "suffice")}" {totals}{when}>',
            *(line for row in rows for line in _testcase(row)),
            "  </testsuite>",
            "</testsuites>",
            "",
        ],
    )


def _testcase(row: Verdict) -> Iterator[str]:
    name = _attribute(f"{row.type}: {row.baseline} → {row.candidate}")
    opening = f'    <testcase classname="suffice.{_attribute(row.type)}" name="{name}"'
    told = words.sentence(row)
    match row.verdict:
        case Word.KEEP:
            yield f"{opening}>"
            yield (
                f'      <failure type="{_attribute(row.reason)}" message="{_attribute(told)}">'
                f"{_content(_figures(row))}</failure>"
            )
        case Word.NOT_YET:
            yield f"{opening}>"
            yield f'      <skipped message="{_attribute(told)}"/>'
        case Word.SWITCH:
            yield f"{opening}>"
    yield f"      <system-out>{_content(f'{told} {_figures(row)}')}</system-out>"
    yield "    </testcase>"


def _figures(row: Verdict) -> str:
    parts = [f"{words.count(row.pairs, 'pair')}; bounds {words.bounds(row, unit=True)}"]
    parts.append(f"limit {words.limit_text(row)}; lost {row.lost:,}, won {row.won:,}")
    if row.noise_floor is not None:
        parts.append(words.ceiling(row) or words.noise_floor(row))
    parts += [f"gate {gate.name} {gate.state.value}: {gate.detail}" for gate in row.gates]
    for title, numbers in (("failed", row.failed), ("missing", row.missing)):
        if told := words.failures(numbers):
            parts.append(f"{title}: {told}")
    if row.cost is not None:
        parts.append(words.saving(row.cost))
    return "; ".join(parts)


def _content(text: str) -> str:
    text = _NOT_XML.sub("", visible(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    return _content(one_line(text)).replace('"', "&quot;")


def to_github(comparison: Comparison) -> str:
    """
    One annotation per verdict: Keep is an error, Not yet a warning, Switch a notice.

    Of more than GitHub shows of one kind, the last says how many are left out.
    """
    lines: list[str] = []
    for word, kind in _KINDS.items():
        rows = [row for row in comparison.types if row.verdict is word]
        room = _SHOWN_PER_KIND if len(rows) <= _SHOWN_PER_KIND else _SHOWN_PER_KIND - 1
        lines += [_annotation(kind, words.headline(row), _message(row)) for row in rows[:room]]
        if len(rows) > room:
            rest = f"{words.SAID[word]}: {len(rows) - room:,} more"
            lines.append(_annotation(kind, rest, "See the report for all of them."))
    return "".join(f"{line}\n" for line in lines)


def _message(row: Verdict) -> str:
    return (
        f"{words.sentence(row)} ({words.count(row.pairs, 'pair')}, limit {words.limit_text(row)})"
    )


def _annotation(kind: str, title: str, message: str) -> str:
    """
    One workflow command; what would end it or start another is escaped.

    >>> _annotation("error", "a:b, c", "100%")
    '::error title=a%3Ab%2C c::100%25'
    """
    title = one_line(title).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={title}::{one_line(message).replace('%', '%25')}"
