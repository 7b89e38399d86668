"""What a scan says: a line per source, what could not be used, what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from suffice.cli.money_text import json_text
from suffice.cli.scan_told import Told
from suffice.errors import EmptyInput
from suffice.reports.words import count

if TYPE_CHECKING:
    from suffice.adapters.exchanges import Exchanges

_DAY_S = 86_400


def told_line(told: Told) -> Iterator[str]:
    """
    The lines of one source: what was read of it, and what was not.

    >>> list(told_line(Told(name="a.jsonl", formats=["OpenAI chat"], calls=2, added=2, broken=1)))
    ['read   a.jsonl  OpenAI chat  2 calls', 'skip   1 broken line  SF102']
    """
    notes = []
    if known := told.calls - told.added - told.elsewhere:
        notes.append(f"{known:,} kept already")
    if told.elsewhere:
        notes.append(f"{told.elsewhere:,} known from other tools' logs")
    if told.merged:
        notes.append(f"{count(told.merged, 'repeated line')} merged")
    if told.skipped_lines:
        notes.append(f"{count(told.skipped_lines, 'line')} read before")
    beside = f"  ({', '.join(notes)})" if notes else ""
    formats = ", ".join(told.formats) or ("nothing new" if told.skipped_lines else "nothing known")
    yield f"read   {told.name}  {formats}  {count(told.calls, 'call')}{beside}"
    if told.untestable:
        which = count(told.untestable, "call")
        yield f"skip   {which} without whole request or answer  SF104  can be ranked, not tested"
    if told.unranked:
        yield f"skip   {count(told.unranked, 'call')} without model or usage  no dollars are known"
    if told.broken:
        yield f"skip   {count(told.broken, 'broken line')}  SF102"
        yield from (f"       line {one.line}: {one.reason}" for one in told.examples)
    yield from (f"note   {finding}" for finding in told.findings)


def show(told: Sequence[Told], *, data: Path, masked: Mapping[str, int], form: str) -> None:
    """
    What the folder holds now, and the types in it.

    Raises:
        EmptyInput: Nothing usable was found, now or ever.
    """
    from suffice.adapters.exchanges import Exchanges
    from suffice.cli.types import show_types

    with Exchanges.open(data, write=False) as store:
        if not len(store):
            raise EmptyInput(
                "No exchange was found.",
                effect="Nothing is kept.",
                next_step="The lines above say why; --as FORMAT reads a file as one format.",
            )
        if form == "json":
            click.echo(json_text(_document(told, store, masked)))
            return
        if masked:
            kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(masked.items()))
            click.echo(f"mask   {kinds}  before anything was kept")
        click.echo(f"kept   {_kept(store)} · nothing left this machine")
        show_types(data)


def _kept(store: Exchanges) -> str:
    held = store.holdings()
    said = [count(held.exchanges, "call")]
    if held.first_ts is not None and held.last_ts is not None:
        said.append(count(max(1, round((held.last_ts - held.first_ts) / _DAY_S)), "day"))
    said.append(f"{held.bytes_on_disk / 2**20:,.1f} MB for {held.bytes_logged / 2**20:,.1f} logged")
    return " · ".join(said)


def _models(store: Exchanges) -> list[tuple[str, int]]:
    from suffice.adapters.exchanges import connect
    from suffice.adapters.exchanges.segments import scan_of

    with connect() as duck:
        found = duck.execute(
            f"SELECT model, count(*) FROM {scan_of(store.segments())} GROUP BY 1 ORDER BY 2 DESC, 1"  # noqa: S608 - our own paths
        ).fetchall()
    return [(str(model), int(calls)) for model, calls in found]


def _document(told: Sequence[Told], store: Exchanges, masked: Mapping[str, int]) -> dict[str, Any]:
    return {
        "schema": "suffice.scan",
        "version": 1,
        "sources": [msgspec.to_builtins(one) for one in told],
        "masked": dict(masked),
        "holdings": msgspec.to_builtins(store.holdings()),
        "models": [{"model": model, "calls": calls} for model, calls in _models(store)],
    }
