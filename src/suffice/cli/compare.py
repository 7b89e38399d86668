"""`suffice compare`: cases in, one verdict per type and candidate out."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from suffice.cli.writing import check_outputs, exit_code, format_option, output_option, write
from suffice.errors import BadOption

if TYPE_CHECKING:
    from suffice.records import Comparison, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one call, as click gives them."""

    cases: Path
    baseline: str
    candidates: tuple[str, ...]
    scorer: str = "auto"
    judge: str | None = None
    labels: Path | None = None
    margin: float | None = None
    floor: float | None = None
    target: float | None = None
    alpha: float = 0.05
    limit: int | None = None
    budget: str | None = None
    repeat_baseline: int = 60
    seed: int = 0
    recorded: bool = False
    resume: bool = False
    type_field: str = ""
    outcomes_field: str = ""
    hand_picked: bool = False
    strict: bool = False
    prices: Path | None = None
    allow_unpriced: bool = False
    yes: bool = False
    save: Path | None = None
    no_save: bool = False
    base_url: str | None = None
    api_version: str = "2026-10-21"
    concurrency: int = 16
    form: str = "text"
    outputs: tuple[Path, ...] = ()


@click.command()
@click.argument("cases", type=click.Path(path_type=Path))
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
@click.option("--margin", type=float, metavar="POINTS", help="The largest drop you accept.")
@click.option("--floor", type=float, metavar="SHARE", help="Agreement to be ruled out from below.")
@click.option("--target", type=float, metavar="SHARE", help="Agreement that should pass.")
@click.option("--alpha", type=float, default=0.05, show_default=True, help="Wrong-Switch rate.")
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
@click.option("--hand-picked", is_flag=True, help="The cases were chosen by hand: provisional.")
@click.option("--strict", is_flag=True, help="Stop at the first line that is no case.")
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    envvar="SUFFICE_PRICES",
    help="Your own prices, TOML.",
)
@click.option("--allow-unpriced", is_flag=True, help="Run models without a price; cost unknown.")
@click.option("--yes", is_flag=True, help="Do not ask. Needs --budget unless nobody is called.")
@click.option("--save", type=click.Path(path_type=Path), help="The run's folder.")
@click.option("--no-save", is_flag=True, help="Keep no run folder (recorded runs only).")
@click.option("--base-url", envvar="ANTHROPIC_BASE_URL", help="Any Anthropic-compatible address.")
@click.option("--api-version", default="2026-10-21", show_default=True, help="anthropic-version.")
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    default=16,
    show_default=True,
    help="At most so many calls at once.",
)
@format_option
@output_option
@click.pass_context
def command(ctx: click.Context, /, *, retiring: bool, **given: Any) -> None:
    """
    Is a cheaper model as good? Cases in, one verdict per request type out.

    CASES is a file of JSON lines, plain or compressed; docs/cases.md tells its form.
    """
    options = Options(**given)
    if retiring:
        from suffice.cli.retiring import propose

        propose(options.cases, prices=options.prices)
        return
    limits = limits_of(options)
    check(options)
    comparison = _run(options, limits)
    write(comparison, form=options.form, outputs=options.outputs)
    ctx.exit(exit_code(comparison))


def _run(options: Options, limits: Limits) -> Comparison:
    if ":" in options.scorer:  # a function of the user's own, e.g. in the folder they stand in
        sys.path.insert(0, str(Path.cwd()))
    if options.recorded:
        from suffice.cli.compare_recorded import run as run_recorded

        return run_recorded(options, limits)
    from suffice.cli.compare_live import run as run_live

    return run_live(options, limits)


def check(options: Options) -> None:
    """
    Refuse what cannot be carried out, before anything is read or sent.

    Raises:
        BadOption: Options are missing, or exclude each other.
    """
    if not options.baseline or not options.candidates:
        raise BadOption(
            "A comparison needs --baseline MODEL and at least one --to MODEL.",
            effect="Nothing was run.",
            next_step="For example: --baseline claude-opus-5-5 --to claude-haiku-5-5.",
        )
    if options.baseline in options.candidates:
        raise BadOption(
            f"{options.baseline} is the baseline and a candidate.",
            effect="Nothing was run.",
            next_step="Name two runs of one model as MODEL@A and MODEL@B.",
        )
    if len(set(options.candidates)) < len(options.candidates):
        raise BadOption("A candidate is named twice.", effect="Nothing was run.")
    if options.scorer == "judge" and options.judge is None:
        raise BadOption(
            "--scorer judge needs --judge MODEL, one that is not on trial.",
            effect="Nothing was run.",
        )
    if options.judge is not None and options.recorded:
        raise BadOption(
            "--recorded calls nobody, and a judge is a call.",
            effect="Nothing was sent.",
            next_step="Leave --recorded out: answers in the file are reused, not paid.",
        )
    if options.yes and not options.recorded and options.budget is None:
        raise BadOption(
            "--yes needs --budget, since this run calls models.",
            effect="Nothing was sent.",
            next_step="Add --budget 5, or --recorded to use the answers in the file.",
        )
    if options.no_save and not options.recorded:
        raise BadOption(
            "--no-save would lose paid answers.",
            effect="Nothing was sent.",
            next_step="Leave it out; --save chooses the folder.",
        )
    check_outputs(options.outputs)


def limits_of(options: Options) -> Limits:
    """
    What "as good" means, from the options.

    Raises:
        BadOption: A limit outside its range, or --floor together with --margin.
    """
    from suffice.records import Limits

    if options.floor is not None and options.margin is not None:
        raise BadOption(
            "--floor speaks of agreement and --margin of a drop in quality; choose one.",
            effect="Nothing was run.",
        )
    floor, target = options.floor, options.target
    if floor is None and target is not None:
        floor = 0.90
    if target is None:
        target = 0.95 if floor is None or floor < 0.95 else (1 + floor) / 2  # noqa: PLR2004
    if floor is not None and not 0 < floor < target < 1:
        raise BadOption(
            f"--floor {floor} and --target {target} must satisfy 0 < floor < target < 1.",
            effect="Nothing was run.",
        )
    if options.margin is not None and not 0 < options.margin < 100:  # noqa: PLR2004
        raise BadOption(
            f"--margin {options.margin} is no number of points between 0 and 100.",
            effect="Nothing was run.",
        )
    if not 0 < options.alpha < 0.5:  # noqa: PLR2004
        raise BadOption(f"--alpha {options.alpha} is not in 0 to 0.5.", effect="Nothing was run.")
    return Limits(
        floor=floor,
        target=target,
        margin=None if options.margin is None else options.margin / 100,
        alpha=options.alpha,
        sequential=not options.recorded,
    )
