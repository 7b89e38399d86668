"""Rows of metadata -> the shapes of their requests, their types, and who made the calls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from suffice.adapters.exchanges import Exchanges
from suffice.traffic.types import (
    Found,
    Role,
    Shape,
    TypeIndex,
    nameless,
    role_of,
    shape_of,
    tag_of,
)

ROWS_AT_ONCE = 5_000
_REMEMBERED = 20_000
_TEXTS_REMEMBERED = 5_000
_BYTES_PER_TOKEN = 4
_OPENING = "coalesce(message_keys[1], 0)"
_TELLING = {
    "app": "app",
    "system_key": "system_key",
    "tools_key": "tools_key",
    "settings_key": "settings_key",
    "labels": "labels",
    "source": "source",
    "is_sidechain": "is_sidechain",
    "agent_id": "CASE WHEN agent_id <> '' THEN 'one' ELSE '' END",
    "prefilled": "ends_with(roles, 'a')",
    "asked": "len(message_keys) > 0",
    "opening_key": _OPENING,
    "agentic": "agentic",
}
COLUMNS = "n, " + ", ".join(f"{said} AS {name}" for name, said in _TELLING.items())


def kind_columns(*, split: bool) -> dict[str, str]:
    """
    What tells an exchange's type and role, by name as SQL: alike in all, alike in both.

    Args:
        split: Whether some type is told apart by how its conversations open.
    """
    return _TELLING if split else _TELLING | {"opening_key": "0"}


class Row(NamedTuple):
    """What of an exchange says its type, as `COLUMNS` gives it."""

    n: int
    app: str
    system_key: int
    tools_key: int
    settings_key: int
    labels: str
    source: str
    is_sidechain: bool
    agent_id: str
    prefilled: bool
    asked: bool
    opening_key: int
    agentic: bool


class ShapeReader:
    """Rows -> shapes and types; what was read once is remembered, within limits."""

    def __init__(self, store: Exchanges) -> None:
        self._store = store
        self._settings: dict[int, tuple[Any, Any]] = {}
        self._texts: dict[int, Any] = {}
        self._tags: dict[str, str] = {}
        self._found: dict[tuple[Any, ...], tuple[Found, int]] = {}

    def shapes(self, rows: Iterable[Row]) -> Iterator[Shape]:
        """The shapes of rows that hold a request."""
        batch: list[Row] = []
        for row in rows:
            if row.asked or row.system_key:
                batch.append(row)
            if len(batch) >= ROWS_AT_ONCE:
                yield from self._shapes(batch)
                batch = []
        yield from self._shapes(batch)

    def typed(
        self, rows: Sequence[Row], index: TypeIndex
    ) -> Iterator[tuple[int, Found, Role, int]]:
        """Of each row its number, its type, who made the call, and its prefix's likely tokens."""
        keyed = [(row, self._key(row, split=bool(index.split_keys))) for row in rows]
        new = {key: row for row, key in keyed if key not in self._found and _holds_prompt(row)}
        found = dict(self._found) if len(new) > _REMEMBERED else self._found
        for key, shape in zip(new, self._shapes(list(new.values())), strict=True):
            size = (len(shape.system) + len(shape.tools)) // _BYTES_PER_TOKEN
            found[key] = index.find(shape), size
        for row, key in keyed:
            role = role_of(
                is_sidechain=row.is_sidechain,
                agent_id=row.agent_id,
                agentic_session=row.agentic,
                offers_tools=row.tools_key > 0 or not _holds_prompt(row),
            )
            known = found.get(key)
            if known is None:
                tag = self._tag(row.labels)
                known = index.find(Shape(tag=tag or nameless(row.source, role))), 0
            yield row.n, known[0], role, known[1]
        if len(self._found) > _REMEMBERED:
            self._found.clear()

    def _key(self, row: Row, *, split: bool) -> tuple[Any, ...]:
        return (
            row.app,
            row.system_key,
            row.tools_key,
            row.settings_key,
            row.prefilled,
            row.labels,
            row.opening_key if split else 0,
            _holds_prompt(row),
        )

    def _shapes(self, rows: Sequence[Row]) -> Iterator[Shape]:
        self._fetch(rows)
        for row in rows:
            choice, wanted = self._settings.get(row.settings_key, (None, None))
            opening = self._texts.get(row.opening_key)
            turns = [opening] if isinstance(opening, dict) else []
            if row.prefilled:
                turns = [*turns, {"role": "assistant"}]
            yield shape_of(
                {
                    "system": self._texts.get(row.system_key),
                    "tools": self._texts.get(row.tools_key),
                    "tool_choice": choice,
                    "output_config": {"format": wanted},
                    "messages": turns,
                },
                tag=self._tag(row.labels),
                app=row.app,
            )

    def _fetch(self, rows: Sequence[Row]) -> None:
        if len(self._texts) > _TEXTS_REMEMBERED:
            self._texts.clear()
        if len(self._settings) > _REMEMBERED:
            self._settings.clear()
        wanted = {key for row in rows for key in (row.system_key, row.tools_key, row.opening_key)}
        self._texts |= self._store.bodies([key for key in wanted if key not in self._texts])
        settings = {row.settings_key for row in rows} - self._settings.keys()
        for key, found in self._store.bodies(list(settings)).items():
            config = found.get("output_config") if isinstance(found, dict) else None
            wanted_form = config.get("format") if isinstance(config, dict) else None
            if isinstance(found, dict):
                self._settings[key] = (
                    found.get("tool_choice"),
                    wanted_form or found.get("output_format"),
                )

    def _tag(self, labels: str) -> str:
        tag = self._tags.get(labels)
        if tag is None:
            tag = self._tags[labels] = tag_of(json.loads(labels)) if labels != "{}" else ""
            if len(self._tags) > _REMEMBERED:
                self._tags.clear()
        return tag


def _holds_prompt(row: Row) -> bool:
    """Whether the log held a request whose prompt may be read: Claude Code's holds only turns."""
    return (row.asked and row.source != "claude-code") or row.system_key > 0
