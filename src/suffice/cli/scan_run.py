"""One scan: files -> exchanges -> masked and packed wherever that is done -> kept, in order."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from suffice.adapters.exchanges import Exchanges, FileProgress, Prepared, Preparing, Unfit
from suffice.adapters.logs import LogFile, Readers, find_files
from suffice.adapters.workers import Engine
from suffice.catalog import Catalog
from suffice.cli.scan_told import Told, together
from suffice.errors import (
    BrokenLine,
    CostMismatch,
    InputError,
    MissingBodies,
    StorageError,
    SufficeError,
)
from suffice.records import BrokenCase, LoggedExchange
from suffice.traffic.cost_check import CostCheck
from suffice.traffic.formats import Format
from suffice.traffic.redaction import Masking, Redactor

KEY_FILE = "mask.key"
_KEY_BYTES = 32
_BATCH_EXCHANGES = 256
_BATCH_BYTES = 2**20
_BROKEN_SHOWN = 3


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """
    How logs are read, and who is told.

    Attributes:
        forced: The format to read every record as.
        strict: Stop at the first thing that is not as it should be.
        stopped: Asked between exchanges: whether to read no further.
        on_change: Called now and then with a name, and the calls and bytes read of it.
    """

    forced: Format | None = None
    strict: bool = False
    stopped: Callable[[], bool] = lambda: False
    on_change: Callable[[str, int, int], None] = lambda _name, _calls, _bytes: None


class _Reading:
    """All files of one name: what is read of them, and how much of it is kept by now."""

    def __init__(self, name: str) -> None:
        self.told = Told(name=name)
        self.added = 0
        self.elsewhere = 0
        self.unfit: list[BrokenCase] = []

    def whole(self) -> Told:
        """What is to be told when everything of it is kept."""
        kept = Told(
            name=self.told.name,
            added=self.added,
            elsewhere=self.elsewhere,
            broken=len(self.unfit),
            examples=self.unfit[:_BROKEN_SHOWN],
        )
        return together(self.told, kept)


class _Batch:
    """Exchanges that are worked on together, and what counts once they are kept."""

    def __init__(self, reading: _Reading, *, is_last: bool = False) -> None:
        self.reading = reading
        self.is_last = is_last
        self.exchanges: list[LoggedExchange] = []
        self.lines: list[int] = []
        self.notes: list[tuple[FileProgress, FileProgress | None]] = []
        self._size = 0

    @property
    def is_full(self) -> bool:
        return len(self.exchanges) >= _BATCH_EXCHANGES or self._size >= _BATCH_BYTES

    def add(self, exchange: LoggedExchange, line: int) -> None:
        self.exchanges.append(exchange)
        self.lines.append(line)
        self._size += rough_bytes(exchange)

    def note(self, file: LogFile) -> None:
        """How far the file is read counts as soon as the batch is kept."""
        progress = file.progress
        if progress is not None:
            self.notes.append((progress, file.records.before))
            file.records.before = progress


class Scan:
    """
    Reads files into a store.

    Lines are read and exchanges are kept here, in order; what is done to their texts is done
    by the engine. How far a file is read is noted when all exchanges up to there are kept.

    Args:
        store: Open for writing.
        preparing: What is done to the texts: masked before anything is kept.
        engine: Where that is done.
        catalog: For the check of a source's own dollars.
        today: Prices calls that tell no time.
        options: How to read, and who is told.
    """

    def __init__(
        self,
        store: Exchanges,
        preparing: Preparing,
        *,
        engine: Engine,
        catalog: Catalog,
        today: date,
        options: Options | None = None,
    ) -> None:
        self._store = store
        self._preparing = preparing
        self._engine = engine
        self._catalog = catalog
        self._today = today
        self._options = options or Options()
        self._readers = Readers()
        self._error: SufficeError | None = None

    def run(self, given: Sequence[str]) -> Iterator[Told]:
        """
        Read what was given, one after another; then what was joined across files.

        Raises:
            InputError: A file cannot be read, and it is the only one or the scan is strict.
        """
        batches = ((batch, batch.exchanges) for batch in self._batches(given))
        for batch, prepared in self._engine.map(self._preparing, batches):
            self._keep(batch, prepared)
            if batch.is_last:
                yield batch.reading.whole()
        if self._error is not None:
            raise self._error

    def _batches(self, given: Sequence[str]) -> Iterator[_Batch]:
        """Everything to be kept; what ends it early waits until what came before is kept."""
        seen: set[str] = set()
        try:
            for name in given:
                files = [file for file in find_files([name]) if file not in seen]
                seen.update(files)
                reading = _Reading(name)
                for file in files:
                    yield from self._of_file(file, reading, alone=len(given) == len(files) == 1)
                    if self._options.stopped():
                        break
                yield _Batch(reading, is_last=True)
                if self._options.stopped():
                    return
        # The error of a file, or of a strict scan: raised when all before it is kept.
        except SufficeError as error:
            self._error = error
            return
        yield from self._joined()

    def _joined(self) -> Iterator[_Batch]:
        reading = _Reading("batches")
        counts = _Counts()
        yield from self._filled(self._readers.finish(), reading, counts)
        if counts.calls:
            reading.told = counts.told("batches", formats=["joined by custom_id"])
            yield _Batch(reading, is_last=True)

    def _of_file(self, name: str, reading: _Reading, *, alone: bool) -> Iterator[_Batch]:
        strict = self._options.strict
        counts = _Counts(CostCheck(self._catalog, today=self._today))
        file = LogFile(
            name,
            self._readers,
            forced=self._options.forced,
            known=self._store.progress_of,
            on_progress=self._note,
        )
        ended: list[InputError] = []
        exchanges = _until_error(file.exchanges(strict=strict), ended)
        yield from self._filled(exchanges, reading, counts, file=file)
        found = [counts.finding(name, repeated=file.merged)]
        errors = [*ended, *(one for one in found if one is not None)]
        told = counts.told(
            name,
            files=1,
            formats=file.titles,
            merged=file.merged,
            skipped_lines=file.records.skipped_lines,
            broken=file.broken,
            examples=file.broken_examples,
            findings=[f"{one.code}  {one}" for one in errors],
            bytes_read=file.records.bytes_read,
        )
        if ended and (alone or strict):
            raise ended[0]
        reading.told = together(reading.told, told)
        if not self._options.stopped():
            last = _Batch(reading)
            last.note(file)
            yield last
        if strict:
            _check_strictly(told, found)

    def _filled(
        self,
        exchanges: Iterable[LoggedExchange],
        reading: _Reading,
        counts: _Counts,
        *,
        file: LogFile | None = None,
    ) -> Iterator[_Batch]:
        """Exchanges in batches; the last one may be small, and its notes count all the same."""
        self._batch = _Batch(reading)
        for exchange in exchanges:
            counts.add(exchange)
            self._batch.add(exchange, file.records.line if file else 0)
            if self._batch.is_full:
                full, self._batch = self._batch, _Batch(reading)
                yield full
                self._tell(reading, counts, file)
            if self._options.stopped():
                break
        yield self._batch

    def _note(self, file: LogFile) -> None:
        self._batch.note(file)

    def _tell(self, reading: _Reading, counts: _Counts, file: LogFile | None) -> None:
        read = file.records.bytes_read if file else 0
        told = reading.told
        self._options.on_change(told.name, told.calls + counts.calls, told.bytes_read + read)

    def _keep(self, batch: _Batch, prepared: Sequence[Prepared | Unfit]) -> None:
        fit = [one for one in prepared if isinstance(one, Prepared)]
        told_before = self._store.elsewhere
        batch.reading.added += sum(self._store.add_prepared(fit))
        batch.reading.elsewhere += self._store.elsewhere - told_before
        for line, one in zip(batch.lines, prepared, strict=True):
            if isinstance(one, Unfit):
                self._refuse(batch, BrokenCase(line, one.reason))
        for now, before in batch.notes:
            self._store.note_progress(now, before=before)

    def _refuse(self, batch: _Batch, broken: BrokenCase) -> None:
        batch.reading.unfit.append(broken)
        if self._options.strict:
            raise BrokenLine(
                f"{batch.reading.told.name} line {broken.line}: {broken.reason}.",
                effect="What came before it is kept; nothing after it was read.",
                next_step="Correct the line, or scan without --strict to skip it.",
            )


class _Counts:
    """Exchanges of one file, counted as they are read."""

    def __init__(self, check: CostCheck | None = None) -> None:
        self.calls = 0
        self._unranked = 0
        self._untestable = 0
        self._check = check

    def add(self, exchange: LoggedExchange) -> None:
        self.calls += 1
        self._unranked += exchange.usage is None or not exchange.model
        self._untestable += not (exchange.answered and exchange.replayable)
        if self._check is not None:
            self._check.add(exchange)

    def finding(self, name: str, *, repeated: int) -> CostMismatch | None:
        return self._check.finding(name, repeated=repeated) if self._check else None

    def told(self, name: str, **more: Any) -> Told:
        return Told(
            name=name,
            calls=self.calls,
            unranked=self._unranked,
            untestable=self._untestable,
            **more,
        )


def rough_bytes(exchange: LoggedExchange) -> int:
    """
    About how large an exchange is, told quickly.

    >>> asked = {"messages": [{"role": "user", "content": "x" * 1000}]}
    >>> rough_bytes(LoggedExchange(source="openai", request=asked)) > 1000
    True
    """
    parts = [exchange.request.get("system"), *_listed(exchange.request.get("messages"))]
    return len(exchange.response_text) + sum(map(_rough, parts))


def _rough(part: Any) -> int:
    if isinstance(part, str):
        return len(part)
    if isinstance(part, dict):
        return 100 + sum(map(_rough, part.values()))
    return sum(map(_rough, part)) if isinstance(part, list) else 0


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_strictly(told: Told, found: Sequence[CostMismatch | None]) -> None:
    if told.untestable:
        raise MissingBodies(
            f"{told.untestable} calls in {told.name} have no whole request or no answer.",
            effect="They are kept and can be ranked, not tested; nothing after was read.",
            next_step="Turn on bodies where the log is written, or scan without --strict.",
        )
    for finding in found:
        if finding is not None:
            raise finding


def _until_error(
    exchanges: Iterable[LoggedExchange], ended: list[InputError]
) -> Iterator[LoggedExchange]:
    """All of them; the error that ends them early is put into a list instead."""
    try:
        yield from exchanges
    except InputError as error:
        ended.append(error)


def redactor_for(masking: Masking, folder: Path) -> Redactor:
    """
    A redactor whose placeholders are the same in every scan into a folder.

    Raises:
        StorageError: The key cannot be read or written.
    """
    return Redactor(masking, secret=_secret(folder))


def preparing_for(masking: Masking, folder: Path) -> Preparing:
    """
    What is done to texts before they are kept in a folder.

    Raises:
        StorageError: The key cannot be read or written.
    """
    secret = _secret(folder)
    if not (masking.kinds or masking.patterns):
        return Preparing()
    return Preparing(masking=masking, secret=secret)


def _secret(folder: Path) -> bytes:
    """
    What placeholders are keyed with.

    The key is made at the first scan and lies beside the data, readable by its owner alone.

    Raises:
        StorageError: The key cannot be read or written.
    """
    path = folder / KEY_FILE
    try:
        with suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
        secret = path.read_bytes()
    except OSError as error:
        raise StorageError(
            f"{path} cannot be used: {error.strerror or error}.",
            effect="Nothing was read.",
            next_step="Check the folder, or choose another with --data.",
        ) from error
    if len(secret) != _KEY_BYTES:
        raise StorageError(
            f"{path} is damaged.",
            effect="Nothing was read.",
            next_step="Put it back from a copy, or choose another folder with --data.",
        )
    return secret
