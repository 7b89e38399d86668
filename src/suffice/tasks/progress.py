"""How far a batch is: a bar on a terminal, a line at every tenth elsewhere; always on stderr."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from decimal import Decimal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from suffice.tasks.outcome import Outcome, Unresolved

_TENTHS = 10

OnDone = Callable[[int, Outcome[object]], None]


@contextlib.contextmanager
def progress_bar(
    total: int, *, label: str = "tasks", console: Console | None = None
) -> Iterator[OnDone]:
    """
    Show how far a batch is: give what this yields to `Batch` as ``on_done``.

    Beside the count stand how many have no answer, and the dollars of those whose price is known.

    Args:
        total: How many inputs there are.
        label: What they are called.
        console: Where to; stderr by default.

    >>> from suffice.tasks import Batch, Runner, classify, using
    >>> from suffice.testing import answering
    >>> texts = ["my card", "my parcel"]
    >>> runner = Runner(answering("billing"), ladder=lambda *_: ("claude-haiku-5-5",))
    >>> with using(runner), progress_bar(len(texts)) as on_done:
    ...     found = classify.map(texts, ["billing", "other"], batch=Batch(on_done=on_done))
    >>> [one.value for one in found]
    ['billing', 'billing']
    """
    where = console or Console(stderr=True, highlight=False)
    tally = _Tally(total, label)
    if not where.is_terminal:
        yield lambda _, outcome: tally.line(outcome, where)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[more]}"),
    )
    with Progress(*columns, console=where) as bars:
        task = bars.add_task(label, total=total, more="")

        def on_done(_number: int, outcome: Outcome[object]) -> None:
            tally.add(outcome)
            bars.update(task, completed=tally.done, more=tally.more)

        yield on_done


class _Tally:
    """What has come so far."""

    def __init__(self, total: int, label: str) -> None:
        self._total, self._label = total, label
        self.done = self._unresolved = self._told = 0
        self._usd = Decimal(0)
        self._charged: set[int] = set()

    @property
    def more(self) -> str:
        """What stands beside the count."""
        parts = [f"{self._unresolved:,} without an answer"] if self._unresolved else []
        return "  ".join([*parts, f"${self._usd:.4f}"] if self._usd else parts)

    def add(self, outcome: Outcome[object]) -> None:
        """Count one; what answers several equal inputs was charged once."""
        self.done += 1
        self._unresolved += isinstance(outcome.value, Unresolved)
        if id(outcome) not in self._charged:
            self._charged.add(id(outcome))
            self._usd += outcome.usd or 0

    def line(self, outcome: Outcome[object], where: Console) -> None:
        """Count one, and say so at every tenth."""
        self.add(outcome)
        tenth = _TENTHS * self.done // max(1, self._total)
        if tenth != self._told:
            self._told = tenth
            where.print(
                f"{self._label} {self.done:,}/{self._total:,}  {self.more}".rstrip(), markup=False
            )
