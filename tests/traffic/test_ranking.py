"""What types cost, and what could be saved at most."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.pricing import cost
from suffice.records import Usage
from suffice.traffic.ranking import Counted, Ranking, Seen, rank

_DAY = date(2026, 11, 1)
_MTOK = 1_000_000


def _ranked(*counted: Counted, candidates: tuple[str, ...] = ("claude-haiku-5-5",)) -> Ranking:
    return rank(
        counted, seen={}, known={}, candidates=candidates, catalog=load_catalog(), today=_DAY
    )


def test_dollars_are_split_by_what_they_bought_and_add_up_exactly() -> None:
    row = Counted(
        type="t", model="claude-opus-5-5", day=_DAY, calls=10, told=10, input_tokens=_MTOK,
        cache_read_tokens=_MTOK, cache_write_5m_tokens=_MTOK, output_tokens=_MTOK,
        thinking_tokens=_MTOK // 2,
    )  # fmt: skip

    [found] = _ranked(row).types

    assert found.dollars == {
        "fresh_input": "4", "cache_read": "0.2", "cache_write": "5", "output": "20",
        "thinking": "10", "other": "0",
    }  # fmt: skip
    assert found.spend_usd == "29.2"


def test_a_model_without_a_price_is_counted_and_never_free() -> None:
    known = Counted(type="a", model="claude-opus-5-5", day=_DAY, calls=1, told=1, output_tokens=100)
    unknown = Counted(type="b", model="gpt-x", day=_DAY, calls=7, told=7, output_tokens=100)

    ranking = _ranked(known, unknown)

    assert ranking.types[1].unpriced_calls == 7
    assert "SF305 7 calls have no known price" in ranking.notes[0]


def test_calls_that_tell_no_usage_are_counted_and_never_free() -> None:
    ranking = _ranked(Counted(type="a", model="claude-opus-5-5", day=_DAY, calls=5, told=0))

    assert ranking.types[0].untold_calls == 5
    assert ranking.types[0].share is None


def test_the_upper_limit_of_a_long_prompt_is_that_of_its_band() -> None:
    """
    Above 100,000 prompt tokens Haiku 5.5 is eight times cheaper than Opus 5.5, not forty.
    """
    short = Counted(
        type="short", model="claude-opus-5-5", day=_DAY, prompt_tokens=90_000, calls=10, told=10,
        input_tokens=900_000,
    )  # fmt: skip
    long = Counted(
        type="long", model="claude-opus-5-5", day=_DAY, prompt_tokens=292_000, calls=10, told=10,
        input_tokens=2_920_000,
    )  # fmt: skip

    by_type = {row.type: row for row in _ranked(short, long).types}

    left = {
        name: 1 - Decimal(row.savings[0].at_most_usd) / Decimal(row.spend_usd)
        for name, row in by_type.items()
    }
    assert left == {"short": Decimal("0.025"), "long": Decimal("0.125")}


def test_what_was_billed_in_the_dear_band_is_shown() -> None:
    row = Counted(
        type="t", model="claude-haiku-5-5", day=_DAY, prompt_tokens=150_000, calls=1, told=1,
        input_tokens=150_000,
    )  # fmt: skip

    [found] = _ranked(row).types

    assert found.long_prompt_usd == found.spend_usd == "0.075"


def test_another_lever_comes_first_where_it_saves_more_than_any_candidate() -> None:
    """
    From Haiku 5.5 there is nowhere cheaper to go; half price in a batch is still to be had.
    """
    row = Counted(
        type="t", model="claude-haiku-5-5", day=_DAY, calls=9, told=9, output_tokens=_MTOK
    )

    [found] = _ranked(row, candidates=("claude-haiku-5-5",)).types

    assert found.first_lever == "batch"
    assert found.savings[0].at_most_usd == "0.25"


def test_a_cache_saves_what_it_reads_less_what_filling_it_costs() -> None:
    row = Counted(
        type="t", model="claude-opus-5-5", day=_DAY, calls=100, told=100, input_tokens=2 * _MTOK,
        cacheable=_MTOK, cache_filling=100_000, service_tier="batch",
    )  # fmt: skip

    [found] = _ranked(row, candidates=()).types

    # A batch halves every rate: (4 - 0.20) / 2 saved a million read, (5 - 4) / 2 more to write.
    assert [(one.by, one.at_most_usd) for one in found.savings] == [("cache", "1.85")]


def test_a_sub_agent_is_paid_for_by_the_spawn_and_a_main_loop_by_the_session() -> None:
    sub = Counted(
        type="a",
        role="sub-agent",
        model="claude-opus-5-5",
        day=_DAY,
        calls=40,
        told=40,
        output_tokens=_MTOK,
    )
    main = Counted(
        type="b",
        role="main loop",
        model="claude-opus-5-5",
        day=_DAY,
        calls=60,
        told=60,
        output_tokens=_MTOK,
    )
    ranking = rank(
        [sub, main],
        seen={"role:sub-agent": Seen(spawns=8), "role:main loop": Seen(sessions=4)},
        known={},
        candidates=(),
        catalog=load_catalog(),
        today=_DAY,
    )

    assert [(row.unit, row.units, row.per_unit_usd) for row in ranking.agents] == [
        ("session", 4, "5"),
        ("spawn", 8, "2.5"),
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.integers(0, 120_000)] * 5, st.sampled_from([None, "batch"])),
        min_size=1,
        max_size=6,
    )
)
def test_the_ranking_is_the_sum_of_what_each_exchange_costs(rows: list[tuple[object, ...]]) -> None:
    fields = (
        "input_tokens",
        "cache_read_tokens",
        "cache_write_5m_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
    )
    usages = [
        Usage(service_tier=tier, **dict(zip(fields, tokens, strict=True)))  # type: ignore[arg-type]
        for *tokens, tier in rows
    ]
    counted = [
        Counted(
            type="t", model="claude-haiku-5-5", day=_DAY, calls=1, told=1,
            prompt_tokens=usage.prompt_tokens, service_tier=usage.service_tier,
            **{name: getattr(usage, name) for name in fields},
        )
        for usage in usages
    ]  # fmt: skip

    whole = sum(
        (cost(usage, "claude-haiku-5-5", at=_DAY, catalog=load_catalog()) for usage in usages),
        Decimal(0),
    )

    assert Decimal(_ranked(*counted).spend_usd) == whole
