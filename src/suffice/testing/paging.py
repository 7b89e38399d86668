"""How the strict fake hands out lists: pages by the ids at their edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from suffice.testing.admission import invalid

_USUAL, _MOST = 20, 1_000


def read_limit(query: Mapping[str, str]) -> int:
    """
    How many items a page shall have.

    Raises:
        Problem: It is no number from 1 to 1000.
    """
    told = query.get("limit")
    if told is None:
        return _USUAL
    if not told.isascii() or not told.isdigit():
        raise invalid("limit: Input should be a valid integer")
    limit = int(told)
    if not 1 <= limit <= _MOST:
        raise invalid(f"limit: Input should be between 1 and {_MOST}")
    return limit


def page(
    ids: Sequence[str], query: Mapping[str, str], *, describe: Callable[[str], Any]
) -> dict[str, Any]:
    """
    One page by ``limit``, ``after_id`` and ``before_id``; an id nobody knows is no edge.

    Raises:
        Problem: The limit is no number from 1 to 1000.

    >>> page(["a", "b", "c"], {"limit": "2"}, describe=str.upper)
    {'data': ['A', 'B'], 'has_more': True, 'first_id': 'a', 'last_id': 'b'}
    """
    limit, before, after = read_limit(query), query.get("before_id"), query.get("after_id")
    if before in ids:
        ids = ids[: ids.index(before)]
        chosen = ids[-limit:]
    else:
        ids = ids[ids.index(after) + 1 :] if after in ids else ids
        chosen = ids[:limit]
    return {
        "data": [describe(id_) for id_ in chosen],
        "has_more": len(ids) > limit,
        "first_id": chosen[0] if chosen else None,
        "last_id": chosen[-1] if chosen else None,
    }
