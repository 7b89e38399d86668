"""Which answers of which runs a model's newest ones are held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.adapters.storage import RunInfo, create_run, keep_held_out
from suffice.cli.held_out_probe import Probing
from suffice.cli.held_out_runs import HELD_OUT_OF, Parent, find_parent, reruns_of
from suffice.comparison.plan import Plan, TypePlan
from suffice.comparison.sampling import Draw
from suffice.comparison.stored import AnswerKey, StoredAnswer
from suffice.records import Answer, Case, Comparison, Limits
from suffice.records.held_out import Arm, HeldOutCase, Probe
from suffice.statistics.spending import WEEKLY

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
BIG, SMALL = "claude-opus-5-5", "claude-haiku-5-5"
PLAN = Plan(
    baseline=BIG,
    candidates=(SMALL,),
    seed=0,
    limits=Limits(),
    types=(TypePlan(type="t", available=9, draw=Draw(), most_pairs=9, likely_pairs=9),),
)
Answers = Mapping[tuple[str, str, int], str]
"""Case, arm and how often asked before -> what was said."""

KeepRun = Callable[..., Path]
CALM = Probe(type="t", arm=Arm.BASELINE, model=BIG, cases=9, answers=3, level=0.001)


def held(number: int) -> HeldOutCase:
    request = {"messages": [{"role": "user", "content": f"request {number}"}]}
    return HeldOutCase(case=Case(id=f"c{number}", type="t", request=request))


@pytest.fixture
def keep_run(tmp_path: Path) -> KeepRun:
    """Keep a run's answers, week by week; the first one is the parent."""

    def keep(answers: Answers, *, digest: str = "d", probes: tuple[Probe, ...] = (CALM,)) -> Path:
        week = len(list(tmp_path.iterdir()))
        settings: dict[str, Any] = {HELD_OUT_OF: "run-0"} if week else {"baseline": BIG}
        plan = msgspec.to_builtins(PLAN)
        info = RunInfo(run_id=f"run-{week}", settings=settings, plan=plan)
        with create_run(tmp_path / f"run-{week}", info) as folder:
            for (case, arm, run), said in answers.items():
                key = AnswerKey(case, arm, run, digest)
                folder.keep(StoredAnswer(key=key, answer=Answer(text=said), usd="0"))
            at = BEGAN + timedelta(weeks=week)
            comparison = Comparison(created=at.isoformat(), probes=probes, held_out_of="run-0")
            folder.write_result(comparison)
        if not week:
            keep_held_out(folder.path, [held(number) for number in range(3)])
        return folder.path

    return keep


def probed(
    parent: Path,
    run: Path,
    *,
    scorer: str = "exact",
    at: datetime = BEGAN + timedelta(weeks=60),
) -> dict[Arm, Probe]:
    found: Parent = find_parent(str(parent), None)
    before = [one for one in reruns_of(found) if one.path.resolve() != run.resolve()]
    probing = Probing(found, before, run, PLAN, at)
    probes = probing.probes(scorer=scorer, price=lambda *_: None)
    return {one.arm: one for one in probes}


def test_a_pilot_s_two_answers_and_one_of_each_re_run_are_held_together(keep_run: KeepRun) -> None:
    parent = keep_run({("c0", BIG, 0): "a", ("c0", BIG, 1): "a"})
    keep_run({("c0", BIG, 0): "a", ("c0", BIG, 1): "not looked at"})
    run = keep_run({("c0", BIG, 0): "b", ("c0", BIG, 1): "a"})

    found = probed(parent, run)

    assert (found[Arm.BASELINE].answers, found[Arm.BASELINE].cases) == (4, 1)
    assert (found[Arm.BASELINE].agreement, found[Arm.BASELINE].before) == (0.0, 1.0)
    assert found[Arm.CANDIDATE].cases == 0


def test_what_the_first_re_run_asked_twice_shows_the_noise_of_held_out_cases(
    keep_run: KeepRun,
) -> None:
    parent = keep_run({})
    first = keep_run({("c1", BIG, 0): "a", ("c1", BIG, 1): "b", ("c1", SMALL, 0): "a"})
    assert probed(parent, first)[Arm.BASELINE].cases == 0

    run = keep_run({("c1", BIG, 0): "a", ("c1", SMALL, 0): "a"})

    found = probed(parent, run)
    assert (found[Arm.BASELINE].answers, found[Arm.BASELINE].before) == (3, 0.0)
    assert (found[Arm.CANDIDATE].answers, found[Arm.CANDIDATE].p_value) == (2, None)


def test_a_request_that_was_sent_in_other_words_is_another_one(keep_run: KeepRun) -> None:
    parent = keep_run({("c0", BIG, 0): "a", ("c0", BIG, 1): "a"}, digest="as it was")
    run = keep_run({("c0", BIG, 0): "b"}, digest="as it is")

    assert probed(parent, run)[Arm.BASELINE].cases == 0


def test_after_a_change_the_story_begins_anew(keep_run: KeepRun) -> None:
    """
    What the model said before is no reference for what it is since.
    """
    changed = msgspec.structs.replace(CALM, moved=True, p_value=0.0)
    parent = keep_run({("c0", BIG, 0): "a", ("c0", BIG, 1): "a"})
    keep_run({("c0", BIG, 0): "b", ("c0", BIG, 1): "b"}, probes=(changed,))
    run = keep_run({("c0", BIG, 0): "b"})

    found = probed(parent, run)[Arm.BASELINE]

    assert (found.answers, found.agreement, found.before) == (3, 1.0, 1.0)


def test_what_is_asked_twice_after_a_change_counts_twice(keep_run: KeepRun) -> None:
    changed = msgspec.structs.replace(CALM, moved=True, p_value=0.0)
    parent = keep_run({("c0", BIG, 0): "a", ("c0", BIG, 1): "a"})
    keep_run({("c0", BIG, 0): "b"}, probes=(changed,))
    keep_run({("c0", BIG, 0): "b", ("c0", BIG, 1): "c"})
    run = keep_run({("c0", BIG, 0): "b"})

    assert probed(parent, run)[Arm.BASELINE].answers == 4


def test_a_year_of_answers_is_not_compared_each_with_each(keep_run: KeepRun) -> None:
    parent = keep_run({("c0", BIG, 0): "a", ("c0", BIG, 1): "a"})
    for _ in range(20):
        run = keep_run({("c0", BIG, 0): "a"})

    assert probed(parent, run)[Arm.BASELINE].answers == 16


def test_probes_share_the_year_s_chance_by_the_time_between_them(keep_run: KeepRun) -> None:
    """
    A model that is asked every day is tested every day, at a seventh of a week's level.
    """
    parent = keep_run({("c0", BIG, 0): "a", ("c0", BIG, 1): "a"})
    tested = msgspec.structs.replace(CALM, p_value=0.5, level=0.05 * WEEKLY.holds)
    keep_run({}, probes=(tested,))
    run = keep_run({("c0", BIG, 0): "a"})

    weekly, daily = (
        probed(parent, run, at=BEGAN + timedelta(weeks=1, days=days))[Arm.BASELINE]
        for days in (7, 1)
    )

    assert weekly.level == pytest.approx(0.05 * WEEKLY.refill * 7 / 365)
    assert daily.level == pytest.approx(weekly.level / 7)


def test_probes_that_could_tell_nothing_use_nothing_up(keep_run: KeepRun) -> None:
    untested = msgspec.structs.replace(CALM, p_value=None)
    parent = keep_run({("c0", BIG, 0): "a", ("c0", BIG, 1): "a"})
    keep_run({}, probes=(untested,))
    run = keep_run({("c0", BIG, 0): "a"})

    found = probed(parent, run, at=BEGAN + timedelta(weeks=1, minutes=1))[Arm.BASELINE]

    assert found.level == 0.05 * WEEKLY.holds


def test_the_newest_answers_choose_the_scorer_no_more_than_those_before(keep_run: KeepRun) -> None:
    labels = {(f"c{number}", BIG, 0): "billing" for number in range(3)}
    texts = {
        (f"c{number}", BIG, 0): "This ticket is, as far as I can tell, about billing. " * 3
        for number in range(3)
    }
    parent = keep_run({})
    agreements = set()
    for digest, first, newest in (("one", labels, texts), ("another", texts, labels)):
        keep_run(first, digest=digest)
        found = probed(parent, keep_run(newest, digest=digest), scorer="auto")
        agreements.add(found[Arm.BASELINE].agreement)

    assert len(agreements) == 1
    assert None not in agreements
