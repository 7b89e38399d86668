"""Recorded answers -> evidence: every pair in the file counts, and nobody is called."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import msgspec

from suffice.comparison.pairing import Arms, Grading, pair_up
from suffice.comparison.sampling import EXTRA_CLASS
from suffice.comparison.showing import Showcase
from suffice.comparison.tally import Tally
from suffice.errors import BadModelName
from suffice.records import Case, Evidence, parse_model_spec

LOOKED_AT = 40
"""Cases of a type that are held back until its scorer is chosen from them."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The grading of one type, and what to say of it."""

    grading: Grading
    scorer: str = ""
    reason: str = ""
    chance: float = 0.0
    provisional: tuple[str, ...] = ()


Choose = Callable[[Sequence[Case]], Chosen]
"""Looks at a type's first cases and says how its pairs are scored."""


class RecordedRun:
    """
    Takes cases in file order; holds numbers per pair and the texts of a few.

    Args:
        baseline: Arm name of the model in use.
        candidates: Arm names on trial.
        choose: Called once per type.
        showcase: Keeps the texts of lost cases.
    """

    def __init__(
        self, baseline: str, candidates: Sequence[str], *, choose: Choose, showcase: Showcase
    ) -> None:
        self._baseline, self._candidates = baseline, tuple(candidates)
        self._choose, self._showcase = choose, showcase
        self._waiting: dict[str, list[Case]] = {}
        self._types: dict[str, _TypeRun] = {}
        self.arms_seen: set[str] = set()

    def add(self, case: Case) -> None:
        """Count one case."""
        running = self._types.get(case.type)
        if running is not None:
            running.add(case)
            return
        waiting = self._waiting.setdefault(case.type, [])
        waiting.append(case)
        self.arms_seen.update(case.answers, case.outcomes)
        if len(waiting) >= LOOKED_AT:
            self._start(case.type)

    def finish(self) -> tuple[Evidence, ...]:
        """The evidence of every type and candidate, types in the order they were met."""
        order = dict.fromkeys((*self._types, *self._waiting))
        for request_type in tuple(self._waiting):
            self._start(request_type)
        return tuple(found for name in order for found in self._types[name].evidence())

    def _start(self, request_type: str) -> None:
        waiting = self._waiting.pop(request_type)
        arms = [
            Arms(
                baseline=self._baseline,
                candidate=candidate,
                second=_second_run(self._baseline, candidate, waiting),
            )
            for candidate in self._candidates
        ]
        running = _TypeRun(request_type, arms, self._choose(waiting), self._showcase)
        self._types[request_type] = running
        for case in waiting:
            running.add(case)


class _TypeRun:
    def __init__(
        self, request_type: str, arms: Sequence[Arms], chosen: Chosen, showcase: Showcase
    ) -> None:
        self._chosen, self._showcase = chosen, showcase
        self._runs = [(one, Tally(request_type, one)) for one in arms]
        self._groups: set[int] = set()
        self._requests = array("q")  # hashes; a set of them would take eight times the room
        self._grouped_out = 0

    def add(self, case: Case) -> None:
        if case.group is not None:
            group = hash(case.group)
            if group in self._groups:
                self._grouped_out += 1
                return
            self._groups.add(group)
        if case.request:
            self._requests.append(hash(msgspec.json.encode(case.request)))
        for arms, tally in self._runs:
            pair = pair_up(case, arms, self._chosen.grading)
            if EXTRA_CLASS in case.meta:
                if pair is not None:
                    tally.add_extra_draw(pair)
                continue
            tally.add(pair)
            if pair is not None:
                self._showcase.offer(case, arms, pair)

    def evidence(self) -> list[Evidence]:
        return [
            msgspec.structs.replace(
                tally.evidence(),
                chance=self._chosen.chance,
                scorer=self._chosen.scorer,
                scorer_reason=self._chosen.reason,
                provisional=self._chosen.provisional,
                identical_requests=len(self._requests) - len(set(self._requests)),
                grouped_out=self._grouped_out,
            )
            for _, tally in self._runs
        ]


def _second_run(baseline: str, candidate: str, cases: Sequence[Case]) -> str | None:
    """Another recorded run of the baseline, by its label, that is not itself on trial."""
    ours = parse_model_spec(baseline)
    for arm in sorted({arm for case in cases for arm in (*case.answers, *case.outcomes)}):
        try:
            spec = parse_model_spec(arm)
        except BadModelName:
            continue  # a name of the file's own, e.g. with blanks; it is no run of the baseline
        same = (spec.model, spec.settings) == (ours.model, ours.settings)
        if same and arm not in {baseline, candidate}:
            return arm
    return None
