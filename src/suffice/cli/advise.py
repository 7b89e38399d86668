"""`suffice advise`: which model to try first, before there is any evidence."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from suffice.records import Comparison


@click.command()
@click.option(
    "--task",
    "task_type",
    metavar="KIND",
    help="A task kind or a measured type; without it, the ready-made tasks are listed.",
)
@click.option(
    "--context-tokens",
    type=click.IntRange(1),
    metavar="N",
    help="Size of the longest prompt.",
)
@click.option("--creative", "requires_creativity", is_flag=True, help="The answer is invented.")
@click.option("--ambiguous-input", is_flag=True, help="A request can be read in two ways.")
@click.option("--ambiguous-output", is_flag=True, help="More than one answer is right.")
@click.option("--conversation", is_flag=True, help="Many turns, or empathy is needed.")
@click.option("--reasoning", is_flag=True, help="Several steps that depend on each other.")
@click.option("--explain-reasoning", is_flag=True, help="The way to the answer is explained.")
@click.option("--speed-critical", is_flag=True, help="Somebody waits for the answer.")
@click.option("--volume", type=click.IntRange(1), metavar="N", help="Requests a day.")
@click.option(
    "--run",
    "runs",
    multiple=True,
    metavar="RUN",
    help="A stored run; its verdict on this type wins over the prior. Repeatable.",
)
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Choose for this day.  [default: today]",
)
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    envvar="SUFFICE_PRICES",
    help="Your own prices, TOML.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "md"]),
    default="text",
    show_default=True,
)
def command(
    *,
    task_type: str | None,
    context_tokens: int | None,
    runs: tuple[str, ...],
    at: datetime | None,
    prices: Path | None,
    form: str,
    **demands: Any,
) -> None:
    """
    Which model to try first, before there is any evidence.

    This is a prior: published advice as a dated table. It ends with the comparison that would
    replace it. With --run, what was measured wins. Without --task it lists the ready-made tasks
    of `suffice tasks`, each with its prior and the verdicts of the kept runs.
    """
    if task_type is None:
        from suffice.cli.tasks_views import listed_tasks, show_tasks

        show_tasks(listed_tasks(), form=form)
        return
    if context_tokens is None:
        raise click.UsageError("Missing option '--context-tokens'.")
    from suffice.cli.advice_views import show
    from suffice.decision.advice import select_model
    from suffice.wiring import SystemClock, catalog_with

    advice = select_model(
        task_type,
        context_tokens,
        **demands,
        measured=[_read(run) for run in runs],
        catalog=catalog_with(prices),
        at=(at or SystemClock().now()).date(),
    )
    show(advice, form=form)


def _read(run: str) -> Comparison:
    import msgspec

    from suffice.adapters.storage import read_result
    from suffice.cli.stored_run import find_run

    # The folder may have moved since: cite it as it was named now.
    return msgspec.structs.replace(read_result(find_run(run)), run_id=run)
