"""Inputs are looked at here, before anybody is asked."""

from __future__ import annotations

import base64
import contextlib
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.errors import BadOption, UnreadableFile
from suffice.tasks.media import read_image, read_source


def png(width: int, height: int, *, filler: int = 0) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", bytes(filler))
        + chunk(b"IEND", b"")
    )


def jpeg(width: int, height: int) -> bytes:
    app0 = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00" + bytes(9)
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + bytes(3)
    return b"\xff\xd8" + app0 + frame + b"\xff\xd9"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(10)


def webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + size


@pytest.mark.parametrize("make", [png, jpeg, gif, webp])
def test_the_size_of_a_picture_is_read_from_its_own_bytes(make: Any) -> None:
    found = read_image(make(1920, 1080))
    assert (found.kind, found.width_px, found.height_px) == ("image", 1920, 1080)
    assert base64.b64decode(found.block["source"]["data"]) == make(1920, 1080)


def test_a_picture_counts_by_the_models_own_rule() -> None:
    seen = read_image(png(1920, 1080))
    counts = [
        seen.tokens(m, catalog=load_catalog()) for m in ("claude-haiku-4-5", "claude-haiku-5-5")
    ]
    assert counts == [1560, 2691]
    assert seen.tokens("unknown-model", catalog=load_catalog()) is None


def test_files_bytes_and_texts_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "anything"
    for content, kind in ((png(3, 3), "image"), (b"%PDF-1.7 ...", "pdf"), (b"plain", "text")):
        path.write_bytes(content)
        assert read_source(path).kind == read_source(content).kind == kind


def test_an_address_is_fetched_by_nobody_unless_it_is_allowed() -> None:
    with pytest.raises(BadOption, match="not fetched"):
        read_image("https://example.com/a.png")
    found = read_image("https://example.com/a.png", allow_urls=True)
    assert found.block["source"] == {"type": "url", "url": "https://example.com/a.png"}
    assert read_source("https://example.com/a.png").kind == "text"
    assert read_source("https://example.com/a.pdf", allow_urls=True).kind == "pdf"


@pytest.mark.parametrize(
    "given",
    [
        png(8_001, 10),
        png(0, 10),
        png(10, 10, filler=8 * 2**20),
        b"\x89PNG\r\n\x1a\n\x00",
        b"\xff\xfe\x00",
        "",
        7,
    ],
)
def test_what_could_not_be_sent_is_refused_here(given: Any) -> None:
    with pytest.raises(BadOption):
        read_source(given)


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read_source(tmp_path / "none.png")


def test_a_picture_of_another_library_is_taken_as_it_saves_itself() -> None:
    class Picture:
        size = (3, 4)

        def save(self, out: Any, *, format: str) -> None:  # noqa: A002 - the library's own name
            assert format == "PNG"
            out.write(png(*self.size))

    assert read_image(Picture()).height_px == 4


@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"\xff\xd8\xff", b"%PDF-"]),
)
def test_no_bytes_bring_it_down(content: bytes, mark: bytes) -> None:
    with contextlib.suppress(BadOption):
        read_source(mark + content)
