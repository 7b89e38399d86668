"""Words and sentences are counted as a reader would; long texts are parted without loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.tasks.measures import count_words, parted, sentences


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("One, two - three!", 3),
        ("It's 3.5 % in mid-2026.", 4),
        ("- a point\n- another point", 4),
        ("東京は晴れ。", 5),
        ("Ada's e-mail: a@b.example", 4),
    ],
)
def test_words_are_counted(text: str, words: int) -> None:
    assert count_words(text) == words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One.", 1),
        ("One. Two! Three?", 3),
        ("No full stop", 1),
        ("Dr. A. Smith of St. Ives paid approx. $3.50 to Acme Inc. of London.", 1),
        ("He left the U.S. in May. She stayed.", 2),
        ('"Why?" she said. "Because."', 2),
        ("- one point\n- another. With two.", 3),
        ("晴れです。雨です。", 2),
        ("Wait... what happened?", 1),
        ("...", 0),
    ],
)
def test_sentences_are_counted(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@given(st.text(max_size=300), st.integers(4, 50))
def test_pieces_are_the_whole_text_and_none_is_too_long(text: str, most_bytes: int) -> None:
    pieces = [text[start:end] for start, end in parted(text, most_bytes=most_bytes)]
    assert "".join(pieces) == text
    assert all(0 < len(piece.encode(errors="replace")) <= most_bytes for piece in pieces)


def test_paragraphs_are_kept_whole() -> None:
    text = "\n\n".join(["word " * 8] * 4)
    pieces = [text[start:end] for start, end in parted(text, most_bytes=100)]
    assert all(piece.rstrip("\n").endswith("word ") for piece in pieces)
    assert len(pieces) == 2
