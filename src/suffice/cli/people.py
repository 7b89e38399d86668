"""What people said of pairs, from a ``--labels`` file."""

from __future__ import annotations

from suffice.adapters.case_files import open_cases
from suffice.cli.compare_options import Options
from suffice.cli.console import progress
from suffice.errors import UnreadableFile
from suffice.records import Case
from suffice.scoring import (
    HumanLabel,
    Threshold,
    calibrate_threshold,
    labelled_similarities,
    read_labels,
)
from suffice.traffic import CaseReader, Fields


def labels_of(options: Options) -> tuple[HumanLabel, ...]:
    """
    The labels, none where no file was named; lines that are none are counted on stderr.

    Raises:
        UnreadableFile: The file cannot be read.
    """
    if options.labels is None:
        return ()
    try:
        text = options.labels.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UnreadableFile(
            f"The labels {options.labels} cannot be read: {error.strerror or error}.",
            effect="Nothing was run.",
            next_step="Make them with `suffice cases RUN TYPE --label`.",
        ) from error
    labels, broken = read_labels(text.splitlines())
    if broken:
        first = broken[0]
        progress().print(
            f"{len(broken)} lines of {options.labels} are no label"
            f" (line {first.line}: {first.reason})",
            markup=False,
        )
    return labels


def threshold_of(options: Options, labels: tuple[HumanLabel, ...]) -> Threshold:
    """
    The similarity from which on people called two answers the same, by their labels.

    Raises:
        NotEnoughEvidence: Too few labels, or all of them say the same.
    """
    reader = CaseReader(Fields(type=options.type_field, outcomes=options.outcomes_field))
    cases = [case for case in open_cases(options.cases, reader) if isinstance(case, Case)]
    return calibrate_threshold(
        [
            found
            for candidate in options.candidates
            for found in labelled_similarities(
                cases, labels, baseline=options.baseline, candidate=candidate
            )
        ]
    )
