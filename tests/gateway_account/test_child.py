"""The account takes every record once, prices it at its own time, and survives being killed."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.errors import StorageError
from suffice.gateway.account_store import PICO, open_account, price, prune
from suffice.gateway.body_store import keep_body, read_body, split_body
from suffice.gateway.child import SPOOL, keep_account, main, take_spool
from suffice.gateway.segments import segments
from suffice.gateway.spool import Spool
from suffice.gateway.supervisor import Supervisor, account_command
from suffice.records import ExchangeRecord, Iteration, Usage

Make = Callable[..., ExchangeRecord]
CATALOG = load_catalog()


def spooled(folder: Path, *exchanges: ExchangeRecord) -> Spool:
    spool = Spool(folder)
    for each in exchanges:
        assert spool.offer(each)
    spool.close()
    return spool


def taken(folder: Path, account: sqlite3.Connection) -> int:
    return take_spool(folder, account, catalog=CATALOG, now=0.0).taken


def one(account: sqlite3.Connection, sql: str) -> object:
    return account.execute(sql).fetchone()[0]


def test_an_exchange_is_priced_to_the_last_digit(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spooled(tmp_path / "spool", exchange())

    taken(tmp_path / "spool", account)

    assert one(account, "SELECT picousd FROM exchanges") == 6 * PICO


def test_prices_are_those_of_the_exchange_s_own_day(exchange: Make) -> None:
    """
    Sonnet 5.5 read its cache for $0.20 a million at first, for $0.10 since 2026-10-07.
    """
    usage = Usage(cache_read_tokens=1_000_000, output_tokens=0)
    then = exchange(served_model="claude-sonnet-5-5", usage=usage, ts=1_790_985_600.0)
    now = exchange(served_model="claude-sonnet-5-5", usage=usage)

    assert (price(then, CATALOG).picousd, price(now, CATALOG).picousd) == (PICO // 5, PICO // 10)


def test_each_iteration_is_priced_at_its_own_model(exchange: Make) -> None:
    usage = Usage(
        iterations=(
            Iteration(usage=Usage(input_tokens=1_000_000), model="claude-opus-5-5"),
            Iteration(usage=Usage(input_tokens=1_000_000), model="claude-fable-5-2"),
        )
    )

    assert price(exchange(usage=usage), CATALOG).picousd == (4 + 8) * PICO


def test_an_unknown_model_is_unpriced_never_free(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spooled(tmp_path / "spool", exchange(served_model="claude-next-9"))

    taken(tmp_path / "spool", account)

    assert one(account, "SELECT picousd FROM exchanges") is None
    unpriced, known, ceiling = account.execute(
        "SELECT unpriced, picousd, ceiling_picousd FROM rollups"
    ).fetchone()
    assert (unpriced, known) == (1, 0)
    assert ceiling > 6 * PICO


def test_an_error_costs_nothing_and_a_vanished_answer_is_unknown(exchange: Make) -> None:
    error = exchange(status=529, usage=None)
    unsent = exchange(status=0, usage=None, error_type="connect")
    vanished = exchange(status=0, usage=None, error_type="timeout")

    assert [price(each, CATALOG).picousd for each in (error, unsent, vanished)] == [0, 0, None]


def test_both_attempts_of_a_fallback_are_in_the_account(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spooled(
        tmp_path / "spool",
        exchange(attempt=1, answered=False, arm="candidate", status=529, usage=None),
        exchange(attempt=2, arm="baseline"),
    )

    taken(tmp_path / "spool", account)

    assert account.execute("SELECT SUM(attempts), SUM(requests) FROM rollups").fetchone() == (2, 1)


def test_what_a_candidate_saved_is_the_requested_model_s_price_less_its_own(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spooled(tmp_path / "spool", exchange(arm="candidate", served_model="claude-opus-4-8"))

    taken(tmp_path / "spool", account)

    # $6.00 where $7.50 were paid: a dearer candidate is shown as such.
    assert one(account, "SELECT saved_picousd FROM rollups") == (6 * PICO - 75 * PICO // 10)


def test_taking_the_spool_twice_counts_nothing_twice(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spool = Spool(tmp_path / "spool", flush_s=0.02)
    spool.offer(exchange())
    while not (first := taken(tmp_path / "spool", account)):
        time.sleep(0.01)

    again = taken(tmp_path / "spool", account)
    spool.offer(exchange())
    spool.close()
    last = taken(tmp_path / "spool", account)

    assert (first, again, last) == (1, 0, 1)
    assert one(account, "SELECT SUM(attempts) FROM rollups") == 2
    assert segments(tmp_path / "spool") == []


def test_a_segment_that_comes_back_after_it_was_taken_counts_once(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    """
    Killed between the commit and the deletion, or restored from a copy: the place names a record.
    """
    spooled(tmp_path / "spool", exchange(), exchange())
    (path,) = segments(tmp_path / "spool")
    content = path.read_bytes()
    taken(tmp_path / "spool", account)

    path.write_bytes(content)

    assert taken(tmp_path / "spool", account) == 0
    assert one(account, "SELECT SUM(picousd) FROM rollups") == 12 * PICO


def test_a_torn_last_line_of_a_dead_writer_is_counted_and_let_go(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spooled(tmp_path / "spool", exchange(), exchange())
    (path,) = segments(tmp_path / "spool")
    path.write_bytes(path.read_bytes()[:-10])

    done = take_spool(tmp_path / "spool", account, catalog=CATALOG, now=0.0)

    assert (done.taken, done.broken, segments(tmp_path / "spool")) == (1, 1, [])


def test_captured_bodies_are_kept_beside_their_exchange(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spool = Spool(tmp_path / "spool", capture="bodies")
    spool.offer(exchange(request_body=b'{"a": 1}', response_body=b'{"b":2}'))
    spool.close()

    taken(tmp_path / "spool", account)

    request, response = account.execute(
        "SELECT request_body, response_body FROM exchanges"
    ).fetchone()
    assert read_body(account, request) == b'{"a": 1}'
    assert read_body(account, response) == b'{"b":2}'


def test_each_message_of_a_conversation_is_stored_once(account: sqlite3.Connection) -> None:
    """
    Forty turns, each sending all that came before, take little more than the last one alone.
    """
    dice = random.Random(3)
    messages = [{"role": "user", "content": dice.randbytes(1500).hex()} for _ in range(40)]
    sent = [
        msgspec.json.encode({"model": "m", "messages": messages[: turn + 1], "stream": True})
        for turn in range(40)
    ]

    places = [keep_body(account, body, day="2026-11-22") for body in sent]

    assert [read_body(account, place) for place in places] == sent
    stored = one(
        account,
        "SELECT (SELECT SUM(LENGTH(body)) FROM bodies) + (SELECT SUM(LENGTH(piece)) FROM pieces)",
    )
    assert isinstance(stored, int)
    assert stored < len(sent[-1]) < sum(map(len, sent)) / 15


def test_a_part_stays_as_long_as_any_body_has_it(account: sqlite3.Connection) -> None:
    body = msgspec.json.encode({"messages": ["word " * 100]})
    old = keep_body(account, body, day="2026-11-01")
    young = keep_body(account, body, day="2026-11-20")

    prune(account, rows_before="2026-11-10", bodies_before="2026-11-10")

    assert read_body(account, young) == body
    with pytest.raises(StorageError):
        read_body(account, old)


@given(
    st.binary(max_size=60)
    | st.dictionaries(
        st.sampled_from(["messages", "system", "x"]),
        st.recursive(st.none() | st.text(max_size=300), lambda inner: st.lists(inner, max_size=4)),
    ).map(lambda value: json.dumps(value, separators=(",", ":")).encode())
)
@settings(max_examples=80, deadline=None)
def test_a_body_that_is_cut_up_is_the_same_joined(body: bytes) -> None:
    assert b"".join(split_body(body)) == body


def test_a_record_that_no_account_can_hold_is_counted_and_stops_nothing(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spooled(
        tmp_path / "spool",
        exchange(request_bytes=2**63),
        exchange(ts=1e30),
        exchange(usage=Usage(input_tokens=10**14, output_tokens=1)),
        exchange(),
    )

    done = take_spool(tmp_path / "spool", account, catalog=CATALOG, now=0.0)

    assert (done.taken, done.broken) == (1, 3)
    assert one(account, "SELECT SUM(attempts) FROM rollups") == 1


def test_a_batch_that_fails_leaves_nothing_behind_and_is_taken_later(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spooled(tmp_path / "spool", exchange(), exchange())
    account.execute(
        "CREATE TRIGGER full BEFORE INSERT ON taken BEGIN SELECT RAISE(ABORT, 'full'); END"
    )

    with pytest.raises(sqlite3.IntegrityError, match="full"):
        taken(tmp_path / "spool", account)

    assert one(account, "SELECT COUNT(*) FROM exchanges") == 0
    account.execute("DROP TRIGGER full")
    assert taken(tmp_path / "spool", account) == 2


def test_a_locked_account_delays_and_loses_nothing(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spooled(tmp_path / "spool", exchange())
    account.execute("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(tmp_path / "account.sqlite", isolation_level=None)) as rude:
        rude.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            taken(tmp_path / "spool", account)
        rude.execute("ROLLBACK")

    assert taken(tmp_path / "spool", account) == 1


def test_old_rows_go_and_roll_ups_stay(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spooled(tmp_path / "spool", exchange())
    taken(tmp_path / "spool", account)

    prune(account, rows_before="2026-11-23", bodies_before="2026-11-23")

    assert one(account, "SELECT COUNT(*) FROM exchanges") == 0
    assert one(account, "SELECT SUM(picousd) FROM rollups") == 6 * PICO


@pytest.mark.parametrize(
    ("days_with_exchanges", "today", "kept"),
    [
        ((0, 1), 1, 2),
        ((0, 1), 101, 2),
        ((0, 100, 101), 101, 2),
        ((0, 100), 100, 2),
    ],
    ids=["nothing is old", "nobody asked for long", "in use", "the clock has jumped"],
)
def test_old_rows_go_only_where_the_day_follows_upon_another(
    tmp_path: Path,
    exchange: Make,
    days_with_exchanges: tuple[int, ...],
    today: int,
    kept: int,
) -> None:
    """
    A clock that jumps ahead must not empty the account.
    """
    day_s, begins = 86_400, exchange().ts
    spooled(tmp_path / SPOOL, *(exchange(ts=begins + day * day_s) for day in days_with_exchanges))

    keep_account(
        tmp_path,
        catalog=CATALOG,
        wait=lambda: False,
        clock=lambda: begins + today * day_s,
    )

    assert in_account(tmp_path) == kept


def in_account(data: Path) -> int:
    """Records taken in so far, asked without opening a file that is not there."""
    if not (data / "account.sqlite").is_file():
        return 0
    with closing(open_account(data / "account.sqlite", readonly=True)) as account:
        try:
            return int(account.execute("SELECT COUNT(*) FROM exchanges").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def run_child(data: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*account_command(data), "--every-s", "0.02"], stdin=subprocess.PIPE)


def test_a_child_killed_again_and_again_counts_each_record_once(
    tmp_path: Path, exchange: Make
) -> None:
    spool = Spool(tmp_path / "spool", flush_s=0.02)
    offered = 0
    for kill_after in (1, 40, 200):
        child = run_child(tmp_path)
        before = in_account(tmp_path)
        # Under fire: killed while it takes in what keeps coming.
        while in_account(tmp_path) < before + kill_after:
            offered += spool.offer(exchange(request_id=f"req_{offered}"))
            time.sleep(0.0005)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert child.stdin is not None
        child.stdin.close()
    spool.close()

    last = run_child(tmp_path)
    last.communicate()  # closes its input: it takes in what is left, and ends

    account = open_account(tmp_path / "account.sqlite", readonly=True)
    counted = account.execute(
        "SELECT COUNT(*), COUNT(DISTINCT request_id), SUM(picousd) FROM exchanges"
    ).fetchone()
    rolled = account.execute("SELECT SUM(attempts), SUM(picousd) FROM rollups").fetchone()
    account.close()
    assert last.returncode == 0
    assert counted == (offered, offered, 6 * PICO * offered)
    assert rolled == (offered, 6 * PICO * offered)


def test_a_dead_child_is_started_again_slower_each_time() -> None:
    now = [0.0]
    supervisor = Supervisor([sys.executable, "-c", "raise SystemExit(3)"], clock=lambda: now[0])
    starts = []
    for tick in range(200):
        now[0] = tick / 10
        pid = supervisor.pid
        supervisor.tick()
        if supervisor.pid is not None and supervisor.pid != pid:
            starts.append(now[0])
            while _is_running(supervisor):
                time.sleep(0.005)

    waits = [round(b - a, 1) for a, b in pairwise(starts)]
    assert waits[:4] == [0.6, 1.1, 2.1, 4.1]
    assert supervisor.last_exit == 3
    supervisor.stop()


def _is_running(supervisor: Supervisor) -> bool:
    process = supervisor._process
    return process is not None and process.poll() is None


def test_the_child_ends_with_whoever_started_it(tmp_path: Path, exchange: Make) -> None:
    supervisor = Supervisor(account_command(tmp_path))
    supervisor.tick()
    spooled(tmp_path / "spool", exchange())

    supervisor.stop(timeout_s=20)

    account = open_account(tmp_path / "account.sqlite", readonly=True)
    assert one(account, "SELECT COUNT(*) FROM exchanges") == 1
    account.close()


def test_a_folder_that_cannot_be_made_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a file").write_text("")

    code = main(["--data", str(tmp_path / "a file" / "gateway")])

    assert code == 1
    said = capsys.readouterr().err
    assert said.startswith("suffice account: ")
    assert "Not a directory" in said
    assert said.count("\n") == 1


def test_the_account_s_process_stays_light() -> None:
    code = (
        "import sys, suffice.gateway.child, suffice.gateway.account, suffice.gateway.status; "
        "print(*{'scipy', 'numpy', 'httpx2', 'duckdb', 'starlette', 'genai_prices'} & set(sys.modules))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == []
