"""Assignment: by a keyed hash alone, so nobody has to remember or to coordinate."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.policy.assignment import conversation_number, in_shadow, is_under

SHARES = st.floats(min_value=0, max_value=1)
PARTS = st.lists(st.binary(max_size=20), min_size=1, max_size=3)


@settings(max_examples=300)
@given(parts=PARTS, key=st.binary(min_size=1, max_size=64), one=SHARES, other=SHARES)
def test_raising_the_share_only_adds_conversations(
    parts: list[bytes], key: bytes, one: float, other: float
) -> None:
    number = conversation_number(key, type="triage", parts=parts)

    if is_under(number, min(one, other)):
        assert is_under(number, max(one, other))


@given(parts=PARTS)
def test_no_share_is_nobody_and_the_whole_share_is_everybody(parts: list[bytes]) -> None:
    number = conversation_number(b"k", type="triage", parts=parts)

    assert not is_under(number, 0)
    assert is_under(number, 1)


@given(parts=PARTS, other=PARTS)
def test_two_conversations_have_two_numbers(parts: list[bytes], other: list[bytes]) -> None:
    same = conversation_number(b"k", type="t", parts=parts) == conversation_number(
        b"k", type="t", parts=other
    )

    assert same == (parts == other)


def test_a_share_is_met_on_average() -> None:
    numbers = [conversation_number(b"k", type="t", parts=[b"%d" % i]) for i in range(20_000)]

    taken = sum(is_under(number, 0.05) for number in numbers)

    # Five standard deviations around 1,000.
    assert 845 < taken < 1_155


def test_types_and_installations_draw_apart() -> None:
    def placed(key: bytes, name: str) -> list[bool]:
        numbers = (conversation_number(key, type=name, parts=[b"%d" % i]) for i in range(200))
        return [is_under(number, 0.5) for number in numbers]

    assert len({tuple(placed(*by)) for by in ((b"a", "t"), (b"b", "t"), (b"a", "u"))}) == 3


def test_shadowing_is_drawn_apart_from_assignment() -> None:
    key = b"k"
    numbers = [conversation_number(key, type="t", parts=[b"%d" % i]) for i in range(4_000)]
    routed = [number for number in numbers if is_under(number, 0.5)]

    shadowed = sum(in_shadow(number, b"r1", share=0.5, key=key) for number in routed)

    assert 0.45 < shadowed / len(routed) < 0.55
