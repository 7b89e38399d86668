"""A plan says before a cent is spent how much is asked, what is there already, and the bounds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.comparison.plan import Plan, PlanOptions, make_plan
from suffice.comparison.quoting import Quoter, prompt_size
from suffice.errors import BadOption
from suffice.records import Answer, Case, Limits, ModelSpec, Usage

SomeCases = Callable[..., list[Case]]
MTOK = Decimal(1_000_000)


def price(arm: str, usage: Usage) -> Decimal | None:
    """Big costs 5 in and 25 out a million, small a fifth; nobody knows what the rest costs."""
    share = {"big": Decimal(1), "small": Decimal("0.2")}.get(arm.partition(":")[0])
    if share is None:
        return None
    return share * (5 * usage.prompt_tokens + 25 * usage.output_tokens) / MTOK


def plan_of(cases: list[Case], *candidates: str, **options: object) -> Plan:
    by_type: dict[str, list[Case]] = {}
    for case in cases:
        by_type.setdefault(case.type, []).append(case)
    planned = PlanOptions(**options)  # type: ignore[arg-type]
    return make_plan(
        by_type, "big", candidates or ("small",), options=planned, quoter=Quoter(price)
    )


def test_calls_and_decisions_are_counted(some_cases: SomeCases) -> None:
    cases = [*some_cases(1000), *some_cases(300, request_type="u")]

    plan = plan_of(cases, "small", "small:effort=low", likely_pairs=100)

    assert plan.limits.decisions == 4
    assert plan.limits.sequential
    # 60 pilot cases twice, 100 pairs with one baseline and two candidate answers each.
    assert plan.likely_calls == 2 * (120 + 300)
    # 600 and 240 pairs, the baseline twice each.
    assert plan.most_calls == (120 + 600 * 4) + (120 + 240 * 4)
    assert plan.most_cases == 660 + 300


def test_answers_that_are_there_cost_nothing(some_cases: SomeCases) -> None:
    cases = some_cases(200)
    answered = [
        msgspec.structs.replace(case, answers={"big": Answer(text="yes")}) for case in cases
    ]

    fresh, reusing = (plan_of(some, pilot=0) for some in (cases, answered))

    assert fresh.likely_usd is not None
    assert reusing.likely_usd is not None
    assert reusing.reused == 200
    assert reusing.likely_calls == fresh.likely_calls - 180
    assert reusing.likely_usd < fresh.likely_usd / 4


def test_the_greatest_cost_is_beyond_the_likely_one(some_cases: SomeCases) -> None:
    plan = plan_of(some_cases(700))

    assert plan.likely_usd is not None
    assert plan.most_usd is not None
    assert 0 < plan.likely_usd < plan.most_usd


def test_an_unknown_price_leaves_dollars_unknown_rather_than_free(some_cases: SomeCases) -> None:
    plan = plan_of(some_cases(100), "nobody-knows")

    assert (plan.likely_usd, plan.most_usd) == (None, None)
    assert plan.likely_calls > 0


def test_a_plan_survives_being_written_and_read(some_cases: SomeCases) -> None:
    plan = plan_of(some_cases(100), critical_classes=frozenset({"refund"}))

    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(plan)), Plan) == plan


def test_another_type_changes_no_types_order(some_cases: SomeCases) -> None:
    alone = plan_of(some_cases(100))
    beside = plan_of([*some_cases(50, request_type="a"), *some_cases(100)])

    assert alone.types[0].draw == beside.types[1].draw


def test_a_limit_bounds_the_pairs(some_cases: SomeCases) -> None:
    plan = plan_of(some_cases(1000), limits=Limits(n_max=80), likely_pairs=180)

    assert (plan.types[0].most_pairs, plan.types[0].likely_pairs) == (80, 80)


def test_a_model_against_itself_needs_a_run_label(some_cases: SomeCases) -> None:
    with pytest.raises(BadOption, match="big@B"):
        plan_of(some_cases(10), "big")


def test_a_judge_reads_every_pair_twice(some_cases: SomeCases) -> None:
    cases = some_cases(100)

    without, with_judge = plan_of(cases, pilot=0), plan_of(cases, pilot=0, judge="big")

    assert with_judge.likely_calls == without.likely_calls + 200


@given(text=st.text(max_size=400))
def test_a_text_never_counts_more_tokens_than_its_bound(text: str) -> None:
    """No byte-level tokenizer makes more tokens of a text than it has bytes."""
    request = {"messages": [{"role": "user", "content": text}]}

    assert prompt_size(request).text_bytes >= len(text.encode())


def test_an_image_is_bounded_by_its_tokens_and_not_by_its_bytes() -> None:
    picture = {"type": "image", "source": {"type": "base64", "data": "A" * 1_000_000}}

    size = prompt_size({"messages": [{"role": "user", "content": [picture]}]})

    assert size.text_bytes < 100
    assert 4_784 <= size.media_tokens <= 6_000


@pytest.mark.parametrize(
    ("marker", "dearest"),
    [
        (None, "input_tokens"),
        ({"type": "ephemeral"}, "cache_write_5m_tokens"),
        ({"type": "ephemeral", "ttl": "1h"}, "cache_write_1h_tokens"),
    ],
)
def test_a_prompt_that_may_be_cached_is_bounded_by_its_dearest_way_in(
    marker: dict[str, str] | None, dearest: str
) -> None:
    block = {"type": "text", "text": "hi"} | ({"cache_control": marker} if marker else {})

    assert prompt_size({"system": [block]}).prompt_class == dearest


def test_the_worst_case_is_the_whole_of_max_tokens() -> None:
    request = {"max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}]}

    quote = Quoter(price).quote(ModelSpec("big"), request)

    assert quote.worst_usd is not None
    assert quote.worst_usd >= 25 * 1000 / MTOK
