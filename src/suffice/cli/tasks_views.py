"""The ready-made tasks with what is known of each: the prior, and what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from suffice.adapters.storage import read_result
from suffice.catalog import load_catalog
from suffice.cli.money_text import Page, emit, json_text, markdown_table
from suffice.cli.stored_run import runs_folder
from suffice.decision.ladder_models import models_from_tier
from suffice.errors import SufficeError
from suffice.records import Comparison
from suffice.tasks.outcome import Outcome, Unresolved
from suffice.tasks.shelf import TASKS, ReadyTask
from suffice.wiring import SystemClock

_USUAL_PROMPT_TOKENS = 1_000


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """
    A stored verdict on a task's request type.

    Attributes:
        type: The task and the version of its prompt.
        verdict: The word.
        baseline: Against whom.
        candidate: Who was on trial.
        pairs: How many pairs it rests on.
        provisional: It may not ramp by itself.
        run: Where it stands.
    """

    type: str
    verdict: str
    baseline: str
    candidate: str
    pairs: int
    provisional: bool
    run: str

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, but for where it stands."""
        word = self.verdict.replace("_", " ").capitalize()
        hedge = ", provisional" if self.provisional else ""
        arms = f"{self.baseline} → {self.candidate}"
        return f"{self.type}: {word}, {arms}, {self.pairs:,} pairs{hedge}"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """
    A task as it is listed.

    Attributes:
        name: As in `suffice.tasks`.
        about: What it gives.
        kind: What the prior goes by.
        takes: What its input is.
        needs: Arguments it cannot be called without.
        prior: The model that is tried first before there is any evidence; None: there is none.
        measured: The latest verdict of each type and candidate among the kept runs.
    """

    name: str
    about: str
    kind: str
    takes: str
    needs: tuple[str, ...]
    prior: str | None
    measured: tuple[Measured, ...] = ()


class TaskList(msgspec.Struct, frozen=True, kw_only=True):
    """The document `suffice tasks list --format json` prints."""

    schema: str = "suffice.tasks"
    version: int = 1
    tasks: tuple[Listed, ...] = ()


def listed_tasks() -> TaskList:
    """Every task, its prior of today, and what the kept runs say of it."""
    found = tuple(_measured())
    return TaskList(tasks=tuple(_listed(task, found) for task in TASKS.values()))


def show_tasks(tasks: TaskList, *, form: str) -> None:
    """Print the list."""
    if form == "json":
        emit(json_text(tasks))
        return
    if form == "md":
        rows = [
            (f"`{one.name}`", one.about, one.prior or "-", _measured_words(one))
            for one in tasks.tasks
        ]
        emit(markdown_table(("task", "gives", "prior", "measured"), rows))
        return
    page = Page()
    for one in tasks.tasks:
        page.line(one.name, style="bold")
        page.line(one.about, indent=2)
        if one.needs:
            page.line(f"needs     {', '.join(one.needs)}", indent=2)
        page.line(f"prior     {one.prior or 'none'}, before there is any evidence", indent=2)
        for verdict in one.measured:
            page.line(f"measured  {verdict.sentence}", indent=2)
            page.line(verdict.run, indent=12)
    page.line()
    page.next("suffice tasks prove TASK CASES --baseline claude-opus-5-5 --to claude-haiku-5-5")


def show_outcome(outcome: Outcome[Any], *, form: str) -> None:
    """Print what became of one call: the value alone as text, everything as JSON."""
    value = outcome.value
    if form == "json":
        emit(json_text(_document(outcome)))
    elif isinstance(value, Unresolved):
        page = Page()
        page.line(f"No answer ({value.reason}): {value.detail}")
    elif isinstance(value, str):
        emit(f"{value}\n")
    else:
        emit(json_text(_plain(value)))


def _document(outcome: Outcome[Any]) -> dict[str, Any]:
    value = outcome.value
    unresolved = value if isinstance(value, Unresolved) else None
    return {
        "schema": "suffice.task_outcome",
        "version": 1,
        "task": outcome.task,
        "type": outcome.type,
        "value": None if unresolved else _plain(value),
        "unresolved": None if unresolved is None else msgspec.to_builtins(unresolved),
        "model": outcome.model,
        "usd": None if outcome.usd is None else str(outcome.usd),
        "attempts": msgspec.to_builtins(outcome.attempts),
        "details": _plain(outcome.details),
    }


def _plain(value: Any) -> Any:
    """A typed value as JSON; what only Python knows, such as a picture, by its words."""
    return msgspec.to_builtins(value, str_keys=True, enc_hook=str)


def _listed(task: ReadyTask, found: Iterable[Measured]) -> Listed:
    models = models_from_tier(
        task.kind,
        prompt_tokens=_USUAL_PROMPT_TOKENS,
        catalog=load_catalog(),
        at=SystemClock().now().date(),
    )
    return Listed(
        name=task.name,
        about=task.about,
        kind=task.kind,
        takes=task.takes,
        needs=task.needs,
        prior=models[0] if models else None,
        measured=tuple(one for one in found if one.type.startswith(f"{task.name}/")),
    )


def _measured() -> Iterable[Measured]:
    """The verdicts on ready-made tasks in the kept runs, the latest of each kind."""
    latest: dict[tuple[str, str, str], Measured] = {}
    for path in sorted(runs_folder().glob("*/")):
        try:
            comparison = read_result(path)
        except SufficeError:
            continue  # a run that was broken off has no result yet
        for one in _verdicts(comparison, str(path)):
            latest[(one.type, one.baseline, one.candidate)] = one
    return latest.values()


def _verdicts(comparison: Comparison, run: str) -> Iterable[Measured]:
    for row in comparison.types:
        if row.pairs and row.type.partition("/")[0] in TASKS:
            yield Measured(
                type=row.type,
                verdict=row.verdict.value,
                baseline=row.baseline,
                candidate=row.candidate,
                pairs=row.pairs,
                provisional=row.provisional,
                run=run,
            )


def _measured_words(one: Listed) -> str:
    told = (f"{verdict.sentence} ({verdict.run})" for verdict in one.measured)
    return "; ".join(told) or "nothing"
