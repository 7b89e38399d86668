"""Who was served, and how much of a table that all share one caller may take."""

from __future__ import annotations

from collections.abc import Mapping

_MOST = 4_096
STRANGER = ""
"""Who has not been served: whatever he calls himself, strangers are one."""


class Callers:
    """
    Whose credential the provider took lately, by names of gateway keys or fingerprints.

    Args:
        most: How many are remembered; the first of them are forgotten.

    >>> callers = Callers()
    >>> callers.served("0f1e")
    >>> callers.known("0f1e"), callers.known("made-up")
    ('0f1e', '')
    """

    def __init__(self, *, most: int = _MOST) -> None:
        self._served: dict[str, None] = {}
        self._most = most

    def served(self, name: str) -> None:
        """The provider answered him."""
        if name not in self._served:
            if len(self._served) >= self._most:
                del self._served[next(iter(self._served))]
            self._served[name] = None

    def known(self, name: str) -> str:
        """The name, if he was served; else `STRANGER`."""
        return name if name in self._served else STRANGER


def has_room(held: Mapping[str, int], by: str, *, most: int) -> bool:
    """
    Whether a caller may take one more place of a table: at most as many as he leaves to others.

    So the first takes half of it at most, the next half of the rest, and there is room for all
    but very many.

    Args:
        held: Caller -> places.
        by: Who asks.
        most: Places there are.

    >>> has_room({"a": 4}, "a", most=10), has_room({"a": 5}, "a", most=10)
    (True, False)
    >>> has_room({"a": 5}, "b", most=10)
    True
    """
    return held.get(by, 0) < most - sum(held.values())
