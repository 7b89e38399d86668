"""What became of a task: a typed value, or why there is none; and every call it took."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

import msgspec

from suffice.records import Usage

T_co = TypeVar("T_co", covariant=True)

Reason = Literal[
    "refusal",
    "cut",
    "empty",
    "out_of_set",
    "invalid_json",
    "schema",
    "not_in_source",
    "length",
    "overload",
    "too_long",
    "rejected",
    "timeout",
    "budget",
]


class Unresolved(msgspec.Struct, frozen=True, kw_only=True):
    """
    No usable answer, and why. It is false, and equal to no answer.

    Attributes:
        reason: ``refusal``: the model would not. ``cut``: the answer ended at a limit. ``empty``:
            it said nothing. ``out_of_set``: no label of the set. ``invalid_json``, ``schema``:
            not in the form asked for. ``not_in_source``: it says what the input does not.
            ``length``: longer than allowed. ``overload``: nobody answered after all retries.
            ``too_long``: no model of the ladder takes so long an input. ``rejected``: the provider
            rejects the request. ``timeout``, ``budget``: yours.
        detail: One sentence.
        text: What the model wrote last, where it wrote anything.

    >>> bool(Unresolved(reason="refusal", detail="The model refused."))
    False
    """

    reason: Reason
    detail: str
    text: str = ""

    def __bool__(self) -> bool:
        """False: there is no answer."""
        return False


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """
    One call of a model.

    Attributes:
        model: Who was asked, with settings.
        repair: It was told what was wrong with its answer before.
        unresolved: Why its answer was not usable; None where it was.
        doubted: What it was told to mend in an answer that could be used; None: nothing.
        usage: What it used; None where nobody can tell.
        usd: Its cost at the catalog's prices; None where usage or price is unknown.
        latency_s: Seconds from sending to the last byte; None where not measured.
        reused: The answer was paid for before, and comes from the resume file.
    """

    model: str
    repair: bool = False
    unresolved: Unresolved | None = None
    doubted: Unresolved | None = None
    usage: Usage | None = None
    usd: Decimal | None = None
    latency_s: float | None = None
    reused: bool = False


class Outcome(msgspec.Struct, Generic[T_co], frozen=True, kw_only=True):
    """
    A task's value with all that led to it.

    Attributes:
        value: The typed answer, or `Unresolved`.
        task: The task's name.
        type: The request type, which names the prompt's version too.
        attempts: Every call, in order; all of them are charged.
        details: What the value does not say by itself; each task says what it is. None where
            there is nothing to add.
    """

    value: T_co | Unresolved
    task: str
    type: str
    attempts: tuple[Attempt, ...] = ()
    details: Any = None

    @property
    def model(self) -> str | None:
        """Whose answer the value is; None where there is none."""
        done = [attempt for attempt in self.attempts if attempt.unresolved is None]
        return done[-1].model if done else None

    @property
    def usd(self) -> Decimal | None:
        """
        What all calls cost together; None where the cost of any is not known.

        >>> Outcome(value="a", task="t", type="t").usd
        Decimal('0')
        """
        costs = [attempt.usd for attempt in self.attempts if not attempt.reused]
        known = [usd for usd in costs if usd is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None
