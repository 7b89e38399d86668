"""Where text goes: results to stdout, progress to stderr, plain where a terminal asks for it."""

from __future__ import annotations

import os
import sys

from rich.console import Console

_PIPED = 100  # columns, where no terminal and no COLUMNS says how many there are


def results() -> Console:
    """The console for results. No colour where piped or with NO_COLOR; ASCII where needed."""
    piped = not sys.stdout.isatty()
    width = _PIPED if piped and "COLUMNS" not in os.environ else None
    return Console(file=sys.stdout, highlight=False, soft_wrap=piped, width=width)


def progress() -> Console:
    """The console for progress and remarks, on stderr."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def speaks_unicode(console: Console) -> bool:
    """Whether glyphs beyond ASCII will arrive as they are."""
    return (console.encoding or "ascii").lower().startswith("utf")
