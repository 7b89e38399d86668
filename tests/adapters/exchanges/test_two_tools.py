"""What two tools logged of one call is one call."""

from __future__ import annotations

from pathlib import Path

import pytest

from suffice.adapters.exchanges import Exchanges
from suffice.records import LoggedExchange

MESSAGE, REQUEST = "msg_01XFDUDYJgAACzvnptvVoYEL", "req_011CSHoEeqs5C35K2UUqR7Fy"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def logged(source: str, name: str, *ids: str) -> LoggedExchange:
    return LoggedExchange(source=source, id=name, provider_ids=ids, response_text="yes")


def test_a_call_that_two_tools_logged_is_kept_once_and_counted(folder: Path) -> None:
    with Exchanges.open(folder) as store:
        assert store.add([logged("anthropic", MESSAGE, REQUEST)]) == 1
    with Exchanges.open(folder) as store:
        assert store.add([logged("otel", "span-1", MESSAGE)]) == 0
        assert store.add([logged("otel-logs", REQUEST)]) == 0

        assert (store.elsewhere, len(store)) == (2, 1)


def test_both_are_known_before_anything_is_written(folder: Path) -> None:
    with Exchanges.open(folder) as store:
        both = [logged("litellm", "own-1", MESSAGE), logged("claude-code", MESSAGE)]

        assert (store.add(both), store.elsewhere) == (1, 1)


def test_one_tool_may_tell_of_several_calls_by_one_name(folder: Path) -> None:
    with Exchanges.open(folder) as store:
        both = [logged("otel", "span-1", MESSAGE), logged("otel", "span-2", MESSAGE)]

        assert (store.add(both), store.elsewhere) == (2, 0)


@pytest.mark.parametrize("name", ["msg_1", "call-1", "msg_" + "x" * 200, ""])
def test_what_no_provider_named_is_told_apart_by_its_source(folder: Path, name: str) -> None:
    with Exchanges.open(folder) as store:
        both = [logged("anthropic", "a", name), logged("litellm", "b", name)]

        assert (store.add(both), store.elsewhere) == (2, 0)


def test_a_deleted_call_is_not_brought_back_by_another_tools_log(folder: Path) -> None:
    with Exchanges.open(folder) as store:
        gone = LoggedExchange(source="anthropic", id=MESSAGE, session="s1", response_text="yes")
        store.add([gone])
        store.delete(session="s1")

        assert store.add([logged("litellm", "b", MESSAGE)]) == 0
        assert len(store) == 0


def test_a_folder_of_an_earlier_release_is_added_to(folder: Path) -> None:
    with Exchanges.open(folder) as store:
        store.add([logged("anthropic", "a")])
        store._ledger._db.execute("DROP TABLE called")
        store._called = {}
        store._ledger.prepare_to_write()
    with Exchanges.open(folder) as store:
        store.add([logged("litellm", "b", MESSAGE)])

    with Exchanges.open(folder) as store:
        assert len(store) == 2
