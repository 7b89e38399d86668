"""What `suffice compare` was asked for, and whether it can be carried out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from suffice.cli.writing import check_outputs
from suffice.errors import BadOption
from suffice.records import Limits


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
    hold_out: int | None = None
    held_out_of: str = ""
    own_key: bool = False
    base_url: str | None = None
    api_version: str = "2026-10-21"
    concurrency: int = 16
    form: str = "text"
    outputs: tuple[Path, ...] = ()


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
    if options.hold_out and options.recorded and str(options.cases) == "-":
        raise BadOption(
            "--hold-out reads a recorded file twice, and standard input can be read once.",
            effect="Nothing was run.",
            next_step="Write the cases to a file first.",
        )
    check_outputs(options.outputs)


def limits_of(options: Options) -> Limits:
    """
    What "as good" means, from the options.

    Raises:
        BadOption: A limit outside its range, or --floor together with --margin.
    """
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


def is_type(word: Path, data: Path) -> bool:
    """Whether CASES is no file and there is a folder whose types it may name."""
    return not word.exists() and str(word) != "-" and data.is_dir()


def refuse_both(word: Path | None, top: int | None) -> None:
    """
    Refuse a call that names both or neither.

    Raises:
        BadOption: It does.
    """
    if (word is None) == (top is None):
        raise BadOption(
            "Name a file, a request type, or --top N."
            if word is None
            else "--top chooses the types by itself; leave CASES out.",
            effect="Nothing was run.",
            next_step="`suffice types` lists the types of your logs.",
        )


def refuse_without_held_out(option: str) -> None:
    """
    Refuse an option that a comparison of its own does not have.

    Raises:
        BadOption: Always.
    """
    raise BadOption(
        f"{option} goes with --held-out.",
        effect="Nothing was run.",
        next_step="Leave it out, or ask held-out cases again: suffice compare --held-out TYPE.",
    )
