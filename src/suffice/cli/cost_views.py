"""A priced workload as text, JSON, Markdown and CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from suffice.cli.money_text import (
    Page,
    csv_text,
    emit,
    is_large,
    json_text,
    markdown_table,
    percent,
    short_name,
    usd,
    usd_each,
)
from suffice.pricing import CostRow, CostTable, Role, Saving

_COLUMNS = ("model", "a request", "a day", "a month", "a year", "saved a month")
_DEFAULT_CANDIDATE = "claude-haiku-5-5"


def show(table: CostTable, *, form: str, dated: date) -> None:
    """Print the table in the form asked for."""
    match form:
        case "json":
            emit(json_text(document(table, dated=dated)))
        case "csv":
            emit(_csv(table))
        case "md":
            emit(_markdown(table))
        case _:
            _text(table)


def document(table: CostTable, *, dated: date) -> dict[str, Any]:
    """The table as one JSON document."""
    return {
        "schema": "suffice.cost",
        "version": 1,
        "priced_on": table.priced_on,
        "prices_dated": dated,
        "workload": msgspec.structs.asdict(table.workload),
        "days_per_month": 30,
        "months_per_year": 12,
        "models": [_json_row(row) for row in table.rows],
    }


def _json_row(row: CostRow) -> dict[str, Any]:
    numbers = ("per_request_usd", "per_day_usd", "per_month_usd", "per_year_usd")
    found = row.cost
    return {
        "model": row.model,
        "role": row.role,
        **{name: getattr(found, name) if found else None for name in numbers},
        "batch": found.batch if found else None,
        "cached_tokens": found.cached_tokens if found else None,
        "saving": row.saving,
        "saving_undiscounted": row.saving_undiscounted,
        "recount": {
            "remark": row.recount.remark,
            "per_month_usd": row.recount.likely.per_month_usd,
            "low_per_month_usd": row.recount.low.per_month_usd,
            "high_per_month_usd": row.recount.high.per_month_usd,
        }
        if row.recount
        else None,
        "not_applied": found.not_applied if found else (),
        "remarks": found.remarks if found else (),
        "note": row.note,
    }


def _csv(table: CostTable) -> str:
    header = (
        "model",
        "role",
        "per_request_usd",
        "per_day_usd",
        "per_month_usd",
        "per_year_usd",
        "saving_per_month_usd",
        "saving_per_year_usd",
        "saving_percent",
        "not_applied",
    )
    return csv_text(header, [_csv_row(row) for row in table.rows])


def _csv_row(row: CostRow) -> list[object]:
    found, saved = row.cost, row.saving
    costs = (
        [found.per_request_usd, found.per_day_usd, found.per_month_usd, found.per_year_usd]
        if found
        else [None] * 4
    )
    savings = [saved.per_month_usd, saved.per_year_usd, saved.percent] if saved else [None] * 3
    return [row.model, row.role, *costs, *savings, "; ".join(found.not_applied if found else ())]


def _markdown(table: CostTable) -> str:
    notes = "".join(f"- {note}\n" for note in _notes(table))
    rows = _table_cells(table)
    return f"{_headline(table)}\n\n{markdown_table(_COLUMNS, rows)}" + (
        f"\n{notes}" if notes else ""
    )


def _text(table: CostTable) -> None:
    page = Page()
    page.line(_headline(table), style="bold")
    page.line()
    page.table(_COLUMNS, _table_cells(table), spare=("a day", "a year", "a request"))
    notes = list(_notes(table))
    if notes:
        page.line()
    for note in notes:
        page.line(note, indent=2)
    page.next(_next_command(table))


def _headline(table: CostTable) -> str:
    load = table.workload
    parts = [
        f"{load.requests_per_day:,} requests a day",
        f"{load.input_tokens:,} tokens in, {load.output_tokens:,} out",
    ]
    if load.batch:
        parts.append("in batches")
    if load.cached_share:
        parts.append(f"{load.cached_tokens:,} of {load.input_tokens:,} prompt tokens repeated")
    return " · ".join((*parts, f"prices of {table.priced_on}"))


def _table_cells(table: CostTable) -> list[list[str]]:
    """The table's cells; a column shows cents in every row or in none."""
    costs = [row.cost for row in table.rows if row.cost is not None]
    whole = {
        "per_day_usd": any(is_large(cost.per_day_usd) for cost in costs),
        "per_month_usd": any(is_large(cost.per_month_usd) for cost in costs),
        "per_year_usd": any(is_large(cost.per_year_usd) for cost in costs),
    }
    return [_cells(row, whole) for row in table.rows]


def _cells(row: CostRow, whole: Mapping[str, bool]) -> list[str]:
    label = {
        Role.BASELINE: f"{short_name(row.model)} (now)",
        Role.CANDIDATE: short_name(row.model),
        Role.UNDISCOUNTED: "now, undiscounted",
    }[row.role]
    if row.cost is None:
        return [label, *["unknown"] * 4, ""]
    amounts = [usd(getattr(row.cost, name), whole=dropped) for name, dropped in whole.items()]
    saved = _saved(row.saving, whole=whole["per_month_usd"])
    return [label, usd_each(row.cost.per_request_usd), *amounts, saved]


def _saved(saved: Saving | None, *, whole: bool) -> str:
    if saved is None:
        return ""
    share = f"  {percent(saved.percent)}" if saved.percent is not None else ""
    return f"{usd(saved.per_month_usd, whole=whole)}{share}"


def _notes(table: CostTable) -> Iterator[str]:
    for row in table.rows:
        yield from _row_notes(row)


def _row_notes(row: CostRow) -> Iterator[str]:
    if row.cost is None:
        yield f"{row.note} It is not counted as free."
        return
    if row.role is Role.UNDISCOUNTED:
        return
    for reason in row.cost.not_applied:
        yield f"No cache discount on {row.model}: {reason}."
    yield from row.cost.remarks
    if row.saving_undiscounted is not None and row.saving_undiscounted.percent is not None:
        saved = row.saving_undiscounted
        yield (
            f"Against today's model without any discount, {row.model} saves "
            f"{usd(saved.per_month_usd)} of {usd(saved.of_per_month_usd)} a month "
            f"({percent(saved.percent or Decimal(0))})."
        )
    if row.recount is not None:
        again = row.recount
        yield (
            f"{again.remark} Recounted, it costs about {usd(again.likely.per_month_usd)} a month "
            f"({usd(again.low.per_month_usd)} to {usd(again.high.per_month_usd)})."
        )


def _next_command(table: CostTable) -> str:
    baseline = table.rows[0].model
    candidates = [row.model for row in table.rows if row.role is Role.CANDIDATE]
    if not candidates and baseline == _DEFAULT_CANDIDATE:
        return f"suffice prices show {baseline}"
    if not candidates:
        load = table.workload
        return (
            f"suffice cost --requests-per-day {load.requests_per_day} --input {load.input_tokens} "
            f"--output {load.output_tokens} --model {baseline} --candidate {_DEFAULT_CANDIDATE}"
        )
    to = " ".join(f"--to {name}" for name in candidates)
    return f"suffice compare CASES --baseline {baseline} {to}"
