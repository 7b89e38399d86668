"""The account's dollars as metrics: exact sums of the roll-ups, types bounded and never renamed."""

from __future__ import annotations

import sqlite3

from suffice.gateway.account_store import PICO
from suffice.gateway.metrics import OTHER, Labels, Snapshot

_TOP = 50


class RollupFigures:
    """
    Turns the roll-ups into counters.

    A type keeps its own name once it has one, and one that came too late stays ``other``: a
    counter that changed its name would look like spending.
    """

    def __init__(self, *, top: int = _TOP) -> None:
        self._top = top
        self._types: dict[str, None] = {}

    def snapshot(self, connection: sqlite3.Connection) -> Snapshot:
        """
        Dollars spent, saved at list prices and unknown, since the account began.

        Raises:
            sqlite3.Error: The account cannot be read.
        """
        self._name_types(connection)
        counters: dict[tuple[str, Labels], float] = {}
        for kind, requested, served, arm, spent, saved, unpriced in connection.execute(
            "SELECT type, requested_model, served_model, arm, SUM(picousd), SUM(saved_picousd), "
            "SUM(unpriced) FROM rollups GROUP BY type, requested_model, served_model, arm"
        ):
            name = kind if kind in self._types or not kind else OTHER
            labels: Labels = (
                ("type", name),
                ("requested_model", requested),
                ("served_model", served),
                ("arm", arm),
            )
            _add(counters, "suffice_cost_usd_total", labels, spent / PICO)
            if unpriced:
                _add(counters, "suffice_unpriced_total", labels, unpriced)
            if arm == "candidate":
                basis: Labels = (("type", name), ("basis", "list"))
                # A dearer answer than the one asked for takes away from what was saved.
                _add(counters, "suffice_saved_usd_total", basis, saved / PICO)
        return Snapshot(counters=[(name, each, n) for (name, each), n in counters.items()])

    def _name_types(self, connection: sqlite3.Connection) -> None:
        if len(self._types) >= self._top:
            return
        for (kind,) in connection.execute(
            "SELECT type FROM rollups WHERE type != '' GROUP BY type "
            "ORDER BY MIN(day), SUM(picousd) DESC LIMIT ?",
            (self._top,),
        ):
            if len(self._types) < self._top:
                self._types[kind] = None


def _add(store: dict[tuple[str, Labels], float], name: str, labels: Labels, value: float) -> None:
    store[name, labels] = store.get((name, labels), 0) + value
