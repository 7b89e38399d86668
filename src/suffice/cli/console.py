"""Where text goes: results to stdout, progress to stderr, plain where a terminal asks for it."""

from __future__ import annotations

import sys

from rich.console import Console


def results() -> Console:
    """The console for results. No colour where piped or with NO_COLOR; ASCII where needed."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def progress() -> Console:
    """The console for progress and remarks, on stderr."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def speaks_unicode(console: Console) -> bool:
    """Whether glyphs beyond ASCII will arrive as they are."""
    return (console.encoding or "ascii").lower().startswith("utf")
