"""`suffice verdict`: a stored run's verdicts again, in any form; or the rule's certificate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from suffice.cli.console import results, speaks_unicode
from suffice.cli.stored_run import check_type, readable_run
from suffice.cli.writing import check_outputs, format_option, output_option, write
from suffice.errors import BadOption

if TYPE_CHECKING:
    from suffice.records import Comparison


@click.command()
@click.argument("run")
@click.option("--type", "request_type", metavar="TYPE", help="This request type alone.")
@click.option("--certificate", is_flag=True, help="What the rule itself promises instead.")
@click.option(
    "--target",
    type=float,
    default=0.95,
    show_default=True,
    metavar="SHARE",
    help="For --certificate: the agreement that should pass, as the run had it.",
)
@format_option
@output_option
def command(
    *,
    run: str,
    request_type: str | None,
    certificate: bool,
    target: float,
    form: str,
    outputs: tuple[Path, ...],
) -> None:
    """
    Show a stored run's verdicts again. Always ends with 0: the gate is `suffice check`.

    RUN is a run's folder, a zip of it, or its name under .suffice/runs.
    """
    import msgspec

    from suffice.adapters.storage import read_result

    check_outputs(outputs)
    comparison = read_result(readable_run(run))
    check_type(comparison, request_type)
    if request_type is not None:
        comparison = msgspec.structs.replace(
            comparison,
            types=tuple(row for row in comparison.types if row.type == request_type),
            shown=tuple(case for case in comparison.shown if case.type == request_type),
        )
    # The folder may have moved since: name it as it was named now.
    comparison = msgspec.structs.replace(comparison, run_id=run)
    if certificate:
        _certify(comparison, target=target, form=form, outputs=outputs)
        return
    write(comparison, form=form, outputs=outputs)


def _certify(
    comparison: Comparison, *, target: float, form: str, outputs: tuple[Path, ...]
) -> None:
    from suffice.reports import shell_word
    from suffice.reports.certificate import certify, render_certificates

    if outputs:
        raise BadOption(
            "A certificate goes to stdout alone.",
            effect="Nothing was written.",
            next_step="Leave out -o and redirect it.",
        )
    found = certify(comparison, target=target)
    click.echo(render_certificates(found, form, unicode=speaks_unicode(results())), nl=False)
    if form == "text":
        click.echo(f"\nNext  suffice verdict {shell_word(comparison.run_id)}")
