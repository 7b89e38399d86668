"""Two answers to a task, read as the task reads them, and compared as what they stand for."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from suffice.records import Answer, Case, Reference, Score
from suffice.scoring.json_compare import JsonRules
from suffice.scoring.json_reading import read_json
from suffice.scoring.json_scorer import JsonScorer
from suffice.scoring.labels import canonical_label
from suffice.scoring.reading import target_unparseable, unparseable, unusable
from suffice.tasks.arguments import read_arguments
from suffice.tasks.job import Job
from suffice.tasks.outcome import Unresolved
from suffice.tasks.running import usable
from suffice.tasks.shelf import task_named

_JSON = JsonScorer(JsonRules(null_is_missing=True))
_KEPT_JOBS = 64


class TaskScorer:
    """
    A task's own scorer.

    What the task would not take, it scores 0 with the task's own reason: a label outside the set,
    JSON that does not fit, a summary that is too long. The rest is compared by its value. The case
    says which task it is, in ``meta.task``: ``name``, ``with`` (its arguments as written), and
    ``given``, its input, where the request does not hold that as it was.
    """

    name = "task"

    def __init__(self) -> None:
        self._jobs: dict[str, Job[Any]] = {}

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        """See `ports.Scorer.score`."""
        failed = unusable(answer, target)
        if failed is not None:
            return failed
        job = self._job(case)
        value = usable(job, answer)
        if isinstance(value, Unresolved):
            return unparseable(value.detail)
        if isinstance(target, Reference):
            return _COMPARED[job.task](_Pair(job, answer, value, target.value, None))
        right = usable(job, target)
        if isinstance(right, Unresolved):
            return target_unparseable(right.detail)
        return _COMPARED[job.task](_Pair(job, answer, value, right, target))

    def _job(self, case: Case) -> Job[Any]:
        if case.id not in self._jobs:
            if len(self._jobs) >= _KEPT_JOBS:
                self._jobs.clear()
            said = case.meta["task"]
            options = _arguments(tuple(said["with"]), Path.cwd())
            given = said["given"] if "given" in said else given_in(case.request)
            self._jobs[case.id] = task_named(said["name"]).job(given, options)
        return self._jobs[case.id]


class FormScorer(TaskScorer):
    """For texts written freely: form and facts are scored; whether it is well said, is not."""

    provisional = "only what can be checked of these texts is scored, not what they say"


class _Pair(msgspec.Struct, frozen=True):
    """An answer with its value, and what it is held against: a reference or another's value."""

    job: Job[Any]
    answer: Answer
    value: Any
    right: Any
    other: Answer | None


def given_in(request: Mapping[str, Any]) -> Any:
    """
    A task's input out of its request: the text, or the bytes of a picture or PDF.

    >>> given_in({"messages": [{"role": "user", "content": "hello"}]})
    'hello'
    """
    content = request["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    block = content[0]
    return block["text"] if block["type"] == "text" else base64.b64decode(block["source"]["data"])


@functools.lru_cache(maxsize=8)
def _arguments(written: tuple[str, ...], _folder: Path) -> dict[str, Any]:
    """Read once in each folder: files are named from there."""
    return read_arguments(written)


def _fields(pair: _Pair) -> Score:
    """The share of fields that agree; of a reference, only those it has."""
    if pair.other is not None:
        return _JSON.score(pair.answer, pair.other, case=_NO_CASE)
    said = read_json(pair.answer.text, repair=False).value
    if isinstance(pair.right, Mapping):
        said = {name: said.get(name) for name in pair.right}
    text = msgspec.json.encode(said).decode()
    return _JSON.score(Answer(text=text), Reference(pair.right), case=_NO_CASE)


def _cleaned(pair: _Pair) -> Score:
    """The share of what the model did that is right: the intent, and the text but for spaces."""
    right = pair.right
    if pair.other is not None:
        right = {name: getattr(right, name) for name in pair.value.by_model}
    elif not isinstance(right, Mapping):
        right = {"intent" if "intent" in pair.value.by_model else "text": right}
    wrong = tuple(
        name
        for name, wanted in right.items()
        if _spoken(getattr(pair.value, name)) != _spoken(wanted)
    )
    return Score(value=1 - len(wrong) / max(1, len(right)), paths=wrong, reason=", ".join(wrong))


def _spoken(value: Any) -> str:
    return " ".join(str(getattr(value, "value", value)).split())


def _labels(pair: _Pair) -> Score:
    """Of several labels, the share the two sides have in common; of one, whether it is the same."""
    mine, right = _as_set(pair.value), _as_set(pair.right)
    both = mine | right
    share = len(mine & right) / len(both) if both else 1.0
    return Score(value=share, reason="" if share == 1 else _differ(mine, right))


def _as_set(value: Any) -> set[str]:
    several = value if isinstance(value, list | tuple | set) else [value]
    return {canonical_label(str(getattr(one, "value", one))) for one in several}


def _named(field: str) -> Callable[[_Pair], Score]:
    """One field of the value decides; a reference may be that field alone."""

    def compared(pair: _Pair) -> Score:
        mine = getattr(pair.value, field)
        right = pair.right
        if isinstance(right, Mapping):
            right = right.get(field)
        elif pair.other is not None:
            right = getattr(right, field)
        return Score(
            value=float(mine == right),
            reason="" if mine == right else f"{mine!r}, not {right!r}",
            label=str(mine),
            target_label=str(right),
        )

    return compared


def _supported(pair: _Pair) -> Score:
    """How much of a summary its text says; two summaries agree where as much of both is."""
    mine = _share(pair.job, pair.answer)
    if pair.other is None:
        made_up = ", ".join(pair.job.details(pair.answer).unsupported[:5])
        reason = f"the text does not say: {made_up}" if made_up else ""
        return Score(value=mine, reason=reason)
    other = _share(pair.job, pair.other)
    return Score(value=1 - abs(mine - other))


def _share(job: Job[Any], answer: Answer) -> float:
    found = job.details(answer)
    return 1 - len(found.unsupported) / found.claims if found.claims else 1.0


def _differ(mine: set[str], right: set[str]) -> str:
    extra, missing = sorted(mine - right), sorted(right - mine)
    parts = [f"too many: {', '.join(extra)}"] if extra else []
    return "; ".join([*parts, f"missing: {', '.join(missing)}"] if missing else parts)


_NO_CASE = Case(id="", type="")
_COMPARED: dict[str, Callable[[_Pair], Score]] = {
    "classify": _labels,
    "classify_image": _labels,
    "clean_text": _cleaned,
    "extract": _fields,
    "summarize": _supported,
    "write_docstring": lambda _pair: Score(value=1.0),  # the task takes only what is complete
    "route_request": _named("agent"),
    "needs_escalation": _named("needed"),
}
