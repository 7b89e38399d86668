"""From files of recorded answers to shadow pairs, each case once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from suffice.adapters.case_files import open_cases
from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.api import chooser
from suffice.cli.rollout_proofs import model_name
from suffice.cli.rollout_world import Places, now, opened
from suffice.comparison.pairing import Arms, Grading, pair_up
from suffice.errors import BadModelName, EmptyInput
from suffice.records import Case, Pair
from suffice.records.rollout import Rollout, RolloutState, ShadowPair
from suffice.traffic import CaseReader, Fields

_TIMES = ("at", "ts", "timestamp", "created_at", "time")
_LOOKED_AT = 40
_MOST_PATHS = 5
_SECOND = timedelta(seconds=1)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Which files are read, and how, as options say it."""

    files: tuple[Path, ...]
    type_field: str
    outcomes_field: str
    scorer: str


class TakenIn(NamedTuple):
    """
    What one look at the files gave.

    Attributes:
        pairs: New pairs.
        earlier: Of those, such as are older than their rollout and do not count.
        broken: Lines that are no case.
    """

    pairs: int
    earlier: int
    broken: int

    @property
    def sentence(self) -> str:
        """For people."""
        lines = "1 line is" if self.broken == 1 else f"{self.broken:,} lines are"
        broken = f", {lines} no case" if self.broken else ""
        older = f", {self.earlier:,} of them older than their rollout" if self.earlier else ""
        return f"{self.pairs:,} new pair{'s' * (self.pairs != 1)}{older}{broken}"


def take_in(places: Places, reading: Reading) -> TakenIn:
    """
    Score the files' new cases of rolled-out types and keep them as shadow pairs.

    Raises:
        EmptyInput: No type is rolled out.
        UnreadableFile: A file cannot be read.
        StorageError: The store cannot be written.
    """
    if not places.store.exists():
        raise _nothing_to_watch()
    with opened(places, write=True) as world:
        running = {
            kept.rollout.type: kept
            for kept in world.store.all()
            if kept.rollout.state is not RolloutState.ROLLED_BACK
            or kept.rollout.requalification.by_itself
        }
        if not running:
            raise _nothing_to_watch()
        cases, broken = _cases(reading, set(running))
        at = now()
        pairs = earlier = 0
        for name, of_type in cases.items():
            found = _pairs(world.store, running[name], of_type, reading, at=at)
            pairs += world.store.add_pairs(found)
            earlier += sum(pair.at < running[name].rollout.began for pair in found)
            world.store.note(name, "watched", "yes", at=at)
        return TakenIn(pairs, min(earlier, pairs), broken)


def _nothing_to_watch() -> EmptyInput:
    return EmptyInput(
        "No type is rolled out, so there is nothing to watch.",
        effect="Nothing was read.",
        next_step="suffice rollout next",
    )


def _cases(reading: Reading, types: set[str]) -> tuple[dict[str, list[Case]], int]:
    found: defaultdict[str, list[Case]] = defaultdict(list)
    broken = 0
    for path in reading.files:
        fields = Fields(type=reading.type_field, outcomes=reading.outcomes_field)
        for case in open_cases(path, CaseReader(fields)):
            if not isinstance(case, Case):
                broken += 1
            elif case.type in types:
                found[case.type].append(case)
    return dict(found), broken


def _pairs(
    store: Rollouts, kept: Kept, cases: Sequence[Case], reading: Reading, *, at: datetime
) -> list[ShadowPair]:
    rollout = kept.rollout
    is_first = not store.noted(rollout.type, "watched")
    # Who was there before anybody watched may be who the verdict rests on.
    unknown = rollout.began - _SECOND if is_first else at
    grading: Grading | None = None
    found = []
    for case in cases:
        arms = _arms(case, rollout)
        if arms is None:
            continue
        if grading is None:
            grading = _grading(cases, arms, reading.scorer)
        pair = pair_up(case, arms, grading)
        if pair is not None:
            found.append(_shadow_pair(case, pair, rollout, at=_served_at(case) or unknown))
    return found


def _arms(case: Case, rollout: Rollout) -> Arms | None:
    """The names under which both models answered; None where one of them did not."""
    names: dict[str, str] = {}
    for arm in (*case.answers, *case.outcomes):
        try:
            names.setdefault(model_name(arm), arm)
        except BadModelName:
            continue
    baseline, candidate = names.get(rollout.baseline), names.get(rollout.candidate)
    if baseline is None or candidate is None:
        return None
    return Arms(baseline=baseline, candidate=candidate)


def _grading(cases: Sequence[Case], arms: Arms, scorer: str) -> Grading:
    # Nobody is paid for answers that are there already.
    choose = chooser(scorer, baseline=arms.baseline, price=lambda _arm, _usage: None)
    return choose(cases[:_LOOKED_AT]).grading


def _shadow_pair(case: Case, pair: Pair, rollout: Rollout, *, at: datetime) -> ShadowPair:
    # One pair a session: the session's name makes the pair's.
    session = _hashed(case.group or case.id, rollout)
    return ShadowPair(
        id=f"log-{session}",
        at=at,
        type=rollout.type,
        session=session,
        served_by="baseline",
        probability=1.0,
        score=pair.agreement,
        why_missing="" if pair.agreement is not None else _why_missing(pair),
        differs=pair.paths[:_MOST_PATHS],
        cost_usd="0",
        request_id=case.id[:200],
    )


def _why_missing(pair: Pair) -> str:
    failure = pair.candidate_failure or pair.baseline_failure
    return failure.kind.value if failure is not None else "nothing can score it"


def _hashed(name: str, rollout: Rollout) -> str:
    whole = f"{name}\0{rollout.type}\0{rollout.baseline}\0{rollout.candidate}"
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _served_at(case: Case) -> datetime | None:
    """When the case was served, where it says so in a form that can be told."""
    for name in _TIMES:
        found = _moment(case.meta.get(name))
        if found is not None:
            return found
    return None


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read if read.tzinfo else read.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None
