"""What a scan works on together, and what is counted once it is kept."""

from __future__ import annotations

from typing import Any

from suffice.adapters.exchanges import FileProgress
from suffice.adapters.logs import Call, Imported, Line, LogFile
from suffice.cli.scan_told import Told, together
from suffice.errors import CostMismatch, InputError
from suffice.records import BrokenCase, LoggedExchange
from suffice.traffic.cost_check import CostCheck
from suffice.traffic.formats import format_named

_BATCH_ITEMS = 256
_BATCH_BYTES = 2**20
_BROKEN_SHOWN = 3


class Named:
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


class Source:
    """
    One file, or what was joined across files, and what is counted of it as it is kept.

    Args:
        named: Whatever name it was given under.
        file: None for what was joined.
        check: Of its dollars.

    Attributes:
        ended: The error that ended it early, if one did.
    """

    def __init__(
        self, named: Named, file: LogFile | None = None, check: CostCheck | None = None
    ) -> None:
        self.named = named
        self.file = file
        self.ended: InputError | None = None
        self.calls = 0
        self.untestable = 0
        self._unranked = 0
        self._check = check

    def add(self, call: Call) -> None:
        """Count a call of it."""
        self.calls += 1
        self._unranked += call.unranked
        self.untestable += call.untestable
        if self._check is not None and call.priced is not None:
            self._check.add(call.priced)

    def count(self, line: int, imported: Imported, *, strict: bool) -> None:
        """
        Take note of what was found in a line that was read elsewhere.

        Raises:
            BrokenLine: With ``strict``, it could not be read.
        """
        if self.file is not None and (imported.form or imported.broken is not None):
            self.file.count(
                line,
                calls=len(imported.calls),
                form=format_named(imported.form),
                broken=imported.broken,
                strict=strict,
            )

    def finding(self) -> CostMismatch | None:
        """What is to be said of its dollars."""
        if self._check is None or self.file is None:
            return None
        return self._check.finding(self.file.name, repeated=self.file.merged)

    def tell(self) -> Told:
        """What is to be told of it when all of it is kept; its name is told it, too."""
        more: dict[str, Any] = {"formats": ["joined by custom_id"]}
        if self.file is not None:
            errors = [one for one in (self.ended, self.finding()) if one is not None]
            more = {
                "files": 1,
                "formats": self.file.titles,
                "merged": self.file.merged,
                "skipped_lines": self.file.records.skipped_lines,
                "broken": self.file.broken,
                "examples": self.file.broken_examples,
                "findings": [f"{one.code}  {one}" for one in errors],
                "bytes_read": self.file.records.bytes_read,
            }
        told = Told(
            name=self.file.name if self.file else self.named.told.name,
            calls=self.calls,
            unranked=self._unranked,
            untestable=self.untestable,
            **more,
        )
        self.named.told = together(self.named.told, told)
        return told


class Batch:
    """
    Lines and exchanges that are worked on together, and what counts once they are kept.

    Args:
        source: Where they are from.
        ends: Whether nothing of it comes after them.
        is_last: Whether nothing of its name does.

    Attributes:
        items: They.
        lines: The number of the line each is from.
        reached: How far the file is taken with them, if a scan can go on from there.
        bytes_read: Of the file, so far.
    """

    def __init__(self, source: Source, *, ends: bool = False, is_last: bool = False) -> None:
        self.source = source
        self.ends = ends
        self.is_last = is_last
        self.items: list[Line | LoggedExchange] = []
        self.lines: list[int] = []
        self.reached: FileProgress | None = None
        self.bytes_read = 0
        self._size = 0

    @property
    def is_full(self) -> bool:
        """Whether it is enough to be worked on."""
        return len(self.items) >= _BATCH_ITEMS or self._size >= _BATCH_BYTES

    def add(self, item: Line | LoggedExchange) -> None:
        """Take one more."""
        self.items.append(item)
        if isinstance(item, Line):
            self.lines.append(item.number)
            self._size += len(item.content)
        else:
            self.lines.append(self.source.file.records.line if self.source.file else 0)
            self._size += rough_bytes(item)

    def reach(self, *, midway: bool = False) -> None:
        """
        Its file is taken so far.

        Args:
            midway: More of it comes, so that this counts only if a scan can go on from here.
        """
        file = self.source.file
        if file is not None:
            self.bytes_read = file.records.bytes_read
            self.reached = file.reached if file.goes_on or not midway else None


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
