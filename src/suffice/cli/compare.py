"""`suffice compare`: cases in, one verdict per type and candidate out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from suffice.cli.compare_options import (
    Options,
    check,
    is_type,
    limits_of,
    refuse_both,
    refuse_without_held_out,
)
from suffice.cli.data_option import data_option
from suffice.cli.question_options import concurrency_option, limit_options, run_options
from suffice.cli.rollout_world import store_option
from suffice.cli.writing import exit_code, format_option, output_option, write

if TYPE_CHECKING:
    from suffice.records import Comparison, Limits


@click.command()
@click.argument("cases", type=click.Path(path_type=Path), required=False)
@click.option("--top", type=click.IntRange(1), help="The dearest so many types of scanned logs.")
@data_option
@click.option("--baseline", metavar="MODEL", help="The model in use.")
@click.option(
    "--to",
    "candidates",
    metavar="MODEL",
    multiple=True,
    help="A cheaper model on trial, with settings if any: claude-opus-5-5:effort=low. Repeatable.",
)
@click.option("--retiring", is_flag=True, help="Propose successors of models that retire.")
@click.option("--recorded", is_flag=True, help="Use the answers in the file and call nobody.")
@click.option(
    "--scorer",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="auto, exact, label, json, number, tool_call, text, code, judge, or module:function.",
)
@click.option("--judge", metavar="MODEL", help="Who judges with --scorer judge; never an arm.")
@click.option("--labels", type=click.Path(path_type=Path), help="Human labels that check a judge.")
@limit_options
@click.option("--limit", type=click.IntRange(1), help="Use at most so many cases of each type.")
@click.option("--budget", metavar="USD", help="Never spend more than this.")
@click.option(
    "--repeat-baseline",
    type=click.IntRange(0),
    default=60,
    show_default=True,
    help="Pilot cases that measure how often the baseline agrees with itself.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Shuffles a live run.")
@click.option("--resume", is_flag=True, help="Go on with the run in --save; pay nothing twice.")
@click.option("--type-field", default="", metavar="PATH", help="Where the type stands, e.g. task.")
@click.option(
    "--outcomes-field",
    default="",
    metavar="PATH",
    help="Where grades stand, e.g. meta.correct or meta.score>=0.5.",
)
@click.option(
    "--hold-out",
    type=click.IntRange(0),
    metavar="N",
    help="Set N cases of each type aside before anybody is asked; else up to 200 of those an early "
    "stop never asked are kept. 0 keeps none.",
)
@click.option(
    "--held-out", is_flag=True, help="Ask again what the run (or the run on a type) kept."
)
@click.option(
    "--own-key", is_flag=True, help="With --held-out: pay with SUFFICE_OWN_KEY, and no other key."
)
@click.option("--no-recheck", is_flag=True, help="With --held-out: tell no rollout of it.")
@store_option
@run_options
@click.option("--base-url", envvar="ANTHROPIC_BASE_URL", help="Any Anthropic-compatible address.")
@click.option("--api-version", default="2026-10-21", show_default=True, help="anthropic-version.")
@concurrency_option
@format_option
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    cases: Path | None,
    top: int | None,
    data: Path,
    retiring: bool,
    held_out: bool,
    own_key: bool,
    no_recheck: bool,
    store: Path,
    **given: Any,
) -> None:
    """
    Is a cheaper model as good? Cases in, one verdict per request type out.

    CASES is a file of JSON lines, plain or compressed (docs/cases.md tells its form), or a
    request type that `suffice types` lists: its cases are drawn from the logs `suffice scan`
    read, and the answers in them are not paid again.

    With --held-out, CASES is a run or a request type: the cases that run kept aside are asked
    again, of both models, and decided by its own limits. The verdict stands beside the first one,
    each model's answers beside its own earlier ones, and a rollout of the type is re-checked.
    """
    if held_out:
        from suffice.cli.compare_held_out import Again, ask_again

        again = Again(named=cases, recheck=not no_recheck, rollouts=store)
        comparison = ask_again(again, top=top, given={**given, "own_key": own_key})
        write(comparison, form=given["form"], outputs=given["outputs"])
        ctx.exit(exit_code(comparison))
    if own_key or no_recheck:
        refuse_without_held_out("--own-key" if own_key else "--no-recheck")
    refuse_both(cases, top)
    options = _options(cases, top, data, given)
    if retiring:
        from suffice.cli.retiring import propose

        propose(options.cases, prices=options.prices)
        return
    limits = limits_of(options)
    check(options)
    comparison = _run(options, limits)
    write(comparison, form=options.form, outputs=options.outputs)
    ctx.exit(exit_code(comparison))


def _options(cases: Path | None, top: int | None, data: Path, given: dict[str, Any]) -> Options:
    """The options of the call; where it names types, with their cases and their model."""
    if cases is not None and not is_type(cases, data):
        return Options(cases=cases, **given)
    from suffice.cli.compare_types import baseline_in, cases_of_types, cases_path, dearest_types

    named, tried = given["baseline"], given["candidates"]
    if cases is not None:
        names = [str(cases)]
    else:
        names, named = dearest_types(data, top or 1, baseline=named, candidates=tried)
    path = cases_path(names, data, seed=given["seed"])
    # A run that is resumed goes on with the cases it was started with.
    if not (given["resume"] and path.exists()):
        cases_of_types(names, data, most=given["limit"], seed=given["seed"])
    baseline = named or baseline_in(path, candidates=tried)
    return Options(cases=path, **{**given, "baseline": baseline})


def _run(options: Options, limits: Limits) -> Comparison:
    if ":" in options.scorer:  # a function of the user's own, e.g. in the folder they stand in
        sys.path.insert(0, str(Path.cwd()))
    if options.recorded:
        from suffice.cli.compare_recorded import run as run_recorded

        return run_recorded(options, limits)
    from suffice.cli.compare_live import run as run_live

    return run_live(options, limits)
