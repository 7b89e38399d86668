"""Compressed bodies, opened on the side, piece by piece and never beyond a bound."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import zstandard

READABLE_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate", "zstd"})
"""Brotli is none of them: what it holds is relayed, and counted as unread."""

_PIECE = 1 << 16
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_DEFLATE_METHOD, _HEADER_CHECK = 8, 31
# What RFC 8878 asks of every reader, and providers keep to.
_ZSTD_WINDOW = 8 << 20
# Four bytes can stand for 128 KB, so this many for 16 MB at most.
_ZSTD_PIECE = 512


class Unreadable(ValueError):
    """The body is not what its encoding says, or opens into more than we will look at."""


class Decoder(Protocol):
    """Opens a body chunk by chunk."""

    def open(self, chunk: bytes) -> Iterator[bytes]:
        """
        What the chunk holds, in pieces of bounded size.

        Raises:
            Unreadable: The bytes are not so encoded, or there are too many of them.
        """
        ...


def decoder_of(encoding: str, *, max_bytes: int) -> Decoder:
    """
    What opens a coding.

    Args:
        encoding: One of `READABLE_ENCODINGS`.
        max_bytes: Of the opened body; beyond them it is a bomb or none of our business.
    """
    if encoding == "zstd":
        return ZstdDecoder(max_bytes=max_bytes)
    return ZlibDecoder(encoding, max_bytes=max_bytes)


class ZstdDecoder:
    """
    Opens Zstandard, one frame after another.

    Args:
        max_bytes: Of the opened body.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._left = max_bytes
        self._context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._open = self._context.decompressobj()

    def open(self, chunk: bytes) -> Iterator[bytes]:
        """As `Decoder.open`."""
        for begins in range(0, len(chunk), _ZSTD_PIECE):
            rest = chunk[begins : begins + _ZSTD_PIECE]
            while rest:
                if self._open.eof:
                    self._open = self._context.decompressobj()
                try:
                    piece = self._open.decompress(rest)
                except zstandard.ZstdError as error:
                    raise Unreadable(str(error)) from error
                self._left -= len(piece)
                if self._left < 0:
                    raise Unreadable("too large when opened")
                rest = self._open.unused_data if self._open.eof else b""
                if piece:
                    yield piece


class ZlibDecoder:
    """
    Opens gzip and deflate, deflate with or without its zlib header.

    Args:
        encoding: One of `READABLE_ENCODINGS`.
        max_bytes: Of the opened body; beyond them it is a bomb or none of our business.
    """

    def __init__(self, encoding: str, *, max_bytes: int) -> None:
        self._left = max_bytes
        self._head = b""
        self._open = None if encoding == "deflate" else zlib.decompressobj(_GZIP)

    def open(self, chunk: bytes) -> Iterator[bytes]:
        """As `Decoder.open`; bytes after the end of the compressed stream are passed over."""
        opened = self._open
        if opened is None:
            chunk = self._head + chunk
            if len(chunk) < 2:  # noqa: PLR2004 - a zlib header has two bytes
                self._head = chunk
                return
            opened = self._open = zlib.decompressobj(_ZLIB if _has_zlib_header(chunk) else _RAW)
        while chunk and not opened.eof:
            try:
                piece = opened.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise Unreadable(str(error)) from error
            self._left -= len(piece)
            if self._left < 0:
                raise Unreadable("too large when opened")
            chunk = opened.unconsumed_tail
            if piece:
                yield piece


def _has_zlib_header(head: bytes) -> bool:
    return head[0] & 0x0F == _DEFLATE_METHOD and (head[0] << 8 | head[1]) % _HEADER_CHECK == 0
