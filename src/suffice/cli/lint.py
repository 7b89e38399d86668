"""`suffice lint`: the model calls of a project's own Python code, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from suffice.errors import EmptyInput

if TYPE_CHECKING:
    from suffice.linter import Finding, ModelCall
    from suffice.reports.lint import LintReport


@click.command()
@click.argument("paths", metavar="PATH...", type=click.Path(path_type=Path, exists=True), nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
)
@click.option("--ignore", multiple=True, metavar="CODE", help="Pass a rule over. Repeatable.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Pass files over. Repeatable.")
@click.option(
    "--api-version",
    default="2026-10-21",
    show_default=True,
    help="The anthropic-version the calls are sent under; version 2 of the SDK sends this one.",
)
@click.option("--calls", is_flag=True, help="List every model call too, with its kind of task.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    form: str,
    ignore: tuple[str, ...],
    exclude: tuple[str, ...],
    api_version: str,
    calls: bool,
) -> None:
    """
    Find the Anthropic and OpenAI calls of a project and hold them against what models take.

    Nothing is run and nothing is sent: files are only read. Exit 1 where something was found.
    `suffice explain CODE` has each rule's page; `# suffice: ignore[CODE]` on a line accepts it.
    """
    from suffice import __version__
    from suffice.cli.lint_views import show
    from suffice.linter import rules
    from suffice.reports.lint import lint_github, lint_json, lint_sarif

    report = _checked(paths or (Path(),), ignore=ignore, exclude=exclude, api_version=api_version)
    if form == "json":
        click.echo(lint_json(report), nl=False)
    elif form == "github":
        click.echo(lint_github(report.findings), nl=False)
    elif form == "sarif":
        click.echo(lint_sarif(report.findings, rules(), release=__version__), nl=False)
    else:
        show(report, calls=calls)
    ctx.exit(int(bool(report.findings)))


def _checked(
    paths: tuple[Path, ...], *, ignore: tuple[str, ...], exclude: tuple[str, ...], api_version: str
) -> LintReport:
    from suffice.catalog import load_catalog
    from suffice.cli.lint_codes import known_codes
    from suffice.cli.python_files import python_files
    from suffice.linter import check_source
    from suffice.linter.checking import Against
    from suffice.reports.lint import LintReport
    from suffice.wiring import SystemClock

    passed_over = known_codes(ignore)
    today = SystemClock().now().date()
    against = Against(catalog=load_catalog(), today=today, version=api_version)
    files = 0
    calls: list[ModelCall] = []
    findings: list[Finding] = []
    broken: dict[str, str] = {}
    for path in python_files(paths, exclude):
        files += 1
        try:
            checked = check_source(path.read_bytes(), path=str(path), against=against)
        except OSError as error:
            broken[str(path)] = error.strerror or str(error)
            continue
        if checked.broken:
            broken[str(path)] = checked.broken
        calls += checked.calls
        findings += [one for one in checked.findings if one.code not in passed_over]
    if not files:
        raise EmptyInput(
            f"No Python file was found in {', '.join(str(path.absolute()) for path in paths)}.",
            effect="Nothing was checked.",
            next_step="Name the folder your code is in.",
        )
    return LintReport(
        files=files, calls=tuple(calls), findings=tuple(sorted(findings)), broken=broken
    )
