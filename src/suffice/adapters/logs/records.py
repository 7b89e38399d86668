"""Bytes -> records: JSON lines, one JSON document, CSV or Parquet, with the place of each."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import duckdb

from suffice.adapters.case_files import LONGEST_LINE, read_lines
from suffice.adapters.exchanges import FileProgress, connect
from suffice.adapters.logs.files import STDIN
from suffice.adapters.logs.lines import decoded
from suffice.errors import UnreadableFile
from suffice.records import BrokenCase
from suffice.traffic.formats import detect

_PARQUET = b"PAR1"
_LARGEST_DOCUMENT = 128 * 2**20
_DIGEST_BYTES = 16
_ROWS_AT_ONCE = 500
_LISTS = ("data", "rows", "results", "items", "calls", "spans", "observations")

# A line's bytes as they stand, a record that is no line, or what cannot be one.
Numbered = tuple[int, bytes | BrokenCase | Any]
_Lines = Iterator[tuple[int, bytes | BrokenCase]]


class Records:
    """
    The records of one file, in order; what cannot be one comes as a `BrokenCase`.

    Args:
        name: The file's path; ``-`` is standard input.
        known: What was read before of files with a given first line; None reads everything.

    Attributes:
        by_lines: Whether each line is a record of its own, so that reading can go on in the
            middle of the file.
        before: What an earlier scan had read of the file.
        skipped_lines: Lines not read again for that.
        bytes_read: Unpacked.
    """

    def __init__(
        self, name: str, *, known: Callable[[bytes], list[FileProgress]] | None = None
    ) -> None:
        self.name = name
        self.by_lines = True
        self.before: FileProgress | None = None
        self.skipped_lines = 0
        self.bytes_read = 0
        self._known = known
        self._digest = blake2b(digest_size=_DIGEST_BYTES)
        self._head = b""
        self._lines = 0
        self._torn = False

    @property
    def line(self) -> int:
        """The number of the line last read."""
        return self._lines

    @property
    def place(self) -> bytes:
        """A name for the record last given, made of all that came before it in its file."""
        return self._digest.digest()

    @property
    def progress(self) -> FileProgress | None:
        """How far the file is read; None before its first line, and where its end is damaged."""
        if not self._lines or self._torn:
            return None
        return FileProgress(head=self._head, lines=self._lines, digest=self._digest.digest())

    def __iter__(self) -> Iterator[Numbered]:
        """
        Every record with its number: lines as their bytes, any other decoded.

        Raises:
            UnreadableFile: The file cannot be opened.
            PackedTooFar: It unpacks beyond all measure.
        """
        if self._is_parquet():
            yield from self._parquet()
            return
        lines = self._numbered()
        first = next(((number, line) for number, line in lines if not _blank(line)), None)
        if first is None:
            return
        number, line = first
        if isinstance(line, bytes) and line.lstrip()[:1] not in {b"{", b"["}:
            yield from self._csv(line, lines)
        elif isinstance(line, bytes) and not isinstance(decoded(line), dict):
            yield from self._document(number, line, lines)
        else:
            yield from _each_line(itertools.chain([first], lines))

    def _numbered(self) -> _Lines:
        """Every line an earlier scan did not read."""
        skip = self._lines_read_before()
        for number, line in enumerate(read_lines(self.name), start=1):
            if isinstance(line, BrokenCase) and line.reason.startswith("SF101"):
                self._torn = True
                yield number, line
                return
            content = line if isinstance(line, bytes) else b""
            self.bytes_read += len(content) + 1
            self._digest.update(content)
            self._digest.update(b"\n")
            self._head = self._head or self._digest.digest()
            self._lines = number
            if number <= skip:
                self.skipped_lines += 1
            else:
                yield number, line

    def _lines_read_before(self) -> int:
        """
        How many lines at the beginning need not be read again, by the digest of all of them.

        A file that is not read by lines is read again as a whole as soon as it has grown.
        """
        if self._known is None or self.name == STDIN:
            return 0
        digest = blake2b(digest_size=_DIGEST_BYTES)
        known: dict[int, FileProgress] = {}
        number = 0
        for number, line in enumerate(read_lines(self.name), start=1):
            digest.update(line if isinstance(line, bytes) else b"")
            digest.update(b"\n")
            if number == 1:
                known = {one.lines: one for one in self._known(digest.digest())}
            found = known.get(number)
            if found is not None and found.digest == digest.digest():
                self.before = found
            if number > max(known, default=0):
                break
        if self.before is None or (not self.before.source and number > self.before.lines):
            return 0
        return self.before.lines

    def _csv(self, header: bytes, lines: _Lines) -> Iterator[Numbered]:
        self.by_lines = False
        csv.field_size_limit(LONGEST_LINE)
        damaged: list[BrokenCase] = []

        def texts() -> Iterator[str]:
            yield header.decode("utf-8-sig", "replace") + "\n"
            for _, line in lines:
                if isinstance(line, bytes):
                    yield line.decode("utf-8", "replace") + "\n"
                else:
                    damaged.append(line)

        rows = csv.DictReader(texts())
        try:
            for row in rows:
                yield self._lines, {name: value for name, value in row.items() if name is not None}
        except csv.Error as error:
            damaged.append(BrokenCase(self._lines, f"no CSV from here on: {error}"))
        yield from ((broken.line, broken) for broken in damaged)

    def _document(self, number: int, first: bytes, lines: _Lines) -> Iterator[Numbered]:
        """One JSON document over many lines; or lines, of which the first is broken."""
        parts: list[tuple[int, bytes | BrokenCase]] = [(number, first)]
        held = len(first)
        for entry in lines:
            parts.append(entry)
            held += len(entry[1]) if isinstance(entry[1], bytes) else 0
            if held > _LARGEST_DOCUMENT:
                yield from _each_line(itertools.chain(parts, lines))
                return
        document = decoded(b"\n".join(line for _, line in parts if isinstance(line, bytes)))
        if document is None:
            yield from _each_line(iter(parts))
            return
        self.by_lines = False
        for index, record in enumerate(_listed(document), start=1):
            self._digest.update(b"%d" % index)
            yield index, record

    def _is_parquet(self) -> bool:
        if self.name == STDIN:
            return False
        try:
            with Path(self.name).open("rb") as file:
                return file.read(len(_PARQUET)) == _PARQUET
        except OSError as error:
            raise UnreadableFile(
                f"{self.name} cannot be read: {error.strerror or error}.",
                effect="Nothing of it was read.",
                next_step="Check the path and its permissions.",
            ) from error

    def _parquet(self) -> Iterator[Numbered]:
        self.by_lines = False
        number = 0
        try:
            with connect() as duck:
                found = duck.execute("SELECT * FROM read_parquet(?)", [self.name])
                names = [column[0] for column in found.description or ()]
                while rows := found.fetchmany(_ROWS_AT_ONCE):
                    for row in rows:
                        number += 1
                        self._digest.update(repr(row).encode("utf-8", "replace"))
                        yield number, dict(zip(names, row, strict=True))
        except duckdb.Error as error:
            yield number + 1, BrokenCase(number + 1, f"SF101: {str(error)[:150]}")


def _blank(line: bytes | BrokenCase) -> bool:
    return isinstance(line, bytes) and (not line or line.isspace())


def _each_line(lines: Iterable[tuple[int, bytes | BrokenCase]]) -> Iterator[Numbered]:
    return ((number, line) for number, line in lines if not _blank(line))


def _listed(document: Any) -> list[Any]:
    """The records of a document: its list, the list under such a member, or itself."""
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and detect(document) is None:
        for name in _LISTS:
            found = document.get(name)
            if isinstance(found, list):
                return found
    return [document]
