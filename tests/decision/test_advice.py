"""The prior, branch by branch; and that what was measured wins over it."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.catalog import Lifecycle, load_catalog
from suffice.decision.advice import Advice, Basis, select_model
from suffice.decision.decision_flow import TIERS, decision_flow
from suffice.errors import BadOption
from suffice.records import Comparison, CostDifference, Interval, Measure, Verdict, Word

TODAY = date(2026, 11, 22)
HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
DEMANDS = (
    "requires_creativity",
    "ambiguous_input",
    "ambiguous_output",
    "conversation",
    "reasoning",
    "explain_reasoning",
)
SMALL_KINDS = (
    "classification",
    "routing",
    "extraction",
    "images",
    "summary",
    "agent-orchestration",
    "docstrings",
    "text-clean-up",
)


def advice(task: str = "classification", tokens: int = 1200, **given: Any) -> Advice:
    return select_model(task, tokens, **{"at": TODAY, **given})


def measured(word: Word, candidate: str = HAIKU, **fields: Any) -> Comparison:
    known: dict[str, Any] = {
        "type": "classification",
        "baseline": OPUS,
        "candidate": candidate,
        "pairs": 412,
        "measure": Measure.QUALITY,
        "estimate": 0.0,
        "agreement": None,
        "noise_floor": None,
        "lower": -0.02,
        "upper": 0.02,
        "limit": -0.03,
        "verdict": word,
        "reason": "as_good",
    }
    return Comparison(run_id="r1", created="2026-11-20", types=(Verdict(**{**known, **fields}),))


def saving(share: float) -> CostDifference:
    return CostDifference(
        pairs=9,
        baseline_usd=1.0,
        candidate_usd=1.0 - share,
        saving_usd=Interval(share, share, share),
        saving_share=share,
    )


@pytest.mark.parametrize("kind", SMALL_KINDS)
def test_the_seven_uses_and_routing_begin_with_the_small_model(kind: str) -> None:
    assert advice(kind).model == HAIKU


@pytest.mark.parametrize(
    ("task", "flags", "model"),
    [
        ("classification", (), HAIKU),
        ("Intent classification", (), HAIKU),
        ("translation", (), SONNET),
        ("chat", (), SONNET),
        ("creative-writing", (), OPUS),
        ("analysis", (), OPUS),
        ("something else", (), SONNET),
        ("something else", ("speed_critical",), HAIKU),
        ("something else", ("speed_critical", "reasoning"), SONNET),
        ("chat", ("speed_critical",), SONNET),
        ("classification", ("speed_critical",), HAIKU),
        ("classification", ("requires_creativity",), OPUS),
        ("classification", ("explain_reasoning",), OPUS),
        ("classification", ("reasoning",), SONNET),
        ("classification", ("ambiguous_input",), SONNET),
        ("classification", ("ambiguous_output",), SONNET),
        ("classification", ("conversation",), SONNET),
        ("classification", ("ambiguous_input", "conversation"), OPUS),
        ("chat", ("conversation",), SONNET),
        ("analysis", ("reasoning",), OPUS),
    ],
)
def test_the_decision_table(task: str, flags: tuple[str, ...], model: str) -> None:
    found = advice(task, **dict.fromkeys(flags, True))

    assert (found.model, found.basis) == (model, Basis.PRIOR)
    assert found.reason


def test_every_demand_of_the_flow_is_an_argument_and_warns() -> None:
    rows = {row.when: row.warning for row in decision_flow().demands}

    assert set(rows) == set(DEMANDS)
    for name, warning in rows.items():
        flag: dict[str, Any] = {name: True}
        found = advice(**flag)
        assert warning in (found.reason, *found.warnings)


def test_every_model_and_tier_of_the_flow_is_known_to_the_catalog() -> None:
    flow, catalog = decision_flow(), load_catalog()

    assert set(flow.tiers) == set(TIERS)
    assert all(catalog.knows(name) for names in flow.tiers.values() for name in names)


def test_no_two_task_kinds_share_a_word() -> None:
    flow = decision_flow()
    words = [word for kind, row in flow.tasks.items() for word in (kind, *row.also)]

    assert len(words) == len(set(words))
    assert all(flow.kind_of(word) for word in words)


@given(
    task=st.sampled_from([*decision_flow().tasks, "unnamed"]),
    flags=st.sets(st.sampled_from(DEMANDS)),
    more=st.sets(st.sampled_from(DEMANDS)),
    tokens=st.integers(1, 1_500_000),
    extra=st.integers(0, 500_000),
    day=st.dates(date(2026, 1, 1), date(2027, 6, 1)),
)
def test_asking_for_more_never_lowers_the_tier_and_no_retired_model_is_advised(
    task: str, flags: set[str], more: set[str], tokens: int, extra: int, day: date
) -> None:
    less = advice(task, tokens, at=day, **dict.fromkeys(flags, True))
    rest = advice(task, tokens + extra, at=day, **dict.fromkeys(flags | more, True))

    assert _rank(rest) >= _rank(less)
    for found in (less, rest):
        if found.model is not None:
            facts = load_catalog().find(found.model)
            assert facts.lifecycle(day) is not Lifecycle.RETIRED
            assert facts.released is None or facts.released <= day
            assert facts.context_tokens is not None
    if less.model is not None:
        assert tokens <= (load_catalog().find(less.model).context_tokens or 0)


def _rank(found: Advice) -> int:
    return len(TIERS) if found.tier is None else TIERS.index(found.tier)


def test_a_prompt_longer_than_the_window_climbs_to_a_model_that_takes_it() -> None:
    """Before Haiku 5.5 the small model had a window of 200,000 tokens."""
    found = advice("extraction", 250_000, at=date(2026, 9, 1))

    assert found.model == "claude-sonnet-5"
    assert "longer than its window of 200,000" in found.warnings[0]


def test_a_prompt_no_model_takes_gets_no_model_and_a_reason() -> None:
    found = advice("extraction", 1_000_001)

    assert (found.model, found.tier) == (None, None)
    assert "1,000,001" in found.reason


def test_the_price_cliff_of_haiku_5_5_is_told_and_priced() -> None:
    below = advice("extraction", 100_000, volume=1000)
    above = advice("extraction", 100_001, volume=1000)

    cliff = {limit.name: limit for limit in above.limits}["price_band"]
    assert (cliff.holds, cliff.limit) == (False, 100_000)
    assert "5 times" in cliff.detail
    # 1,000 a day for 30 days of 100,000 tokens are 3,000 MTok: at $0.10 and at $0.50.
    assert below.prompt_usd_per_month == 300
    assert above.prompt_usd_per_month is not None
    assert above.prompt_usd_per_month > 1500


def test_an_approaching_retirement_is_told() -> None:
    measured_before = measured(
        Word.KEEP, baseline="claude-sonnet-4-5", candidate="claude-haiku-4-5"
    )
    found = advice(measured=[measured_before])

    told = {limit.name: limit.detail for limit in found.limits}["retirement"]
    assert (found.model, "2026-11-30" in told) == ("claude-sonnet-4-5", True)


def test_a_measured_switch_wins_over_the_prior() -> None:
    found = advice(measured=[measured(Word.SWITCH, SONNET)])

    assert (found.model, found.basis) == (SONNET, Basis.MEASURED)
    assert "412 pairs" in found.evidence[0]
    assert "r1" in found.evidence[0]


def test_of_two_measured_switches_the_one_that_saves_most_wins() -> None:
    runs = [
        measured(Word.SWITCH, SONNET, cost=saving(0.5)),
        measured(Word.SWITCH, "claude-opus-5-5:effort=low", cost=saving(0.6)),
    ]

    assert advice(measured=runs).model == "claude-opus-5-5:effort=low"


def test_a_firm_switch_wins_over_a_provisional_one_that_saves_more() -> None:
    runs = [
        measured(Word.SWITCH, HAIKU, cost=saving(0.9), provisional=True),
        measured(Word.SWITCH, SONNET, cost=saving(0.5)),
    ]

    assert advice(measured=runs).model == SONNET


def test_after_a_measured_keep_the_baseline_stays() -> None:
    found = advice(measured=[measured(Word.KEEP)])

    assert (found.model, found.basis) == (OPUS, Basis.MEASURED)


def test_not_yet_leaves_the_prior_and_shows_what_was_seen() -> None:
    found = advice(measured=[measured(Word.NOT_YET, reason="too_few")])

    assert (found.model, found.basis) == (HAIKU, Basis.PRIOR)
    assert len(found.evidence) == 1


def test_a_later_run_replaces_an_earlier_one() -> None:
    later = msgspec.structs.replace(measured(Word.KEEP), created="2026-11-21")

    assert advice(measured=[later, measured(Word.SWITCH)]).model == OPUS


def test_a_verdict_on_another_type_is_no_evidence() -> None:
    found = advice("moderation", measured=[measured(Word.KEEP)])

    assert (found.model, found.evidence) == (HAIKU, ())


def test_a_measured_model_that_has_retired_is_not_advised() -> None:
    old = measured(Word.SWITCH, "claude-3-5-haiku-20241022@A", baseline="claude-opus-4-7")
    found = advice(measured=[old])

    assert (found.model, found.basis) == (HAIKU, Basis.PRIOR)


def test_a_kept_candidate_is_not_the_prior_even_where_its_baseline_has_retired() -> None:
    found = advice(measured=[measured(Word.KEEP, baseline="claude-3-opus-20240229")])

    assert (found.model, found.basis) == (SONNET, Basis.PRIOR)


def test_a_model_outside_the_catalog_is_advised_with_a_warning() -> None:
    found = advice(measured=[measured(Word.SWITCH, "my-local-model")])

    assert found.model == "my-local-model"
    assert (found.limits, found.refuses) == ((), ())
    assert any("not in the catalog" in warning for warning in found.warnings)


def test_the_command_compares_with_the_large_model_or_from_it_downwards() -> None:
    assert advice().command == f"suffice compare CASES --baseline {OPUS} --to {HAIKU}"
    assert advice("analysis").command == (
        f"suffice compare CASES --baseline {OPUS} --to {SONNET} --to {HAIKU}"
    )


def test_little_traffic_is_told_in_days() -> None:
    assert any("18 days" in warning for warning in advice(volume=10).warnings)
    assert not any("days" in warning for warning in advice(volume=10_000).warnings)


@pytest.mark.parametrize(("task", "tokens", "volume"), [("", 1, 1), ("x", 0, 1), ("x", 1, 0)])
def test_what_cannot_be_asked_is_a_coded_error(task: str, tokens: int, volume: int) -> None:
    with pytest.raises(BadOption):
        advice(task, tokens, volume=volume)
