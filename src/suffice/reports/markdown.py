"""The comparison as Markdown: for a pull request, a step summary, a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator

from suffice.records import Comparison, GateState, Measure, ShownCase, Verdict, Word
from suffice.reports import words
from suffice.reports.next_step import next_command
from suffice.reports.selection import cases_by_verdict, counts, key_of, select, several_arms
from suffice.reports.text import shared_alpha, spending
from suffice.reports.untrusted import encodable, one_line, shorten, visible
from suffice.reports.word_diff import unified

_MOST_ROWS = 80
_ROWS_PER_WORD = 25
_CASES_PER_TYPE = 5
# A pull request's comment holds 65,536 characters.
_ROOM = 60_000
_LONGEST_TEXT = 4_000
_LONGEST_NAME = 400
_SPECIAL = re.compile(r"([\\`*_{}\[\]|~$!])")


def inline(text: str) -> str:
    r"""
    Untrusted text that stands in a line or a table cell: no mark-up, no HTML, no mention.

    >>> inline("a|b <b> @you")
    'a\\|b &lt;b&gt; &#64;you'
    """
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace("#", "&#35;").replace("@", "&#64;").replace("://", ":&#47;/")
    return _SPECIAL.sub(r"\\\1", text)


def code(text: str) -> str:
    r"""
    Untrusted text as a code span that it cannot close.

    >>> code("a`b"), code("a|b")
    ('``a`b``', '`a\\|b`')
    """
    text = shorten(one_line(text), _LONGEST_NAME) or " "
    fence = _fence(text, "`", least=1)
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{room}{text}{room}{fence}".replace("|", r"\|")


def _fence(text: str, sign: str, *, least: int) -> str:
    longest = max((len(run) for run in re.findall(f"{sign}+", text)), default=0)
    return sign * max(least, longest + 1)


def to_markdown(comparison: Comparison) -> str:
    """
    The comparison as GitHub-flavoured Markdown, below the size a comment may have.

    Lost cases that find no room are counted, and the command that shows them is named.
    """
    top = "\n".join(_top(comparison))
    bottom = "\n".join(_bottom(comparison))
    room = _ROOM - len(top) - len(bottom)
    parts: list[str] = []
    for part in _lost(comparison):
        room -= len(part) + 1
        if room < 0:
            parts.append("More lost cases than fit here; the command below shows them.\n")
            break
        parts.append(part)
    return encodable("\n".join([top, *parts, bottom]))


def _top(comparison: Comparison) -> Iterator[str]:
    said = [f"{number:,} {words.SAID[word]}" for word, number in counts(comparison).items()]
    rows = comparison.types
    yield f"## {', '.join(said) if rows else 'No request type could be compared'}"
    yield ""
    if not rows:
        return
    arms = several_arms(rows)
    if not arms:
        yield f"{code(rows[0].baseline)} → {code(rows[0].candidate)}"
        yield ""
    chosen = select(rows, most=_MOST_ROWS, per_word=_ROWS_PER_WORD)
    yield f"| verdict | request type | measured | {words.level(rows[0])} bounds | limit | cost |"
    yield "|---|---|---:|---:|---:|---:|"
    for row in chosen.rows:
        yield _row(row, arms=arms)
    yield ""
    if chosen.hidden:
        more = ", ".join(f"{number:,} more {words.SAID[w]}" for w, number in chosen.hidden.items())
        yield f"and {more}: `--format csv` lists all.\n"
    for row in chosen.rows:
        yield from _told(row, arms=arms)
    yield ""


def _row(row: Verdict, *, arms: bool) -> str:
    name = code(row.type) + (f"<br>→ {code(row.candidate)}" if arms else "")
    pairs = words.counted(row) + (" agreed" if "/" in words.counted(row) else " pairs")
    measured = "none" if row.estimate is None else words.figure(row.estimate, row)
    word = f"{words.glyph(row.verdict)} **{words.SAID[row.verdict]}**"
    if row.provisional:
        word += " (provisional)"
    unit = "" if row.measure is Measure.AGREEMENT else " points"
    cost = words.cost_change(row.cost, pairs=row.pairs)
    cells = [
        word,
        name,
        f"{measured}, {pairs}",
        words.bounds(row) + (unit if row.lower is not None or row.upper is not None else ""),
        words.limit_text(row),
        cost,
    ]
    return f"| {' | '.join(cells)} |"


def _told(row: Verdict, *, arms: bool) -> Iterator[str]:
    name = code(row.type) + (f" → {code(row.candidate)}" if arms else "")
    yield f"- {words.glyph(row.verdict)} {name}: {inline(words.sentence(row))}"
    if row.noise_floor is not None:
        yield f"  - {inline(words.ceiling(row) or words.noise_floor(row))}"
    if row.provisional:
        yield f"  - provisional: {inline('; '.join(row.provisional_because))}"
    for gate in row.gates:
        if gate.state in {GateState.WITHHELD, GateState.FAILED}:
            yield f"  - gate {inline(gate.name)} {gate.state.value}: {inline(gate.detail)}"
    for title, numbers in (("failed answers", row.failed), ("missing pairs", row.missing)):
        if told := words.failures(numbers):
            yield f"  - {title}: {inline(told)}"
    if row.cost is None:
        yield f"  - cost unknown: {inline(row.cost_note or 'no usage or no price')}"


def _lost(comparison: Comparison) -> Iterator[str]:
    kept = cases_by_verdict(comparison)
    for verdict in comparison.types:
        cases = kept.get(key_of(verdict, "lost"))
        if cases and verdict.verdict is not Word.SWITCH:
            shown = cases[:_CASES_PER_TYPE]
            yield (
                f"<details><summary>{_html(verdict.type)}: {len(shown)} of "
                f"{words.count(verdict.lost, 'lost case')}, worst first</summary>\n"
            )
            yield from (case_block(case) for case in shown)
            yield "</details>\n"


def _html(text: str) -> str:
    text = one_line(text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "&#64;")):
        text = text.replace(sign, entity)
    return text


def case_block(case: ShownCase, *, whole: bool = False) -> str:
    """One case with its texts and a diff; long texts lose their middle unless ``whole``."""

    def fit(text: str) -> str:
        return visible(text) if whole else shorten(visible(text), _LONGEST_TEXT)

    reason = f": {inline(case.reason)}" if case.reason else ""
    parts = [f"**{code(case.case_id)}**{reason}\n", _block(fit(case.prompt))]
    if case.reference:
        parts.append("expected\n\n" + _block(fit(case.reference)))
    if not case.baseline_text:
        parts.append(f"{code(case.candidate)}\n\n" + _block(fit(case.candidate_text)))
    else:
        diff = unified(visible(case.baseline_text), visible(case.candidate_text))
        title = f"{code(case.baseline)} → {code(case.candidate)}\n\n"
        parts.append(title + _block(diff if whole else shorten(diff, _LONGEST_TEXT), "diff"))
    return "\n".join(parts)


def _block(text: str, language: str = "text") -> str:
    fence = _fence(text, "`", least=3)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _bottom(comparison: Comparison) -> Iterator[str]:
    for note in comparison.notes:
        yield f"- {inline(note)}"
    if comparison.broken_total:
        yield f"- {words.count(comparison.broken_total, 'line was', 'lines were')} no case"
    decisions = max((row.decisions for row in comparison.types), default=1)
    if decisions > 1:
        yield f"- {inline(shared_alpha(comparison.types[0], decisions))}"
    yield f"- {inline(spending(comparison))}"
    command, why = next_command(comparison)
    yield ""
    yield f"Next: {code(command)} ({inline(why)})"
    yield ""
