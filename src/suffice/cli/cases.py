"""`suffice cases`: the pairs behind a verdict, lost ones first; and labels made by a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from suffice.cli.console import progress, results, speaks_unicode
from suffice.cli.stored_run import check_type, readable_run
from suffice.errors import BadOption

if TYPE_CHECKING:
    from suffice.records import Comparison, ShownCase

_ORDER = ("lost", "won", "neither", "both")


@click.command()
@click.argument("run")
@click.argument("request_type", metavar="[TYPE]", required=False)
@click.option("--lost", "outcome", flag_value="lost", default=True, help="Lost ones (default).")
@click.option("--won", "outcome", flag_value="won", help="Won ones.")
@click.option("--all", "outcome", flag_value="all", help="Every pair whose texts were kept.")
@click.option("--candidate", metavar="MODEL", help="Of this candidate alone.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--full", is_flag=True, help="Fold no text, however long.")
@click.option("--format", "form", type=click.Choice(["text", "json", "md"]), default="text")
@click.option("--label", is_flag=True, help="Judge pairs yourself, blind, one key each.")
@click.option(
    "--labels",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("labels.jsonl"),
    show_default=True,
    help="Where --label keeps your labels, and goes on next time.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Shuffles --label.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    run: str,
    request_type: str | None,
    outcome: str,
    candidate: str | None,
    limit: int,
    full: bool,
    form: str,
    label: bool,
    labels: Path,
    seed: int,
) -> None:
    """
    Read the cases behind a verdict, lost ones first; or label them yourself.

    RUN is a run's folder, a zip of it, or its name under .suffice/runs.
    """
    from suffice.adapters.storage import read_result

    path = readable_run(run)
    comparison = read_result(path)
    check_type(comparison, request_type)
    _check_candidate(comparison, candidate)
    found = _kept(path, comparison, request_type, candidate)
    if label:
        from suffice.cli.labelling import label_cases

        ctx.exit(label_cases(found, comparison, labels=labels, seed=seed))
    chosen = [case for case in found if outcome in {"all", case.outcome}]
    chosen.sort(key=lambda case: (_ORDER.index(case.outcome), -case.weight))
    _show(chosen[:limit], form=form, full=full)
    if form == "text":
        _close(comparison, run, request_type, outcome=outcome, left=len(chosen) - limit)


def _check_candidate(comparison: Comparison, candidate: str | None) -> None:
    known = list(dict.fromkeys(row.candidate for row in comparison.types))
    if candidate is not None and candidate not in known:
        raise BadOption(
            f"The run has no candidate {candidate!r}.",
            effect="Nothing is shown.",
            next_step=f"It has {', '.join(known) or 'none'}.",
        )


def _kept(
    path: Path,
    comparison: Comparison,
    request_type: str | None,
    candidate: str | None,
) -> list[ShownCase]:
    """Every pair the run kept with its texts; a result file alone holds only the worst."""
    from suffice.adapters.storage import read_shown

    rows = list(read_shown(path, request_type=request_type)) if path.suffix != ".json" else []
    return [
        row
        for row in rows or comparison.shown
        if request_type in {None, row.type} and candidate in {None, row.candidate}
    ]


def _show(cases: list[ShownCase], *, form: str, full: bool) -> None:
    from suffice.reports import render_cases

    console = results()
    text = render_cases(
        cases,
        form,
        width=min(console.width, 120) if console.is_terminal else 100,
        unicode=speaks_unicode(console),
        colour=console.is_terminal and not console.no_color,
        full=full,
    )
    click.echo(text, nl=False, color=True)


def _close(
    comparison: Comparison,
    run: str,
    request_type: str | None,
    *,
    outcome: str,
    left: int,
) -> None:
    """What is not shown, and the one command that comes next."""
    from suffice.reports import shell_word
    from suffice.reports.words import count

    name = "" if outcome == "all" else f"{outcome} "
    if left > 0:
        progress().print(f"{count(left, f'more {name}case')}: --limit", markup=False)
    rows = [row for row in comparison.types if request_type in {None, row.type}]
    total = sum(
        row.lost if outcome == "lost" else row.won if outcome == "won" else row.pairs
        for row in rows
    )
    if not total:
        pairs = count(sum(row.pairs for row in rows), "pair")
        progress().print(f"No {name}case among {pairs}.", markup=False)
    command_line = f"suffice verdict {shell_word(run)}"
    if request_type is not None:
        command_line += f" --type {shell_word(request_type)}"
    click.echo(f"Next  {command_line}")
