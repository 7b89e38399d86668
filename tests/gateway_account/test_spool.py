"""The spool takes exchanges without blocking, keeps within bounds and survives being killed."""

from __future__ import annotations

import gzip
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from typing_extensions import override

from suffice.catalog import load_catalog
from suffice.gateway.child import take_spool
from suffice.gateway.segments import Segment, is_sealed, pack, read_block, segments, unpack
from suffice.gateway.spool import Spool
from suffice.records import ExchangeRecord

Make = Callable[..., ExchangeRecord]


def kept(folder: Path) -> list[ExchangeRecord]:
    decoder = msgspec.json.Decoder(ExchangeRecord)
    return [
        decoder.decode(line.payload)
        for path in segments(folder)
        for line in read_block(path, 0).lines
    ]


def wait_until(true: Callable[[], bool], *, timeout_s: float = 60.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def test_what_was_offered_can_be_read_back(tmp_path: Path, exchange: Make) -> None:
    spool = Spool(tmp_path)
    offered = [exchange(request_id=f"req_{n}") for n in range(100)]

    assert all(spool.offer(each) for each in offered)
    spool.close()

    assert kept(tmp_path) == offered


def test_files_are_the_owners_alone(tmp_path: Path, exchange: Make) -> None:
    spool = Spool(tmp_path / "spool")
    spool.offer(exchange())
    spool.close()

    (segment,) = segments(tmp_path / "spool")
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


def test_without_capture_nothing_reaches_the_disk(tmp_path: Path, exchange: Make) -> None:
    spool = Spool(tmp_path / "spool", capture="off")

    assert spool.offer(exchange()) is False
    spool.close()

    assert not (tmp_path / "spool").exists()
    assert spool.dropped == {}


def test_metadata_capture_never_keeps_a_body(tmp_path: Path, exchange: Make) -> None:
    spool = Spool(tmp_path, capture="meta")
    spool.offer(exchange(request_body=b'"secret"', response_body=b'"secret"'))
    spool.close()

    assert b"secret" not in segments(tmp_path)[0].read_bytes()
    assert kept(tmp_path)[0].request_body is None


def test_bodies_are_masked_before_they_reach_the_disk(tmp_path: Path, exchange: Make) -> None:
    spool = Spool(tmp_path, capture="bodies")
    spool.offer(exchange(request_body=b'{"messages":[{"content":"I am bob@example.org"}]}'))
    spool.close()

    assert kept(tmp_path)[0].request_body == b'{"messages":[{"content":"I am [email]"}]}'


def test_a_secret_cut_in_two_by_a_stream_is_masked(tmp_path: Path, exchange: Make) -> None:
    events = (
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","content":[]}}\n\n'
        b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"bob@exa"}}\n\n'
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"mple.org"}}\n\n'
    )
    spool = Spool(tmp_path, capture="bodies")
    spool.offer(exchange(response_body=events, streamed=True))
    spool.close()

    body = kept(tmp_path)[0].response_body
    assert body is not None
    assert msgspec.json.decode(body)["content"] == [{"type": "text", "text": "[email]"}]


def test_bodies_are_sampled_by_conversation(tmp_path: Path, exchange: Make) -> None:
    spool = Spool(tmp_path, capture="bodies", body_shares={"triage": 0.25, "*": 0.0})
    for number in range(400):
        for _ in range(2):
            spool.offer(exchange(session=f"s{number}", request_body=b"{}"))
    spool.offer(exchange(type="other", session="s0", request_body=b"{}"))
    spool.close()

    found = kept(tmp_path)
    with_body = [each.session for each in found if each.request_body is not None]
    assert 60 <= len(set(with_body)) <= 140
    assert len(with_body) == 2 * len(set(with_body))
    assert found[-1].request_body is None


def test_memory_is_bounded_and_what_is_dropped_is_counted(tmp_path: Path, exchange: Make) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    spool = Spool(tmp_path / "spool")
    accepted = sum(spool.offer(exchange()) for _ in range(20_000))
    assert wait_until(lambda: spool.trouble == "unwritable")

    assert accepted == 16_384
    assert spool.offer(exchange()) is False
    assert sum(spool.dropped.values()) == 3_617
    spool.close()
    assert sum(spool.dropped.values()) == 20_001


def test_what_waited_for_a_disk_is_written_once_it_is_back(tmp_path: Path, exchange: Make) -> None:
    blocked = tmp_path / "spool"
    blocked.write_text("a file where the folder should be")
    spool = Spool(blocked, flush_s=0.05)
    spool.offer(exchange(request_id="req_1"))
    assert wait_until(lambda: spool.trouble == "unwritable")

    blocked.unlink()

    assert wait_until(lambda: spool.trouble == "" and bool(kept(blocked)))
    spool.close()
    assert [each.request_id for each in kept(blocked)] == ["req_1"]
    assert spool.dropped == {}


def test_the_disk_is_bounded(tmp_path: Path, exchange: Make) -> None:
    spool = Spool(tmp_path, max_bytes=100_000, flush_s=0.02)
    for number in range(2_000):
        spool.offer(exchange(request_id=f"req_{number}"))
        if number % 100 == 0:
            time.sleep(0.03)
    spool.close()

    on_disk = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert 0 < on_disk <= 100_000
    assert spool.dropped["disk_bound"] + len(kept(tmp_path)) == 2_000


def test_a_full_disk_leaves_whole_lines_only(tmp_path: Path) -> None:
    """
    Whatever of a batch fitted is taken back, so the file ends with a whole line.
    """
    resource = pytest.importorskip("resource")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    segment = Segment(tmp_path, "w", 1)
    segment.append(pack(1, b"{}"))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        with pytest.raises(OSError, match="too large"):
            segment.append(pack(2, b"x" * 5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    segment.close()

    assert segment.path.read_bytes() == pack(1, b"{}")


def test_an_offer_never_waits_for_the_disk(tmp_path: Path, exchange: Make) -> None:
    """
    While a write hangs, offers are taken as ever.
    """
    hanging, goes_on = threading.Event(), threading.Event()

    class Hanging(Spool):
        @override
        def _write(self) -> bool:
            hanging.set()
            assert goes_on.wait(60)
            return super()._write()

    spool = Hanging(tmp_path / "spool", flush_s=0.01)
    spool.offer(exchange())
    assert hanging.wait(60)
    taken = sum(spool.offer(exchange()) for _ in range(1000))
    goes_on.set()

    assert taken == 1000
    spool.close()
    assert len(kept(tmp_path / "spool")) == 1001


def test_a_harmed_line_is_passed_over_and_its_neighbours_are_not(tmp_path: Path) -> None:
    lines = [pack(n, b'{"ts":%d.0}' % n) for n in (1, 2, 3)]
    path = tmp_path / "w.000001.spool"
    path.write_bytes(lines[0] + lines[1].replace(b"2.0", b"9.0") + lines[2] + b"0123 torn")

    block = read_block(path, 0)

    assert [line.number for line in block.lines] == [1, 3]
    assert (block.broken, block.end) == (1, sum(map(len, lines)))


@pytest.mark.parametrize(
    "line", [b"", b"zzzzzzzz 1 {}", b"00000000 1 {}", b"\xff" * 40, b"+0000001 1 {}"]
)
def test_no_bytes_pass_for_a_line(line: bytes) -> None:
    assert unpack(line, 0) is None


def test_segments_turn_over_and_a_finished_one_is_sealed(tmp_path: Path, exchange: Make) -> None:
    spool = Spool(tmp_path, max_bytes=80_000, flush_s=0.02)
    spool.offer(exchange())
    assert wait_until(lambda: bool(segments(tmp_path)))
    (first,) = segments(tmp_path)
    assert is_sealed(first) is False

    offered = 1
    while len(segments(tmp_path)) == 1:
        offered += spool.offer(exchange(request_id=f"req_{offered}"))
        time.sleep(0.01)

    assert is_sealed(first) is True
    spool.close()
    assert len(kept(tmp_path)) == offered


def test_a_process_killed_at_any_moment_loses_its_last_moment_at_most(
    tmp_path: Path, account: sqlite3.Connection
) -> None:
    """
    What was offered more than 200 ms before a kill -9 is on disk, whole, and nothing is harmed.

    A write that is due may wait for a processor: of several kills one meets a machine that is free.
    """
    lost_s: list[float] = []
    for round_ in range(12):
        folder = tmp_path / str(round_)
        lost_s.append(lost_by_a_kill(folder, account, lifetime_s=0.3 + 0.17 * (round_ % 3)))
        if round_ >= 2 and min(lost_s) < 0.2 + 0.15:
            break

    assert min(lost_s) < 0.2 + 0.15, lost_s


def lost_by_a_kill(folder: Path, account: sqlite3.Connection, *, lifetime_s: float) -> float:
    """For how long before a kill something was offered that is not on disk."""
    child = Path(__file__).with_name("spool_child.py")
    with subprocess.Popen(
        [sys.executable, str(child), str(folder)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(lifetime_s)
        process.send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        told = (first + process.stdout.read()).decode().splitlines(keepends=True)

    offered = [line.split() for line in told if line.endswith("\n")]
    found = [int(each.ts) for each in kept(folder)]
    assert found == list(range(1, len(found) + 1))
    done = take_spool(folder, account, catalog=load_catalog(), now=0.0)
    assert (done.taken, segments(folder)) == (len(found), [])
    return max((killed_at - float(at) for n, at in offered if int(n) > len(found)), default=0.0)


def test_a_record_that_cannot_be_written_takes_no_other_along(
    tmp_path: Path, exchange: Make
) -> None:
    spool = Spool(tmp_path)
    for name in ("req_1", "\ud800", "req_2"):
        spool.offer(exchange(request_id=name))
    spool.close()

    assert [each.request_id for each in kept(tmp_path)] == ["req_1", "req_2"]
    assert spool.dropped == {"unencodable": 1}


def test_a_body_that_cannot_be_opened_is_not_kept(tmp_path: Path, exchange: Make) -> None:
    spool = Spool(tmp_path, capture="bodies")
    spool.offer(exchange(response_body=b"\x1f\x8bgarbage", response_encoding="gzip"))
    spool.offer(exchange(response_body=b"whatever", response_encoding="br"))
    spool.offer(exchange(response_body=b"\x28\xb5\x2f\xfd no text"))
    spool.offer(exchange(response_body=gzip.compress(b'"bob@example.org"')))
    spool.offer(
        exchange(response_body=gzip.compress(b'"bob@example.org"'), response_encoding="gzip")
    )
    spool.close()

    assert [each.response_body for each in kept(tmp_path)] == [
        *(None, None, None),
        *(b'"[email]"', b'"[email]"'),
    ]


def test_a_worker_made_by_a_fork_writes_files_of_its_own(tmp_path: Path, exchange: Make) -> None:
    """
    A spool starts its thread at its first record, so one made before a fork works after it.
    """
    code = (
        "import os, sys; from pathlib import Path; from suffice.gateway.spool import Spool;"
        "from suffice.records import ExchangeRecord as E; pid = os.fork();"
        "s = Spool(Path(sys.argv[1])); s.offer(E(ts=1.0)); s.close();"
        "pid and os.waitpid(pid, 0)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)

    assert len(segments(tmp_path)) == 2
    assert len(kept(tmp_path)) == 2
