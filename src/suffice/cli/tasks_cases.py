"""Cases of a task: its inputs, made into the requests it sends."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from suffice.adapters.case_files import read_lines
from suffice.cli.console import progress
from suffice.errors import BadOption, EmptyInput, StorageError, SufficeError
from suffice.records import BrokenCase
from suffice.tasks.arguments import read_arguments
from suffice.tasks.grading import given_in
from suffice.tasks.job import Job
from suffice.tasks.labels import LabelSet
from suffice.tasks.media import read_source
from suffice.tasks.seeing import DOCUMENT_TYPES
from suffice.tasks.shelf import ReadyTask

TASKS_FOLDER = Path(".suffice") / "tasks"
_INPUTS = ("input", "text", "prompt", "query", "source")
_FILES = ("file", "image", "path")
_KEPT = ("id", "group", "outputs", "outcomes", "usage")
_SHOWN, _SHOWN_LABELS = 3, 10
# What these are held against is their own input.
_OWN_REFERENCE = {
    "summarize": {"checked": "length, figures and names"},
    "write_docstring": {"checked": "form and completeness"},
}


@dataclass(slots=True)
class TaskCases:
    """
    What was made of a file of a task's cases.

    Attributes:
        path: Where the requests stand, as `suffice compare` reads them.
        type: The request type: the task and the version of its prompt.
        scorer: How answers are compared, as `suffice compare --scorer` names it.
        count: How many cases there are.
        refused: Lines that are no case of the task, and why.
        known: Lines that rules alone answer, so that no model is compared on them.
        long: Lines whose input takes several requests, which one comparison cannot hold.
    """

    path: Path
    type: str = ""
    scorer: str = ""
    count: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    known: int = 0
    long: int = 0


def given_arguments(written: Sequence[str]) -> dict[str, Any]:
    """A task's arguments; what they name in Python may stand in the folder we are called in."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        return read_arguments(written)
    finally:
        sys.path.remove(str(Path.cwd()))


def make_cases(task: ReadyTask, file: Path, written: Sequence[str], *, strict: bool) -> TaskCases:
    """
    The requests a task would send for each line of a file.

    A line has its input in ``text`` (``input``, ``prompt``, ``query``) or names a ``file``
    (``image``) beside the cases; ``id``, ``reference`` (``label``), ``group``, ``outputs``,
    ``outcomes`` and ``usage`` are as in docs/cases.md.

    Raises:
        EmptyInput: No line is a case of the task.
        BadOption: A line is none, and ``strict``; or the arguments do not fit the task.
    """
    lines = list(_read(file, strict=strict))
    maker = _Maker(task, given_arguments(written), list(written), file.parent)
    if task.name == "classify" and "labels" not in maker.arguments:
        maker.take_labels_of(line for _, line in lines)
    made = TaskCases(path=Path(), scorer=task.scorer_with(maker.arguments))
    cases = []
    for number, line in lines:
        try:
            given = _input(line, task, file.parent)
            job = task.job(given, maker.arguments)
        except SufficeError as wrong:
            if strict or number == lines[0][0]:
                raise  # what is wrong with the first line is mostly wrong with the arguments
            made.refused.append((number, wrong.what))
            continue
        made.type = job.type
        if job.known is not None:
            made.known += 1
        elif job.parts:
            made.long += 1
        else:
            cases.append(maker.case(number, line, job, given))
    _keep(cases, made, task, file)
    return made


def _keep(cases: Sequence[dict[str, Any]], made: TaskCases, task: ReadyTask, file: Path) -> None:
    if not cases:
        raise EmptyInput(
            f"There is no case of {task.name} in {file}.",
            effect="Nothing was asked.",
            next_step='A line is such as {"text": "...", "reference": "..."}; see docs/tasks.',
        )
    content = b"".join(msgspec.json.encode(case) + b"\n" for case in cases)
    mark = blake2b(content, digest_size=4).hexdigest()
    made.path = TASKS_FOLDER / f"{made.type.replace('/', '-')}-{mark}.jsonl"
    made.count = len(cases)
    try:
        made.path.parent.mkdir(parents=True, exist_ok=True)
        made.path.write_bytes(content)
    except OSError as error:
        raise StorageError(
            f"{made.path} cannot be written: {error.strerror or error}.",
            effect="Nothing was asked.",
            next_step="Check the folder's room and permissions.",
        ) from error


def tell(made: TaskCases, task: ReadyTask) -> None:
    """Say on stderr what was read, and what was not."""
    say = progress()
    say.print(f"{made.count:,} cases of {made.type}, kept in {made.path}", markup=False)
    if made.refused:
        first = "; ".join(f"line {number}: {why}" for number, why in made.refused[:_SHOWN])
        say.print(f"{len(made.refused):,} lines are no case of it: {first}", markup=False)
    if made.known:
        say.print(f"{made.known:,} need no model; they are left out.")
    if made.long:
        say.print(f"{made.long:,} inputs take several requests each; they are left out.")
    if task.name in _OWN_REFERENCE:
        what = _OWN_REFERENCE[task.name]["checked"]
        say.print(f"Scored is {what}; not whether the text is apt.")


@dataclass(frozen=True, slots=True)
class _Maker:
    """What goes for every line of a file."""

    task: ReadyTask
    arguments: dict[str, Any]
    written: list[str]
    folder: Path

    def case(self, number: int, line: dict[str, Any], job: Job[Any], given: Any) -> dict[str, Any]:
        """A line as `suffice compare` reads it."""
        scorer = self.task.scorer_with(self.arguments)
        said = {"name": self.task.name, "with": self.written, "scorer": scorer}
        if isinstance(given, str) and given_in(job.request) != given:
            said["given"] = given
        meta = {**line.get("meta", {}), "task": said}
        if self.task.scorer == "label":
            meta["labels"] = list(LabelSet.of(self.arguments.get("labels", DOCUMENT_TYPES)).values)
        kept = {name: line[name] for name in _KEPT if name in line}
        case = {"id": f"line-{number}", "type": job.type, "request": job.request, **kept}
        reference = line.get("reference", line.get("label", _OWN_REFERENCE.get(self.task.name)))
        return {**case, "meta": meta, **({} if reference is None else {"reference": reference})}

    def take_labels_of(self, lines: Iterable[dict[str, Any]]) -> None:
        """Take the labels the references name, where nobody gave a set."""
        named = {line.get("reference", line.get("label")) for line in lines}
        labels = sorted(one for one in named if isinstance(one, str))
        listed = ", ".join(labels[:_SHOWN_LABELS])
        more = ", ..." if len(labels) > _SHOWN_LABELS else ""
        progress().print(
            f"No --labels: the {len(labels)} the references name are taken ({listed}{more}). "
            "Your own call is of the same type only with the same labels in the same order.",
            markup=False,
        )
        self.arguments["labels"] = labels
        self.written.append(f"labels={msgspec.json.encode(labels).decode()}")


def text_of(task: ReadyTask, given: Path | bytes) -> str:
    """
    What a file says, or bytes say, to a task that takes texts.

    Raises:
        BadOption: It is no text.
        UnreadableFile: The file cannot be read.
    """
    found = read_source(given)
    if found.text is None:
        raise BadOption(
            f"{task.name} takes a text; this is a {'PDF' if found.kind == 'pdf' else 'picture'}.",
            effect="Nothing was asked.",
            next_step="extract takes text, PDFs and pictures; classify_image takes pictures.",
        )
    return found.text


def _input(line: dict[str, Any], task: ReadyTask, folder: Path) -> Any:
    if not isinstance(line.get("meta", {}), dict):
        raise BadOption(
            "Its meta is no object.", effect="Nothing was asked.", next_step="Leave it out."
        )
    for name in _FILES:
        if name in line:
            path = folder / str(line[name])
            return text_of(task, path) if task.takes == "text" else path
    for name in _INPUTS:
        if name in line:
            return line[name]
    raise BadOption(
        "It has no input.",
        effect="Nothing was asked.",
        next_step=f"Give it as {_INPUTS[1]!r}, or name a {_FILES[0]!r}.",
    )


def _read(file: Path, *, strict: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, content in enumerate(read_lines(file), 1):
        if isinstance(content, BrokenCase):
            progress().print(f"line {number}: {content.reason}", markup=False)
            continue
        if not content.strip():
            continue
        try:
            yield number, msgspec.json.decode(content, type=dict[str, Any])
        except msgspec.DecodeError as error:
            if strict:
                raise BadOption(
                    f"Line {number} of {file} is no JSON object: {error}.",
                    effect="Nothing was asked.",
                    next_step="Mend the line, or leave --strict out to pass it over.",
                ) from error
            progress().print(f"line {number} is no JSON object: {error}", markup=False)
