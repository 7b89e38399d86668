"""One scan: files -> exchanges -> masked -> kept, and what is to be said of each file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec

from suffice.adapters.exchanges import Exchanges
from suffice.adapters.logs import LogFile, Readers, find_files
from suffice.catalog import Catalog
from suffice.errors import InputError, MissingBodies, StorageError
from suffice.records import BrokenCase, LoggedExchange
from suffice.traffic.cost_check import CostCheck
from suffice.traffic.formats import Format
from suffice.traffic.redaction import Masking, Redactor

KEY_FILE = "mask.key"
_KEY_BYTES = 32
_CALLS_A_CHANGE = 500


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was found in one file, or in all files below one folder.

    Attributes:
        name: As it was given.
        formats: The titles of its formats, the commonest first.
        files: How many files.
        calls: Exchanges read in this scan.
        added: Those that were not kept already.
        merged: Lines that repeat another's usage.
        skipped_lines: Lines an earlier scan read.
        broken: Records that could not be read.
        examples: The first of them.
        unranked: Exchanges that tell no usage or no model.
        untestable: Exchanges without the whole request or without an answer.
        findings: Coded remarks, such as SF118.
        bytes_read: Unpacked.
    """

    name: str
    formats: list[str] = []
    files: int = 0
    calls: int = 0
    added: int = 0
    merged: int = 0
    skipped_lines: int = 0
    broken: int = 0
    examples: list[BrokenCase] = []
    unranked: int = 0
    untestable: int = 0
    findings: list[str] = []
    bytes_read: int = 0


class Scan:
    """
    Reads files into a store.

    Args:
        store: Open for writing.
        redactor: Masks everything before it is kept.
        catalog: For the check of a source's own dollars.
        today: Prices calls that tell no time.
        forced: The format to read every record as.
        strict: Stop at the first thing that is not as it should be.
        on_change: Called with the number of exchanges read so far, now and then.
    """

    def __init__(
        self,
        store: Exchanges,
        redactor: Redactor,
        *,
        catalog: Catalog,
        today: date,
        forced: Format | None = None,
        strict: bool = False,
        on_change: Callable[[str, int], None] = lambda _name, _calls: None,
    ) -> None:
        self._store = store
        self._redactor = redactor
        self._catalog = catalog
        self._today = today
        self._forced = forced
        self._strict = strict
        self._on_change = on_change
        self._readers = Readers()

    def run(self, given: Sequence[str]) -> Iterator[Told]:
        """
        Read what was given, one after another; then what was joined across files.

        Raises:
            InputError: A file cannot be read, and it is the only one or the scan is strict.
        """
        seen: set[str] = set()
        for name in given:
            files = [file for file in find_files([name]) if file not in seen]
            seen.update(files)
            told = Told(name=name)
            for file in files:
                told = _together(told, self._one(file, alone=len(given) == len(files) == 1))
            yield told
        joined, _ = self._keep(self._readers.finish(), Told(name="batches"), None)
        if joined.calls:
            yield msgspec.structs.replace(joined, formats=["joined by custom_id"])

    def _one(self, name: str, *, alone: bool) -> Told:
        file = LogFile(
            name,
            self._readers,
            forced=self._forced,
            known=self._store.progress_of,
            on_progress=self._note,
        )
        check = CostCheck(self._catalog, today=self._today)
        told = Told(name=name, files=1)
        told, error = self._keep(file.exchanges(strict=self._strict), told, check)
        if error is not None:
            if alone or self._strict:
                raise error
            told = msgspec.structs.replace(told, findings=[f"{error.code}  {error}"])
        self._note(file)
        found = [check.finding(name, repeated=file.merged)]
        if told.untestable and self._strict:
            raise MissingBodies(
                f"{told.untestable} calls in {name} have no whole request or no answer.",
                effect="They are kept and can be ranked, not tested; nothing after was read.",
                next_step="Turn on bodies where the log is written, or scan without --strict.",
            )
        for finding in found:
            if finding is not None and self._strict:
                raise finding
        return msgspec.structs.replace(
            told,
            formats=file.titles,
            merged=file.merged,
            skipped_lines=file.records.skipped_lines,
            broken=file.broken,
            examples=file.broken_examples,
            findings=[*told.findings, *(f"{one.code}  {one}" for one in found if one)],
            bytes_read=file.records.bytes_read,
        )

    def _keep(
        self,
        exchanges: Iterable[LoggedExchange],
        told: Told,
        check: CostCheck | None,
    ) -> tuple[Told, InputError | None]:
        """Keep them; what ends them early is handed back with what was said of those before."""
        calls, added, unranked, untestable = 0, 0, 0, 0
        ended: list[InputError] = []
        for exchange in _until_error(exchanges, ended):
            calls += 1
            unranked += exchange.usage is None or not exchange.model
            untestable += not (exchange.answered and exchange.replayable)
            if check is not None:
                check.add(exchange)
            added += self._store.add((self._redactor.exchange(exchange),))
            if calls % _CALLS_A_CHANGE == 0:
                self._on_change(told.name, calls)
        told = msgspec.structs.replace(
            told, calls=calls, added=added, unranked=unranked, untestable=untestable
        )
        return told, ended[0] if ended else None

    def _note(self, file: LogFile) -> None:
        progress = file.progress
        if progress is not None:
            self._store.note_progress(progress, before=file.records.before)
            file.records.before = progress


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
    return Redactor(masking, secret=secret)


def _together(told: Told, more: Told) -> Told:
    return Told(
        name=told.name,
        formats=list(dict.fromkeys([*told.formats, *more.formats])),
        files=told.files + more.files,
        calls=told.calls + more.calls,
        added=told.added + more.added,
        merged=told.merged + more.merged,
        skipped_lines=told.skipped_lines + more.skipped_lines,
        broken=told.broken + more.broken,
        examples=[*told.examples, *more.examples][:3],
        unranked=told.unranked + more.unranked,
        untestable=told.untestable + more.untestable,
        findings=[*told.findings, *more.findings],
        bytes_read=told.bytes_read + more.bytes_read,
    )
