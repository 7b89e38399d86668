"""Pairs with their texts, for reading: on a terminal, as JSON, as Markdown."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import msgspec
from rich.console import Console
from rich.text import Text

from suffice.errors import BadOption
from suffice.records import ShownCase
from suffice.reports import words
from suffice.reports.data import encode
from suffice.reports.markdown import case_block
from suffice.reports.untrusted import encodable, one_line, visible
from suffice.reports.word_diff import Piece, readable, word_diff

CASE_FORMATS = ("text", "json", "md")
_MOST_LINES = 14
_LABEL = 20


def render_cases(
    cases: Sequence[ShownCase],
    format: str,  # noqa: A002  (the word of the command line's own option)
    *,
    width: int = 100,
    unicode: bool = True,
    colour: bool = False,
    full: bool = False,
    diff: bool = True,
) -> str:
    """
    Cases in the order given.

    Args:
        cases: What to show.
        format: One of `CASE_FORMATS`.
        width: Cells of a line; for ``text`` alone.
        unicode: False draws with ASCII alone; for ``text`` alone.
        colour: True marks the diff with ANSI colours rather than ``[-signs-]{+and words+}``.
        full: True folds nothing; for ``text`` alone, the others never fold.
        diff: False shows the candidate's answer plain; for ``text`` alone.

    Raises:
        BadOption: There is no such format.
    """
    match format:
        case "text":
            return _to_text(cases, _Look(max(width, 40), unicode, colour, full, diff))
        case "json":
            document = {"schema": "suffice.cases", "version": 1, "cases": list(cases)}
            return msgspec.json.format(encode(document)).decode() + "\n"
        case "md":
            return encodable("\n".join(case_block(case, whole=True) for case in cases))
        case _:
            raise BadOption(
                f"There is no format {format!r} for cases.",
                effect="Nothing was written.",
                next_step=f"Choose one of {', '.join(CASE_FORMATS)}.",
            )


class _Look(msgspec.Struct, frozen=True):
    width: int
    unicode: bool
    colour: bool
    full: bool
    diff: bool

    @property
    def gutter(self) -> str:
        """Before every line: so that none, whatever it says, is read as a command of a build."""
        return "│ " if self.unicode else "| "


def _to_text(cases: Sequence[ShownCase], look: _Look) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=look.width,
        force_terminal=look.colour,
        color_system="standard" if look.colour else None,
        no_color=not look.colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for number, case in enumerate(cases, start=1):
        place = f"#{number:,} of {len(cases):,}  " if len(cases) > 1 else ""
        for line in _lines(case, look, place=place, console=console):
            console.print(line, soft_wrap=True)
    text = out.getvalue()
    return encodable(text) if look.unicode else text.encode("ascii", "backslashreplace").decode()


def _lines(case: ShownCase, look: _Look, *, place: str, console: Console) -> Iterator[Text]:
    title = Text.assemble((place, "dim"))
    title.append(one_line(case.type, unicode=look.unicode) + "  ", "bold")
    title.append(one_line(case.case_id, unicode=look.unicode), "bold")
    style = {"lost": "red", "won": "green"}.get(case.outcome, "")
    for part, how in ((case.outcome, style), (case.reason, "dim")):
        if part:
            title.append(f"  {one_line(part, unicode=look.unicode)}", how)
    yield title
    parts = [("request", Text(_seen(case.prompt, look)))]
    parts.append(("expected", Text(_seen(case.reference, look))))
    parts.append((case.baseline, Text(_seen(case.baseline_text, look))))
    parts.append((case.candidate, _candidate_text(case, look)))
    for name, text in parts:
        if text.plain:
            yield from _part(one_line(name, unicode=look.unicode), text, look, console)
    yield Text()


def _part(name: str, text: Text, look: _Look, console: Console) -> Iterator[Text]:
    room = look.width - len(look.gutter) - _LABEL - 1
    lines = list(text.wrap(console, max(room, 20), tab_size=4, overflow="fold"))
    hidden = 0 if look.full or len(lines) <= _MOST_LINES + 2 else len(lines) - _MOST_LINES
    shown = lines[:-hidden] if hidden else lines
    if len(name) > _LABEL:
        yield Text.assemble(look.gutter, (name, "dim"))
        name = ""
    for line in shown:
        line.rstrip()
        yield Text.assemble(look.gutter, (name.ljust(_LABEL), "dim"), " ", line)
        name = ""
    if hidden:
        more = words.count(hidden, "more line") + ": --full"
        yield Text.assemble(look.gutter, " " * _LABEL, " ", (more, "dim"))


def _seen(text: str, look: _Look) -> str:
    return visible(text, unicode=look.unicode)


def _candidate_text(case: ShownCase, look: _Look) -> Text:
    """The candidate's answer as a word diff from the baseline's, where that helps reading."""
    if not (look.diff and case.baseline_text and case.candidate_text):
        return Text(_seen(case.candidate_text, look))
    if case.baseline_text == case.candidate_text:
        return Text("(the same text)", "dim")
    pieces = word_diff(case.baseline_text, case.candidate_text)
    if not readable(pieces):
        return Text(_seen(case.candidate_text, look))
    return Text().join(_piece(piece, look) for piece in pieces)


def _piece(piece: Piece, look: _Look) -> Text:
    text = _seen(piece.text, look)
    match piece.kind:
        case "del":
            return Text(text, "red strike") if look.colour else Text(f"[-{text}-]")
        case "ins":
            return Text(text, "green underline") if look.colour else Text(f"{{+{text}+}}")
        case _:
            return Text(text)
