"""A comparison as data: JSON and JSON lines out, JSON in, and the schema of it."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from suffice.records import Comparison, Verdict
from suffice.reports.untrusted import encodable, spreadsheet_cell

SCHEMA_ID = "urn:suffice:schema:comparison:v1"


def to_json(comparison: Comparison, *, indent: int = 2) -> str:
    """
    The whole comparison as one JSON document, keys in the order of the record.

    Shares are fractions. A figure that is not finite (an e-value too large for a float) is
    written as null, never as NaN.
    """
    text = encode(comparison)
    return (msgspec.json.format(text, indent=indent) if indent else text).decode()


def parse_json(text: str | bytes) -> Comparison:
    """
    Read what `to_json` wrote.

    Raises:
        msgspec.ValidationError: The document is no comparison.
        msgspec.DecodeError: The text is no JSON.

    >>> parse_json(to_json(Comparison(seed=7))) == Comparison(seed=7)
    True
    """
    return msgspec.json.decode(text, type=Comparison)


def to_jsonl(comparison: Comparison) -> str:
    """One line per verdict, each a document of its own that names its run."""
    return "".join(
        encode(
            {
                "schema": "suffice.verdict",
                "version": comparison.version,
                "run_id": comparison.run_id,
                **msgspec.to_builtins(verdict),
            },
        ).decode()
        + "\n"
        for verdict in comparison.types
    )


def encode(value: object) -> bytes:
    """Records as JSON; a text with half a surrogate pair loses that half, nothing else."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # Half a surrogate pair in a recorded answer: it has no UTF-8 form, the rest has.
        return msgspec.json.encode(_encodable(msgspec.to_builtins(value)))


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return encodable(value)
        case dict():
            return {encodable(key): _encodable(item) for key, item in value.items()}
        case list() | tuple():
            return [_encodable(item) for item in value]
        case _:
            return value


def comparison_schema() -> dict[str, Any]:
    """The JSON Schema of `to_json`, made from the records themselves."""
    schema: dict[str, Any] = msgspec.json.decode(schema_text())
    return schema


def schema_text() -> str:
    """The same as a file; it ships as ``schemas/comparison.v1.json``, and a test compares."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **msgspec.json.schema(Comparison),
    }
    return msgspec.json.format(msgspec.json.encode(schema)).decode() + "\n"


COLUMNS = (
    "type", "baseline", "candidate", "verdict", "provisional", "reason", "measure", "pairs",
    "estimate", "lower", "upper", "limit", "agreement", "noise_floor", "noise_floor_pairs",
    "baseline_quality", "candidate_quality", "need_more", "lost", "won", "both", "neither",
    "failed", "missing", "decisions", "alpha", "promise", "scorer",
)  # fmt: skip
COST_COLUMNS = (
    "cost_pairs", "baseline_usd", "candidate_usd", "saving_usd", "saving_usd_lower",
    "saving_usd_upper", "saving_share", "latency_s", "latency_s_lower", "latency_s_upper",
)  # fmt: skip


def to_csv(comparison: Comparison) -> str:
    """One row per verdict, the count beside every share; safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, *COST_COLUMNS, "sentence"])
    for verdict in comparison.types:
        cells = [getattr(verdict, name) for name in COLUMNS]
        writer.writerow(
            [_cell(value) for value in [*cells, *_cost_cells(verdict), verdict.sentence]],
        )
    return encodable(out.getvalue())


def _cost_cells(verdict: Verdict) -> list[object]:
    cost = verdict.cost
    if cost is None:
        return [None] * len(COST_COLUMNS)
    latency = cost.latency_s
    return [
        cost.pairs,
        cost.baseline_usd,
        cost.candidate_usd,
        cost.saving_usd.estimate,
        cost.saving_usd.lower,
        cost.saving_usd.upper,
        cost.saving_share,
        *((latency.estimate, latency.lower, latency.upper) if latency else (None, None, None)),
    ]


def _cell(value: object) -> object:
    match value:
        case bool():
            return str(value).lower()
        case None:
            return ""
        case int() | float():
            return value
        case dict():
            told = (f"{key}={number}" for key, number in sorted(value.items()))
            return spreadsheet_cell("; ".join(told))
        case _:
            return spreadsheet_cell(str(value))
