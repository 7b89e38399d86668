"""A candidate that does not answer is left alone for a while, one model at a time."""

from __future__ import annotations

import msgspec

_OPENS_AFTER = 3
_REST_S = 30.0
_LONGEST_REST_S = 600.0


class _Health(msgspec.Struct):
    failures: int = 0
    rests_until: float = 0.0


class Breaker:
    """
    Counts what failed in a row, per model, and says whether a model may be tried.

    It speaks of candidates only: what a client itself asked for is always sent.

    Args:
        opens_after: Failures in a row that open it.
        rest_s: How long a model then rests; afterwards one request tries it.

    >>> breaker = Breaker(opens_after=1)
    >>> breaker.failed("claude-haiku-5-5", now=0.0)
    >>> breaker.allows("claude-haiku-5-5", now=1.0), breaker.allows("claude-haiku-5-5", now=31.0)
    (False, True)
    """

    def __init__(self, *, opens_after: int = _OPENS_AFTER, rest_s: float = _REST_S) -> None:
        self._opens_after, self._rest_s = opens_after, rest_s
        self._models: dict[str, _Health] = {}

    def allows(self, model: str, *, now: float) -> bool:
        """Whether to try the model; after its rest, one request at a time does."""
        health = self._models.get(model)
        if health is None or not health.rests_until:
            return True
        if now < health.rests_until:
            return False
        health.rests_until = now + self._rest_s
        return True

    def failed(self, model: str, *, now: float, rest_s: float | None = None) -> None:
        """
        The model did not answer.

        Args:
            model: Which.
            now: Monotonic seconds.
            rest_s: How long the upstream asked to be left alone; that opens it at once.
        """
        health = self._models.setdefault(model, _Health())
        health.failures += 1
        if rest_s is not None:
            health.rests_until = now + min(rest_s, _LONGEST_REST_S)
        elif health.failures >= self._opens_after:
            health.rests_until = now + self._rest_s

    def answered(self, model: str) -> None:
        """The model answered; all is forgiven."""
        if self._models:
            self._models.pop(model, None)

    @property
    def resting(self) -> tuple[str, ...]:
        """Models that are left alone."""
        return tuple(model for model, health in self._models.items() if health.rests_until)
