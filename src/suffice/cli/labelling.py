"""Labels by a person: two answers side by side, blind, one key each, every label kept at once."""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from suffice.cli import EXIT_INTERRUPTED
from suffice.cli.console import progress, results, speaks_unicode
from suffice.errors import StorageError
from suffice.scoring import Human, HumanLabel, read_labels

if TYPE_CHECKING:
    from suffice.records import Comparison, ShownCase

_HELP = (
    "1 first is better, 2 second is better, 0 both as good, n neither is usable,"
    " x the checker or the case is wrong, b back, q stop"
)
_ENOUGH = 200


_Key = tuple[str, str, str]


def _key(row: HumanLabel | ShownCase) -> _Key:
    return row.type, row.candidate, row.case_id


def label_cases(
    cases: Iterable[ShownCase],
    comparison: Comparison,
    *,
    labels: Path,
    seed: int,
) -> int:
    """
    Ask a person about each pair that has no label yet.

    Cases come in an order shuffled by the seed, the scorer's outcomes in turn, so that any
    number of labels says something about each of them. Which answer stands first is drawn per
    case, the same at every start.

    Returns:
        The exit code: 0 at the end or after q, 130 after Ctrl-C. Every label given is kept.

    Raises:
        StorageError: The labels file cannot be read or written.
    """
    told = progress()
    known = labels_in(labels)
    usable = [case for case in cases if case.baseline_text and case.candidate_text]
    if not usable:
        told.print("No pair with both texts was kept, so there is nothing to label.")
        return 0
    queue = labelling_order(usable, seed=seed)
    told.print(f"{len(usable):,} pairs, {len(known):,} labels in {labels}", markup=False)
    told.print(_HELP, markup=False)
    try:
        stopped = _ask_all(queue, known, labels, seed=seed)
    except KeyboardInterrupt:
        _close(comparison, labels, interrupted=True)
        return EXIT_INTERRUPTED
    _close(comparison, labels, interrupted=stopped)
    return 0


def labelling_order(cases: Iterable[ShownCase], *, seed: int) -> list[ShownCase]:
    """Shuffled by the seed, one of each outcome in turn."""
    groups: dict[str, list[ShownCase]] = {}
    for case in sorted(cases, key=_key):
        groups.setdefault(case.outcome, []).append(case)
    dice = random.Random(seed)  # noqa: S311  (an order, not a secret)
    for group in groups.values():
        dice.shuffle(group)
    turns = chain.from_iterable(zip_longest(*(groups[name] for name in sorted(groups))))
    return [case for case in turns if case is not None]


def candidate_first(case: ShownCase, *, seed: int) -> bool:
    """Whether the candidate's answer stands first: a coin that falls the same at every start."""
    text = "\0".join((str(seed), *_key(case)))
    return blake2b(text.encode("utf-8", "replace"), digest_size=1).digest()[0] % 2 == 0


def labels_in(path: Path) -> dict[_Key, HumanLabel]:
    """
    The labels given so far; a later one of the same pair replaces the earlier.

    A last line torn by a kill is left out.

    Raises:
        StorageError: The file cannot be read, or a whole line in it is no label.
    """
    if not path.exists():
        return {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    labels, broken = read_labels(lines)
    for line in broken:
        if line.line < len(lines):
            raise _unreadable(path, f"line {line.line}: {line.reason}")
    return {_key(label): label for label in labels}


def _unreadable(path: Path, why: str) -> StorageError:
    return StorageError(
        f"{path} is no labels file: {why}.",
        effect="It was left as it is.",
        next_step="Name another with --labels.",
    )


def _ask_all(
    queue: list[ShownCase],
    known: dict[_Key, HumanLabel],
    labels: Path,
    *,
    seed: int,
) -> bool:
    """Whether the person stopped before the end."""
    keys = _keys()
    done = [at for at, case in enumerate(queue) if _key(case) in known]
    todo = [at for at, case in enumerate(queue) if _key(case) not in known]
    while todo:
        at = todo[0]
        case = queue[at]
        first = candidate_first(case, seed=seed)
        click.echo(
            _side_by_side(case, first=first, place=f"pair {len(done) + 1:,} of {len(queue):,}"),
            nl=False,
        )
        answer = _answer(keys)
        if answer == "q":
            return True
        if answer == "b":
            if done:
                todo.insert(0, done.pop())
            continue
        append_label(labels, _label(case, answer, candidate_first=first))
        done.append(todo.pop(0))
    return False


def _label(case: ShownCase, answer: str, *, candidate_first: bool) -> HumanLabel:
    sides = (Human.BASELINE, Human.CANDIDATE)
    one, two = sides[::-1] if candidate_first else sides
    said = {
        "1": one,
        "2": two,
        "0": Human.SAME,
        "n": Human.BOTH_BAD,
        "x": Human.CHECKER_WRONG,
    }
    return HumanLabel(
        case_id=case.case_id,
        type=case.type,
        human=said[answer],
        baseline=case.baseline,
        candidate=case.candidate,
    )


def append_label(path: Path, label: HumanLabel) -> None:
    """
    Add one line, on disk before this returns; a torn line before it is ended first.

    Raises:
        StorageError: It cannot be written; earlier labels are safe.
    """
    line = msgspec.json.encode(label) + b"\n"
    try:
        with path.open("ab+") as file:
            if file.tell() and not _ends_a_line(file):
                file.truncate(_last_line_end(file))
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            effect="This label is lost; the earlier ones are safe.",
            next_step="Make room or choose another place with --labels, then go on.",
        ) from error


def _ends_a_line(file: io.BufferedIOBase) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _last_line_end(file: io.BufferedIOBase) -> int:
    file.seek(0)
    return file.read().rfind(b"\n") + 1


def _side_by_side(case: ShownCase, *, first: bool, place: str) -> str:
    """The request and both answers, without a word of who wrote them."""
    from suffice.records import ShownCase
    from suffice.reports import render_cases

    texts = (case.candidate_text, case.baseline_text)
    one, two = texts if first else texts[::-1]
    blind = ShownCase(
        type=case.type,
        case_id=place,
        outcome="",
        prompt=case.prompt,
        reference=case.reference,
        baseline="answer 1",
        baseline_text=one,
        candidate="answer 2",
        candidate_text=two,
    )
    console = results()
    return render_cases(
        [blind],
        "text",
        width=min(console.width, 120) if console.is_terminal else 100,
        unicode=speaks_unicode(console),
        colour=console.is_terminal and not console.no_color,
        full=True,
        diff=False,
    )


def _keys() -> Iterator[str]:
    """One key at a time on a terminal, else one line at a time."""
    while True:
        if sys.stdin.isatty():
            yield click.getchar()
            continue
        line = sys.stdin.readline()
        if not line:
            return
        yield line.strip()[:1]


def _answer(keys: Iterator[str]) -> str:
    for key in keys:
        if key.lower() in set("120nxbq") and key:
            return key.lower()
        if key in {"\x03", "\x04"}:
            raise KeyboardInterrupt
        progress().print(_HELP, markup=False)
    return "q"


def _close(comparison: Comparison, labels: Path, *, interrupted: bool) -> None:
    from suffice.reports import compare_again, shell_word
    from suffice.reports.words import count

    with contextlib.suppress(StorageError):
        clear = sum(label.human.is_good is not None for label in labels_in(labels).values())
        enough = "" if clear >= _ENOUGH else f"; {_ENOUGH - clear:,} more check a judge"
        progress().print(f"{count(clear, 'label')} kept in {labels}{enough}", markup=False)
    if interrupted:
        progress().print("The same command goes on where you stopped.")
    again = f"{compare_again(comparison)} --scorer judge --labels {shell_word(str(labels))}"
    click.echo(f"Next  {again}")
