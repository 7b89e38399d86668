"""The one command that comes next."""

from __future__ import annotations

import re
import shlex

from suffice.records import Comparison, Verdict, Word
from suffice.reports.untrusted import visible

_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]+")


def next_command(comparison: Comparison) -> tuple[str, str]:
    """
    A command that exists and can be pasted, and what it is for; the most useful one alone.

    A run that ended early is finished first; then a Keep is understood, then what is still
    undecided; a run of Switches alone becomes the gate of a build.
    """
    run = _word(comparison.run_id) if comparison.run_id else ""
    if comparison.stopped:
        return _resume(comparison), "asks for no answer twice"
    for word, why in (
        (Word.KEEP, "reads the lost cases, worst first"),
        (Word.NOT_YET, "reads what differs so far"),
    ):
        found = _most_telling(comparison, word)
        if found is not None and run:
            return f"suffice cases {run} {_word(found.type)} --lost", why
    if run and comparison.types:
        return f"suffice check {run}", "fails a build when a verdict turns"
    if comparison.types:
        return f"{_again(comparison)} --format html -o report.html", "the same as a page"
    return "suffice compare --help", "shows what a cases file holds"


def _most_telling(comparison: Comparison, word: Word) -> Verdict | None:
    rows = [row for row in comparison.types if row.verdict is word and row.lost]
    return max(rows, key=lambda row: row.lost, default=None)


def _resume(comparison: Comparison) -> str:
    command = f"{_again(comparison)} --resume"
    if comparison.stopped == "budget" and comparison.spending.cap_usd:
        try:
            cap = float(comparison.spending.cap_usd)
        except ValueError:
            return command
        return f"{command} --budget {cap * 1.6:.2f}".removesuffix(".00")
    return command


def _again(comparison: Comparison) -> str:
    baselines = list(dict.fromkeys(row.baseline for row in comparison.types))
    candidates = list(dict.fromkeys(row.candidate for row in comparison.types))
    parts = ["suffice compare", _word(comparison.source or "CASES")]
    parts += [f"--baseline {_word(name)}" for name in baselines[:1]]
    parts += [f"--to {_word(name)}" for name in candidates]
    parts += ["--recorded"] if comparison.recorded else []
    return " ".join(parts)


def _word(text: str) -> str:
    """One shell word; what cannot be typed is written out, for reading rather than pasting."""
    return shlex.quote(text if _PRINTABLE.fullmatch(text) else visible(text))
