"""What is counted and told of shadow calls that go by batch; nothing of what they say."""

from __future__ import annotations

from collections.abc import Callable

from suffice.gateway.log import Log
from suffice.gateway.metrics import Metrics

TROUBLE = "suffice_shadow_batch_trouble"
NO_KEY = "SUFFICE_OWN_KEY is not set, so they are made live at full price"


class ShadowVoice:
    """
    One worker's.

    Args:
        metrics: Where it counts.
        log: Where it tells.
        on_fault: Told of a mistake of our own.
    """

    def __init__(
        self, metrics: Metrics, log: Log, *, on_fault: Callable[[BaseException], None]
    ) -> None:
        self._metrics, self._log, self.fault = metrics, log, on_fault
        self._troubles: set[str] = set()

    def call(self, type: str, result: str) -> None:  # noqa: A002 - our word for it
        """What became of one drawn call."""
        self._metrics.note_shadow(type, result)

    def unfit(self, reason: str) -> None:
        """A call that fits no batch is made at once instead."""
        self._metrics.add("suffice_shadow_unbatched_total", 1, {"reason": reason})

    def batch(self, result: str, *, calls: int = 0, batch: str = "", problem: str = "") -> None:
        """
        What became of a batch.

        Args:
            result: ``sent``, ``fetched``, ``refused`` (it was not taken), ``unsure`` (nobody knows
                whether it was), ``not_there`` (it never was) or ``lost`` (its answers are gone).
            calls: How many it holds.
            batch: The provider's id.
            problem: What went wrong; empty for nothing.
        """
        self._metrics.add("suffice_shadow_batches_total", 1, {"result": result})
        level = "warning" if problem else "info"
        self._log.say(
            "shadow batch",
            level=level,
            result=result,
            batch=batch or None,
            calls=calls,
            problem=problem or None,
        )
        if problem:
            self.trouble(problem)
        else:
            self.well()

    def trouble(self, reason: str) -> None:
        """Batches can be neither sent nor fetched at the moment."""
        self._troubles.add(reason)
        self._metrics.set(TROUBLE, 1.0, {"reason": reason})

    def well(self) -> None:
        """They can again."""
        for reason in self._troubles:
            self._metrics.set(TROUBLE, 0.0, {"reason": reason})
        self._troubles.clear()
