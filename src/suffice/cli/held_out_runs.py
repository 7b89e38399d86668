"""Runs that kept cases aside, and the runs that asked those again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from suffice.adapters.storage import RunInfo, read_held_out, read_result, read_run_info
from suffice.cli.rollout_proofs import model_name
from suffice.cli.stored_run import find_run, runs_folder
from suffice.comparison import Plan
from suffice.errors import NothingHeldOut, StorageError
from suffice.records import Comparison, Limits
from suffice.records.held_out import HELD_OUT_FILE, HeldOutCase
from suffice.records.rollout import Rollout
from suffice.statistics.spending import WEEKLY

HELD_OUT_OF, LIMITS = "held_out_of", "limits"
"""Where a run's settings name the run whose cases it asked, and what "as good" meant."""


class Parent(NamedTuple):
    """
    A run that kept cases aside.

    Attributes:
        path: Its folder.
        info: What it was started with.
        cases: Those it kept, of the types asked for.
    """

    path: Path
    info: RunInfo
    cases: list[HeldOutCase]

    @property
    def plan(self) -> Plan:
        """Its plan; of a recorded run what can be said of one."""
        if self.info.plan:
            return msgspec.convert(self.info.plan, Plan)
        settings: dict[str, Any] = self.info.settings
        return Plan(
            baseline=settings["baseline"],
            candidates=tuple(settings["candidates"]),
            seed=0,
            limits=msgspec.convert(settings[LIMITS], Limits),
            types=(),
        )


class Rerun(NamedTuple):
    """
    A finished run that asked held-out cases again.

    Attributes:
        path: Its folder.
        result: What it found.
        run_id: What names it, wherever it lies.
        share: Of a year's chance of a wrong Keep it was decided at so much.
    """

    path: Path
    result: Comparison
    run_id: str = ""
    share: float = WEEKLY.holds


def find_parent(named: str | None, rollout: Rollout | None, *, runs: Path | None = None) -> Parent:
    """
    The run whose held-out cases are meant.

    Args:
        named: A run, by its folder or name; or a request type: the run its rollout rests on, else
            the newest that kept cases of it; None: the newest that kept any.
        rollout: The type's, if it has one.
        runs: Where runs are kept; None: as set.

    Raises:
        NothingHeldOut: There is none.
        StorageError: The run that was named cannot be read.
    """
    folder = runs or runs_folder()
    if named is not None and (find_run(named) / "run.json").exists():
        return _named(find_run(named))
    if rollout is not None and (folder / rollout.basis.run / HELD_OUT_FILE).exists():
        found = _kept_by(folder / rollout.basis.run, named)
        if found is not None:
            return found
    for path in sorted(folder.glob(f"*/{HELD_OUT_FILE}"), reverse=True):
        found = _kept_by(path.parent, named)
        if found is not None and (rollout is None or _fits(found, rollout)):
            return found
    of = f" of {named}" if named is not None else ""
    raise NothingHeldOut(
        f"No run in {folder} has kept cases{of} aside.",
        effect="Nothing was sent.",
        next_step="Compare with --hold-out 200, or give the run more cases than it needs.",
    )


def reruns_of(parent: Parent) -> list[Rerun]:
    """Every finished run over a parent's held-out cases, oldest first."""
    found = []
    for path in _siblings(parent):
        info = _info(path)
        if info is None or info.settings.get(HELD_OUT_OF) != parent.info.run_id:
            continue
        try:
            result = read_result(path)
        except StorageError:
            continue
        # One whose answers came from others than were asked has looked at no model.
        if not result.stopped and result.probes:
            share = (beta_of(info) or 0.0) / parent.plan.limits.beta
            found.append(Rerun(path, result, info.run_id, min(share, 1.0) or WEEKLY.holds))
    return sorted(found, key=lambda one: one.result.created)


def beta_of(info: RunInfo) -> float | None:
    """The chance of a wrong Keep a run was planned with; None where no plan says so."""
    return msgspec.convert(info.plan, Plan).limits.beta if info.plan else None


def unfinished_rerun(parent: Parent, types: tuple[str, ...]) -> Path | None:
    """The newest run over a parent's held-out cases of these types that did not come to its end."""
    for path in sorted(_siblings(parent), key=lambda one: one.name, reverse=True):
        info = _info(path)
        if info is None or info.settings.get(HELD_OUT_OF) != parent.info.run_id or not info.plan:
            continue
        if tuple(one["type"] for one in info.plan["types"]) != types:
            continue
        try:
            finished = not read_result(path).stopped
        except StorageError:
            finished = False
        return None if finished else path
    return None


def _siblings(parent: Parent) -> Iterator[Path]:
    """Where runs over a parent's cases may lie: beside it, and among the kept ones."""
    seen = set()
    for folder in (runs_folder(), parent.path.parent):
        for info in folder.glob("*/run.json"):
            if info.parent.resolve() not in seen:
                seen.add(info.parent.resolve())
                yield info.parent


def _named(path: Path) -> Parent:
    info = read_run_info(path)
    if before := info.settings.get(HELD_OUT_OF):
        folders = (path.absolute().parent / str(before), runs_folder() / str(before))
        path = next((one for one in folders if (one / "run.json").exists()), path)
    found = _kept_by(path, None)
    if found is None:
        raise NothingHeldOut(
            f"{path} has kept no cases aside.",
            effect="Nothing was sent.",
            next_step="Compare with --hold-out 200, or give the run more cases than it needs.",
        )
    return found


def _kept_by(path: Path, request_type: str | None) -> Parent | None:
    """A run with its kept cases of a type; None where it has none to be asked."""
    try:
        info, cases = read_run_info(path), read_held_out(path)
    except StorageError:
        return None
    ours = [one for one in cases if request_type in {None, one.case.type}]
    return Parent(path, info, ours) if any(not one.pilot for one in ours) else None


def _fits(parent: Parent, rollout: Rollout) -> bool:
    """Whether it compared the rollout's models."""
    names = {model_name(name) for name in parent.info.settings.get("candidates", ())}
    same = model_name(str(parent.info.settings.get("baseline", ""))) == model_name(rollout.baseline)
    return same and model_name(rollout.candidate) in names


def _info(path: Path) -> RunInfo | None:
    try:
        return read_run_info(path)
    except StorageError:
        return None
