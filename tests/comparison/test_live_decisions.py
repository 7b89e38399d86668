"""The live run under the product's own rule: what it decides, and after how many pairs."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec

from suffice.comparison.plan import PlanOptions
from suffice.decision import decide, settled
from suffice.decision.classes import class_gate
from suffice.records import Answer, Case, Limits, ModelSpec, Usage, Word

Live = Callable[..., Any]
SomeCases = Callable[..., list[Case]]


def said(text: str) -> Answer:
    return Answer(text=text, usage=Usage(input_tokens=100, output_tokens=10))


def wanting(evidence: Any) -> dict[str, int]:
    return dict(class_gate(evidence).wanted)


def test_a_clone_switches_at_47_pairs(live: Live) -> None:
    world = live(
        lambda _arm, case_id, _before: said(f"label {int(case_id[1:]) % 2}"),
        settled=settled,
        more_rules={"wanting": wanting},
        options=PlanOptions(pilot=0, limits=Limits(floor=0.90)),
    )

    found = world.run().types[0]

    assert found.words == {"small": Word.SWITCH}
    assert len(found.evidence[0].agreement) == 47


def test_a_bad_candidate_is_kept_after_five_disagreements(live: Live) -> None:
    world = live(
        lambda arm, _case_id, _before: said("no" if arm.name == "small" else "yes"),
        settled=settled,
        options=PlanOptions(pilot=0, limits=Limits(floor=0.90)),
    )

    found = world.run().types[0]

    assert found.words == {"small": Word.KEEP}
    assert found.counted <= 5


def test_a_rare_class_is_settled_by_extra_draws_and_the_verdict_says_switch(
    live: Live, some_cases: SomeCases
) -> None:
    """One in twenty is a refund: 47 pairs hold about two, the gate wants twenty."""
    cases = some_cases(2_000)
    labels = {case.id: "refund" if n % 20 == 0 else "other" for n, case in enumerate(cases)}
    cases = [msgspec.structs.replace(case, reference=None) for case in cases]
    world = live(
        lambda _arm, case_id, _before: said(labels[case_id]),
        cases=cases,
        settled=settled,
        more_rules={"wanting": wanting, "label_of": lambda case: labels[case.id]},
        options=PlanOptions(pilot=0, limits=Limits(floor=0.90)),
    )

    outcome = world.run()
    evidence = outcome.evidence[0]

    assert outcome.types[0].words == {"small": Word.SWITCH}
    assert len(evidence.agreement) == 47
    assert set(evidence.extra_classes) == {"refund"}
    verdict = decide(evidence, world.plan().limits)
    assert verdict.verdict is Word.SWITCH
    assert verdict.pairs == 47


def test_undecided_at_the_end_of_a_long_run_is_keep_not_proven(
    live: Live, some_cases: SomeCases
) -> None:
    dice = random.Random(5)
    wrong = {f"t{n}" for n in range(900) if dice.random() < 0.06}
    world = live(
        lambda arm, case_id, _before: said(
            "no" if arm.name == "small" and case_id in wrong else "yes"
        ),
        cases=some_cases(900),
        settled=settled,
        options=PlanOptions(pilot=0, limits=Limits(floor=0.90, n_max=60)),
    )

    outcome = world.run()

    verdict = decide(outcome.evidence[0], world.plan().limits)
    assert outcome.types[0].counted == 60
    assert verdict.verdict is Word.KEEP
    assert verdict.reason == "not_proven"


def test_a_restless_baseline_is_judged_against_its_own_ceiling(
    live: Live, some_cases: SomeCases
) -> None:
    """Both models are one coin, wrong in four of a hundred: two throws are 92 % alike."""

    def script(arm: ModelSpec, case_id: str, before: int) -> Answer:
        dice = random.Random(f"{arm.name} {case_id} {before}")
        return said("no" if dice.random() < 0.04 else "yes")

    world = live(
        script,
        cases=some_cases(900),
        settled=settled,
        options=PlanOptions(pilot=60, limits=Limits()),
        labels=False,
    )

    found = world.run().types[0]

    assert found.ceiling
    assert found.words == {"small": Word.SWITCH}
    assert len(found.evidence[0].self_agreement) == found.counted
