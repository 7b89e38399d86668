"""The guide's table of faults, made of what tests saw."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

NAMES = ("fault", "route", "the client sees", "the account says")
GUIDE = Path(__file__).parents[3] / "docs" / "faults.md"
BASELINE, CANDIDATE = "claude-opus-5-5", "claude-haiku-5-5"
# Dollars per million tokens: input, output, cache read, 5 minute write, 1 hour write. The
# provider's list of November 2026, written down here a second time so that it is a check.
PRICES = {
    BASELINE: ("4", "20", "0.20", "5", "8"),
    CANDIDATE: ("0.10", "0.50", "0.01", "0.125", "0.20"),
}


def dollars(model: str, usage: dict[str, Any]) -> Decimal:
    """What a usage costs, added up by hand."""
    split = usage["cache_creation"]
    counts = (
        usage["input_tokens"],
        usage["output_tokens"],
        usage["cache_read_input_tokens"],
        split["ephemeral_5m_input_tokens"],
        split["ephemeral_1h_input_tokens"],
    )
    prices = zip(counts, PRICES[model], strict=True)
    return sum((count * Decimal(price) for count, price in prices), Decimal(0)) / 10**6


class Table:
    """
    The guide's table of faults: each test holds its own rows against it.

    With SUFFICE_WRITE_FAULTS set, the rows are written instead, once all tests have run.
    """

    def __init__(self) -> None:
        self.writes = bool(os.environ.get("SUFFICE_WRITE_FAULTS"))
        self._made: dict[str, dict[str, list[str]]] = {}

    def row(self, section: str, fault: str, *cells: str) -> None:
        """A row as it came out."""
        row = f"| {fault} | {' | '.join(cells)} |"
        self._made.setdefault(section, {}).setdefault(fault, []).append(row)
        if not self.writes:
            assert row in self.section(section), f"docs/faults.md does not say: {row}"

    def section(self, name: str) -> list[str]:
        """The rows that stand in the guide."""
        text = GUIDE.read_text(encoding="utf-8") if GUIDE.exists() else ""
        inside = text.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0]
        return [line for line in inside.splitlines() if line.startswith("| ")][1:]

    def is_complete(self, section: str, faults: Iterable[str]) -> bool:
        """Whether the guide names these faults, in this order, and no others."""
        if self.writes:
            return True
        named = dict.fromkeys(
            row.split(" | ")[0].removeprefix("| ") for row in self.section(section)
        )
        return list(named) == list(faults)

    def write(self, section: str, faults: Iterable[str], names: Sequence[str] = NAMES) -> None:
        """Put what came out into the guide."""
        made = self._made.get(section)
        if not self.writes or not made:
            return
        head = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
        rows = [row for fault in faults for row in made.get(fault, ())]
        begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
        before, _, rest = GUIDE.read_text(encoding="utf-8").partition(begin)
        after = rest.partition(end)[2]
        whole = "\n".join([begin, *head, *rows, end])
        GUIDE.write_text(before + whole + after, encoding="utf-8")


@pytest.fixture(scope="session")
def table() -> Table:
    """The guide's table."""
    return Table()


class Outcome:
    """Holds what came against the upstream's journal, and puts it into words."""

    def client(self, seen: Any, sent: list[Any]) -> str:
        """What the client saw; every byte of it was the upstream's, or said to be ours."""
        last = sent[-1] if sent else None
        if "x-suffice-reason" in seen.headers and "request-id" not in seen.headers:
            assert seen.whole
            assert json.loads(seen.body)["error"]["message"].startswith("suffice gateway:")
            return f"{seen.status} of the gateway's own"
        assert last is not None
        assert (seen.status, seen.headers["request-id"]) == (last.status, last.request_id)
        assert {k: seen.headers.get(k) for k in last.headers} == last.headers
        if not seen.whole:
            assert last.body.startswith(seen.body)
            assert len(last.body) - len(seen.body) < 4096
            return "what came, then a cut"
        assert seen.body == last.body
        assert seen.headers["x-suffice-model"] == last.model
        if seen.status >= 400:
            kept = "".join(f", `{name}: {value}`" for name, value in last.headers.items())
            return f"the upstream's {seen.status}{kept}"
        moved = len({each.model for each in sent}) > 1
        if moved:
            assert last.model == BASELINE
            return "the baseline's answer"
        return "the upstream's answer, to the byte"

    def account(self, rows: list[dict[str, Any]], sent: list[Any]) -> str:
        """What the account says; each attempt once, its tokens and dollars as the upstream told."""
        assert len(rows) == len(sent), [row["outcome"] for row in rows]
        assert [row["attempt"] for row in rows] == list(range(1, len(rows) + 1))
        assert [row["answered"] for row in rows] == [0] * (len(rows) - 1) + [1] * bool(rows)
        return ", then ".join(self.attempt(*each) for each in zip(rows, sent, strict=True))

    def attempt(self, row: dict[str, Any], sent: Any) -> str:
        """One attempt's row."""
        told = sent.told
        if told is None:
            assert row["output_tokens"] is None
            known_free = sent.status >= 400
            assert row["picousd"] == (0 if known_free else None)
            return f"`{row['outcome']}` {'(free)' if known_free else '(unknown, unpriced)'}"
        model = BASELINE if sent.model == BASELINE else CANDIDATE
        split = told["cache_creation"]
        counts = {
            "input_tokens": told["input_tokens"],
            "cache_read_tokens": told["cache_read_input_tokens"],
            "cache_write_5m_tokens": split["ephemeral_5m_input_tokens"],
            "cache_write_1h_tokens": split["ephemeral_1h_input_tokens"],
            "output_tokens": told["output_tokens"],
        }
        assert {name: row[name] for name in counts} == counts
        assert Decimal(row["picousd"]) / 10**12 == dollars(model, told)
        assert bool(row["usage_complete"]) is sent.told_all
        return f"`{row['outcome']}` {'(exact)' if sent.told_all else '(at least)'}"


@pytest.fixture(scope="session")
def outcome() -> Outcome:
    """Puts outcomes into words."""
    return Outcome()
