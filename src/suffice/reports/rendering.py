"""One flag, every format."""

from __future__ import annotations

from collections.abc import Callable

from suffice.errors import BadOption
from suffice.records import Comparison
from suffice.reports.ci import to_github, to_junit
from suffice.reports.data import to_csv, to_json, to_jsonl
from suffice.reports.markdown import to_markdown
from suffice.reports.page import to_html
from suffice.reports.text import to_text


def render(
    comparison: Comparison,
    format: str,  # noqa: A002  (the word of the command line's own option)
    *,
    width: int = 100,
    unicode: bool = True,
    colour: bool = False,
) -> str:
    """
    A comparison in one of `FORMATS`.

    Args:
        comparison: What to show.
        format: One of `FORMATS`.
        width: Cells of a line; for ``text`` alone.
        unicode: False draws with ASCII alone; for ``text`` alone.
        colour: True adds ANSI colours; for ``text`` alone.

    Returns:
        The whole text, ended by a line feed.

    Raises:
        BadOption: There is no such format.

    >>> render(Comparison(run_id="r1"), "csv").split(",")[:3]
    ['type', 'baseline', 'candidate']
    """
    if format == "text":
        return to_text(comparison, width=width, unicode=unicode, colour=colour)
    if format not in _RENDERERS:
        raise BadOption(
            f"There is no format {format!r}.",
            effect="Nothing was written.",
            next_step=f"Choose one of {', '.join(FORMATS)}.",
        )
    return _RENDERERS[format](comparison)


def _document(comparison: Comparison) -> str:
    return to_json(comparison) + "\n"


_RENDERERS: dict[str, Callable[[Comparison], str]] = {
    "json": _document,
    "jsonl": to_jsonl,
    "csv": to_csv,
    "md": to_markdown,
    "html": to_html,
    "junit": to_junit,
    "github": to_github,
}
FORMATS = ("text", *_RENDERERS)
