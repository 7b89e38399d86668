"""The run a person names: a folder, a zip, a result file, or the name of a kept run."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import click

from suffice.errors import BadOption
from suffice.records import Comparison

_RUNS = Path(".suffice") / "runs"
RUNS_SETTING = "suffice.runs"
"""Where in click's context the group leaves the setting ``runs``."""


def runs_folder() -> Path:
    """Where runs are kept: as set, else .suffice/runs where the command is called."""
    ctx = click.get_current_context(silent=True)
    kept: Path | None = ctx.meta.get(RUNS_SETTING) if ctx else None
    # What runs without the group, as in a program, knows the variable all the same.
    return kept or Path(os.environ.get("SUFFICE_RUNS") or _RUNS)


def find_run(named: str) -> Path:
    """The path as given where it exists, else the run of that name among the kept ones."""
    path = Path(named)
    if not path.exists() and (runs_folder() / named).exists():
        return runs_folder() / named
    return path


def readable_run(named: str) -> Path:
    """
    As `find_run`, of a run that has verdicts.

    Raises:
        BadOption: There is no such run, or it was not finished.
    """
    path = find_run(named)
    if not path.exists():
        raise BadOption(
            f"There is neither a file nor a run {named!r}.",
            effect="Nothing is shown.",
            next_step=_which_there_are(named),
        )
    unfinished = path.is_dir() and not (path / "result.json").exists()
    if unfinished and (path / "run.json").exists():
        raise BadOption(
            f"The run {named!r} has no verdict: it was not finished.",
            effect="Nothing is shown. Answers it was given are kept.",
            next_step="The same call of `suffice compare` with --resume goes on with it.",
        )
    return path


def _which_there_are(named: str) -> str:
    kept = sorted(path.parent.name for path in runs_folder().glob("*/result.json"))
    near = difflib.get_close_matches(named, kept, n=3) or kept[:-4:-1]
    if not near:
        return "No run was kept here: suffice compare --help"
    return f"There is {', '.join(near)}; a path to a folder, a zip or a result file does as well."


def check_type(comparison: Comparison, request_type: str | None) -> None:
    """
    Refuse a type the run does not know, naming the nearest ones.

    Raises:
        BadOption: There is no such type.
    """
    types = list(dict.fromkeys(row.type for row in comparison.types))
    if request_type is None or request_type in types:
        return
    near = difflib.get_close_matches(request_type, types, n=3, cutoff=0.4) or types[:5]
    raise BadOption(
        f"The run has no request type {request_type!r}.",
        effect="Nothing is shown.",
        next_step=f"It has {len(types):,}, e.g. {', '.join(near)}." if types else "It has none.",
    )
