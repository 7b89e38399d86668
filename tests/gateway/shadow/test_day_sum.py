"""A day's sum: whatever happens to its calls, it never was less than what they cost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from suffice.gateway.shadow.day_sum import DaySum, Step

CALLS = st.sampled_from("abcdefgh")
MOST = st.integers(0, 60)
# Which call, what it may cost, what part of that it costs, and how it ends.
FATES = st.lists(
    st.tuples(CALLS, MOST, st.floats(0, 1), st.sampled_from(["cost", "keep", "release", "never"])),
    max_size=40,
)


@given(FATES, st.integers(0, 200), st.lists(st.integers(0, 200)))
def test_what_was_spent_never_exceeds_the_limit_however_calls_end(
    fates: list[tuple[str, int, float, str]], limit: int, ends_later: list[int]
) -> None:
    """
    Calls are made only once they are held; they end at once, later, twice or never.
    """
    day, truth, later = DaySum(), 0, []
    for number, (name, most, part, fate) in enumerate(fates):
        call = f"{name}{number}"
        steps = day.admitted({call: most}, within=limit)
        day.take(steps)
        if [step.does for step in steps] != ["hold"]:
            continue
        cost = 0 if fate == "release" else int(most * part)
        truth += cost
        if fate != "never":
            later.append(Step("keep", call) if fate == "keep" else Step("cost", call, cost))
        for place in ends_later[:3]:
            if later:
                ended = later[place % len(later)]
                day.take([ended, ended])
        assert truth <= limit
        assert truth <= day.spent + day.held <= limit
    day.take(later)

    assert truth <= day.spent + day.held <= limit


@given(st.lists(st.tuples(CALLS, MOST), min_size=1, max_size=20, unique_by=lambda each: each[0]))
def test_what_was_set_aside_and_not_used_comes_back_whole(calls: list[tuple[str, int]]) -> None:
    day = DaySum()
    day.take(day.admitted(dict(calls), within=10_000))
    day.take([Step("cost", call) for call, _ in calls])

    assert (day.spent, day.held, day.calls_held, day.room(within=100)) == (0, 0, 0, 100)


def test_workers_that_read_the_same_steps_have_the_same_sum() -> None:
    steps = [
        Step("hold", "a", 9),
        Step("hold", "b", 5),
        Step("cost", "a", 2),
        Step("refuse", "", 7),
    ]
    at_once, one_by_one = DaySum(), DaySum()
    at_once.take(steps)
    for step in steps:
        one_by_one.take([step])

    assert vars(at_once) == vars(one_by_one)


def test_a_smaller_call_still_goes_where_a_larger_one_has_no_room() -> None:
    steps = DaySum().admitted({"large": 80, "small": 10}, within=50)

    assert steps == [Step("refuse", "", 80), Step("hold", "small", 10)]


def test_a_day_is_used_up_only_once_no_answer_can_make_room_for_what_was_refused() -> None:
    day = DaySum()
    day.take([Step("hold", "a", 60), Step("refuse", "", 50)])
    assert not day.is_used_up(within=100)

    day.take([Step("cost", "a", 51)])
    assert day.is_used_up(within=100)


def test_only_the_cheapest_refusal_is_written_down() -> None:
    day = DaySum()
    day.take(day.admitted({"a": 9}, within=0))

    assert day.admitted({"b": 9, "c": 12}, within=0) == []
    assert day.admitted({"d": 8}, within=0) == [Step("refuse", "", 8)]
