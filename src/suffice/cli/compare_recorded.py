"""`suffice compare --recorded`: every pair in the file counts, nobody is called."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec

from suffice import __version__
from suffice.adapters.case_files import open_cases
from suffice.adapters.storage import RunFolder, RunInfo
from suffice.api import Recorded, compare_recorded
from suffice.cli.compare_options import Options
from suffice.cli.compare_words import words_of
from suffice.cli.held_out_keeping import RecordedAside
from suffice.cli.held_out_runs import LIMITS
from suffice.cli.kept_run import kept_run
from suffice.cli.people import labels_of, threshold_of
from suffice.cli.stored_run import runs_folder
from suffice.records import Comparison, Limits, ShownCase
from suffice.traffic import CaseReader, Fields
from suffice.wiring import SystemClock, catalog_with

_MOST_SHOWN = 20_000


def run(options: Options, limits: Limits) -> Comparison:
    """Read, decide, keep the run."""
    clock = SystemClock()
    started = clock.now()
    reader = CaseReader(Fields(type=options.type_field, outcomes=options.outcomes_field))
    job = Recorded(
        baseline=options.baseline,
        candidates=options.candidates,
        limits=limits,
        scorer=options.scorer,
        scorer_options=_scorer_options(options),
        strict=options.strict,
        hand_picked=options.hand_picked,
        source=str(options.cases),
        limit=options.limit,
    )
    run_id = started.strftime("%Y%m%d-%H%M%S-%f")
    aside = _set_aside(options)
    cases = open_cases(options.cases, reader)
    with _kept(options, run_id, limits) as folder:
        if aside is not None and folder is not None:
            aside.keep(folder)
        comparison = compare_recorded(
            cases if aside is None else aside.others(cases),
            job,
            at=started,
            catalog=catalog_with(options.prices),
            keep=_keeper(folder),
        )
        comparison = msgspec.structs.replace(
            comparison,
            asked=words_of(options),
            seed=options.seed,
            notes=(*comparison.notes, *_remarks(reader)),
            run_id=str(folder.path) if folder else "",
        )
        if folder is not None:
            folder.write_result(comparison)
    return comparison


def _set_aside(options: Options) -> RecordedAside | None:
    """What is kept to be asked again; nothing unless that was asked for: every pair counts."""
    if not options.hold_out:
        return None
    fields = Fields(type=options.type_field, outcomes=options.outcomes_field)
    return RecordedAside(open_cases(options.cases, CaseReader(fields)), most=options.hold_out)


def _kept(
    options: Options, run_id: str, limits: Limits
) -> AbstractContextManager[RunFolder | None]:
    if options.no_save:
        return nullcontext()
    info = RunInfo(
        run_id=run_id,
        source=str(options.cases),
        versions={"suffice": __version__},
        settings={
            "baseline": options.baseline,
            "candidates": list(options.candidates),
            "scorer": options.scorer,
            "hand_picked": options.hand_picked,
            LIMITS: msgspec.to_builtins(limits),
        },
    )
    path = options.save or runs_folder() / run_id
    return kept_run(path, info, asked_for=options.save is not None)


def _scorer_options(options: Options) -> dict[str, Any]:
    labels = labels_of(options)
    if options.scorer != "text" or not labels:
        return {}
    return {"threshold": threshold_of(options, labels)}


def _keeper(folder: RunFolder | None) -> Callable[[ShownCase], None] | None:
    if folder is None:
        return None
    kept = 0

    def keep(row: ShownCase) -> None:
        nonlocal kept
        kept += 1
        if kept <= _MOST_SHOWN:
            folder.append_shown([row])

    return keep


def _remarks(reader: CaseReader) -> tuple[str, ...]:
    """What the file could have said of types, where it said nothing."""
    if not reader.untyped or len(reader.tasks_unused) < 2:  # noqa: PLR2004 - one task is one type
        return ()
    count = len(reader.tasks_unused)
    return (
        (
            f"{reader.untyped:,} cases name no `type` and count as one;"
            f" --type-field task would tell {count} types apart."
        ),
    )
