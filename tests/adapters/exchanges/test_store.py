"""The store of exchanges: once each, back as they came, gone for good."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.adapters.exchanges import Exchanges, FileProgress, connect
from suffice.errors import EmptyInput, StorageError
from suffice.records import Iteration, LoggedExchange, Usage


def exchange(number: int, **more: Any) -> LoggedExchange:
    told: dict[str, Any] = {
        "source": "anthropic",
        "id": f"msg_{number}",
        "ts": 1_793_491_200.0 + number,
        "model": "claude-opus-5-5",
        "session": f"s{number % 3}",
        "user": f"u{number % 2}",
        "request": {
            "system": "Be brief. " * 100,
            "tools": [{"name": "f", "input_schema": {}}],
            "messages": [{"role": "user", "content": f"Question {number}"}],
            "max_tokens": 9,
        },
        "response_text": f"Answer {number}",
        "response_blocks": ({"type": "text", "text": f"Answer {number}"},),
        "usage": Usage(input_tokens=number, output_tokens=2, service_tier="batch"),
    }
    return LoggedExchange(**(told | more))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Exchanges]:
    with Exchanges.open(tmp_path / "data") as opened:
        yield opened


def test_an_exchange_comes_back_as_it_went_in(store: Exchanges) -> None:
    store.add([exchange(7, labels={"type": "triage"}, status=200, is_sidechain=True)])
    store.flush()

    (row,) = store.rows()

    assert store.request(row) == exchange(7).request
    assert store.response(row) == (exchange(7).response_text, exchange(7).response_blocks)
    assert (row.id, row.model, row.ts) == ("msg_7", "claude-opus-5-5", 1_793_491_207.0)
    assert (row.labels, row.status, row.is_sidechain) == ('{"type":"triage"}', 200, True)
    assert (row.usage, row.roles, row.replayable) == (exchange(7).usage, "u", True)


def test_usage_of_several_model_calls_comes_back_whole(store: Exchanges) -> None:
    usage = Usage(
        iterations=(Iteration(usage=Usage(input_tokens=5), kind="message", model="m"),),
        output_tokens=3,
    )
    store.add([exchange(1, usage=usage), exchange(2, usage=None)])
    store.flush()

    assert [row.usage for row in store.rows()] == [usage, None]


def test_the_same_exchange_twice_adds_nothing(store: Exchanges) -> None:
    first = store.add([exchange(1), exchange(1), exchange(2)])
    store.flush()

    assert (first, store.add([exchange(2), exchange(3)])) == (2, 1)


def test_one_id_in_two_sources_is_two_exchanges(store: Exchanges) -> None:
    assert store.add([exchange(1), exchange(1, source="litellm")]) == 2


def test_what_repeats_is_kept_once(store: Exchanges) -> None:
    store.add(exchange(number) for number in range(50))
    store.flush()

    with sqlite3.connect(store.db_path) as ledger:
        bodies = ledger.execute("SELECT count(*) FROM bodies").fetchone()[0]
    ledger.close()

    # One system prompt, one set of tools, one of settings; 50 questions and 50 answers.
    assert bodies == 103


def test_a_growing_conversation_keeps_each_message_once(store: Exchanges) -> None:
    messages = [{"role": "user", "content": f"turn {n} " * 50} for n in range(40)]
    store.add(
        exchange(n, request={"messages": messages[: n + 1]}, response_text="", response_blocks=())
        for n in range(40)
    )
    store.flush()
    rows = list(store.rows())

    assert store.holdings().bodies == 40
    assert store.request(rows[-1]) == {"messages": messages}


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    with Exchanges.open(tmp_path) as store:
        store.add([exchange(1), exchange(2)])
    with Exchanges.open(tmp_path) as store:
        store.delete(session="s2")
        store.add([exchange(3)])
    with Exchanges.open(tmp_path, write=False) as store:
        assert [(row.n, row.id) for row in store.rows()] == [(1, "msg_1"), (3, "msg_3")]


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with Exchanges.open(tmp_path / "data") as store:
        store.add([exchange(1)])
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in [tmp_path / "data", *(tmp_path / "data").iterdir()]
    }

    assert {mode & 0o077 for mode in modes.values()} == {0}, modes


def test_a_second_writer_is_told_to_wait(store: Exchanges) -> None:
    with pytest.raises(StorageError, match="Another suffice"):
        Exchanges.open(store.folder)


def test_readers_see_what_was_flushed_while_somebody_writes(store: Exchanges) -> None:
    store.add([exchange(1)])
    store.flush()
    store.add([exchange(2)])
    with Exchanges.open(store.folder, write=False) as reader:
        assert [row.id for row in reader.rows()] == ["msg_1"]


def test_reading_where_nothing_is_kept_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmptyInput, match="no exchanges"):
        Exchanges.open(tmp_path, write=False)

    assert list(tmp_path.iterdir()) == []


def test_a_later_versions_folder_is_refused(tmp_path: Path) -> None:
    Exchanges.open(tmp_path).close()
    ledger = sqlite3.connect(tmp_path / "ledger.sqlite")
    ledger.execute("PRAGMA user_version=99")
    ledger.close()

    with pytest.raises(StorageError, match="later version"):
        Exchanges.open(tmp_path)


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ({"session": "s1"}, ["msg_0", "msg_2", "msg_3", "msg_5"]),
        ({"user": "u1"}, ["msg_0", "msg_2", "msg_4"]),
        ({"before": 1_793_491_204.0}, ["msg_4", "msg_5"]),
        ({"session": "s1", "user": "u1"}, ["msg_0", "msg_2", "msg_3", "msg_4", "msg_5"]),
    ],
    ids=["session", "user", "before", "both"],
)
def test_what_fulfils_all_conditions_is_deleted(
    condition: Any, left: list[str], store: Exchanges
) -> None:
    store.add(exchange(number) for number in range(6))

    gone = store.delete(**condition)

    assert [row.id for row in store.rows()] == left
    assert gone.exchanges == 6 - len(left)


def test_a_name_cannot_break_out_of_its_condition(store: Exchanges) -> None:
    store.add([exchange(1), exchange(2, session="o'hara")])

    assert store.delete(session="x' OR 'a'='a").exchanges == 0
    assert store.delete(session="o'hara").exchanges == 1


def test_what_has_no_time_is_not_older_than_anything(store: Exchanges) -> None:
    store.add([exchange(1, ts=None)])

    assert store.delete(before=4e9).exchanges == 0


def test_a_deletion_without_a_condition_is_a_mistake(store: Exchanges) -> None:
    with pytest.raises(ValueError, match="what is to be deleted"):
        store.delete()


def test_a_name_of_megabytes_is_cut(store: Exchanges) -> None:
    store.add([exchange(1, session="s" * 2_000_000, labels={str(n): "x" for n in range(5_000)})])
    store.flush()

    (row,) = store.rows()

    assert (len(row.session), len(row.labels) < 1_000) == (1_000, True)


def test_only_texts_nobody_else_needs_are_deleted(store: Exchanges) -> None:
    store.add(exchange(number) for number in range(6))

    gone = store.delete(session="s1")

    assert gone.bodies == 4  # two questions and two answers; prompt, tools and settings stay
    assert all(store.request(row)["system"] for row in store.rows())


def test_deleted_texts_are_nowhere_in_the_folder(tmp_path: Path) -> None:
    secret = "0f9a6c2b7d"  # short texts are kept unpacked, so their bytes can be looked for
    with Exchanges.open(tmp_path) as store:
        store.add([exchange(1), exchange(2, session="gone", response_text=secret)])
    assert any(secret.encode() in path.read_bytes() for path in tmp_path.iterdir())

    with Exchanges.open(tmp_path) as store:
        store.delete(session="gone")

    for path in tmp_path.iterdir():
        assert secret.encode() not in path.read_bytes(), path.name


def test_what_was_deleted_does_not_come_back(store: Exchanges) -> None:
    store.add([exchange(1)])
    store.delete(session="s1")

    assert store.add([exchange(1)]) == 0


def test_the_oldest_go_first_until_the_folder_is_small_enough(store: Exchanges) -> None:
    noise = [os.urandom(2_000).hex() for _ in range(300)]
    store.add(exchange(number, response_text=text) for number, text in enumerate(noise))
    store.flush()
    most = store.bytes_on_disk() // 2

    gone = store.shrink(most)

    left = [row.ts for row in store.rows()]
    assert store.bytes_on_disk() <= most
    assert 0 < gone.exchanges < 300
    assert min(filter(None, left)) == 1_793_491_200.0 + gone.exchanges


def test_many_small_segments_become_one(tmp_path: Path) -> None:
    with Exchanges.open(tmp_path) as store:
        for number in range(20):
            store.add([exchange(number)])
            store.flush()
    with Exchanges.open(tmp_path, write=False) as store:
        assert len(store.segments()) == 1
        assert [row.id for row in store.rows()] == [f"msg_{number}" for number in range(20)]
    assert len(list(tmp_path.glob("*.parquet"))) == 1


def test_segments_are_read_by_duckdb_as_they_are(store: Exchanges) -> None:
    store.add(exchange(number) for number in range(10))
    store.flush()
    paths = [str(path) for path in store.segments()]

    with connect() as duck:
        found = duck.execute(
            "SELECT session, sum(input_tokens) FROM read_parquet(?) GROUP BY 1 ORDER BY 1", [paths]
        ).fetchall()

    assert found == [("s0", 18), ("s1", 12), ("s2", 15)]


def test_progress_counts_only_with_what_it_stands_for(tmp_path: Path) -> None:
    progress = FileProgress(head=b"h", lines=5, digest=b"d", source="anthropic")
    with Exchanges.open(tmp_path) as store:
        store.note_progress(progress)
        assert store.progress_of(b"h") == []
        store.flush()
        assert store.progress_of(b"h") == [progress]
        store.note_progress(
            FileProgress(head=b"h", lines=9, digest=b"e", source="anthropic"), before=progress
        )
    with Exchanges.open(tmp_path, write=False) as store:
        assert [one.lines for one in store.progress_of(b"h")] == [9]


KILLED = """
import os, signal, sys
from pathlib import Path
from suffice.adapters.exchanges import Exchanges
from suffice.records import LoggedExchange
store = Exchanges.open(Path(sys.argv[1]))
def one(n):
    return LoggedExchange(source="a", id=str(n), response_text=f"text {n}")
store.add(one(n) for n in range(10))
store.flush()
store.add(one(n) for n in range(10, 20))
(Path(sys.argv[1]) / "exchanges-halfway.parquet.tmp").write_bytes(b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writer_leaves_what_it_flushed_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL

    with Exchanges.open(tmp_path) as store:
        kept = [row.id for row in store.rows()]
        added = store.add(
            LoggedExchange(source="a", id=str(n), response_text="again") for n in range(20)
        )

    assert (kept, added) == ([str(n) for n in range(10)], 10)
    assert list(tmp_path.glob("*.tmp")) == []


TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=120)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=20, deadline=None)
@given(
    settings_of=st.dictionaries(TEXTS.filter(lambda name: name != "messages"), JSON, max_size=3),
    contents=st.lists(JSON, min_size=1, max_size=3),
    answer=TEXTS,
)
def test_any_request_and_answer_come_back_unchanged(
    settings_of: dict[str, Any],
    contents: list[Any],
    answer: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    messages = [{"role": "user", "content": content} for content in contents]
    request = {**settings_of, "messages": messages}
    with Exchanges.open(tmp_path_factory.mktemp("any")) as store:
        store.add([exchange(1, request=request, response_text=answer)])
        store.flush()
        (row,) = store.rows()

        assert store.request(row) == {
            name: value
            for name, value in request.items()
            if name not in {"system", "tools"} or value not in (None, {}, [])
        }
        assert store.response(row)[0] == answer
