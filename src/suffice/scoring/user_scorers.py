"""Scorers that users bring: a function by dotted path or entry point, guarded."""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from suffice.errors import BrokenScorer
from suffice.ports import Scorer
from suffice.records import Answer, Case, Reference, Score
from suffice.scoring.reading import clipped, scorer_failed, unusable

ENTRY_POINTS = "suffice.scorers"
_NEXT = (
    "Write it as package.module:function, a function (answer, target, case) -> number in [0, 1]."
)


class UserScorer:
    """
    A user's function as a scorer.

    The function gets the answer's text, the target (the other answer's text, or the reference as
    it stands in the file) and the case; it returns a bool, a number in [0, 1] or a `Score`. What
    it raises, and what lies outside [0, 1], is counted as a failure of the scorer: never a score.

    Raises:
        BrokenScorer: It cannot take three arguments, or it is asynchronous.
    """

    def __init__(self, function: Callable[..., Any], *, name: str) -> None:
        if not callable(function):
            raise _broken(name, "it is not a function")
        if inspect.iscoroutinefunction(function):
            raise _broken(name, "it is asynchronous")
        try:
            inspect.signature(function).bind("", "", None)
        except TypeError as wrong:
            raise _broken(
                name, f"it cannot be called with (answer, target, case): {wrong}"
            ) from wrong
        except ValueError:
            pass  # a built-in that does not tell its signature: calling it will tell
        self._function = function
        self._name = name

    @property
    def name(self) -> str:
        """See `ports.Scorer.name`."""
        return self._name

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        """See `ports.Scorer.score`."""
        failed = unusable(answer, target)
        if failed is not None:
            return failed
        right = target.text if isinstance(target, Answer) else target.value
        try:
            returned = self._function(answer.text, right, case)
        except Exception as raised:  # noqa: BLE001 - a stranger's code may raise anything
            return scorer_failed(
                f"{self._name} raised {type(raised).__name__}: {clipped(str(raised))}"
            )
        return _as_score(returned, self._name)


class _GuardedScorer:
    """
    A user's own scorer object, its mistakes turned into counted failures.

    Attributes:
        provisional: Why a verdict by it may not ramp by itself, as the scorer says of itself.
    """

    def __init__(self, scorer: Scorer, *, name: str) -> None:
        self._scorer = scorer
        self._name = name
        self.provisional = str(getattr(scorer, "provisional", ""))

    @property
    def name(self) -> str:
        return self._name

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        try:
            returned = self._scorer.score(answer, target, case=case)
        except Exception as raised:  # noqa: BLE001 - a stranger's code may raise anything
            return scorer_failed(
                f"{self._name} raised {type(raised).__name__}: {clipped(str(raised))}"
            )
        return _as_score(returned, self._name)


def _as_score(returned: Any, name: str) -> Score:
    if isinstance(returned, Score):
        value = returned.value
        fine = returned.failure is not None or _in_range(value)
        return returned if fine else scorer_failed(f"{name} returned {value!r}, outside [0, 1]")
    # numpy's numbers and bools are no Python numbers, but say what they are.
    value = (
        returned.item() if hasattr(returned, "item") and not isinstance(returned, str) else returned
    )
    if not _in_range(value):
        return scorer_failed(f"{name} returned {clipped(repr(value))}, no number in [0, 1]")
    return Score(value=float(value), reason=f"by {name}")


def _in_range(value: Any) -> bool:
    return isinstance(value, bool | int | float) and math.isfinite(value) and 0 <= value <= 1


def load_scorer(path: str) -> Scorer:
    """
    A user's scorer by entry point name or dotted path.

    Args:
        path: The name of an entry point in the group ``suffice.scorers``, ``package.module:name``
            or ``package.module.name``. It names a function (see `UserScorer`), a class without
            required arguments, or an object with ``score`` as in `ports.Scorer`.

    Raises:
        BrokenScorer: Nothing can be loaded from there, or it is no scorer.

    >>> load_scorer("operator:eq")
    Traceback (most recent call last):
    ...
    suffice.errors.BrokenScorer: The scorer operator:eq cannot be used: it cannot be called \
with (answer, target, case): too many positional arguments. Nothing was scored. \
Write it as package.module:function, a function (answer, target, case) -> number in [0, 1].
    """
    found = _load(path)
    if inspect.isclass(found):
        try:
            found = found()
        except Exception as raised:
            raise _broken(path, f"{type(raised).__name__}: {clipped(str(raised))}") from raised
    if callable(getattr(found, "score", None)):
        return _GuardedScorer(found, name=path)
    return UserScorer(found, name=path)


def _load(path: str) -> Any:
    entries = [entry for entry in entry_points(group=ENTRY_POINTS) if entry.name == path]
    module, _, attribute = path.partition(":") if ":" in path else path.rpartition(".")
    if not entries and not (module and attribute):
        raise _broken(path, "there is no scorer of that name")
    try:
        if entries:
            return entries[0].load()
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as raised:
        why = f"{type(raised).__name__}: {clipped(str(raised), limit=200)}"
        raise _broken(path, why) from raised
    return found


def _broken(path: str, why: str) -> BrokenScorer:
    return BrokenScorer(
        f"The scorer {path} cannot be used: {why}.",
        effect="Nothing was scored.",
        next_step=_NEXT,
    )
