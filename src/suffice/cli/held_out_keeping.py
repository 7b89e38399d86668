"""What a run keeps aside to be asked again: before its first call, or once it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from suffice.adapters.storage import RunFolder, keep_held_out
from suffice.cli.console import progress
from suffice.comparison import Change, Plan, State
from suffice.comparison.held_out import left_over, to_keep, without_answers
from suffice.comparison.sampling import aside_place
from suffice.errors import NothingHeldOut
from suffice.records import BrokenCase, Case
from suffice.records.held_out import HeldOutCase
from suffice.reports import shell_word

_ROOM, _SHARE = 3, 3


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
        kept_aside(self._folder, cases)


class RecordedAside:
    """
    Cases of a recorded run that are set aside before anything is compared.

    Args:
        cases: All there are, read once.
        most: So many of each type, the first by a hash of their ids; never more than a third.

    Raises:
        NothingHeldOut: No case holds a request that could be asked again.
    """

    def __init__(self, cases: Iterable[Case | BrokenCase], *, most: int) -> None:
        first: dict[str, list[tuple[bytes, Case]]] = {}
        seen: Counter[str] = Counter()
        for case in cases:
            if isinstance(case, BrokenCase) or not case.request.get("messages"):
                continue
            seen[case.type] += 1
            ours = first.setdefault(case.type, [])
            ours.append((aside_place(case.type, case.id), case))
            if len(ours) > _ROOM * (most + 1):
                ours[:] = _smallest(ours, most)
        if not first:
            raise NothingHeldOut(
                "No case of the file holds a request, so none can be asked again.",
                effect="Nothing was decided.",
                next_step="Leave --hold-out out, or give cases with requests (docs/cases.md).",
            )
        self._cases = [
            case
            for name, ours in first.items()
            for _, case in _smallest(ours, min(most, seen[name] // _SHARE))
        ]
        self._ids = {(case.type, case.id) for case in self._cases}
        self._groups = {(case.type, case.group) for case in self._cases if case.group is not None}

    def others(self, cases: Iterable[Case | BrokenCase]) -> Iterator[Case | BrokenCase]:
        """Those that may be compared: no case set aside, and none of the same session."""
        for case in cases:
            if isinstance(case, BrokenCase) or not (
                (case.type, case.id) in self._ids or (case.type, case.group) in self._groups
            ):
                yield case

    def keep(self, folder: RunFolder) -> None:
        """
        Keep them with the run.

        Raises:
            StorageError: They cannot be kept.
        """
        kept_aside(folder, [HeldOutCase(case=without_answers(case)) for case in self._cases])


def _smallest(ours: list[tuple[bytes, Case]], most: int) -> list[tuple[bytes, Case]]:
    """The first by their hash, one of each group."""
    groups: set[str] = set()
    found: list[tuple[bytes, Case]] = []
    for place, case in sorted(ours, key=lambda one: one[0]):
        if len(found) == most:
            break
        if case.group is None or case.group not in groups:
            found.append((place, case))
            groups |= {case.group} if case.group is not None else set()
    return found


def kept_aside(folder: RunFolder, cases: Sequence[HeldOutCase]) -> None:
    """
    Put held-out cases into a run's folder, and say so.

    Raises:
        StorageError: They cannot be kept.
    """
    kept = keep_held_out(folder.path, cases)
    counts = Counter(one.case.type for one in cases if not one.pilot)
    if counts:
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
