"""Which words two answers share."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.reports.page_cases import fold_same
from suffice.reports.word_diff import readable, word_diff

TEXTS = st.lists(st.sampled_from(["a", "b", " ", "\n", "cat", '"', "{", "19.0", "é"])).map("".join)


def joined(pieces: tuple[object, ...], *, without: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != without)  # type: ignore[attr-defined]


@given(TEXTS, TEXTS)
@settings(max_examples=150, deadline=None)
def test_the_pieces_hold_both_texts_whole(old: str, new: str) -> None:
    pieces = word_diff(old, new)

    assert (joined(pieces, without="ins"), joined(pieces, without="del")) == (old, new)


@given(TEXTS, TEXTS)
@settings(max_examples=50, deadline=None)
def test_folding_loses_no_character(old: str, new: str) -> None:
    pieces = word_diff(old * 40, new * 40)

    assert "".join(p.text for p in fold_same(pieces)) == "".join(p.text for p in pieces)


def test_only_the_value_that_differs_is_marked() -> None:
    pieces = word_diff('{"total": 119.0, "vat": 19.0}', '{"total": 119.0, "vat": 22.61}')

    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("same", '{"total": 119.0, "vat": '),
        ("del", "19.0"),
        ("ins", "22.61"),
        ("same", "}"),
    ]


def test_texts_with_little_in_common_are_better_read_apart() -> None:
    assert not readable(word_diff("I cannot help with that.", '{"category": "bug"}'))


def test_equal_texts_are_one_piece() -> None:
    assert [piece.kind for piece in word_diff("same text", "same text")] == ["same"]


def test_two_long_texts_are_compared_in_a_moment() -> None:
    old = "".join(f"line {number} of the one\n" for number in range(8000))
    new = old.replace("line 4000 of", "LINE 4000 of")
    started = time.thread_time()

    pieces = word_diff(old, new)

    assert time.thread_time() - started < 5
    assert joined(pieces, without="ins") == old
