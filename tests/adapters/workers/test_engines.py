"""Work is done once for every batch, in order, whoever does it and whoever dies meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from suffice.adapters.exchanges import Preparing
from suffice.adapters.workers import engine_named
from suffice.adapters.workers.processes import Processes
from suffice.errors import BadOption, WorkerLost
from suffice.records import LoggedExchange
from suffice.traffic.redaction import Masking

PREPARING = Preparing(masking=Masking(), secret=b"k" * 32)


class Dying(msgspec.Struct, frozen=True):
    """Doubles texts; its process dies at a word, so many times as a folder has room for."""

    folder: str
    deaths: int

    def start(self) -> Callable[[Sequence[str]], list[str]]:
        return self.doubled

    def doubled(self, items: Sequence[str]) -> list[str]:
        if "die" in items and len(os.listdir(self.folder)) < self.deaths:  # noqa: PTH208
            Path(self.folder, f"{time.monotonic_ns()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if "fail" in items:
            raise ZeroDivisionError("nothing to divide")
        return [item * 2 for item in items]

    def send(self, item: str) -> bytes:
        return item.encode()

    def take(self, sent: bytes) -> str:
        return sent.decode()

    def give(self, result: str) -> bytes:
        return result.encode()

    def receive(self, given: bytes) -> str:
        return given.decode()


@pytest.fixture(autouse=True)
def findable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker finds this very module by its name."""
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", here)
    monkeypatch.syspath_prepend(here)
    monkeypatch.setattr(Dying, "__module__", "test_engines")
    monkeypatch.setitem(sys.modules, "test_engines", sys.modules[__name__])


def test_processes_prepare_exactly_what_this_process_prepares(
    exchanges: Callable[[int], list[LoggedExchange]],
) -> None:
    batches = [(n, exchanges(40)[n * 10 : n * 10 + 10]) for n in range(4)]

    here = list(engine_named("local").map(PREPARING, batches))
    there = list(Processes(2).map(PREPARING, batches))

    assert there == here


def test_more_batches_than_workers_come_back_in_order(tmp_path: Path) -> None:
    batches = [(n, [f"{n}", "x" * (9 - n % 10) * 10_000]) for n in range(50)]

    found = list(Processes(3).map(Dying(str(tmp_path), 0), batches))

    assert [(tag, texts[0]) for tag, texts in found] == [(n, f"{n}{n}") for n in range(50)]


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_batch_whose_worker_is_killed_is_done_again_and_once(tmp_path: Path, deaths: int) -> None:
    batches = [(n, [f"{n}", "die" if n == 7 else "live"]) for n in range(20)]

    found = list(Processes(2).map(Dying(str(tmp_path), deaths), batches))

    assert [texts[0] for _, texts in found] == [f"{n}{n}" for n in range(20)]
    assert len(list(tmp_path.iterdir())) == deaths


def test_a_batch_that_kills_every_worker_is_given_up_with_a_code(tmp_path: Path) -> None:
    batches = [(n, ["die" if n == 1 else "live"]) for n in range(3)]

    with pytest.raises(WorkerLost, match="3 workers"):
        list(Processes(1).map(Dying(str(tmp_path), 99), batches))


def test_an_error_in_the_work_is_raised_with_its_own_traceback(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"doubled[\s\S]*nothing to divide"):
        list(Processes(1).map(Dying(str(tmp_path), 0), [(0, ["fail"])]))


def test_results_that_nobody_waits_for_leave_no_process(tmp_path: Path) -> None:
    batches = ((n, [f"{n}"]) for n in range(10**9))
    results = Processes(2).map(Dying(str(tmp_path), 0), batches)

    next(results)
    results.close()  # type: ignore[attr-defined]

    assert _children(os.getpid()) == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import itertools\n"
        "from suffice.adapters.workers.processes import Processes\n"
        "from test_engines import Dying\n"
        f"work = Dying({str(tmp_path)!r}, 0)\n"
        "for _ in Processes(2).map(work, ((n, ['x']) for n in itertools.count())):\n"
        "    print('.', flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    parent.stdout.readline()
    workers = _children(parent.pid)

    parent.kill()
    parent.wait()
    parent.stdout.close()
    ended_by = time.monotonic() + 60
    while any(map(_lives, workers)) and time.monotonic() < ended_by:
        time.sleep(0.02)

    assert len(workers) == 2
    assert not any(map(_lives, workers))


def test_ray_that_is_not_installed_is_said_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(BadOption, match=r"suffice\[ray\]"):
        engine_named("ray")


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(one) for one in (task / "children").read_text().split()]
    return [child for child in found if "serving" in _command(child)]


def _lives(pid: int) -> bool:
    return "serving" in _command(pid)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
