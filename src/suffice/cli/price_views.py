"""The price table, one model and a comparison of lists, as text, JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from suffice.catalog import Band, Catalog, Lifecycle, ModelFacts, PricePeriod, TokenClass
from suffice.catalog.refresh import PriceChange
from suffice.cli.money_text import Page, csv_text, emit, json_text, price, short_name

_CLASSES = (
    TokenClass.INPUT,
    TokenClass.OUTPUT,
    TokenClass.CACHE_READ,
    TokenClass.CACHE_WRITE_5M,
    TokenClass.CACHE_WRITE_1H,
)
_LARGE_MODEL, _SMALL_MODEL = "claude-opus-5-5", "claude-haiku-5-5"
_HEADER = ("model", "input", "output", "read", "write 5m", "write 1h", "since", "status")


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """One band of one period of one model."""

    facts: ModelFacts
    period: PricePeriod
    band: Band
    status: str


def show_list(catalog: Catalog, *, day: date, everything: bool, form: str) -> None:
    """Print the price table of a day, or all of its history."""
    rows = [
        row for facts in catalog.models.values() for row in _rows(facts, day, everything=everything)
    ]
    match form:
        case "json":
            document = {
                "schema": "suffice.prices",
                "version": 1,
                "at": day,
                "prices_dated": catalog.dated,
                "unit": "USD per million tokens",
                "models": [_json_row(row) for row in rows],
            }
            emit(json_text(document))
        case "csv":
            header = ("model", "above_prompt_tokens", *map(str, _CLASSES), "since", "status")
            emit(csv_text((*header, "source", "as_of"), map(_csv_row, rows)))
        case _:
            _list_text(catalog, rows, day)


def _rows(facts: ModelFacts, day: date, *, everything: bool) -> Iterator[_Row]:
    for number, period in enumerate(facts.prices):
        later = facts.prices[number + 1 :]
        past = bool(later) and (later[0].since or date.min) <= day
        ahead = period.since is not None and period.since > day
        status = "past" if past else "ahead" if ahead else _status(facts, period, day)
        if everything or not (past or ahead or facts.lifecycle(day) is Lifecycle.RETIRED):
            for band in period.bands:
                yield _Row(facts=facts, period=period, band=band, status=status)


def _status(facts: ModelFacts, period: PricePeriod, day: date) -> str:
    if period.negotiated:
        return "your own"
    lifecycle = facts.lifecycle(day)
    return str(lifecycle) if facts.retires is None else f"{_ends(lifecycle)} {facts.retires}"


def _ends(lifecycle: Lifecycle) -> str:
    return "retired" if lifecycle is Lifecycle.RETIRED else "retires"


def _json_row(row: _Row) -> dict[str, Any]:
    return {
        "model": row.facts.id,
        "above_prompt_tokens": row.band.above_prompt_tokens,
        "usd_per_mtok": {str(each): row.band.usd_per_mtok.get(each) for each in _CLASSES},
        "since": row.period.since,
        "status": row.status,
        "source": row.period.source,
        "as_of": row.period.as_of,
    }


def _csv_row(row: _Row) -> tuple[object, ...]:
    return (
        row.facts.id,
        row.band.above_prompt_tokens,
        *(row.band.usd_per_mtok.get(each) for each in _CLASSES),
        row.period.since,
        row.status,
        row.period.source,
        row.period.as_of,
    )


def _list_text(catalog: Catalog, rows: Sequence[_Row], day: date) -> None:
    page = Page()
    page.line(
        f"USD per million tokens on {day} · table of {catalog.dated} · batch halves every price",
        style="bold",
    )
    page.line()
    page.table(_HEADER, [_cells(row) for row in rows], spare=("since", "write 1h", "write 5m"))
    page.line()
    page.next("suffice prices show claude-haiku-5-5")


def _cells(row: _Row) -> list[str]:
    above = row.band.above_prompt_tokens
    return [
        f"  prompt > {above:,}" if above else short_name(row.facts.id),
        *_prices(row.band),
        "" if above else str(row.period.since or ""),
        "" if above else row.status,
    ]


def _prices(band: Band) -> list[str]:
    return [
        price(band.usd_per_mtok[each]) if each in band.usd_per_mtok else "" for each in _CLASSES
    ]


def show_model(facts: ModelFacts, *, day: date, form: str) -> None:
    """Print everything known of one model."""
    if form == "json":
        emit(json_text({"schema": "suffice.model", "version": 1, "at": day, "model": facts}))
        return
    page = Page()
    page.line(f"{facts.name} · {facts.id} · {facts.lifecycle(day)} on {day}", style="bold")
    page.line()
    for what, known in _facts(facts):
        page.line(f"{what:<18}{known}", indent=2)
    page.line()
    if facts.prices:
        rows = [_cells(row) for row in _rows(facts, day, everything=True)]
        page.table(("USD per MTok", *_HEADER[1:]), rows, spare=("status", "since", "write 1h"))
        for period in facts.prices:
            page.line(f"{period.since or 'first'}: {period.source}", indent=2, style="dim")
    else:
        page.line("No price is known. It is not counted as free.", indent=2)
    page.line()
    page.next(_next_command(facts))


def _next_command(facts: ModelFacts) -> str:
    """Hold it against its successor; the successor itself against the large model."""
    now, then = (facts.id, facts.successor or _SMALL_MODEL)
    if now == then:
        now = _LARGE_MODEL
    return (
        "suffice cost --requests-per-day 10000 --input 800 --output 50 "
        f"--model {now} --candidate {then}"
    )


def _facts(facts: ModelFacts) -> Iterator[tuple[str, str]]:
    counts = (
        ("context", facts.context_tokens),
        ("longest answer", facts.max_output_tokens),
        ("  in a batch", facts.batch_max_output_tokens),
        ("cache minimum", facts.cache_minimum_tokens),
    )
    for what, tokens in counts:
        if tokens is not None:
            yield what, f"{tokens:,} tokens"
    if facts.image_rule is not None:
        rule = facts.image_rule
        yield "an image", f"at most {rule.max_tokens:,} tokens, {rule.longest_edge_px:,} px"
    if facts.tool_prompt is not None:
        tools = facts.tool_prompt
        yield "tools add", f"{tools.auto_tokens} tokens, forced {tools.forced_tokens}"
    words = (
        ("tokenizer", facts.tokenizer),
        ("thinks", None if facts.thinking_by_default is None else _thinks(facts)),
        ("fast mode", facts.fast_multiplier and f"times {facts.fast_multiplier}"),
        ("released", facts.released),
        ("retires", facts.retires),
        ("kept at least to", facts.retires_not_before),
        ("successor", facts.successor),
        ("read in", f"{facts.source}, {facts.as_of}"),
    )
    yield from ((what, str(known)) for what, known in words if known)


def _thinks(facts: ModelFacts) -> str:
    return "unless told otherwise" if facts.thinking_by_default else "only when asked"


def show_changes(
    changes: Sequence[PriceChange],
    *,
    against: str,
    day: date,
    written: Path | None,
    form: str,
) -> None:
    """Print what another list would change, and where it was written."""
    if form == "json":
        document = {
            "schema": "suffice.price_changes",
            "version": 1,
            "at": day,
            "against": against,
            "written": None if written is None else str(written),
            "changes": changes,
        }
        emit(json_text(document))
        return
    page = Page()
    if not changes:
        page.line(f"Nothing to change: {against} gives the same prices on {day}.")
        page.next("suffice prices list")
        return
    page.line(f"{against} differs on {day}, USD per million tokens", style="bold")
    page.line()
    page.table(("model", "tokens", "ours", "theirs"), [_change(each) for each in changes], left=2)
    page.line()
    if written is None:
        page.next("suffice prices update --output suffice-prices.toml")
    else:
        page.line(f"Written to {written}. The table suffice ships with is as it was.")
        page.next(f"suffice prices list --prices {written}")


def _change(change: PriceChange) -> list[str]:
    above = f" above {change.above_prompt_tokens:,}" if change.above_prompt_tokens else ""
    return [
        short_name(change.model),
        f"{change.token_class}{above}",
        "none" if change.ours is None else price(change.ours),
        price(change.theirs),
    ]
