"""Records -> exchanges: each record in its own format, and every broken one counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from suffice.adapters.exchanges import FileProgress
from suffice.adapters.logs.lines import Line, Read, RecordReader, decoded
from suffice.adapters.logs.records import Records
from suffice.errors import BrokenLine
from suffice.records import BrokenCase, LoggedExchange
from suffice.traffic.formats import Format, Reader, detect, stands_for_itself

_BROKEN_SHOWN = 3


class Readers:
    """The readers of one scan: one for each file and format, or for all files of a format."""

    def __init__(self) -> None:
        self._across: dict[str, Reader] = {}

    def reader_for(self, form: Format) -> Reader:
        """A fresh reader, or the one that all files of the format share."""
        if not form.across:
            return form.reader()
        if form.name not in self._across:
            self._across[form.name] = form.reader()
        return self._across[form.name]

    def finish(self) -> Iterator[LoggedExchange]:
        """What waited for another file that did not come."""
        for reader in self._across.values():
            yield from reader.finish()


class LogFile:
    """
    One file as it is read.

    Args:
        name: Its path; ``-`` is standard input.
        readers: Of the scan it is part of.
        forced: The format to read every record as; None looks at each.
        known: What was read before of files with a given first line.

    Attributes:
        calls: Exchanges by the title of their format.
        broken: Records that could not be read.
        broken_examples: The first of them.
    """

    def __init__(
        self,
        name: str,
        readers: Readers,
        *,
        forced: Format | None = None,
        known: Callable[[bytes], list[FileProgress]] | None = None,
    ) -> None:
        self.name = name
        self.calls: Counter[str] = Counter()
        self.broken = 0
        self.broken_examples: list[BrokenCase] = []
        self.records = Records(name, known=known)
        self._forced = forced
        self._reader = RecordReader(forced, reader_for=readers.reader_for)
        self._forms: dict[str, Format] = {}

    @property
    def merged(self) -> int:
        """Lines that repeated another and were counted with it."""
        return sum(reader.merged for _, reader in self._own_readers())

    @property
    def titles(self) -> list[str]:
        """The formats found in it, the commonest first."""
        common = sorted(self.calls.items(), key=lambda one: (-one[1], one[0]))
        return [title for title, _ in common] or [form.title for form in self._forms.values()]

    @property
    def goes_on(self) -> bool:
        """Whether a scan can go on in its middle."""
        return self.records.by_lines and not any(form.whole for form in self._forms.values())

    @property
    def reached(self) -> FileProgress | None:
        """
        How far its lines are taken, `named` once they are read, for the next scan to go on from.

        None where records of other files may still be joined to its own.
        """
        is_across = any(form.across for form in self._forms.values())
        return None if is_across else self.records.progress

    @property
    def progress(self) -> FileProgress | None:
        """How far it is read."""
        return self.reached and self.named(self.reached)

    def named(self, reached: FileProgress) -> FileProgress:
        """The same with the format it was found to be in, if a scan can go on from there."""
        before = self.records.before
        source = next(iter(self._forms), before.source if before else "")
        return msgspec.structs.replace(reached, source=source if self.goes_on else "")

    def exchanges(self, *, strict: bool = False) -> Iterator[LoggedExchange]:
        """
        Everything new in the file.

        Args:
            strict: Stop at the first record that cannot be read.

        Raises:
            UnreadableFile: It cannot be opened.
            PackedTooFar: It unpacks beyond all measure.
            BrokenLine: With ``strict``, a record that cannot be read.
        """
        for item in self.items(strict=strict):
            if isinstance(item, Line):
                yield from self._taken(item.number, self._reader.line(item), strict=strict)
            else:
                yield item

    def items(self, *, strict: bool = False) -> Iterator[Line | LoggedExchange]:
        """
        Everything new in the file; lines that stand for themselves are not read yet.

        Whoever reads one, here or elsewhere, says to `count` what it held.

        Args:
            strict: Stop at the first record that cannot be read.

        Raises:
            UnreadableFile: It cannot be opened.
            PackedTooFar: It unpacks beyond all measure.
            BrokenLine: With ``strict``, a record read here that cannot be.
        """
        for number, record in self.records:
            if isinstance(record, BrokenCase):
                self.count(number, calls=0, broken=record.reason, strict=strict)
                continue
            place = self.records.place
            if not isinstance(record, bytes):
                read = self._reader.record(record, place)
            else:
                line = Line(number, place, record)
                known = self._read_with_others(line)
                if known is None:
                    yield line
                    continue
                read = known
            yield from self._taken(number, read, strict=strict)
        for form, reader in self._own_readers():
            for exchange in reader.finish():
                self.calls[form.title] += 1
                yield exchange

    def count(
        self,
        number: int,
        *,
        calls: int,
        form: Format | None = None,
        broken: str | None = None,
        strict: bool = False,
    ) -> None:
        """
        Take note of what a record held.

        Args:
            number: The record's.
            calls: How many.
            form: Its format, if one was found.
            broken: Why it could not be read, or not further.
            strict: Whether that is an error.

        Raises:
            BrokenLine: As said.
        """
        if form is not None:
            self._forms.setdefault(form.name, form)
        if form is not None and calls:
            self.calls[form.title] += calls
        if broken is None:
            return
        self.broken += 1
        # They may be told of in another order than they stand in.
        found = [*self.broken_examples, BrokenCase(number, broken)]
        self.broken_examples = sorted(found, key=lambda one: one.line)[:_BROKEN_SHOWN]
        if strict:
            raise BrokenLine(
                f"{self.name} line {number}: {broken}.",
                effect="What came before it is kept; nothing after it was read.",
                next_step="Correct the line, or scan without --strict to skip it.",
            )

    def _read_with_others(self, line: Line) -> Read | None:
        """What a line holds that makes sense only with others; None for any other line."""
        if self._forced is not None:
            return self._reader.line(line) if self._forced.whole else None
        if stands_for_itself(line.content):
            return None
        record = decoded(line.content)
        form = detect(record) if isinstance(record, dict) else None
        return self._reader.record(record, line.place) if form is not None and form.whole else None

    def _taken(self, number: int, read: Read, *, strict: bool) -> Iterator[LoggedExchange]:
        if read.form is not None:
            self._forms.setdefault(read.form.name, read.form)
        yield from read.exchanges
        self.count(
            number, calls=len(read.exchanges), form=read.form, broken=read.broken, strict=strict
        )

    def _own_readers(self) -> Iterator[tuple[Format, Reader]]:
        """Those that no other file shares."""
        for form, reader in self._reader.readers:
            if not form.across:
                yield form, reader
