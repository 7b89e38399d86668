"""A store of many metadata rows, written by DuckDB out of numbers: what `bench.scale` ranks."""

from __future__ import annotations

from pathlib import Path

import duckdb

from bench._made_logs import Team
from suffice.adapters.exchanges import Exchanges
from suffice.adapters.exchanges.columns import sql_columns
from suffice.records import LoggedExchange

PROMPTS = 60
_SEGMENT_ROWS = 1_000_000
# What differs from row to row; every other column has its usual value.
_DRAWN = {
    "n": "{first} + i",
    "id": "'msg_' || ({first} + i)",
    "source": "'anthropic'",
    "ts": "1793491200.0 + ({first} + i) * 0.25 + random()",
    "model": "['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-4-5'][1 + prompt % 3]",
    "app": "'web'",
    "session": "'s-' || (({first} + i) // 8)",
    "user": "'u' || (i % 997)",
    "status": "CASE WHEN random() < 0.01 THEN 529 ELSE 200 END",
    "stop_reason": "'end_turn'",
    "latency_s": "0.4 + 3 * random()",
    "labels": "'{{}}'",
    "usage_known": "true",
    "usage_complete": "true",
    "billed": "true",
    "input_tokens": "(200 + 3000 * random())::BIGINT",
    "cache_read_tokens": "CASE WHEN prompt % 4 = 0 THEN (9000 * random())::BIGINT ELSE 0 END",
    "output_tokens": "(5 + 600 * random())::BIGINT",
    "iterations": "''",
    "roles": "'u'",
    "system_key": "systems[1 + prompt]",
    "settings_key": "{settings}",
    "message_keys": "[{message}]",
    "response_key": "{answer}",
    "replayable": "true",
    "size_bytes": "4000",
}
_ZERO = {"BIGINT": "0", "VARCHAR": "''", "BOOLEAN": "false", "DOUBLE": "NULL", "BIGINT[]": "[]"}
_NONE = ("error", "ttft_s", "reported_usd", "service_tier", "inference_geo", "speed")


def make_rows(folder: Path, *, rows: int) -> None:
    """
    Add so many rows of sixty prompts to a folder; bodies are kept once, as in real life.

    The segments are real ones, put in force by the real ledger; only that DuckDB makes the rows
    in place of a log is not as in a scan.
    """
    with Exchanges.open(folder) as store:
        for number, prompt in enumerate(Team(seed=7).prompts):
            request = {
                "system": "\n".join(prompt.lines),
                "messages": [{"role": "user", "content": "Where is it?"}],
                "max_tokens": 64,
            }
            store.add(
                [
                    LoggedExchange(
                        source="anthropic",
                        id=f"first-{number}",
                        ts=1_793_491_200.0,
                        model="claude-opus-5-5",
                        request=request,
                        response_text="billing",
                    )
                ]
            )
        store.flush()
        kept = list(store.rows(where="starts_with(id, 'first-')"))
        systems = [row.system_key for row in kept]
        one = kept[0]
        begin = max(first + count for _, first, count in store.held())
        for first in range(begin, begin + rows, _SEGMENT_ROWS):
            count = min(_SEGMENT_ROWS, begin + rows - first)
            path = folder / f"exchanges-made-{first:09d}.parquet"
            _write(path, systems, one_of={
                "first": str(first), "settings": str(one.settings_key),
                "message": str(one.message_keys[0]), "answer": str(one.response_key),
            }, rows=count)  # fmt: skip
            with store._ledger.transaction():  # noqa: SLF001 - no log is read, so it is put in force here
                store._ledger.add_segment(path.name, first_n=first, rows=count)  # noqa: SLF001


def _write(path: Path, systems: list[int], *, one_of: dict[str, str], rows: int) -> None:
    columns = []
    for name, kind in sql_columns().items():
        drawn = _DRAWN.get(name)
        value = drawn.format(**one_of) if drawn else "NULL" if name in _NONE else _ZERO[kind]
        columns.append(f'({value})::{kind} AS "{name}"')
    with duckdb.connect(config={"threads": "2"}) as duck:
        duck.execute("SELECT setseed(0.5)")
        duck.execute(
            f"COPY (SELECT {', '.join(columns)} FROM "  # noqa: S608 - our own columns
            f"(SELECT i, {systems}::BIGINT[] AS systems, "
            f"(sqrt(random()) * {PROMPTS})::INT % {PROMPTS} AS prompt FROM range({rows}) AS t(i))) "
            f"TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
