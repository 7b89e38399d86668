"""Tables stand part by part: made once, made anew when torn or old, and gone with their rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.adapters.exchanges import Exchanges, connect
from suffice.adapters.typed_exchanges.merged import Merged
from suffice.adapters.typed_exchanges.queries import Questions, Wanted
from suffice.adapters.typed_exchanges.store import TypedExchanges, forget_deleted
from suffice.adapters.typed_exchanges.tables import Limits
from suffice.adapters.typed_exchanges.units import unit_costs
from suffice.catalog import load_catalog
from suffice.pricing import cost
from suffice.records import Iteration, LoggedExchange, Usage
from suffice.traffic.ranking.bills import PriceBook

CATALOG = load_catalog()
BEGAN = 1_793_491_200.0
DAY = 86_400.0
Add = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def add(folder: Path) -> Add:
    """Adds one exchange, in a segment of its own."""

    def added(name: str, **more: object) -> None:
        request = {"system": "Sort it.", "messages": [{"role": "user", "content": name}]}
        usual = {"ts": BEGAN, "model": "claude-opus-5-5", "usage": Usage(input_tokens=7)}
        told = {"request": request, "response_text": "billing", **usual, **more}
        with Exchanges.open(folder) as store:
            store.add(
                [msgspec.convert({"source": "anthropic", "id": name, **told}, LoggedExchange)]
            )

    return added


def look(folder: Path, wanted: Wanted | None = None) -> dict[str, int]:
    """Calls by type."""
    with Exchanges.open(folder) as store:
        questions = Questions(store, TypedExchanges(store), CATALOG)
        calls: dict[str, int] = {}
        for one in questions.counted(wanted or Wanted()):
            calls[one.type] = calls.get(one.type, 0) + one.calls
        return calls


def made(folder: Path) -> dict[str, int]:
    """Every table there is, and when it was written."""
    return {str(path): path.stat().st_mtime_ns for path in (folder / "types").rglob("*.parquet")}


def test_a_new_segment_leaves_what_was_made_of_others(folder: Path, add: Add) -> None:
    add("first")
    look(folder)
    before = made(folder)

    add("second", labels={"type": "triage"})

    assert look(folder)["triage"] == 1
    assert before.items() <= made(folder).items()


def test_whole_days_are_asked_of_tables_alone(folder: Path, add: Add) -> None:
    for day in range(3):
        add(f"on day {day}", ts=BEGAN + day * DAY)
    look(folder)

    for segment in folder.glob("exchanges-*.parquet"):
        segment.unlink()

    assert list(look(folder, Wanted(since=BEGAN + DAY, until=BEGAN + 9 * DAY)).values()) == [2]


def test_a_cut_day_is_read_from_its_own_segment_alone(folder: Path, add: Add) -> None:
    for day in range(3):
        add(f"on day {day}", ts=BEGAN + day * DAY + 100)
    look(folder)

    with Exchanges.open(folder) as store:
        first, *_, last = store.segments()
    first.unlink()
    last.unlink()

    assert list(look(folder, Wanted(since=BEGAN + DAY + 60)).values()) == [2]


@pytest.mark.parametrize("name", ["sums.parquet", "types.parquet", "agents.parquet"])
def test_a_torn_table_is_made_anew(folder: Path, add: Add, name: str) -> None:
    add("first")
    calls = look(folder)
    (answers,) = folder.glob("types/*.answers.json")
    answers.unlink()
    (table,) = (folder / "types").rglob(name)
    table.write_bytes(table.read_bytes()[:-9])

    assert look(folder) == calls


def test_what_another_version_made_is_made_anew(folder: Path, add: Add) -> None:
    add("first")
    calls = look(folder)
    for listed in (folder / "types").rglob("made.json"):
        said = msgspec.json.decode(listed.read_bytes())
        listed.write_bytes(msgspec.json.encode(said | {"version": "0 of another DuckDB"}))
    (folder / "types" / "typed-0123.parquet").write_bytes(b"as an earlier release kept it")

    assert look(folder) == calls
    assert not (folder / "types" / "typed-0123.parquet").exists()
    versions = {path.read_bytes()[:30] for path in (folder / "types").rglob("made.json")}
    assert not any(b"another DuckDB" in version for version in versions)


def test_what_a_killed_process_was_making_is_removed(folder: Path, add: Add) -> None:
    add("first")
    look(folder)
    draft = folder / "types" / "exchanges-0.draft-999999999-0a"
    draft.mkdir()
    (draft / "types.parquet").write_bytes(b"half")

    look(folder)

    assert not draft.exists()


def test_nothing_that_was_made_of_deleted_rows_is_left(folder: Path, add: Add) -> None:
    add("first", session="kept")
    add("second", session="gone", labels={"type": "secret-project"})
    look(folder)
    with Exchanges.open(folder) as store:
        (gone,) = (path for path in store.segments() if path != store.segments()[0])
        store.delete(session="gone")
        forget_deleted(store)
        with connect() as duck:
            ((who,),) = duck.execute("SELECT hash('gone')").fetchall()

    assert look(folder).keys() == {"sort"}
    left = [path for path in (folder / "types").rglob("*") if path.is_file()]
    assert not any(gone.stem in str(path) for path in left)
    assert not any(b"secret-project" in path.read_bytes() for path in left)
    assert not any(_holds(path, who) for path in left if path.suffix == ".parquet")


def test_what_was_made_of_deleted_rows_goes_with_them_also_if_nobody_looks_again(
    folder: Path, add: Add
) -> None:
    add("first")
    add("second", session="gone")
    look(folder)

    with Exchanges.open(folder) as store:
        before = {path.stem for path in store.segments()}
        store.delete(session="gone")
        (gone,) = before - {path.stem for path in store.segments()}

    assert not [path for path in (folder / "types").rglob("*") if gone in str(path)]


def _holds(path: Path, who: int) -> bool:
    with connect() as duck:
        rows = duck.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()  # noqa: S608
    return any(who in row for row in rows)


def test_a_call_is_an_agents_by_what_a_later_segment_says(folder: Path, add: Add) -> None:
    tools = [{"name": "look", "input_schema": {}}]
    turn = {"role": "user", "content": "Look."}
    add("title", session="s1")
    with Exchanges.open(folder) as store:
        before = Questions(store, TypedExchanges(store), CATALOG).seen(Wanted())
    add("turn", session="s1", request={"system": "Do.", "messages": [turn] * 3, "tools": tools})

    with Exchanges.open(folder) as store:
        after = Questions(store, TypedExchanges(store), CATALOG).seen(Wanted())

    assert "role:call" in before
    assert {name for name in after if name.startswith("role:")} == {
        "role:housekeeping", "role:main loop",
    }  # fmt: skip
    assert after["role:main loop"].sessions == 1


def test_dollars_of_many_segments_are_those_of_each_call_to_the_last_digit(
    folder: Path, add: Add
) -> None:
    used = [
        Usage(input_tokens=3 + 7 * n, output_tokens=n, cache_read_tokens=11 * n) for n in range(9)
    ]
    for number, usage in enumerate(used):
        add(f"call {number}", ts=BEGAN + number * DAY / 3, usage=usage)
    expected = sum(
        (cost(one, "claude-opus-5-5", at=_day(BEGAN), catalog=CATALOG) for one in used), Decimal(0)
    )

    with Exchanges.open(folder) as store:
        counted = Questions(store, TypedExchanges(store), CATALOG).counted(Wanted())
    book = PriceBook(CATALOG, _day(BEGAN))

    assert sum((book.charge(row).usd for row in counted), Decimal(0)) == expected  # type: ignore[union-attr]


def test_a_call_finds_in_the_cache_what_another_segments_call_left_five_minutes_before(
    folder: Path, add: Add
) -> None:
    prompt = {"system": "Keep to what is given. " * 1000, "messages": [{"role": "user"}]}
    for after_s in (0, 700, 290, 310):
        usage = Usage(input_tokens=9_000)
        add(f"after {after_s} s", ts=BEGAN + after_s, request=prompt, usage=usage)

    with Exchanges.open(folder) as store:
        counted = Questions(store, TypedExchanges(store), CATALOG).counted(Wanted())
    tokens = len(prompt["system"]) // 4

    assert [(one.cacheable, one.cache_filling) for one in counted] == [(2 * tokens, 2 * tokens)]


ONE_CALL = Iteration(model="claude-opus-5-5", usage=Usage(input_tokens=9_000))


@pytest.mark.parametrize("unsummed", [{"billed": False}, {"iterations": (ONE_CALL,)}])
def test_a_call_that_is_in_no_sum_of_tokens_is_in_none_of_a_caches(
    folder: Path, add: Add, unsummed: dict[str, Any]
) -> None:
    prompt = {"system": "Keep to what is given. " * 1000, "messages": [{"role": "user"}]}
    add("short", ts=BEGAN)
    add("unsummed", ts=BEGAN, request=prompt, usage=Usage(input_tokens=9_000, **unsummed))

    with Exchanges.open(folder) as store:
        counted = Questions(store, TypedExchanges(store), CATALOG).counted(Wanted(by="model"))

    assert [(one.cacheable, one.cache_filling) for one in counted][:1] == [(0, 0)]


def test_what_a_spawn_used_is_added_up_over_segments(folder: Path, add: Add) -> None:
    for number in range(3):
        add(f"call {number}", session="s1", agent_id="a1", usage=Usage(input_tokens=10))
    add("of another", session="s1", agent_id="a2", usage=Usage(input_tokens=5))

    with Exchanges.open(folder) as store:
        units = list(unit_costs(TypedExchanges(store), CATALOG, Wanted()))

    assert sorted(one.counted.input_tokens for one in units) == [5, 30]
    assert len({one.unit for one in units}) == 2


def test_a_spread_of_nothing_but_zero_is_zero(folder: Path, add: Add) -> None:
    add("first", latency_s=0.0)

    with Exchanges.open(folder) as store:
        seen = Questions(store, TypedExchanges(store), CATALOG).seen(Wanted())

    assert seen["sort"].latency_s == (0.0, 0.0)


def test_tables_say_of_a_part_only_what_was_asked_of_it(folder: Path, add: Add) -> None:
    add("first", app="web")
    add("second", app="mobile")

    with Exchanges.open(folder) as store:
        wanted = Wanted(only=(("app", "web"),))
        merged = Merged(TypedExchanges(store), Limits.of(CATALOG), wanted)
        found = merged.duck.execute("SELECT app, sum(calls) FROM seen GROUP BY 1").fetchall()

    assert found == [("web", 1)]


def _day(ts: float) -> date:
    return datetime.fromtimestamp(ts, UTC).date()
