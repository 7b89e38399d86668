"""Cases files on disk: plain, gzip or Zstandard, read as a stream that survives what is broken."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from suffice.errors import PackedTooFar, UnreadableFile
from suffice.records import BrokenCase, Case
from suffice.traffic import CaseReader, read_promptfoo

LONGEST_LINE = 64 * 2**20
"""Bytes. A request of 32 MB with two long answers fits; anything beyond is no case."""

LARGEST_UNPACKED = 2**30
"""Bytes a packed file may unpack to, unless it stays below `_MOST_PACKED` times its size."""

_CHUNK = 2**20
# Logs pack 5 to 60 times, and made-up ones 150. What packs further was made to fill a disk.
_MOST_PACKED = 400
# What a line costs to be looked at, in bytes of text: else a gigabyte of line ends takes hours.
_LINE_BYTES = 64
# Fed in small slices, so that no slice can unpack to more than a few dozen megabytes at once.
_SLICE = 1024
_GZIP, _ZSTD, _BOM = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"


LARGEST_DOCUMENT = 256 * 2**20
"""Bytes of a file that is one JSON document and so must be held whole."""


class _Cut(Exception):
    """The compressed data ends early or is damaged; what came before is good."""


def read_lines(
    path: Path | str, *, longest: int = LONGEST_LINE, largest: int = LARGEST_UNPACKED
) -> Iterator[bytes | BrokenCase]:
    """
    Every line of a file, without its line end; ``-`` reads standard input.

    A line over ``longest`` bytes, and data that breaks off, are given as broken cases at their
    place: all that can be read is read. Memory stays within a few megabytes plus one line.

    Raises:
        UnreadableFile: The file cannot be opened.
        PackedTooFar: It unpacks to more than ``largest`` bytes, and to hundreds of times its size.
    """
    try:
        source = sys.stdin.buffer if str(path) == "-" else Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be read: {error.strerror or error}.",
            effect="Nothing was compared.",
            next_step="Check the path and its permissions.",
        ) from error
    with closing(source):
        number = 0
        try:
            for line in _split(_decompressed(source, path, largest), longest):
                number += 1
                yield BrokenCase(number, f"longer than {longest} bytes") if line is None else line
        except (_Cut, OSError) as error:
            yield BrokenCase(number + 1, f"SF101: the file breaks off here: {error}")


def open_cases(path: Path | str, reader: CaseReader) -> Iterator[Case | BrokenCase]:
    """
    The cases of a file: JSON lines, or one JSON document in promptfoo's form (``*.json``).

    Raises:
        UnreadableFile: The file cannot be opened, or is one document beyond all measure.
    """
    if Path(path).suffix in {".yaml", ".yml"}:
        raise UnreadableFile(
            f"{path} is YAML, which is not read.",
            effect="Nothing was compared.",
            next_step="Write it as JSON, e.g. `python -c 'import json, sys, yaml; "
            "json.dump(yaml.safe_load(sys.stdin), sys.stdout)' < config.yaml > config.json`.",
        )
    if ".json" not in Path(path).suffixes:
        yield from reader.read(read_lines(path))
        return
    parts = []
    for line in read_lines(path, longest=LARGEST_DOCUMENT):
        if isinstance(line, BrokenCase):
            raise UnreadableFile(f"{path}: {line.reason}.", effect="Nothing was compared.")
        parts.append(line)
    try:
        document = msgspec.json.decode(b"\n".join(parts))
    except msgspec.DecodeError as error:
        raise UnreadableFile(
            f"{path} is no JSON document: {error}.",
            effect="Nothing was compared.",
            next_step="JSON lines are read from files named *.jsonl.",
        ) from error
    yield from read_promptfoo(document)


def _decompressed(source: BinaryIO, path: Path | str, largest: int) -> Iterator[bytes]:
    first = source.read(_CHUNK)
    if first.startswith(_GZIP):
        unpacked = _unpacked(source, first, lambda: zlib.decompressobj(wbits=31), zlib.error)
        yield from _within_measure(unpacked, path, largest)
    elif first.startswith(_ZSTD):
        unpacked = _unpacked(
            source, first, zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError
        )
        yield from _within_measure(unpacked, path, largest)
    else:
        chunk = first.removeprefix(_BOM)
        while chunk:
            yield chunk
            chunk = source.read(_CHUNK)


def _unpacked(
    source: BinaryIO,
    first: bytes,
    start: Callable[[], zlib._Decompress | zstandard.ZstdDecompressionObj],
    damage: type[Exception],
) -> Iterator[tuple[int, bytes]]:
    """
    Several members or frames one after another, as `cat a.gz b.gz` makes them.

    With each piece, how many packed bytes it was made of.
    """
    unpacker, fresh = start(), True
    for packed in _slices(source, first):
        rest = packed
        while rest:
            if unpacker.eof:
                unpacker = start()
            try:
                piece = unpacker.decompress(rest)
            except damage as error:
                raise _Cut(f"damaged data ({error})") from error
            left = unpacker.unused_data if unpacker.eof else b""
            yield len(rest) - len(left), piece
            rest, fresh = left, False
    if fresh or not unpacker.eof:
        raise _Cut("the compressed data ends early")


def _slices(source: BinaryIO, first: bytes) -> Iterator[bytes]:
    chunk = first
    while chunk:
        for begin in range(0, len(chunk), _SLICE):
            yield chunk[begin : begin + _SLICE]
        chunk = source.read(_CHUNK)


def _within_measure(
    pieces: Iterator[tuple[int, bytes]], path: Path | str, largest: int
) -> Iterator[bytes]:
    packed = unpacked = lines = 0
    for size, piece in pieces:
        packed += size
        unpacked += len(piece)
        lines += piece.count(b"\n")
        if unpacked + lines * _LINE_BYTES > largest and unpacked > _MOST_PACKED * packed:
            raise PackedTooFar(
                f"{path} unpacks to more than {unpacked // packed} times its size.",
                effect="It was read no further; what came before is kept.",
                next_step="If it is a real log, unpack it yourself and give the unpacked file.",
            )
        yield piece


def _split(chunks: Iterator[bytes], longest: int) -> Iterator[bytes | None]:
    """Lines; None for one that is too long, whose bytes are dropped as they come."""
    parts: list[bytes] = []
    held, too_long = 0, False
    for chunk in chunks:
        head, newline, rest = chunk.partition(b"\n")
        held += len(head)
        too_long = too_long or held > longest
        if too_long:
            parts.clear()
        else:
            parts.append(head)
        if not newline:
            continue
        yield None if too_long else b"".join(parts)
        *lines, last = rest.split(b"\n")
        yield from lines
        parts, held, too_long = [last], len(last), False
    if too_long or held:
        yield None if too_long else b"".join(parts)
