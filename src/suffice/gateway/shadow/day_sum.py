"""A day's shadow calls as one sum: what they cost, and what those on their way may cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec


class Step(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """
    One line of a day.

    Attributes:
        does: ``hold`` sets aside the most a call may cost, before it is made; ``cost`` puts what
            it did cost in its place; ``keep`` says that nobody will know; ``refuse`` notes a call
            there was no room for.
        call: Which; no two have the same name.
        picousd: In 1e-12 dollars.
    """

    does: Literal["hold", "cost", "keep", "refuse"]
    call: str = ""
    picousd: int = 0


class DaySum:
    """
    The sum, step by step; a step taken twice counts once.

    Attributes:
        spent: What is over: its cost, or the most it may have cost where nobody knows.
        held: The most that calls on their way may cost.
        cheapest_refused: The least of the calls there was no room for; None for none.

    >>> day = DaySum()
    >>> day.take([Step("hold", "a", 50), Step("hold", "b", 40), Step("cost", "a", 7)])
    >>> day.spent, day.held, day.room(within=60)
    (7, 40, 13)
    """

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self.spent = self.held = 0
        self.cheapest_refused: int | None = None

    def take(self, steps: Iterable[Step]) -> None:
        """What was written since."""
        for step in steps:
            if step.does == "refuse":
                least = self.cheapest_refused
                self.cheapest_refused = step.picousd if least is None else min(least, step.picousd)
                continue
            held = self._open.pop(step.call, None)
            self.held -= held or 0
            if step.does == "hold":
                self._open[step.call] = step.picousd
                self.held += step.picousd
            elif held is not None:
                self.spent += step.picousd if step.does == "cost" else held

    @property
    def calls_held(self) -> int:
        """Calls on their way."""
        return len(self._open)

    def room(self, *, within: int) -> int:
        """What further calls may cost at most."""
        return within - self.spent - self.held

    def is_used_up(self, *, within: int) -> bool:
        """Whether a call was refused that has no room even if all on their way cost nothing."""
        least = self.cheapest_refused
        return least is not None and self.spent + least > within

    def admitted(self, most: Mapping[str, int], *, within: int) -> list[Step]:
        """
        What to write down of calls that are to be made: those held may be, in the order given.

        Args:
            most: Call -> what it may cost at most.
            within: The day's limit.

        >>> [step.does for step in DaySum().admitted({"a": 50, "b": 60, "c": 10}, within=100)]
        ['hold', 'refuse', 'hold']
        """
        steps, room, least = [], self.room(within=within), self.cheapest_refused
        for call, picousd in most.items():
            if picousd <= room:
                steps.append(Step("hold", call, picousd))
                room -= picousd
            elif least is None or picousd < least:
                steps.append(Step("refuse", "", picousd))
                least = picousd
        return steps
