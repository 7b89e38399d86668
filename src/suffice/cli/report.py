"""`suffice report`: what happened in production, and what it was worth."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from suffice.cli.rollout_world import Places, at_places

_ENDINGS = {".html": "html", ".md": "md", ".json": "json", ".txt": "text"}


@click.command()
@click.option("--weekly", is_flag=True, help="Seven days; there is no other report yet.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Its last day, UTC; else today, as far as it has come.",
)
@click.option("--send", is_flag=True, help="Mail it to every e-mail place of the settings.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "html", "json"]),
    default="text",
    show_default=True,
)
@click.option(
    "-o",
    "--output",
    "outputs",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Also write a file; its ending says the form (.html .md .json .txt).",
)
@at_places
@click.pass_context
def command(
    ctx: click.Context,
    *,
    weekly: bool,
    until: datetime | None,
    send: bool,
    form: str,
    outputs: tuple[Path, ...],
    places: Places,
) -> None:
    """
    A week in production: agreement with bounds, spend by model, errors by arm, savings, changes.

    Savings are said to be proven or taken, with what proving and watching them cost. With --send,
    exit 1 where it did not arrive somewhere.
    """
    from suffice.cli.report_facts import week_until
    from suffice.cli.report_writing import check_endings, mail, put, rendered
    from suffice.cli.rollout_world import now
    from suffice.errors import BadOption

    if not weekly:
        raise BadOption(
            "Which report?", effect="Nothing is shown.", next_step="suffice report --weekly"
        )
    check_endings(outputs, _ENDINGS)
    week = week_until(places, (until or now()).date())
    click.echo(rendered(week, form), nl=False)
    for output in outputs:
        put(output, rendered(week, _ENDINGS[output.suffix.lower()]))
    if send:
        ctx.exit(int(not mail(week)))
