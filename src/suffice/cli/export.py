"""`suffice export`: verdicts where a team decides already, a difference first."""

from __future__ import annotations

from pathlib import Path

import click

from suffice.cli import tell
from suffice.cli.rollout_world import store_option


@click.command()
@click.argument("types", nargs=-1, metavar="[TYPE]...")
@click.option(
    "--as",
    "form",
    type=click.Choice(["policy-json", "litellm", "claude-code", "env"]),
    required=True,
    help="For whom.",
)
@click.option("--from-run", "run", metavar="RUN", help="This run's verdicts; else all kept runs'.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The file; for claude-code its folder [default: .claude]. Else to stdout.",
)
@click.option(
    "--place",
    "places",
    multiple=True,
    metavar="TYPE=WHERE",
    help="claude-code: main, opus, sonnet, haiku, subagents, or agent:NAME. Repeatable.",
)
@click.option(
    "--diff",
    "diff_only",
    is_flag=True,
    help="Show and exit as diff does: 0 nothing would change, 1 something would, 2 trouble.",
)
@click.option("--write", is_flag=True, help="Write it.")
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    types: tuple[str, ...],
    form: str,
    run: str | None,
    out: Path | None,
    places: tuple[str, ...],
    diff_only: bool,
    write: bool,
    store: Path,
) -> None:
    """
    Write Switch verdicts into the file a team decides by.

    That is a LiteLLM configuration, Claude Code's settings and sub-agents, a .env file, or a plain
    map of models.

    Provisional verdicts, and types that were taken back, are left out and named; a file that gives
    one to its candidate gives it back. Of a file that is there only what must change is changed;
    without --write it is shown, not done. With --diff the exit code says whether it would change.
    """
    from suffice.cli.export_decisions import Asked
    from suffice.cli.export_writing import export
    from suffice.errors import BadOption, SufficeError

    if diff_only and (write or (out is None and form != "claude-code")):
        raise BadOption(
            "--diff shows, --write writes." if write else "--diff compares with a file.",
            effect="Nothing was written.",
            next_step="Give one of the two." if write else "Name it with --out.",
        )
    asked = Asked(types=types, form=form, run=run, out=out, places=places, write=write)
    try:
        changes = export(asked, store=store)
    except SufficeError as error:
        if not diff_only:
            raise
        # 1 says that files differ; what keeps them from being compared must not.
        tell(error)
        ctx.exit(_TROUBLE)
    ctx.exit(int(diff_only and changes))


_TROUBLE = 2
