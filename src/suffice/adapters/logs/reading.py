"""Records -> exchanges: each record in its own format, and every broken one counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from suffice.adapters.exchanges import FileProgress
from suffice.adapters.logs.records import Records
from suffice.errors import BrokenLine
from suffice.records import BrokenCase, LoggedExchange
from suffice.traffic.formats import Format, Reader, detect

_BROKEN_SHOWN = 3
_RECORDS_A_NOTE = 500


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
        on_progress: Called now and then where all exchanges of the records so far are taken.

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
        on_progress: Callable[[LogFile], None] | None = None,
    ) -> None:
        self.name = name
        self.calls: Counter[str] = Counter()
        self.broken = 0
        self.broken_examples: list[BrokenCase] = []
        self.records = Records(name, known=known)
        self._forced = forced
        self._on_progress = on_progress
        self._readers = readers
        self._own: dict[str, Reader] = {}
        self._forms: dict[str, Format] = {}

    @property
    def merged(self) -> int:
        """Lines that repeated another and were counted with it."""
        return sum(reader.merged for reader in self._own.values())

    @property
    def titles(self) -> list[str]:
        """The formats found in it, the commonest first."""
        return [title for title, _ in self.calls.most_common()] or list(self._forms)

    @property
    def progress(self) -> FileProgress | None:
        """
        How far it is read, for the next scan to go on from.

        None where records of other files may still be joined to its own.
        """
        forms = self._forms.values()
        if any(form.across for form in forms):
            return None
        by_lines = self.records.by_lines and not any(form.whole for form in forms)
        before = self.records.before
        source = next(iter(self._forms), before.source if before else "")
        return self.records.progress(source if by_lines else "")

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
        for taken, (number, record) in enumerate(self.records, start=1):
            yield from self._checked(number, record, strict=strict)
            if self._on_progress is not None and taken % _RECORDS_A_NOTE == 0:
                self._on_progress(self)
        for title, reader in self._own.items():
            for exchange in reader.finish():
                self.calls[title] += 1
                yield exchange

    def _checked(self, number: int, record: Any, *, strict: bool) -> Iterator[LoggedExchange]:
        if isinstance(record, BrokenCase):
            self._note_broken(record, strict=strict)
            return
        try:
            yield from self._read(record)
        # What a stranger's record can provoke in a parser, and nothing else.
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            self._note_broken(BrokenCase(number, str(error)[:200]), strict=strict)

    def _read(self, record: Any) -> Iterator[LoggedExchange]:
        if not isinstance(record, dict):
            raise ValueError("no JSON object")  # noqa: TRY004 - a broken record, whichever way
        form = self._forced or detect(record)
        if form is None:
            members = _printable(", ".join(map(str, list(record)[:6])))
            raise ValueError(f"in no format we know; it holds {members[:120] or 'nothing'}")
        self._forms.setdefault(form.name, form)
        for index, exchange in enumerate(self._reader(form).read(record)):
            if not _is_call(exchange):
                raise ValueError(f"no call as {form.title} tells it")
            self.calls[form.title] += 1
            if exchange.id:
                yield exchange
            else:
                name = f"{self.records.place}-{index}"
                yield msgspec.structs.replace(exchange, id=name)

    def _reader(self, form: Format) -> Reader:
        if form.across:
            return self._readers.reader_for(form)
        if form.title not in self._own:
            self._own[form.title] = form.reader()
        return self._own[form.title]

    def _note_broken(self, broken: BrokenCase, *, strict: bool) -> None:
        self.broken += 1
        if len(self.broken_examples) < _BROKEN_SHOWN:
            self.broken_examples.append(broken)
        if strict:
            raise BrokenLine(
                f"{self.name} line {broken.line}: {broken.reason}.",
                effect="What came before it is kept; nothing after it was read.",
                next_step="Correct the line, or scan without --strict to skip it.",
            )


def _printable(text: str) -> str:
    """A stranger's text as it may stand on a terminal: nothing in it steers one."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _is_call(exchange: LoggedExchange) -> bool:
    """Whether anything at all is told of a call, as a record forced into a format may not."""
    told = exchange.model or exchange.request or exchange.error or exchange.usage
    return bool(told) or exchange.answered
