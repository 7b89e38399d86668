"""Lines that are no case: counted all, shown some, and a reason to stop only if asked."""

from __future__ import annotations

from suffice.errors import BrokenLine
from suffice.records import BrokenCase

BROKEN_SHOWN = 100
"""How many broken lines are kept with their reasons."""


class BrokenLines:
    """Broken lines: all counted, the first kept; the first stops where strict."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self.first: list[BrokenCase] = []
        self.total = 0

    def add(self, case: BrokenCase) -> None:
        """Count one, or stop at it where strict."""
        if self._strict:
            raise BrokenLine(
                f"Line {case.line}: {case.reason}.",
                effect="Nothing was decided.",
                next_step="Mend the line, or leave --strict out to count it and go on.",
            )
        self.total += 1
        if len(self.first) < BROKEN_SHOWN:
            self.first.append(case)
