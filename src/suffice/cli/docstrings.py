"""`suffice docstrings`: what lacks a docstring in a project, and a model that writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("paths", metavar="PATH...", type=click.Path(path_type=Path, exists=True), nargs=-1)
@click.option("--check", is_flag=True, help="Only say what is missing; exit 1. No model is called.")
@click.option("--write", is_flag=True, help="Put the docstrings into the files, after the diff.")
@click.option("--yes", is_flag=True, help="Do not ask before files are written.")
@click.option(
    "--style",
    type=click.Choice(["google", "numpy", "sphinx"]),
    default="google",
    show_default=True,
)
@click.option(
    "--existing",
    type=click.Choice(["keep", "incomplete", "all"]),
    default="keep",
    show_default=True,
    help="Docstrings that are there: keep them, or write the incomplete ones or all anew.",
)
@click.option("--private", is_flag=True, help="Names that begin with an underscore too.")
@click.option("--nested", is_flag=True, help="Definitions inside functions too.")
@click.option("--no-modules", is_flag=True, help="Not the files themselves.")
@click.option("--examples", is_flag=True, help="Ask for doctests; they are not run here.")
@click.option(
    "--width", type=click.IntRange(40), default=88, show_default=True, help="Of a line, in all."
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Pass files over. Repeatable.")
@click.option("--model", metavar="MODEL", help="Who is asked; else by the policy or the prior.")
@click.option("--budget", metavar="USD", help="No further call once so much was spent.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep paid answers in FILE, and take those that are in it.",
)
@click.option("--concurrency", type=click.IntRange(1), default=8, show_default=True)
@click.option("--base-url", envvar="ANTHROPIC_BASE_URL", help="Any Anthropic-compatible address.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.pass_context
def command(ctx: click.Context, /, *, paths: tuple[Path, ...], form: str, **given: Any) -> None:
    """
    Say which definitions lack a docstring, or have a model write them and show the diff.

    Nothing outside docstrings changes, byte for byte; files are changed with --write alone.
    Without --check a model is called, so it needs a key. Exit 1 where --check finds something,
    10 where some could not be written, 12 where the budget was reached.
    """
    from suffice.cli.docstrings_running import Options, checked, proposed
    from suffice.cli.docstrings_views import show_missing, show_proposed

    options = Options.of(given)
    files = options.files(paths or (Path(),))
    if options.check:
        found = checked(files, options)
        show_missing(found, form=form)
        ctx.exit(int(bool(found.missing or found.broken)))
    done = proposed(files, options)
    show_proposed(done, form=form)
    if options.write and done.changed and (options.yes or _agreed(len(done.changed))):
        done.write()
        click.echo(f"Written: {len(done.changed)}.", err=True)
    ctx.exit(done.exit_code)


def _agreed(files: int) -> bool:
    return click.confirm(
        "Write this file?" if files == 1 else f"Write these {files} files?", err=True
    )
