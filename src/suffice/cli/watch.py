"""`suffice watch`: rollouts watched from recorded answers, without the gateway."""

from __future__ import annotations

from pathlib import Path

import click

from suffice.cli.rollout_world import Places, placed


@click.command()
@click.argument(
    "files",
    nargs=-1,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option(
    "--types",
    "scanned",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=["SUFFICE_TYPES", "SUFFICE_DATA"],
    default=Path(".suffice/data"),
    show_default=True,
    help="Without FILES: the folder `suffice scan` fills.",
)
@click.option("--type-field", default="", metavar="PATH", help="As in compare.")
@click.option("--outcomes-field", default="", metavar="PATH", help="As in compare.")
@click.option("--scorer", default="auto", show_default=True, help="As in compare.")
@click.option(
    "--every",
    type=click.FloatRange(0.1, 86_400),
    metavar="S",
    help="Look again every so many seconds; else once.",
)
@click.option("--no-alerts", is_flag=True, help="Tell nobody; everything is in the event log.")
@placed
@click.pass_context
def command(
    ctx: click.Context,
    *,
    files: tuple[Path, ...],
    scanned: Path,
    type_field: str,
    outcomes_field: str,
    scorer: str,
    every: float | None,
    no_alerts: bool,
    places: Places,
    form: str,
) -> None:
    """
    Watch rollouts by FILES in which both models answered the same cases, and which may grow.

    Without FILES, by the logs that `suffice scan` read: what both models were asked, word for
    word, is a case.

    Each new case of a type that is rolled out is scored once and counted as a shadow pair, then
    the rollouts are stepped as `suffice monitor --once` does. What was there at the first look is
    not counted, unless it says when it was served: it may be what the verdict rests on. With
    --every, what fails is said and tried again, until Ctrl-C. Exit 1 where something could not
    be carried out.
    """
    from suffice.cli.watch_reading import Reading
    from suffice.cli.watch_running import watch, watch_once

    reading = Reading(
        files=files,
        scanned=None if files else scanned,
        type_field=type_field,
        outcomes_field=outcomes_field,
        scorer=scorer,
    )
    if every is None:
        problems = watch_once(places, reading, form=form, alerts=not no_alerts)
    else:
        problems = watch(places, reading, every_s=every, form=form, alerts=not no_alerts)
    ctx.exit(int(problems > 0))
