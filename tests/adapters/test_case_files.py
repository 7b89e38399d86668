"""Files that are whole, cut, damaged, compressed or hostile."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from suffice.adapters.case_files import _split, read_lines
from suffice.errors import UnreadableFile
from suffice.records import BrokenCase

LINES = [b'{"id": %d}' % number for number in range(5000)]
TEXT = b"\n".join(LINES) + b"\n"


@pytest.mark.parametrize(
    "packed", [TEXT, gzip.compress(TEXT), zstandard.compress(TEXT)], ids=["plain", "gz", "zst"]
)
def test_a_file_reads_the_same_however_it_is_packed(packed: bytes, tmp_path: Path) -> None:
    (tmp_path / "cases").write_bytes(packed)

    assert list(read_lines(tmp_path / "cases")) == LINES


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_two_compressed_files_joined_are_read_to_the_end(pack: object, tmp_path: Path) -> None:
    assert callable(pack)
    (tmp_path / "cases").write_bytes(pack(b"a\n") + pack(b"b\n"))

    assert list(read_lines(tmp_path / "cases")) == [b"a", b"b"]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_a_cut_file_gives_every_line_before_the_cut_and_then_says_so(
    pack: object, tmp_path: Path
) -> None:
    assert callable(pack)
    packed = pack(TEXT)
    (tmp_path / "cases").write_bytes(packed[: len(packed) // 2])

    *read, last = read_lines(tmp_path / "cases")

    assert isinstance(last, BrokenCase)
    assert last.reason.startswith("SF101")
    assert read == LINES[: len(read)] if pack is zstandard.compress else len(read) > 1000


def test_damaged_data_is_a_broken_case_and_not_a_crash(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[len(packed) // 2 :] = b"\xff" * (len(packed) - len(packed) // 2)
    (tmp_path / "cases").write_bytes(packed)

    assert isinstance(list(read_lines(tmp_path / "cases"))[-1], BrokenCase)


def test_a_line_beyond_the_limit_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "cases").write_bytes(b"a\n" + b"x" * 3_000_000 + b"\nb\n")

    lines = list(read_lines(tmp_path / "cases", longest=2_000_000))

    assert lines == [b"a", BrokenCase(2, "longer than 2000000 bytes"), b"b"]


def test_a_file_that_is_not_there_is_a_coded_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        list(read_lines(tmp_path / "none"))


@given(st.lists(st.binary(max_size=6), max_size=8))
def test_lines_do_not_depend_on_where_the_chunks_end(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    lines = whole.split(b"\n")

    assert list(_split(iter(chunks), 1000)) == (lines if lines[-1] else lines[:-1])
