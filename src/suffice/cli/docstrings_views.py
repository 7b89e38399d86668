"""Docstrings as a person or a program reads of them: what is missing, what would change."""

from __future__ import annotations

import difflib
from decimal import Decimal

import click
import msgspec

from suffice.cli.docstrings_running import Missing, Proposed
from suffice.cli.money_text import usd_each
from suffice.reports.untrusted import one_line, visible
from suffice.reports.words import count
from suffice.tasks.docstrings.source import read_source
from suffice.tasks.documenting_files import Lack
from suffice.tasks.outcome import Unresolved


def show_missing(found: Missing, *, form: str) -> None:
    """What lacks a docstring, a line each, as compilers write it."""
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    for path, lacks in found.missing.items():
        for lack in lacks:
            click.echo(f"{path}:{lack.line}: {_named(lack)} {_wanting(lack)}")
    for path, why in found.broken.items():
        click.echo(f"{path}: cannot be read: {one_line(why)}")
    number = sum(len(lacks) for lacks in found.missing.values())
    partly = any(lack.missing for lacks in found.missing.values() for lack in lacks)
    what = "missing or incomplete" if partly else "missing"
    click.echo(f"{count(number, 'docstring')} {what} in {count(found.files, 'file')}.")


def show_proposed(done: Proposed, *, form: str) -> None:
    """The diff, then what could not be written, then the cost."""
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(_document(done)), indent=2))
        return
    for path, file in done.changed.items():
        click.echo(_diff(path, file.before, file.after), nl=False)
    for path, lack, outcome in done.outcomes:
        if isinstance(outcome.value, Unresolved):
            why = one_line(f"{outcome.value.reason}: {outcome.value.detail}")
            click.echo(f"{path}:{lack.line}: {_named(lack)} is left as it is, {why}", err=True)
    for path, file in done.files.items():
        if file.broken:
            click.echo(f"{path} is left as it is: {one_line(file.broken)}", err=True)
    click.echo(_summed_up(done), err=True)


def _named(lack: Lack) -> str:
    return f"{lack.kind} {lack.name}" if lack.name else "the file"


def _wanting(lack: Lack) -> str:
    if lack.missing:
        return f"does not document {', '.join(lack.missing)}"
    return "has no docstring"


def _diff(path: str, before: bytes, after: bytes) -> str:
    old, new = (visible(read_source(one).text).split("\n") for one in (before, after))
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _spent(done: Proposed) -> Decimal | None:
    spent = Decimal(0)
    for _, _, outcome in done.outcomes:
        if outcome.usd is None:
            return None
        spent += outcome.usd
    return spent


def _summed_up(done: Proposed) -> str:
    written = sum(not isinstance(one.value, Unresolved) for _, _, one in done.outcomes)
    spent = _spent(done)
    cost = "a cost nobody can tell" if spent is None else usd_each(spent)
    return (
        f"{written} of {count(len(done.outcomes), 'docstring')} in "
        f"{count(len(done.changed), 'file')}, {cost}."
    )


def _document(done: Proposed) -> dict[str, object]:
    spent = _spent(done)
    return {
        "schema": "suffice.docstrings",
        "version": 1,
        "files": len(done.files),
        "usd": None if spent is None else str(spent),
        "docstrings": [
            {
                "path": path,
                "name": lack.name,
                "kind": lack.kind,
                "line": lack.line,
                "docstring": None if isinstance(outcome.value, Unresolved) else outcome.value,
                "unresolved": outcome.value.reason
                if isinstance(outcome.value, Unresolved)
                else None,
                "model": outcome.model,
            }
            for path, lack, outcome in done.outcomes
        ],
        "broken": {path: file.broken for path, file in done.files.items() if file.broken},
        "diff": "".join(_diff(path, one.before, one.after) for path, one in done.changed.items()),
    }
