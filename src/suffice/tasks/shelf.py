"""The ready-made tasks as a list: what each takes, and how two answers to it are compared."""

from __future__ import annotations

import importlib
import inspect
from typing import Any, Literal

import msgspec

from suffice.errors import BadOption
from suffice.tasks.calling import TaskCall
from suffice.tasks.job import Job

Takes = Literal["text", "source", "image"]

OWN_SCORER = "suffice.tasks.grading:TaskScorer"
"""Reads both answers as the task itself does, and compares what it makes of them."""

FORM_SCORER = "suffice.tasks.grading:FormScorer"
"""Likewise; what it finds is provisional."""

# What is given on a command line may be of any shape: these say that it was the wrong one.
_MISUSED = (TypeError, AttributeError, KeyError, ValueError, msgspec.ValidationError)


class ReadyTask(msgspec.Struct, frozen=True, kw_only=True):
    """
    A task as it is listed.

    Attributes:
        name: As in `suffice.tasks`.
        kind: Its kind in the decision flow, which the prior goes by.
        about: What it gives.
        takes: ``text``; ``source``: a text, a PDF or a picture; ``image``: a picture.
        needs: Arguments without which it cannot be called, besides its input.
        scorer: How answers to it are compared, as `suffice compare --scorer` names it.
    """

    name: str
    kind: str
    about: str
    takes: Takes = "text"
    needs: tuple[str, ...] = ()
    scorer: str = OWN_SCORER

    @property
    def call(self) -> TaskCall[..., Any]:
        """The task itself."""
        found: TaskCall[..., Any] = getattr(importlib.import_module("suffice.tasks"), self.name)
        return found

    def scorer_with(self, options: dict[str, Any]) -> str:
        """The scorer for these arguments: several labels are no label."""
        return OWN_SCORER if options.get("multi") else self.scorer

    def job(self, given: Any, options: dict[str, Any]) -> Job[Any]:
        """
        What would be asked.

        Args:
            given: The task's input.
            options: Its other arguments, by name.

        Raises:
            BadOption: The task takes no such arguments, or one is missing or of the wrong kind.
        """
        missing = [name for name in self.needs if name not in options]
        if missing:
            raise BadOption(
                f"{self.name} needs {', '.join(missing)}.",
                effect="Nothing was asked.",
                next_step=f"For example: --with {missing[0]}=...",
            )
        known = list(inspect.signature(self.call).parameters)[1:]
        for name in options:
            if name not in known:
                raise BadOption(
                    f"{self.name} takes no {name!r}.",
                    effect="Nothing was asked.",
                    next_step=f"It takes {', '.join(known)}.",
                )
        try:
            return self.call.job(given, **options)
        except _MISUSED as wrong:
            raise BadOption(
                f"{self.name} cannot be called so: {wrong}.",
                effect="Nothing was asked.",
                next_step=f"See docs/tasks, or: help(suffice.tasks.{self.name})",
            ) from wrong


TASKS: dict[str, ReadyTask] = {
    task.name: task
    for task in (
        ReadyTask(
            name="classify",
            kind="classification",
            about="the label of a text, out of a set",
            needs=("labels",),
            scorer="label",
        ),
        ReadyTask(
            name="extract",
            kind="extraction",
            about="the fields of a schema, out of a text, a PDF or a picture",
            takes="source",
            needs=("schema",),
        ),
        ReadyTask(
            name="classify_image",
            kind="images",
            about="the label of a picture, out of a set",
            takes="image",
            scorer="label",
        ),
        ReadyTask(
            name="summarize",
            kind="summarization",
            about="a summary of the length asked for, its figures and names checked",
            scorer=FORM_SCORER,
        ),
        ReadyTask(
            name="route_request",
            kind="routing",
            about="the agent a request goes to, its model, and why",
            needs=("agents",),
        ),
        ReadyTask(
            name="needs_escalation",
            kind="classification",
            about="whether a request has to go to somebody higher, and by which rule",
            needs=("rules",),
        ),
        ReadyTask(
            name="choose_tool",
            kind="tool-selection",
            about="the tool a request calls for, with its arguments",
            needs=("tools",),
            scorer="tool_call",
        ),
        ReadyTask(
            name="clean_text",
            kind="text-clean-up",
            about="a text tidied up, its dates, addresses and numbers, and what it wants",
            scorer=FORM_SCORER,
        ),
        ReadyTask(
            name="write_docstring",
            kind="docstrings",
            about="Python code with a docstring for one of its definitions, else unchanged",
            scorer=FORM_SCORER,
        ),
    )
}
"""The ready-made tasks by name."""


def task_named(name: str) -> ReadyTask:
    """
    A task by its name; ``-`` counts as ``_``.

    Raises:
        BadOption: There is none.

    >>> task_named("classify-image").kind
    'images'
    """
    found = TASKS.get(name.replace("-", "_"))
    if found is None:
        raise BadOption(
            f"There is no task {name!r}.",
            effect="Nothing was asked.",
            next_step=f"There are {', '.join(TASKS)}.",
        )
    return found
