"""From recorded answers, in files or scanned logs, to shadow pairs, each case once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from suffice.cli.watch_logs import APART, logged_cases
from suffice.comparison.pairing import Arms, Grading, pair_up
from suffice.errors import BadModelName, EmptyInput
from suffice.records import Case, Pair
from suffice.records.rollout import Rollout, RolloutState
from suffice.records.rollout_evidence import ShadowPair
from suffice.reports import shell_word
from suffice.reports.words import count
from suffice.traffic import CaseReader, Fields

_WATCHED, _LOGS_WATCHED, _READ_TO = "watched", "logs watched", "logs read to"
_TIMES = ("at", "ts", "timestamp", "created_at", "time")
_LOOKED_AT = 40
_MOST_PATHS = 5
_SECOND = timedelta(seconds=1)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is read, and how, as options say it.

    Attributes:
        files: Files of cases.
        scanned: Instead of them: the folder `suffice scan` fills.
        type_field: Where a case's type stands.
        outcomes_field: Where grades stand.
        scorer: How two answers are held against each other.
    """

    files: tuple[Path, ...]
    scanned: Path | None = None
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
        alone: Cases of rolled-out types that one of the two models did not answer.
        others: Cases of other types.
        logs: Files no case of which holds an answer, as it is with logs.
    """

    pairs: int
    earlier: int
    broken: int = 0
    alone: int = 0
    others: int = 0
    logs: tuple[Path, ...] = ()

    @property
    def sentence(self) -> str:
        """
        For people.

        >>> TakenIn(0, 0, others=3, alone=1).sentence
        '0 new pairs; passed over: 1 case without both answers, 3 cases of types not rolled out'
        """
        older = f", {self.earlier:,} of them older than their rollout" if self.earlier else ""
        left = [
            count(self.broken, "line that is no case", "lines that are no case"),
            count(self.alone, "case without both answers", "cases without both answers"),
            count(self.others, "case of types not rolled out", "cases of types not rolled out"),
        ]
        counted = (self.broken, self.alone, self.others)
        passed = ", ".join(said for said, number in zip(left, counted, strict=True) if number)
        said = (
            count(self.pairs, "new pair") + older + (f"; passed over: {passed}" if passed else "")
        )
        if not self.logs:
            return said
        names = " ".join(shell_word(str(path)) for path in self.logs)
        read = f"Logs are read by `suffice scan {names}`; then `suffice watch` alone."
        return f"{said}\nNo answer is in {names}. {read}"


class _Looked(NamedTuple):
    """What one look found: cases by their rolled-out type, and how much else."""

    cases: dict[str, list[Case]]
    broken: int = 0
    others: int = 0
    logs: tuple[Path, ...] = ()


def take_in(places: Places, reading: Reading) -> TakenIn:
    """
    Score the new cases of rolled-out types and keep them as shadow pairs.

    Raises:
        EmptyInput: No type is rolled out, or nothing was scanned.
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
        if reading.scanned is None:
            looked = _in_files(reading, set(running))
        else:
            looked = _in_logs(reading.scanned, running, world.store)
        at = now()
        pairs = earlier = alone = 0
        for name, of_type in looked.cases.items():
            kept = running[name]
            both = [(case, arms) for case in of_type if (arms := _arms(case, kept.rollout))]
            alone += len(of_type) - len(both)
            mark = _WATCHED if reading.scanned is None else _LOGS_WATCHED
            is_first = not world.store.noted(name, mark)
            # Who was there before anybody watched may be who the verdict rests on.
            unknown = kept.rollout.began - _SECOND if is_first else at
            found = _pairs(kept.rollout, both, reading.scorer, unknown=unknown)
            pairs += world.store.add_pairs(found)
            earlier += sum(pair.at < kept.rollout.began for pair in found)
            world.store.note(name, mark, "yes", at=at)
        earlier = min(earlier, pairs)
        return TakenIn(pairs, earlier, looked.broken, alone, looked.others, looked.logs)


def _nothing_to_watch() -> EmptyInput:
    return EmptyInput(
        "No type is rolled out, so there is nothing to watch.",
        effect="Nothing was read.",
        next_step="suffice rollout next",
    )


def _in_files(reading: Reading, types: set[str]) -> _Looked:
    found: defaultdict[str, list[Case]] = defaultdict(list)
    broken = others = 0
    logs = []
    for path in reading.files:
        fields = Fields(type=reading.type_field, outcomes=reading.outcomes_field)
        lines = answered = 0
        for case in open_cases(path, CaseReader(fields)):
            lines += 1
            answered += isinstance(case, Case) and bool(case.answers or case.outcomes)
            if not isinstance(case, Case):
                broken += 1
            elif case.type in types:
                found[case.type].append(case)
            else:
                others += 1
        if lines and not answered:
            logs.append(path)
    return _Looked(dict(found), broken, others, tuple(logs))


def _in_logs(folder: Path, running: Mapping[str, Kept], store: Rollouts) -> _Looked:
    """
    Calls since the rollout began.

    What was read is looked at for another day, since the other model's answer may come later.
    """
    since = {}
    for name, kept in running.items():
        read_to = _moment(store.noted(name, _READ_TO))
        began = kept.rollout.began
        since[name] = began if read_to is None else max(began, read_to - APART)
    cases = logged_cases(folder, since)
    for name, of_type in cases.items():
        sent = [moment for case in of_type if (moment := _served_at(case))]
        if sent:
            store.note(name, _READ_TO, max(sent).isoformat(), at=now())
    return _Looked(cases)


def _pairs(
    rollout: Rollout, cases: Sequence[tuple[Case, Arms]], scorer: str, *, unknown: datetime
) -> list[ShadowPair]:
    grading: Grading | None = None
    found = []
    for case, arms in cases:
        if grading is None:
            grading = _grading([one for one, _ in cases], arms, scorer)
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
