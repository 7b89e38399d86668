"""`suffice check`: the gate a build runs, keyless, over a stored run or recorded answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from suffice.cli import EXIT_UNDECIDED
from suffice.cli.stored_run import readable_run
from suffice.cli.writing import check_outputs, exit_code, format_option, output_option, write
from suffice.errors import BadOption

if TYPE_CHECKING:
    from suffice.decision.turning import Turned
    from suffice.records import Comparison


@click.command()
@click.argument("what", metavar="RUN_OR_CASES")
@click.option(
    "--against",
    metavar="RUN",
    help="Fail only where a verdict lost ground since this run.",
)
@click.option("--baseline", metavar="MODEL", help="For a cases file; else as in --against.")
@click.option("--to", "candidates", metavar="MODEL", multiple=True, help="Likewise. Repeatable.")
@click.option("--margin", type=float, metavar="POINTS", help="For a cases file: largest drop.")
@click.option("--floor", type=float, metavar="SHARE", help="For a cases file: least agreement.")
@click.option("--type-field", default="", metavar="PATH", help="As in compare.")
@click.option("--outcomes-field", default="", metavar="PATH", help="As in compare.")
@click.option("--scorer", default="auto", show_default=True, help="As in compare.")
@click.option("--undecided-is-fine", is_flag=True, help="Exit 0 instead of 10 on Not yet.")
@format_option
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    what: str,
    against: str | None,
    baseline: str | None,
    candidates: tuple[str, ...],
    margin: float | None,
    floor: float | None,
    type_field: str,
    outcomes_field: str,
    scorer: str,
    undecided_is_fine: bool,
    form: str,
    outputs: tuple[Path, ...],
) -> None:
    """
    Fail a build when a verdict turns: exit 11 on a Keep or a regression, 10 on an undecided type.

    RUN_OR_CASES is a run's folder, zip or result file, its name under .suffice/runs, or a cases
    file with recorded answers. Nobody is called and no key is needed.
    """
    from suffice.adapters.storage import read_result
    from suffice.cli.compare_options import Options, check, limits_of
    from suffice.cli.compare_recorded import run
    from suffice.decision.turning import turned

    check_outputs(outputs)
    before = read_result(readable_run(against)) if against else None
    if not Path(what).exists() or _is_run(Path(what)):
        comparison = read_result(readable_run(what))
    else:
        options = Options(
            cases=Path(what),
            baseline=baseline or _baseline_of(before),
            candidates=candidates or _candidates_of(before),
            margin=margin,
            floor=floor,
            type_field=type_field,
            outcomes_field=outcomes_field,
            scorer=scorer,
            recorded=True,
            no_save=True,
        )
        check(options)
        comparison = run(options, limits_of(options))
    code = exit_code(comparison)
    if before is not None:
        change = turned(comparison.types, before.types)
        comparison = _only_what_turned(comparison, change)
        code = exit_code(comparison) or (EXIT_UNDECIDED if change.worse else 0)
    write(comparison, form=form, outputs=outputs)
    ctx.exit(0 if code == EXIT_UNDECIDED and undecided_is_fine else code)


def _only_what_turned(comparison: Comparison, change: Turned) -> Comparison:
    """What a build must look at: what lost ground, and what is new."""
    import msgspec

    notes = [
        f"{change.unchanged:,} verdicts say what they said before.",
        *(f"{verdict.type} → {verdict.candidate}: {verdict.sentence}" for verdict in change.better),
    ]
    return msgspec.structs.replace(
        comparison,
        types=(*change.worse, *change.new),
        notes=(*comparison.notes, *notes),
    )


def _is_run(path: Path) -> bool:
    return path.is_dir() or path.suffix == ".zip" or path.name.endswith("result.json")


def _baseline_of(before: Comparison | None) -> str:
    names = {verdict.baseline for verdict in before.types} if before else set()
    if len(names) == 1:
        return names.pop()
    raise BadOption(
        "A cases file needs --baseline MODEL and --to MODEL.",
        effect="Nothing was checked.",
        next_step="Or give --against a run that compared one baseline.",
    )


def _candidates_of(before: Comparison | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(verdict.candidate for verdict in before.types)) if before else ()
