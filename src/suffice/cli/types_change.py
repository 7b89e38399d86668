"""Changes of types, kept with who made them and why; and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from suffice.adapters.exchange_types import TypedExchanges, read_index, write_index
from suffice.adapters.exchanges import Exchanges
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
    store = Exchanges.open(data, write=False)
    try:
        TypedExchanges(store)
    finally:
        store.close()
    index = read_index(data)
    change = Change(
        action=cast("Action", action),
        type=request_type,
        into=into,
        at=SystemClock().now().isoformat(timespec="seconds"),
        by=by,
        reason=reason,
    )
    write_index(data, index.changed(change))
