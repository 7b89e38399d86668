"""The new answers of a run over held-out cases, held against the same model's earlier ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from suffice.adapters.storage import read_answers
from suffice.api import chooser
from suffice.cli.held_out_runs import Parent, Rerun
from suffice.comparison import Plan, Price
from suffice.comparison.plan import is_kept
from suffice.monitor.probe import ALPHA_A_YEAR, Asked, looked_at, probe
from suffice.ports import Scorer
from suffice.records import Answer, Case
from suffice.records.held_out import Arm, Probe
from suffice.scoring.likeness import likeness
from suffice.statistics.spending import WEEKLY, Look

_Given = dict[tuple[str, str], dict[int, tuple[str, Answer]]]


class Probing:
    """
    Looks at each model of a run over held-out cases.

    Args:
        parent: Whose cases they are.
        before: Earlier runs over them, oldest first.
        run: The run's own folder; it has come to its end.
        plan: Its plan.
        at: When it was made.
    """

    def __init__(
        self, parent: Parent, before: Sequence[Rerun], run: Path, plan: Plan, at: datetime
    ) -> None:
        self._parent, self._before, self._plan, self._at = parent, before, plan, at
        self._given = [_answers(path) for path in (parent.path, *(b.path for b in before), run)]

    def probes(self, *, scorer: str, price: Price) -> Iterator[Probe]:
        """
        One for each type and model, the baseline first.

        Args:
            scorer: As the run's.
            price: Dollars of an answer, by arm.
        """
        cases: dict[str, list[Case]] = {}
        for one in self._parent.cases:
            cases.setdefault(one.case.type, []).append(one.case)
        for planned in self._plan.types:
            ours = cases.get(planned.type, [])
            held_by = self._scorer(ours, scorer, price)
            yield self._probe(planned.type, Arm.BASELINE, self._plan.baseline, ours, held_by)
            for name in self._plan.candidates:
                yield self._probe(planned.type, Arm.CANDIDATE, name, ours, held_by)

    def _scorer(self, cases: Sequence[Case], name: str, price: Price) -> Scorer | None:
        """
        The type's own scorer; None where it has none, or one that would have to be paid.

        Chosen by all the answers that are compared, none of them more than another: whatever is
        chosen by the newest alone treats them otherwise than those before.
        """
        if name == "judge":
            return None
        baseline = self._plan.baseline
        answered = [
            msgspec.structs.replace(case, answers={baseline: answer})
            for case in cases
            for answer in self._told(case, baseline, self._since(case.type, Arm.BASELINE, baseline))
        ]
        choose = chooser(name, baseline=baseline, price=price)
        return choose(answered).grading.scorer if answered else None

    def _probe(
        self, request_type: str, arm: Arm, model: str, cases: Sequence[Case], scorer: Scorer | None
    ) -> Probe:
        since = self._since(request_type, arm, model)
        tables = []
        for case in cases:
            told = self._told(case, model, since)
            if told:
                table = likeness(told, case=case, scorer=scorer)
                tables.append(np.asarray(table, dtype=np.float64))
        asked = Asked(request_type, arm, model, self._share(request_type, arm, model))
        return probe(tables, asked)

    def _told(self, case: Case, model: str, since: int) -> list[Answer]:
        """
        The model's answers to a case, oldest first; nothing where the newest has none before it.

        Of each run its first answer counts; of the first one that asked the case twice both do: so
        soon after each other, two answers show how much the model varies by itself.
        """
        *earlier, now = [given.get((case.id, model), {}) for given in self._given[since:]]
        if 0 not in now:
            return []
        digest, newest = now[0]
        told: list[Answer] = []
        has_noise = False
        for given in earlier:
            # A request that was sent in other words is another request.
            same = [answer for _, (asked, answer) in sorted(given.items()) if asked == digest]
            told += same[:1] if has_noise else same
            has_noise = has_noise or len(same) > 1
        if not told:
            return []
        told.append(newest)
        return looked_at(told)

    def _since(self, request_type: str, arm: Arm, model: str) -> int:
        """The place of the first run whose answers count: the last that found it changed."""
        for place in range(len(self._before), 0, -1):
            if any(found.moved for found in self._of(place, request_type, arm, model)):
                return place
        return 0

    def _share(self, request_type: str, arm: Arm, model: str) -> float:
        """What is there of the year's chance; probes that could tell nothing have used nothing."""
        looks = [
            Look(
                datetime.fromisoformat(self._before[place - 1].result.created),
                found.level / ALPHA_A_YEAR,
            )
            for place in range(1, len(self._before) + 1)
            for found in self._of(place, request_type, arm, model)
            if found.p_value is not None
        ]
        return WEEKLY.share(looks, self._at)

    def _of(self, place: int, request_type: str, arm: Arm, model: str) -> list[Probe]:
        """What an earlier run said of a model; the parent, at place 0, has said nothing."""
        return [
            one
            for one in self._before[place - 1].result.probes
            if (one.type, one.arm, one.model) == (request_type, arm, model)
        ]


def _answers(path: Path) -> _Given:
    """A run's answers by case and arm, each first or second with its request's digest."""
    found: _Given = {}
    for one in read_answers(path):
        if is_kept(one.answer):
            key = one.key
            found.setdefault((key.case_id, key.arm), {})[key.run] = (key.digest, one.answer)
    return found
