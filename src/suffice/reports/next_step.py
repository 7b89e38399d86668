"""The one command that comes next."""

from __future__ import annotations

import re
import shlex

from suffice.records import Comparison, Verdict, Word
from suffice.reports.untrusted import one_line

RUNS = ".suffice/runs"
"""Where runs are kept, and rollouts look for them, if nothing else is set."""

_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]+")


def next_command(comparison: Comparison) -> tuple[str, str]:
    """
    A command that exists and can be pasted, and what it is for; the most useful one alone.

    A run that ended early is finished first; then a Switch that may ramp is taken to production,
    where the run is kept; then a Keep is understood, then what is still undecided; a run of
    Switches alone becomes the gate of a build.
    """
    run = shell_word(comparison.run_id) if comparison.run_id else ""
    if comparison.stopped:
        return _resume(comparison), "asks for no answer twice"
    ready = _ready(comparison)
    if ready is not None:
        to = shell_word(_model(ready.candidate).removeprefix("claude-"))
        start = f"suffice rollout start {shell_word(ready.type)} --to {to}"
        return start, "takes it to production in stages"
    for word, why in (
        (Word.KEEP, "reads the lost cases, worst first"),
        (Word.NOT_YET, "reads what differs so far"),
    ):
        found = _most_telling(comparison, word)
        if found is not None and run:
            return f"suffice cases {run} {_lost_of(found.type)}", why
    if run and comparison.types:
        return f"suffice check {run}", "fails a build when a verdict turns"
    if comparison.types:
        return f"{compare_again(comparison)} --format html -o report.html", "the same as a page"
    return "suffice compare --help", "shows what a cases file holds"


def _ready(comparison: Comparison) -> Verdict | None:
    """The Switch with the most pairs that may ramp by itself, in a run a rollout finds again."""
    if not comparison.run_id.startswith(f"{RUNS}/") or comparison.held_out_of:
        return None
    rows = [
        row
        for row in comparison.types
        if row.verdict is Word.SWITCH
        and not row.provisional
        and not row.type.startswith("-")
        and _model(row.candidate) != _model(row.baseline)  # it would replace itself
    ]
    return max(rows, key=lambda row: row.pairs, default=None)


def _model(arm: str) -> str:
    return arm.partition("@")[0]


def _most_telling(comparison: Comparison, word: Word) -> Verdict | None:
    rows = [row for row in comparison.types if row.verdict is word and row.lost]
    return max(rows, key=lambda row: row.lost, default=None)


def _lost_of(request_type: str) -> str:
    name = shell_word(request_type)
    return f"--lost -- {name}" if request_type.startswith("-") else f"{name} --lost"


def _resume(comparison: Comparison) -> str:
    command = compare_again(comparison)
    if comparison.run_id:
        command += f" --save {shell_word(comparison.run_id)}"
    command += " --resume"
    if comparison.stopped == "budget" and comparison.spending.cap_usd:
        try:
            cap = float(comparison.spending.cap_usd)
        except ValueError:
            return command
        return f"{command} --budget {cap * 1.6:.2f}".removesuffix(".00")
    return command


def compare_again(comparison: Comparison) -> str:
    """The call that would make such a comparison, as far as its record tells."""
    if comparison.asked:
        return " ".join(["suffice compare", *map(shell_word, comparison.asked)])
    if comparison.held_out_of:  # everything else is that run's to say
        return f"suffice compare --held-out {shell_word(comparison.source)}"
    baselines = list(dict.fromkeys(row.baseline for row in comparison.types))
    candidates = list(dict.fromkeys(row.candidate for row in comparison.types))
    parts = ["suffice compare", shell_word(comparison.source or "CASES")]
    parts += [f"--baseline {shell_word(name)}" for name in baselines[:1]]
    parts += [f"--to {shell_word(name)}" for name in candidates]
    parts += ["--recorded"] if comparison.recorded else []
    return " ".join(parts)


def shell_word(text: str) -> str:
    """One shell word; what cannot be typed is written out, for reading rather than pasting."""
    return shlex.quote(text if _PRINTABLE.fullmatch(text) else one_line(text))
