"""What the strict fake was asked, for tests to look at."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any

import msgspec
from typing_extensions import override


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """
    One request and how it was answered.

    Attributes:
        number: From 1, over all endpoints.
        method: The HTTP method.
        path: Without its query.
        query: What stood after the question mark.
        headers: By lower-case name, credentials masked.
        credential: ``x-api-key`` or ``authorization``; empty where none was sent.
        body: The decoded JSON; None where there was none.
        status: The HTTP status.
        request_id: As sent in ``request-id``.
        error: The message of the error; empty where there was none.
    """

    number: int
    method: str
    path: str
    headers: dict[str, str]
    credential: str
    body: Any
    status: int
    request_id: str
    error: str = ""
    query: str = ""


class Journal:
    """
    The requests in the order they came, the newest so many.

    Attributes:
        seen: How many came at all.
        under_way: How many are being answered now.
        most_under_way: The most that were being answered at once.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._entries: collections.deque[Entry] = collections.deque(maxlen=size)
        self.seen = 0
        self.under_way = 0
        self.most_under_way = 0

    @override
    def __repr__(self) -> str:
        return f"Journal({self.seen} requests)"

    def __len__(self) -> int:
        """How many entries are kept."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """The kept entries, oldest first."""
        return iter(tuple(self._entries))

    @property
    def last(self) -> Entry:
        """The newest entry."""
        return self._entries[-1]

    def messages(self) -> list[Entry]:
        """The requests for an answer."""
        return [entry for entry in self if entry.path == "/v1/messages"]

    def clear(self) -> None:
        """Forget the entries; numbers and counts go on."""
        self._entries.clear()

    def begin(self) -> int:
        """Count a request in; returns its number."""
        self.seen += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        return self.seen

    def write(self, entry: Entry) -> None:
        """Keep an entry; done before the answer goes out, so that no caller can be faster."""
        self._entries.append(entry)

    def end(self) -> None:
        """Count a request out."""
        self.under_way -= 1
