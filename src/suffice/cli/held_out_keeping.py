"""What a run keeps aside to be asked again: before its first call, or once it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from suffice.adapters.storage import RunFolder, keep_held_out
from suffice.cli.console import progress
from suffice.comparison import Change, Plan, State
from suffice.comparison.held_out import left_over, to_keep
from suffice.records import Case
from suffice.reports import shell_word


class Aside:
    """
    Keeps the cases that a live run does not compare.

    Args:
        plan: The run's.
        cases: By id.
        folder: Where they are kept.
        most: So many of each type were set aside beforehand; 0: none are kept; None: what an
            early stop leaves is kept.
    """

    def __init__(
        self, plan: Plan, cases: Mapping[str, Case], folder: RunFolder, *, most: int | None
    ) -> None:
        self._plan, self._cases, self._folder, self._most = plan, cases, folder, most
        self._counted: dict[str, int] = {}
        self._fed_classes: set[str] = set()

    def before(self) -> None:
        """
        Keep what was set aside, before anybody is asked anything.

        Raises:
            StorageError: It cannot be kept.
        """
        aside = {planned.type: planned.draw.held_out for planned in self._plan.types}
        if any(aside.values()):
            self._keep(aside)

    def on_change(self, change: Change) -> None:
        """Note how far each type came."""
        if change.state is State.CLASSES:
            self._fed_classes.add(change.type)
        if change.state is not State.PILOT:
            self._counted[change.type] = change.done

    def after(self) -> None:
        """
        Keep what nobody was asked, at no price, of a run that is over.

        Raises:
            StorageError: It cannot be kept.
        """
        if self._most is not None:
            return
        asked = set(self._folder.asked())
        # Answers of the file may have fed a class without a call, and leave no other trace.
        asked |= {
            one.id for one in self._cases.values() if one.type in self._fed_classes and one.answers
        }
        aside = left_over(self._plan, counted=self._counted, asked=asked)
        if any(aside.values()):
            self._keep(aside)

    def _keep(self, aside: Mapping[str, Sequence[str]]) -> None:
        cases = to_keep(self._plan, self._cases, aside)
        kept = keep_held_out(self._folder.path, cases)
        counts = {name: len(ids) for name, ids in aside.items() if ids}
        told = " · ".join(f"{count:,} of {name}" for name, count in counts.items())
        progress().print("[cyan]aside[/] ", end="")
        progress().print(
            f"{told}: in no verdict, kept to be asked again "
            f"(suffice compare --held-out {shell_word(next(iter(counts)))})",
            markup=False,
            highlight=False,
        )
        if kept.too_large:
            progress().print(f"[cyan]aside[/] {kept.too_large:,} were too large to be kept")
