"""The ranking of types as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io

import msgspec

from suffice.reports.data import encode
from suffice.reports.types_text import checkable, share_text, when
from suffice.reports.untrusted import encodable, one_line
from suffice.reports.words import count, usd_text
from suffice.traffic.ranking import Ranking, TypeRow

_COLUMNS = (
    "type", "calls", "spend_usd", "share", "model", "role", "fresh_input_usd", "cache_read_usd",
    "cache_write_usd", "output_usd", "thinking_usd", "long_prompt_usd", "unpriced_calls",
    "untold_calls", "sessions", "errors", "replayable", "answered", "latency_p50_s",
    "latency_p95_s", "prompt_tokens_p50", "output_tokens_p50", "earlier_calls", "later_calls",
    "versions", "related", "known", "checkable_by", "first_lever", "at_most_usd",
)  # fmt: skip


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
    for row in ranking.types[:top]:
        limit = row.savings[0] if row.savings else None
        most = f"{usd_text(limit.at_most_usd)} ({limit.by})" if limit else ""
        cells = (
            row.type,
            f"{row.calls:,}",
            usd_text(row.spend_usd),
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
    latency, prompt, output = seen.latency_s, seen.prompt_tokens, seen.output_tokens
    return [
        row.type, row.calls, row.spend_usd, row.share, row.model, row.role,
        usd.get("fresh_input"), usd.get("cache_read"), usd.get("cache_write"), usd.get("output"),
        usd.get("thinking"), row.long_prompt_usd, row.unpriced_calls, row.untold_calls,
        seen.sessions, seen.errors, seen.replayable, seen.answered,
        latency and latency[0], latency and latency[1], prompt and prompt[0], output and output[0],
        seen.earlier, seen.later, row.known.versions, row.known.related, row.known.known,
        row.checkable_by, row.first_lever, row.savings[0].at_most_usd if row.savings else None,
    ]  # fmt: skip


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            # A spreadsheet runs a cell that begins with one of these.
            return f"'{value}" if value.lstrip()[:1] in set("=+-@|%\t") else value
        case _:
            return value


def _escaped(text: str) -> str:
    plain = one_line(text)
    for sign in ("\\", "|", "`", "*", "_", "<", "["):
        plain = plain.replace(sign, "\\" + sign)
    return plain
