"""Changes of types, kept with who made them and why; and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from suffice.adapters.typed_exchanges.store import TypedExchanges, read_index, write_index
from suffice.cli.types_sample import known_type
from suffice.cli.types_view import opened
from suffice.reports.words import count
from suffice.traffic.types import Change
from suffice.traffic.types.changes import Action
from suffice.wiring import SystemClock


def change_type(
    data: Path, *, action: str, request_type: str, into: str, by: str, reason: str
) -> None:
    """
    Keep that somebody renamed, merged, split or pinned a type.

    Raises:
        BadOption: There is no such type, or the change makes no sense.
        EmptyInput: No log was read yet.
    """
    with opened(data) as store:
        names = {entry.name for entry in TypedExchanges(store).entries.values()}
    index = read_index(data)
    change = Change(
        action=cast("Action", action),
        type=request_type,
        into=into,
        at=SystemClock().now().isoformat(timespec="seconds"),
        by=by,
        reason=reason,
    )
    write_index(data, index.changed(change, also=names))


def take_back(data: Path, *, by: str, reason: str) -> Change:
    """
    Keep that somebody took back the last change that holds, and say which it was.

    Raises:
        BadOption: There is none.
        EmptyInput: No log was read yet.
    """
    last = read_index(data).changes.last
    change_type(
        data, action="undo", request_type=last.type if last else "", into="", by=by, reason=reason
    )
    return last or Change(action="undo", type="")


def describe(data: Path, name: str) -> Iterator[str]:
    """
    What a type is: its templates with a mark where things differ, and what was decided about it.

    Raises:
        BadOption: There is no such type.
        EmptyInput: No log was read yet.
    """
    with opened(data) as store:
        known_type(store, name)
        related = {
            entry.related for entry in TypedExchanges(store).entries.values() if entry.name == name
        }
    index = read_index(data)
    templates = index.names().get(name, [])
    for number, template in enumerate(templates, start=1):
        yield f"version {number} of {len(templates)}, learnt from {count(template.seen, 'request')}"
        yield from (f"  {line}" for line in template.text().splitlines())
    if not templates:
        yield "No prompt was learnt of it: its callers name it, or the log holds none."
    yield from (f"related to {other}" for other in sorted(related - {"", name}))
    for change in index.learnt.changes:
        if name in {change.type, change.into}:
            yield " ".join(
                filter(
                    None,
                    (change.at, change.action, change.type, change.into, change.by, change.reason),
                )
            )
