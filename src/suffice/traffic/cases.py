"""Lines of a cases file -> cases; a broken line becomes a value with its number and reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from suffice.records import Answer, BrokenCase, Case
from suffice.traffic.answers import read_answer

UNTYPED = "all"

_TASKS_NAMED = 1000

_GRADE_FIELD = re.compile(r"(?P<path>[^<>=\s]+)\s*(?:>=\s*(?P<least>[0-9.]+))?")


class _GradedRun(msgspec.Struct, frozen=True):
    """One graded run of one model, as benchmarks list them."""

    run: str
    model: str
    correct: float | bool | None


class _Line(msgspec.Struct, frozen=True):
    """What a line of a cases file may hold; anything else in it is left unread."""

    id: str | int | None = None
    type: str | None = None
    task: str | None = None
    system: str | list[dict[str, Any]] | None = None
    prompt: str | list[dict[str, Any]] | None = None
    messages: list[dict[str, Any]] | None = None
    request: dict[str, Any] | None = None
    params: dict[str, Any] | None = None
    custom_id: str | None = None
    model: str | None = None
    max_tokens: int | None = None
    tools: list[dict[str, Any]] | None = None
    outputs: dict[str, Any] = {}
    outcomes: dict[str, float | bool | None] = {}
    runs: list[_GradedRun] = []
    usage: dict[str, dict[str, Any] | None] | None = None
    reference: Any = None
    group: str | int | None = None
    meta: dict[str, Any] | None = None


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where a file keeps what it does not keep under the usual names.

    Attributes:
        type: Dotted path of the request type, e.g. ``meta.category``; empty: ``type``.
        outcomes: Dotted path of the grades by model, optionally with the least grade that
            passes, e.g. ``meta.factuality>=0.5``; empty: ``outcomes``.
    """

    type: str = ""
    outcomes: str = ""


class CaseReader:
    """
    Reads lines one by one and remembers which ids it has seen.

    Iterating over a million lines holds one line, plus eight bytes of hash per id.
    """

    def __init__(self, fields: Fields | None = None) -> None:
        self._fields = fields or Fields()
        self._usual = msgspec.json.Decoder(_Line)
        self._grades, self._least = _grade_field(self._fields.outcomes)
        self._seen: set[int] = set()
        self.untyped = 0
        self.tasks_unused: set[str] = set()

    def read(self, lines: Iterable[bytes | BrokenCase]) -> Iterator[Case | BrokenCase]:
        """Every line that is not blank, as a case or as a broken case; never raises."""
        for number, line in enumerate(lines, start=1):
            if isinstance(line, BrokenCase):
                yield line
            elif line and not line.isspace():
                yield self.read_line(line, number=number)

    def read_line(self, line: bytes, *, number: int) -> Case | BrokenCase:
        """One line, which stands at ``number`` in its file."""
        try:
            case = self._case(self._usual.decode(line), line, number)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return BrokenCase(number, _short(error))
        mark = hash(case.id)
        if mark in self._seen:
            return BrokenCase(number, f"the id {case.id!r} stands on an earlier line already"[:200])
        self._seen.add(mark)
        return case

    def _case(self, read: _Line, line: bytes, number: int) -> Case:
        request_type = self._type(read, line)
        outcomes: Any = read.outcomes
        if read.runs:
            outcomes = {**outcomes, **{f"{one.model}@{one.run}": one.correct for one in read.runs}}
        if self._grades:
            outcomes = _at_path(msgspec.json.decode(line), self._grades) or {}
        answers = _answers(read, outcomes)
        identity = read.id if read.id is not None else read.custom_id
        return Case(
            id=f"line-{number}" if identity is None else str(identity),
            type=request_type,
            request=_request(read),
            reference=read.reference,
            group=None if read.group is None else str(read.group),
            meta=read.meta or {},
            answers=answers,
            outcomes=_outcomes(outcomes, self._least) if outcomes else {},
            line=number,
        )

    def _type(self, read: _Line, line: bytes) -> str:
        if self._fields.type:
            found = _at_path(msgspec.json.decode(line), self._fields.type)
            if not isinstance(found, str | int):
                raise ValueError(f"there is no type at {self._fields.type!r}")
            return str(found)
        if read.type:
            return read.type
        self.untyped += 1
        if read.task and len(self.tasks_unused) < _TASKS_NAMED:
            self.tasks_unused.add(read.task)
        return UNTYPED


def read_cases(
    lines: Iterable[bytes | BrokenCase], *, fields: Fields | None = None
) -> Iterator[Case | BrokenCase]:
    """
    Read a cases file line by line.

    >>> list(read_cases([b'{"id": "a", "type": "t", "prompt": "hi"}', b"{oops"]))[1].line
    2
    """
    return CaseReader(fields).read(lines)


def _request(read: _Line) -> dict[str, Any]:
    """The Anthropic request body without its model, whichever way the line spells it."""
    whole = read.request or read.params
    if whole is not None:
        return {name: value for name, value in whole.items() if name not in {"model", "stream"}}
    request: dict[str, Any] = {}
    if read.system:
        request["system"] = read.system
    if read.tools:
        request["tools"] = read.tools
    if read.max_tokens:
        request["max_tokens"] = read.max_tokens
    messages = read.messages if read.messages is not None else read.prompt
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    if messages:
        request["messages"] = messages
    return request


def _answers(read: _Line, outcomes: Mapping[str, Any]) -> dict[str, Answer]:
    usages = read.usage or {}
    answers = {}
    for arm, output in read.outputs.items():
        answer = read_answer(output, usage=usages.get(arm))
        if answer is not None:
            answers[arm] = answer
    for arm, usage in usages.items():
        if arm not in answers and usage is not None and arm in outcomes:
            answers[arm] = _graded_only(usage)
    return answers


def _graded_only(usage: Mapping[str, Any]) -> Answer:
    """Tokens were recorded, the text was not: enough for dollars where a grade exists."""
    answer = read_answer("", usage=usage)
    assert answer is not None  # noqa: S101 - text always reads to an answer
    return answer


def _outcomes(found: Any, least: float | None) -> dict[str, float]:
    if not isinstance(found, dict):
        raise ValueError("`outcomes` maps models to true, false or a number in 0..1")  # noqa: TRY004
    grades = {}
    for arm, value in found.items():
        if value is None:
            continue
        if not isinstance(value, bool | int | float) or not 0 <= value <= 1:
            raise ValueError(f"the outcome of {arm!r} is {value!r}, not in 0..1"[:200])
        grades[arm] = float(value) if least is None else float(value >= least)
    return grades


def _grade_field(text: str) -> tuple[str, float | None]:
    if not text:
        return "", None
    found = _GRADE_FIELD.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no field; write it as meta.correct or meta.score>=0.5")
    return found["path"], None if found["least"] is None else float(found["least"])


def _at_path(value: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _short(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)[:200]
