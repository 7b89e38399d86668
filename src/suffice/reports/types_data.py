"""The ranking of types as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import msgspec

from suffice.reports.data import encode
from suffice.reports.sums import column
from suffice.reports.types_text import checkable, share_text, when
from suffice.reports.untrusted import encodable, one_line, spreadsheet_cell
from suffice.reports.words import count, usd_text
from suffice.traffic.ranking import Ranking, TypeRow

_COLUMNS: dict[str, type] = {
    "type": str, "calls": int, "spend_usd": float, "share": float, "model": str, "role": str,
    "fresh_input_usd": float, "cache_read_usd": float, "cache_write_usd": float,
    "output_usd": float, "thinking_usd": float, "long_prompt_usd": float, "long_calls": int,
    "unpriced_calls": int, "untold_calls": int, "sessions": int, "errors": int,
    "replayable": int, "answered": int, "latency_p50_s": float, "latency_p95_s": float,
    "prompt_tokens_p50": float, "prompt_tokens_p95": float, "output_tokens_p50": float,
    "output_tokens_p95": float, "earlier_calls": int, "later_calls": int, "busiest_hour_utc": int,
    "versions": int, "related": str, "known": bool, "checkable_by": str, "checkable_because": str,
    "first_lever": str, "at_most_by": str, "at_most_usd": float,
}  # fmt: skip


def types_json(ranking: Ranking) -> str:
    """The whole ranking as one document, with its schema's name and version."""
    return msgspec.json.format(encode(ranking)).decode() + "\n"


def types_csv(ranking: Ranking) -> str:
    """One line per type; safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in ranking.types:
        writer.writerow([_cell(value) for value in _values(row)])
    return encodable(out.getvalue())


def types_columns(ranking: Ranking) -> dict[str, tuple[type, list[object]]]:
    """The same table by columns, each with its kind; what is not told is None."""
    rows = [_values(row) for row in ranking.types]
    return {
        name: (kind, [row[place] for row in rows])
        for place, (name, kind) in enumerate(_COLUMNS.items())
    }


def types_markdown(ranking: Ranking, *, top: int) -> str:
    """A table for a pull request or a page."""
    said = ", ".join(part for part in (count(ranking.calls, "call"), when(ranking)) if part)
    lines = [
        (
            f"**{count(len(ranking.types), 'request type')}**, {said}, "
            f"{usd_text(ranking.spend_usd)} at list price"
        ),
        "",
        "| type | calls | spend | share | model now | checkable by | at most saved |",
        "|---|--:|--:|--:|---|---|---|",
    ]
    spends = column([row.spend_usd for row in ranking.types])
    for row, spent in zip(ranking.types[:top], spends, strict=False):
        limit = row.savings[0] if row.savings else None
        most = f"{usd_text(limit.at_most_usd)} ({limit.by})" if limit else ""
        cells = (
            row.type,
            f"{row.calls:,}",
            spent,
            share_text(row),
            row.model,
            checkable(row),
            most,
        )
        lines.append("| " + " | ".join(map(_escaped, cells)) + " |")
    lines += ["", "*At most saved*: an upper limit at list price, not a promise; not tested."]
    lines += [f"- {_escaped(note)}" for note in ranking.notes]
    return encodable("\n".join(lines) + "\n")


def _values(row: TypeRow) -> list[object]:
    seen, usd = row.seen, row.dollars
    latency, prompt, output = (
        pair or (None, None) for pair in (seen.latency_s, seen.prompt_tokens, seen.output_tokens)
    )
    limit = row.savings[0] if row.savings else None
    return [
        row.type, row.calls, row.spend_usd, row.share, row.model, row.role,
        usd.get("fresh_input"), usd.get("cache_read"), usd.get("cache_write"), usd.get("output"),
        usd.get("thinking"), row.long_prompt_usd, row.long_calls, row.unpriced_calls,
        row.untold_calls, seen.sessions, seen.errors, seen.replayable, seen.answered,
        *latency, *prompt, *output, seen.earlier, seen.later, _busiest(seen.by_hour),
        row.known.versions, row.known.related, row.known.known, row.checkable_by,
        row.checkable_because, row.first_lever, limit and limit.by, limit and limit.at_most_usd,
    ]  # fmt: skip


def _busiest(by_hour: Sequence[int]) -> int | None:
    most = max(by_hour, default=0)
    return list(by_hour).index(most) if most else None


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return spreadsheet_cell(value)
        case _:
            return value


def _escaped(text: str) -> str:
    plain = one_line(text)
    for sign in ("\\", "|", "`", "*", "_", "<", "["):
        plain = plain.replace(sign, "\\" + sign)
    return plain
