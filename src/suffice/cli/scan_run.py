"""One scan: files -> lines -> read, masked and packed wherever that is done -> kept, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

import msgspec

from suffice.adapters.exchanges import Exchanges, Prepared, Preparing, Unfit
from suffice.adapters.logs import Imported, Importing, Line, LogFile, Readers, find_files
from suffice.adapters.workers import Engine
from suffice.catalog import Catalog
from suffice.cli.scan_batches import Batch, Named, Source
from suffice.cli.scan_told import Told
from suffice.errors import BrokenLine, InputError, MissingBodies, SufficeError
from suffice.records import BrokenCase, LoggedExchange
from suffice.traffic.cost_check import CostCheck
from suffice.traffic.formats import Format


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """
    How logs are read, and who is told.

    Attributes:
        forced: The format to read every record as.
        strict: Stop at the first thing that is not as it should be.
        stopped: Asked between lines: whether to read no further.
        on_change: Called now and then with a name, and the calls and bytes read of it.
    """

    forced: Format | None = None
    strict: bool = False
    stopped: Callable[[], bool] = lambda: False
    on_change: Callable[[str, int, int], None] = lambda _name, _calls, _bytes: None


class Scan:
    """
    Reads files into a store.

    Files are cut into lines and calls are kept here, in order; what stands between, reading
    a line and all that is done to its texts, is done by the engine. Records that say something
    only with others of their kind are read here. How far a file is read is noted when all calls
    up to there are kept.

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
        self._engine = engine
        self._catalog = catalog
        self._today = today
        self._options = options or Options()
        forced = self._options.forced.name if self._options.forced else ""
        self._work = Importing(preparing=preparing, forced=forced)
        self._readers = Readers()
        self._error: SufficeError | None = None

    def run(self, given: Sequence[str]) -> Iterator[Told]:
        """
        Read what was given, one after another; then what was joined across files.

        Raises:
            InputError: A file cannot be read, and it is the only one or the scan is strict.
        """
        batches = ((batch, batch.items) for batch in self._batches(given))
        for batch, imported in self._engine.map(self._work, batches):
            self._keep(batch, imported)
            if batch.ends:
                self._end(batch.source)
            if batch.is_last:
                yield batch.source.named.whole()
        if self._error is not None:
            raise self._error

    def _batches(self, given: Sequence[str]) -> Iterator[Batch]:
        """Everything to be kept; what ends it early waits until what came before is kept."""
        seen: set[str] = set()
        try:
            for name in given:
                files = [file for file in find_files([name]) if file not in seen]
                seen.update(files)
                named = Named(name)
                for file in files:
                    yield from self._of_file(file, named, alone=len(given) == len(files) == 1)
                    if self._options.stopped():
                        break
                yield Batch(Source(named), is_last=True)
                if self._options.stopped():
                    return
        # The error of a file, or of a strict scan: raised when all before it is kept.
        except SufficeError as error:
            self._error = error
            return
        yield from self._joined()

    def _joined(self) -> Iterator[Batch]:
        waiting = list(self._readers.finish())
        if waiting:
            source = Source(Named("batches"))
            yield from self._filled(waiting, source)
            yield Batch(source, ends=True, is_last=True)

    def _of_file(self, name: str, named: Named, *, alone: bool) -> Iterator[Batch]:
        file = LogFile(
            name,
            self._readers,
            forced=self._options.forced,
            known=self._store.progress_of,
        )
        source = Source(named, file, CostCheck(self._catalog, today=self._today))
        items = _until_error(file.items(strict=self._options.strict), source)
        yield from self._filled(items, source)
        if source.ended and (alone or self._options.strict):
            raise source.ended
        last = Batch(source, ends=True)
        if not self._options.stopped():
            last.reach()
        yield last

    def _filled(self, items: Iterable[Line | LoggedExchange], source: Source) -> Iterator[Batch]:
        """Items in batches, of which the last one may be small."""
        batch = Batch(source)
        for item in items:
            batch.add(item)
            if batch.is_full:
                batch.reach(midway=True)
                yield batch
                batch = Batch(source)
            if self._options.stopped():
                break
        yield batch

    def _keep(self, batch: Batch, imported: Sequence[Imported]) -> None:
        """Keep a batch, or what of it comes before the line that ends a strict scan."""
        source, fit = batch.source, list[Prepared]()
        broken: BrokenLine | None = None
        for line, one in zip(batch.lines, imported, strict=True):
            try:
                fit += self._counted(source, line, one)
            except BrokenLine as error:
                broken = error
                break
        told_before = self._store.elsewhere
        source.named.added += sum(self._store.add_prepared(fit))
        source.named.elsewhere += self._store.elsewhere - told_before
        if broken is not None:
            raise broken
        if source.file is not None and batch.reached is not None:
            now, before = source.file.named(batch.reached), source.file.records.before
            self._store.note_progress(now, before=before)
            source.file.records.before = now
        if batch.bytes_read:
            told = source.named.told
            calls, read = told.calls + source.calls, told.bytes_read + batch.bytes_read
            self._options.on_change(told.name, calls, read)

    def _counted(self, source: Source, line: int, imported: Imported) -> list[Prepared]:
        """
        Count what came of a line; what of it the store can take.

        Raises:
            BrokenLine: The scan is strict, and something of it cannot be read or kept.
        """
        fit = []
        for call in imported.calls:
            source.add(call)
            if isinstance(call.kept, Unfit):
                self._refuse(source, BrokenCase(line, call.kept.reason))
            else:
                fit.append(call.kept)
        source.count(line, imported, strict=self._options.strict)
        return fit

    def _refuse(self, source: Source, broken: BrokenCase) -> None:
        source.named.unfit.append(broken)
        if self._options.strict:
            raise BrokenLine(
                f"{source.named.told.name} line {broken.line}: {broken.reason}.",
                effect="What came before it is kept; nothing after it was read.",
                next_step="Correct the line, or scan without --strict to skip it.",
            )

    def _end(self, source: Source) -> None:
        """Tell of a file that is kept."""
        told = source.tell()
        if not self._options.strict:
            return
        if told.untestable:
            raise MissingBodies(
                f"{told.untestable} calls in {told.name} have no whole request or no answer.",
                effect="They are kept and can be ranked, not tested; nothing after was read.",
                next_step="Turn on bodies where the log is written, or scan without --strict.",
            )
        if finding := source.finding():
            raise finding


def _until_error(
    items: Iterable[Line | LoggedExchange], source: Source
) -> Iterator[Line | LoggedExchange]:
    """All of them; the error that ends them early is put beside their source instead."""
    try:
        yield from items
    except InputError as error:
        source.ended = error
