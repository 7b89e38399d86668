"""
What breaks around the gateway itself: disks, files, clocks, processes.

`suffice gateway` runs as it does for everybody, before an upstream that keeps a journal; requests
go on, with and without a route, while something is broken. In the end the account must hold every
attempt of the journal once, with its tokens and dollars.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from suffice.adapters.policies import PolicyFiles
from suffice.policy.table import read_policy

SECTION = "local"
SERVED = "answers as ever"
FAULTS = (
    "disk full",
    "spool not writable",
    "policy file broken",
    "policy file deleted",
    "policy file broken or deleted, and never published",
    "wall clock jumps",
    "the gateway is killed (`kill -9`) under load",
    "the process that keeps several workers is killed",
    "the account's process is killed (`kill -9`) under load",
    "account database locked",
    "account database harmed",
    "stopped (`SIGTERM`) under load",
    "upstream gone, then back",
    "client leaves within a stream",
    "client leaves before the answer",
    "client reads slowly",
)
DAY_S = 86_400
# What a kill may cost at most, and nothing that was answered before.
MOMENT_S = 0.3
# A connection that the system had taken, but the gateway had not, ends without a byte.
TURNED_AWAY = ("refused", "reset", "Broken pipe", "status=0, headers={}, body=b''")


@pytest.fixture(scope="module", autouse=True)
def written(table: Any) -> Iterator[None]:
    """What came out goes into the guide, where that is asked for."""
    yield
    table.write(SECTION, FAULTS)


@pytest.fixture
def say(table: Any) -> Callable[..., None]:
    """Puts a row into the guide, or holds it against the one that is there."""

    def told(fault: str, client: str, account: str) -> None:
        assert fault in FAULTS
        table.row(SECTION, fault, "any", client, account)

    return told


class Load:
    """Clients that ask one after another, with and without a route, until they are stopped."""

    def __init__(self, gateway: Any, *, clients: int = 3) -> None:
        self._gateway = gateway
        self._stop = threading.Event()
        # Request id -> when its answer was read to the end.
        self.answered: dict[str, float] = {}
        self.broken: list[str] = []
        self._threads = [
            threading.Thread(target=self._ask_on, args=(number,), daemon=True)
            for number in range(clients)
        ]
        for thread in self._threads:
            thread.start()

    def _ask_on(self, client: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            case = f"load-{client}-{number}.x"
            kind = "t0" if number % 2 else ""
            try:
                seen = self._gateway.ask(case, stream=bool(number % 3), kind=kind)
            except (ConnectionError, TimeoutError, IndexError) as error:
                self.broken.append(repr(error))
                return
            if not seen.whole:
                self.broken.append(f"{case}: {seen}")
                return
            assert seen.status == 200, seen
            self.answered[seen.headers["request-id"]] = time.monotonic()
            time.sleep(0.002)

    def reaches(self, answered: int) -> None:
        """Wait until so many are answered."""
        eventually(lambda: len(self.answered) >= answered, f"{answered} are answered")

    def stop(self) -> dict[str, float]:
        """Let them finish what they ask; what was answered."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
        return self.answered


@pytest.fixture
def audit(outcome: Any) -> Callable[..., int]:
    """Waits until the account holds all an upstream sent, and holds each row against it."""

    def held(gateway: Any, upstream: Any, *, only: set[str] | None = None) -> int:
        sent = {each.request_id: each for each in upstream.journal}
        wanted = set(sent) if only is None else only
        rows: list[dict[str, Any]] = []
        for _ in range(3_000):
            rows = gateway.query("SELECT * FROM exchanges WHERE request_id != ''")
            if wanted <= {row["request_id"] for row in rows}:
                break
            time.sleep(0.02)
        names = [row["request_id"] for row in rows]
        assert wanted <= set(names), f"{len(wanted - set(names))} of {len(wanted)} are missing"
        assert len(names) == len(set(names))
        for row in rows:
            outcome.attempt(row, sent[row["request_id"]])
        [rolled] = gateway.query("SELECT SUM(attempts) AS n, SUM(picousd) AS usd FROM rollups")
        [told] = gateway.query("SELECT COUNT(*) AS n, SUM(picousd) AS usd FROM exchanges")
        assert rolled == told
        return len(rows)

    return held


def served(gateway: Any, name: str, times: int = 1) -> None:
    """Requests with and without a route are answered while whatever it is is broken."""
    for number in range(times):
        for kind in ("", "t0"):
            seen = gateway.ask(f"{name}-{number}-{kind}.x", stream=bool(number % 2), kind=kind)
            assert (seen.status, seen.whole) == (200, True)
            assert seen.took_s < 5


def eventually(holds: Callable[[], bool], what: str) -> None:
    for _ in range(3_000):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError(f"never came true: {what}")


def can_mount() -> bool:
    probe = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs the right to mount a small file system")
def test_a_full_disk_stops_no_request_and_loses_nothing_once_there_is_room(
    world: Any, audit: Any, say: Any
) -> None:
    upstream, data = world.upstream(), world.folder / "small"
    data.mkdir()
    mounted = 'mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"'
    gateway = world.gateway(
        upstream,
        "--capture",
        "bodies",
        data=data,
        wrap=["unshare", "-m", "sh", "-c", mounted, str(data)],
    )
    gateway.data = Path(f"/proc/{gateway.process.pid}/root{data}")
    served(gateway, "before")
    audit(gateway, upstream)
    fill(gateway.data / "ballast")
    served(gateway, "full", 15)
    eventually(lambda: gateway.metric("suffice_capture_trouble") == 1, "the trouble is shown")
    served(gateway, "still-full", 15)
    (gateway.data / "ballast").unlink()

    assert audit(gateway, upstream) == len(upstream.journal) == 62
    assert gateway.metric("suffice_capture_dropped_total") == 0
    eventually(lambda: gateway.metric("suffice_capture_trouble") == 0, "the trouble is over")
    say(
        "disk full",
        SERVED,
        "waits in memory and is whole once there is room; `suffice_capture_trouble` is 1",
    )


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 10, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)


def test_a_spool_that_cannot_be_written_stops_no_request(world: Any, audit: Any, say: Any) -> None:
    upstream, data = world.upstream(), world.folder / "data"
    data.mkdir()
    # A file where the folder should be: it stops root as well, whom permissions do not.
    (data / "spool").write_text("not a folder")
    gateway = world.gateway(upstream, data=data)
    served(gateway, "unwritable", 10)
    eventually(lambda: gateway.metric("suffice_capture_trouble") == 1, "the trouble is shown")
    (data / "spool").unlink()

    assert audit(gateway, upstream) == len(upstream.journal) == 20
    say(
        "spool not writable",
        SERVED,
        "waits in memory (16 MiB), then is whole; `suffice_capture_trouble` is 1",
    )


def test_a_published_policy_that_breaks_or_goes_stays_in_force(
    world: Any, audit: Any, say: Any
) -> None:
    upstream, chosen = world.upstream(), world.folder / "policy.json"
    PolicyFiles(chosen).publish(read_policy(world.policy().encode()), after="")
    gateway = world.gateway(upstream)
    seen = [gateway.ask("good.x", kind="t0")]
    chosen.write_text(chosen.read_text()[:50])
    gateway.wait_for("policy", level="error")
    seen.append(gateway.ask("broken.x", kind="t0"))
    again = world.gateway(upstream)
    seen.append(again.ask("restarted.x", kind="t0"))
    chosen.unlink()
    eventually(lambda: "is gone" in str(gateway.logged), "it says that the file is gone")
    seen.append(gateway.ask("gone.x", kind="t0"))
    served(gateway, "afterwards")

    assert {each.headers["x-suffice-policy"] for each in seen} == {"1"}
    assert {each.headers["x-suffice-model"] for each in seen} == {upstream.journal[0].model}
    assert audit(gateway, upstream, only={"req_0", "req_1", "req_3", "req_4", "req_5"}) == 5
    client = f"{SERVED}: the last published version routes; an error line in the log"
    for fault in ("policy file broken", "policy file deleted"):
        say(fault, client, "as ever")


def test_a_policy_written_by_hand_that_is_broken_or_gone_routes_nobody(
    world: Any, audit: Any, say: Any
) -> None:
    upstream, chosen = world.upstream(), world.folder / "policy.json"
    chosen.write_text("{ this is no policy")
    gateway = world.gateway(upstream)
    gateway.wait_for("policy", level="error")
    served(gateway, "broken")
    chosen.unlink()
    gateway.wait_for("policy", level="info")
    served(gateway, "gone")

    assert {each.model for each in upstream.journal} == {"claude-opus-5-5"}
    assert audit(gateway, upstream) == 4
    say(
        "policy file broken or deleted, and never published",
        "the answer of the model it asked for; an error line in the log while it is broken",
        "as ever",
    )


@pytest.mark.skipif(shutil.which("cc") is None, reason="a clock that jumps needs a compiler")
def test_a_clock_that_jumps_moves_no_money_and_hangs_nobody(
    world: Any, audit: Any, say: Any
) -> None:
    upstream, folder = world.upstream(), world.folder
    source = Path(__file__).parents[1] / "clock_jump.c"
    library, jump = folder / "clock_jump.so", folder / "jump"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    jump.write_text("0")
    shifted = {"LD_PRELOAD": str(library), "CLOCK_JUMP_FILE": str(jump)}
    gateway = world.gateway(upstream, env={**os.environ, **shifted})
    for place, days in enumerate((0, -2, 400, 0)):
        jump.write_text(str(days * DAY_S))
        served(gateway, f"jump{place}", 2)
        time.sleep(0.7)

    assert audit(gateway, upstream) == 16
    days_seen = gateway.query(
        "SELECT day, SUM(attempts) AS n FROM rollups GROUP BY day ORDER BY day"
    )
    assert [row["n"] for row in days_seen] == [4, 8, 4]
    lasted = gateway.query(
        "SELECT MIN(duration_s) AS least, MAX(duration_s) AS most FROM exchanges"
    )
    assert 0 <= lasted[0]["least"] <= lasted[0]["most"] < 5
    say(
        "wall clock jumps", SERVED, "as ever, on the day the clock told; nothing is forgotten early"
    )


def test_a_killed_gateway_loses_at_most_the_last_moment(world: Any, audit: Any, say: Any) -> None:
    # A write that is due may wait for a processor: of several kills one meets a machine that is free.
    lost_s = [lost_by_a_kill(world, audit)]
    while lost_s[-1] >= MOMENT_S and len(lost_s) < 8:
        lost_s.append(lost_by_a_kill(world, audit))

    assert min(lost_s) < MOMENT_S, lost_s
    say(
        "the gateway is killed (`kill -9`) under load",
        "a cut; the next connection is refused until it is started again",
        "all that was answered more than 0.3 s before; nothing is harmed or counted twice",
    )


def lost_by_a_kill(world: Any, audit: Any) -> float:
    """For how long before a kill something was answered that no account knows."""
    upstream = world.upstream()
    gateway = world.gateway(upstream)
    load = Load(gateway)
    load.reaches(100)
    time.sleep(2 * MOMENT_S)
    gateway.process.kill()
    killed = time.monotonic()
    answered = load.stop()
    again = world.gateway(upstream, data=gateway.data)
    served(again, "after")
    again.rows("after-0-t0.x")
    left = gateway.data / "spool"
    eventually(lambda: len(list(left.glob("*.spool"))) <= 1, "all that was left is taken in")
    rows = again.query("SELECT request_id FROM exchanges")

    audit(again, upstream, only={row["request_id"] for row in rows})
    found = {row["request_id"] for row in rows}
    return max((killed - answered[name] for name in answered.keys() - found), default=0.0)


def test_workers_end_with_the_process_that_keeps_them(world: Any, audit: Any, say: Any) -> None:
    """
    Else they would go on answering beside those of the next gateway, and nobody would account.
    """
    upstream = world.upstream()
    gateway = world.gateway(upstream, "--workers", "2")
    gateway.wait_for("ready", worker="1")
    served(gateway, "before", 5)
    gateway.process.kill()
    workers = [line["pid"] for line in gateway.logged if line["event"] == "ready"]
    eventually(lambda: not any(is_running(pid) for pid in workers), "the workers have ended")
    again = world.gateway(upstream, "--workers", "2", data=gateway.data)
    served(again, "after", 5)

    assert audit(again, upstream) == len(upstream.journal) == 20
    say(
        "the process that keeps several workers is killed",
        "what was begun is finished; connections are refused until it is started again",
        "whole once it is started again",
    )


def is_running(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_killed_account_is_started_again_and_counts_nothing_twice(
    world: Any, audit: Any, say: Any
) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream)
    load = Load(gateway, clients=2)
    for answered_before in (20, 60, 120):
        load.reaches(answered_before)
        eventually(
            lambda: any(map(is_running, children(gateway.process.pid))),
            "the account's process runs",
        )
        for child in children(gateway.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    answered = load.stop()

    assert load.broken == []
    assert audit(gateway, upstream) == len(upstream.journal) >= len(answered) > 30
    say("the account's process is killed (`kill -9`) under load", SERVED, "whole, each once")


def children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children")
    tasks = told.parents[1].glob("*/children")
    return [int(child) for path in tasks for child in path.read_text().split()]


def test_a_locked_account_waits_and_then_takes_all_in(world: Any, audit: Any, say: Any) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream)
    served(gateway, "before")
    audit(gateway, upstream)
    locked = sqlite3.connect(gateway.data / "account.sqlite", isolation_level=None)
    with contextlib.closing(locked):
        locked.execute("BEGIN EXCLUSIVE")
        served(gateway, "locked", 10)
        time.sleep(0.8)
        assert len(gateway.query("SELECT id FROM exchanges")) == 2
        locked.execute("ROLLBACK")

    assert audit(gateway, upstream) == len(upstream.journal) == 22
    say("account database locked", SERVED, "waits in the spool, then is whole")


def test_a_harmed_account_is_left_alone_and_its_records_wait(
    world: Any, audit: Any, say: Any
) -> None:
    upstream, data = world.upstream(), world.folder / "data"
    data.mkdir()
    (data / "account.sqlite").write_bytes(b"this is no database at all; " * 400)
    gateway = world.gateway(upstream, data=data)
    served(gateway, "harmed", 5)
    time.sleep(0.5)
    assert (data / "account.sqlite").read_bytes().startswith(b"this is no database")
    (data / "account.sqlite").rename(data / "harmed")

    assert audit(gateway, upstream) == len(upstream.journal) == 10
    say(
        "account database harmed",
        SERVED,
        "waits in the spool (1 GiB); whole in a new one once the file is moved away",
    )


def test_stopping_under_load_cuts_nobody_and_the_account_is_whole(
    world: Any, audit: Any, say: Any
) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream)
    load = Load(gateway)
    load.reaches(60)
    gateway.process.send_signal(signal.SIGTERM)
    code = gateway.process.wait(60)
    answered = load.stop()

    assert code == 0
    assert gateway.wait_for("stopped")["cut"] == 0
    assert all(any(words in told for words in TURNED_AWAY) for told in load.broken), load.broken
    assert audit(gateway, upstream) == len(upstream.journal) == len(answered) > 30
    say(
        "stopped (`SIGTERM`) under load",
        "what was begun is finished; later connections are refused",
        "whole before the process ends",
    )


def test_an_upstream_that_goes_and_comes_back(world: Any, say: Any) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream)
    served(gateway, "before")
    upstream.shut()
    seen = {kind: gateway.ask(f"gone-{kind}.x", kind=kind) for kind in ("", "t0")}
    upstream.open()
    served(gateway, "back")

    for kind, attempts in (("", 1), ("t0", 2)):
        assert (seen[kind].status, seen[kind].took_s < 5) == (502, True)
        assert json.loads(seen[kind].body)["error"]["message"].startswith("suffice gateway:")
        rows = gateway.rows(f"gone-{kind}.x", least=attempts)
        assert [(row["error_type"], row["picousd"]) for row in rows] == [("connect", 0)] * attempts
    say("upstream gone, then back", "502 of the gateway's own, at once", "`unreachable` (free)")


async def holds_on(reply: Any) -> None:
    await reply.stream(6)
    await reply.reader.read()


async def thinks_for_long(reply: Any) -> None:
    await reply.reader.read()


def test_a_client_that_leaves_ends_the_work_and_what_it_used_is_known(
    world: Any, outcome: Any, say: Any
) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream)
    upstream.faults |= {"within": holds_on, "before": thinks_for_long}
    words = {}
    for name in ("within", "before"):
        for kind in ("", "t0"):
            case = f"{name}.{kind}"
            with gateway.connect() as client:
                client.sendall(gateway.request(case, stream=True, kind=kind))
                if name == "within":
                    while b"content_block_delta" not in client.recv(65536):
                        pass
                eventually(lambda case=case: bool(upstream.of(case)), "it was asked")  # type: ignore[misc]
            rows = gateway.rows(case)
            assert [row["error_type"] for row in rows] == ["client_disconnected"]
            words[name] = outcome.account(rows, upstream.of(case))

    say("client leaves within a stream", "nothing more", words["within"])
    say("client leaves before the answer", "nothing", words["before"])


async def says_much(reply: Any) -> None:
    body = json.dumps({**json.loads(reply.whole), "more": "x" * (2 << 20)}).encode()
    reply.head(length=len(body))
    await reply.body(body)


def test_a_client_that_reads_slowly_gets_every_byte(world: Any, outcome: Any, say: Any) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream)
    upstream.faults["slow"] = says_much
    for kind in ("", "t0"):
        case = f"slow.{kind}"
        with gateway.connect() as client:
            client.sendall(gateway.request(case, kind=kind))
            raw = b""
            while piece := client.recv(1 << 14):
                raw += piece
                time.sleep(0.002)
        seen = gateway.read_answer(raw, 0.0)
        words = outcome.account(gateway.rows(case), upstream.of(case))

        assert outcome.client(seen, upstream.of(case)) == "the upstream's answer, to the byte"
    say("client reads slowly", "the upstream's answer, to the byte", words)


def test_the_guide_names_every_fault_once(table: Any) -> None:
    assert table.is_complete(SECTION, FAULTS)
