"""A comparison onto stdout and into files, and the exit code it stands for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import click

from suffice.cli import EXIT_BUDGET, EXIT_INTERRUPTED, EXIT_KEEP, EXIT_UNDECIDED
from suffice.cli.console import results, speaks_unicode
from suffice.errors import BadOption, StorageError
from suffice.records import Comparison, Word
from suffice.reports import FORMATS, render

_BY_ENDING = {
    ".html": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".md": "md",
    ".xml": "junit",
    ".txt": "text",
}

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="What goes to stdout.",
)
output_option = click.option(
    "-o",
    "--output",
    "outputs",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Also write a file; its ending says the form (.html .json .jsonl .csv .md .xml .txt).",
)


def check_outputs(outputs: Iterable[Path]) -> None:
    """
    Refuse a file we could not write the result into, before any work is done for it.

    Raises:
        BadOption: The ending is not one we know, or there is no such folder.
    """
    for output in outputs:
        if output.suffix.lower() not in _BY_ENDING:
            raise BadOption(
                f"{output} has no ending that says its form.",
                effect="Nothing was run.",
                next_step=f"Use one of {' '.join(_BY_ENDING)}.",
            )
        if not output.absolute().parent.is_dir():
            raise BadOption(
                f"There is no folder {output.absolute().parent}.",
                effect="Nothing was run.",
                next_step="Make it, or choose another.",
            )


def write(comparison: Comparison, *, form: str, outputs: Iterable[Path]) -> None:
    """
    Print the comparison, then write each file.

    Raises:
        StorageError: A file cannot be written; what was printed stands.
    """
    console = results()
    text = render(
        comparison,
        form,
        width=min(console.width, 100) if console.is_terminal else 100,
        unicode=speaks_unicode(console),
        colour=console.is_terminal and not console.no_color,
    )
    try:
        click.echo(text, nl=False, color=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageError(
            f"The result cannot be written to standard output: {error.strerror or error}.",
            effect="The run's folder holds it, if one is kept.",
            next_step="Write it to a file with -o.",
        ) from error
    for output in outputs:
        try:
            output.write_text(
                render(comparison, _BY_ENDING[output.suffix.lower()]), encoding="utf-8"
            )
        except OSError as error:
            raise StorageError(
                f"{output} cannot be written: {error.strerror or error}.",
                effect="The verdicts above stand; that file is missing.",
                next_step="Choose another place with -o.",
            ) from error


def exit_code(comparison: Comparison) -> int:
    """
    What the run stands for: 0 where every type is decided and has a model that suffices.

    130 interrupted, 1 ended by the provider or the disk, 12 by the budget, 11 a type is kept, 10 a
    type is undecided.

    A type is fine as soon as one candidate suffices for it.
    """
    if comparison.stopped == "interrupted":
        return EXIT_INTERRUPTED
    if comparison.stopped in {"provider", "storage", "error"}:
        return 1
    if comparison.stopped == "budget":
        return EXIT_BUDGET
    words = best_words(comparison)
    if Word.KEEP in words:
        return EXIT_KEEP
    return EXIT_UNDECIDED if Word.NOT_YET in words else 0


def best_words(comparison: Comparison) -> list[Word]:
    """For each type, the best word any of its candidates got."""
    order = [Word.SWITCH, Word.NOT_YET, Word.KEEP]
    by_type = sorted(comparison.types, key=lambda verdict: verdict.type)
    return [
        min((verdict.verdict for verdict in verdicts), key=order.index)
        for _, verdicts in groupby(by_type, key=lambda verdict: verdict.type)
    ]
