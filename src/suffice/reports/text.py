"""The comparison on a terminal: a table with intervals drawn in characters, then sentences."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from suffice.records import Comparison, GateState, Verdict
from suffice.reports import words
from suffice.reports.next_step import next_command
from suffice.reports.selection import counts, select, several_arms
from suffice.reports.text_table import STYLES, Page, table_lines

_MOST_ROWS = 40
_ROWS_PER_WORD = 8


def to_text(
    comparison: Comparison,
    *,
    width: int = 100,
    unicode: bool = True,
    colour: bool = False,
) -> str:
    """
    The comparison for a terminal.

    Args:
        comparison: What to show.
        width: Cells of a line; lines are wrapped to it, down to 40.
        unicode: False draws with ASCII alone.
        colour: True adds ANSI colours; every state also has its glyph and its word.
    """
    page = Page(max(width, 40), unicode)
    out = io.StringIO()
    console = Console(
        file=out,
        width=page.width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for line in _lines(comparison, page):
        line.rstrip()
        console.print(line, soft_wrap=True)
    text = out.getvalue()
    return text if unicode else text.encode("ascii", "backslashreplace").decode()


def _lines(comparison: Comparison, page: Page) -> Iterator[Text]:
    yield _title(comparison, page)
    chosen = select(comparison.types, most=_MOST_ROWS, per_word=_ROWS_PER_WORD)
    yield from table_lines(chosen.rows, page, arms=several_arms(comparison.types))
    if chosen.hidden:
        yield Text()
        more = ", ".join(f"{number:,} more {words.SAID[w]}" for w, number in chosen.hidden.items())
        yield from _wrapped(Text(f"and {more}: --format csv lists all", "dim"), page, indent=2)
    if chosen.rows:
        yield Text()
    for row in chosen.rows:
        yield from _told(row, page, arms=several_arms(comparison.types))
    yield from _remarks(comparison, page)
    yield Text()
    yield _next(comparison, page)


def _title(comparison: Comparison, page: Page) -> Text:
    rows = comparison.types
    dot = " · " if page.unicode else " | "
    arrow = " → " if page.unicode else " -> "
    parts = []
    if rows and not several_arms(rows):
        parts.append(page.clean(f"{rows[0].baseline}{arrow}{rows[0].candidate}"))
    said = [f"{number:,} {words.SAID[word]}" for word, number in counts(comparison).items()]
    parts.append(", ".join(said) if rows else "no request type could be compared")
    if comparison.source:
        parts.append(page.clean(comparison.source))
    text = dot.join(parts)
    while len(parts) > 1 and cell_len(text) > page.width:
        parts.pop()
        text = dot.join(parts)
    return Text(page.name(text, page.width), "bold")


def _told(row: Verdict, page: Page, *, arms: bool) -> Iterator[Text]:
    """The sentence of one verdict, and what stands in its way."""
    arrow = " → " if page.unicode else " -> "
    title = page.clean(row.type) + (f"{arrow}{page.clean(row.candidate)}" if arms else "")
    line = Text("  ")
    line.append(f"{words.glyph(row.verdict, unicode=page.unicode)} {title}", STYLES[row.verdict])
    line.append("  " + page.clean(words.sentence(row)))
    yield from _wrapped(line, page, indent=4)
    for remark in _details(row, page):
        yield from _wrapped(Text(f"    {remark}", "dim"), page, indent=6)


def _details(row: Verdict, page: Page) -> Iterator[str]:
    if row.noise_floor is not None:
        yield words.ceiling(row) or f"baseline with itself {words.noise_floor(row)}"
    if row.provisional:
        because = "; ".join(row.provisional_because) or "the cases or the judge are not calibrated"
        yield page.clean(f"* provisional, cannot ramp by itself: {because}")
    for gate in row.gates:
        if gate.state in {GateState.WITHHELD, GateState.FAILED}:
            yield page.clean(f"gate {gate.name} {gate.state.value}: {gate.detail}")
    for title, numbers in (("failed answers", row.failed), ("missing pairs", row.missing)):
        if told := words.failures(numbers):
            yield page.clean(f"{title}: {told}")
    if row.cost is None and row.cost_note:
        yield page.clean(f"cost unknown: {row.cost_note}")
    elif row.cost is not None and row.cost.note:
        yield page.clean(f"cost: {row.cost.note}")
    yield from (page.clean(note) for note in row.notes)


def _remarks(comparison: Comparison, page: Page) -> Iterator[Text]:
    remarks = [*comparison.notes]
    if comparison.broken_total:
        first = comparison.broken[0] if comparison.broken else None
        example = f" (line {first.line}: {first.reason})" if first else ""
        is_no_case = words.count(comparison.broken_total, "line was no case", "lines were no case")
        remarks.append(f"{is_no_case}{example}")
    decisions = max((row.decisions for row in comparison.types), default=1)
    if decisions > 1:
        remarks.append(shared_alpha(comparison.types[0], decisions))
    remarks.append(spending(comparison))
    if comparison.stopped:
        remarks.append(f"stopped early: {comparison.stopped}; every paid answer is kept")
    yield Text()
    for remark in remarks:
        yield from _wrapped(Text(f"  {page.clean(remark)}", "dim"), page, indent=4)


def shared_alpha(verdict: Verdict, decisions: int) -> str:
    """Over how many decisions the chance of a wrong Switch is shared, and which promise holds."""
    alpha = f"{100 * verdict.alpha:g}%"
    if verdict.promise == "fdr":
        return f"of all Switches over {decisions:,} decisions at most {alpha} are expected wrong"
    return f"chance of any wrong Switch at most {alpha} over all {decisions:,} decisions"


def spending(comparison: Comparison) -> str:
    """What proving it cost, in one clause."""
    spent = comparison.spending
    if comparison.recorded and not spent.calls:
        return "recorded answers: nobody was called, proving it cost $0.00"
    text = f"proving it cost {words.usd_text(spent.spent_usd)}"
    if spent.cap_usd is not None:
        text += f" of {words.usd_text(spent.cap_usd)}"
    text += f"; {words.count(spent.calls, 'call')}, {spent.reused:,} answers reused"
    if spent.unpriced_calls:
        text += f"; {words.count(spent.unpriced_calls, 'call')} without a known price not counted"
    return text


def _next(comparison: Comparison, page: Page) -> Text:
    command, why = next_command(comparison)
    line = Text("Next  ")
    line.append(command, "bold cyan")
    if cell_len(line.plain) + len(why) + 3 <= page.width:
        line.append(f"   {why}", "dim")
    return line


def _wrapped(line: Text, page: Page, *, indent: int) -> Iterable[Text]:
    """The line broken at spaces; later lines begin under the first one's text."""
    console = Console(file=io.StringIO(), width=page.width, legacy_windows=False)
    first, *rest = line.wrap(console, page.width, tab_size=4) or [line]
    first.rstrip()
    yield first
    if not rest:
        return
    for piece in rest:
        piece.rstrip()
    for piece in Text(" ").join(rest).wrap(console, page.width - indent, tab_size=4):
        yield Text(" " * indent) + piece
