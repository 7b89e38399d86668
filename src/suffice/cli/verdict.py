"""`suffice verdict`: a stored run's verdicts again, in any form; or the rule's certificate."""

from __future__ import annotations

from pathlib import Path

import click

from suffice.cli.stored_run import check_type, find_run
from suffice.cli.writing import check_outputs, format_option, output_option, write


@click.command()
@click.argument("run")
@click.option("--type", "request_type", metavar="TYPE", help="This request type alone.")
@click.option("--certificate", is_flag=True, help="What the rule itself promises, simulated.")
@format_option
@output_option
def command(
    *,
    run: str,
    request_type: str | None,
    certificate: bool,
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
    comparison = read_result(find_run(run))
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
        from suffice.cli.certificate import show

        show(comparison, form=form)
        return
    write(comparison, form=form, outputs=outputs)
