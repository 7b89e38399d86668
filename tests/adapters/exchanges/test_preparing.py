"""What is done to texts depends on the exchange alone, whatever was prepared before it."""

from __future__ import annotations

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.adapters.exchanges import Prepared, Preparing
from suffice.records import LoggedExchange
from suffice.traffic.redaction import Masking, Redactor

SECRET = b"0123456789abcdef"
TEXTS = st.sampled_from(["Be kind.", "Ask jane@example.org.", "Call +49 30 1234567.", "text", ""])
VALUES = st.recursive(
    TEXTS | st.integers(0, 3) | st.just(4111111111111111) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.just("user"), "content": VALUES}), min_size=1, max_size=4
)
EXCHANGES = st.builds(
    lambda messages, system, extra, said, user: LoggedExchange(
        source="anthropic",
        id="one",
        request={"messages": messages, "system": system, "metadata": extra},
        response_text=said,
        response_blocks=({"type": "text", "text": said},),
        user=user,
    ),
    messages=MESSAGES, system=VALUES, extra=VALUES, said=TEXTS, user=TEXTS,
)  # fmt: skip


def plain(prepared: Prepared) -> list[bytes]:
    unpack = zstandard.ZstdDecompressor().decompress
    return [
        unpack(body.packed) if body.packed[:1] == b"\x28" else body.packed
        for body in prepared.bodies
    ]


@settings(max_examples=60, deadline=None)
@given(exchanges=st.lists(EXCHANGES, min_size=1, max_size=6), pattern=st.sampled_from(["", "tex"]))
def test_parts_that_came_before_are_masked_as_if_each_exchange_came_alone(
    exchanges: list[LoggedExchange], pattern: str
) -> None:
    masking = Masking(patterns=(pattern,) if pattern else ())
    redactor = Redactor(masking, secret=SECRET)
    masked_first = [redactor.exchange(one) for one in exchanges]

    together = Preparing(masking=masking, secret=SECRET).start()(exchanges)
    again = Preparing().start()(masked_first)

    for one, other in zip(together, again, strict=True):
        assert isinstance(one, Prepared)
        assert isinstance(other, Prepared)
        if not pattern:
            assert (one.row, one.mark, one.messages) == (other.row, other.mark, other.messages)
            assert (one.system, one.settings, one.response) == (
                other.system,
                other.settings,
                other.response,
            )
            assert plain(one) == plain(other)
    kept = b"".join(text for one in together if isinstance(one, Prepared) for text in plain(one))
    assert b"jane@" not in kept
    assert b"1234567" not in kept
    assert b"4111111111111111" not in kept


def test_the_names_of_an_answers_members_stay_whatever_a_pattern_finds() -> None:
    asked = LoggedExchange(source="anthropic", id="one", response_text="a text")

    (done,) = Preparing(masking=Masking(patterns=("tex",)), secret=SECRET).start()([asked])

    assert isinstance(done, Prepared)
    assert any(body.startswith(b'{"blocks":[],"text":"a <custom:') for body in plain(done))
