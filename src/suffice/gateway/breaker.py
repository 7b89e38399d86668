"""A candidate that does not answer is left alone for a while, one model at a time."""

from __future__ import annotations

from hashlib import blake2b

_OPENS_AFTER = 3
_REST_S = 30.0
_LONGEST_REST_S = 600.0
_ROOM_BYTES = 4_096
# A model's name as a number, its failures in a row, and until when it rests.
_NAME, _FAILURES, _UNTIL = range(3)
_SLOT_BYTES = 3 * 8


class Breaker:
    """
    Counts what failed in a row, per model, and says whether a model may be tried.

    It speaks of candidates only: what a client itself asked for is always sent. Two models whose
    names fall on one place take turns there; the worst is one more try.

    Args:
        room: Writable bytes, zeroed at first, that workers may share; its own if not given.
        opens_after: Failures in a row that open it.
        rest_s: How long a model then rests; afterwards one request tries it.

    >>> breaker = Breaker(opens_after=1)
    >>> breaker.failed("claude-haiku-5-5", now=5.0)
    >>> breaker.allows("claude-haiku-5-5", now=6.0), breaker.allows("claude-haiku-5-5", now=36.0)
    (False, True)
    """

    def __init__(
        self,
        room: bytearray | memoryview | None = None,
        *,
        opens_after: int = _OPENS_AFTER,
        rest_s: float = _REST_S,
    ) -> None:
        whole = memoryview(bytearray(_ROOM_BYTES) if room is None else room)
        self._count = len(whole) // _SLOT_BYTES
        self._slots = whole[: self._count * _SLOT_BYTES].cast("d")
        self._opens_after, self._rest_s = opens_after, rest_s
        self._places: dict[str, tuple[int, float]] = {}

    def allows(self, model: str, *, now: float) -> bool:
        """Whether to try the model; after its rest, one request at a time does."""
        slot = self._slot(model)
        until = self._slots[slot + _UNTIL] if slot is not None else 0.0
        if slot is None or not until:
            return True
        # Seconds begin anew with the machine: what lies too far ahead is from before.
        if now < until <= now + _LONGEST_REST_S:
            return False
        self._slots[slot + _UNTIL] = now + self._rest_s
        return True

    def failed(self, model: str, *, now: float, rest_s: float | None = None) -> None:
        """
        The model did not answer.

        Args:
            model: Which.
            now: Monotonic seconds.
            rest_s: How long the upstream asked to be left alone; that opens it at once.
        """
        slot, name = self._place(model)
        slots = self._slots
        if slots[slot + _NAME] != name:
            slots[slot + _NAME], slots[slot + _FAILURES], slots[slot + _UNTIL] = name, 0.0, 0.0
        slots[slot + _FAILURES] += 1
        if rest_s is not None:
            slots[slot + _UNTIL] = now + min(rest_s, _LONGEST_REST_S)
        elif slots[slot + _FAILURES] >= self._opens_after:
            slots[slot + _UNTIL] = now + self._rest_s

    def answered(self, model: str) -> None:
        """The model answered; all is forgiven."""
        slot = self._slot(model)
        if slot is not None:
            self._slots[slot + _NAME] = 0.0

    def _slot(self, model: str) -> int | None:
        """Where the model's failures are counted; None where it has none."""
        slot, name = self._place(model)
        return slot if self._slots[slot + _NAME] == name else None

    def _place(self, model: str) -> tuple[int, float]:
        known = self._places.get(model)
        if known is None:
            number = int.from_bytes(blake2b(model.encode(), digest_size=6).digest(), "big") + 1
            known = number % self._count * 3, float(number)
            if len(self._places) < self._count:
                self._places[model] = known
        return known
