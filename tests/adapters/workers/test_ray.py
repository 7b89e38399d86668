"""Work on a Ray cluster; needs the extra, so `make test-ray` runs it in an environment of its own."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from typing_extensions import override

from suffice.adapters.exchanges import Exchanges, Prepared, Preparing, Unfit
from suffice.adapters.workers import Work, engine_named
from suffice.adapters.workers.ray_data import cluster_settings
from suffice.records import LoggedExchange
from suffice.traffic.redaction import Masking

PREPARING = Preparing(masking=Masking(), secret=b"k" * 32)
pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs suffice[ray]"),
    # What Ray warns of and leaves open on its own account is not ours to mend.
    pytest.mark.filterwarnings("ignore"),
]


@dataclass(frozen=True)
class DyingOnce(Work[LoggedExchange, Prepared | Unfit]):
    """Prepares exchanges; the first worker that meets one of them is killed."""

    inner: Preparing
    killed: str

    @override
    def start(self) -> Callable[[Sequence[LoggedExchange]], list[Prepared | Unfit]]:
        prepare = self.inner.start()

        def batch(items: Sequence[LoggedExchange]) -> list[Prepared | Unfit]:
            if any(item.id == "msg_321" for item in items) and not Path(self.killed).exists():
                Path(self.killed).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return prepare(items)

        return batch

    @override
    def send(self, item: LoggedExchange) -> bytes:
        return self.inner.send(item)

    @override
    def take(self, sent: bytes) -> LoggedExchange:
        return self.inner.take(sent)

    @override
    def give(self, result: Prepared | Unfit) -> bytes:
        return self.inner.give(result)

    @override
    def receive(self, given: bytes) -> Prepared | Unfit:
        return self.inner.receive(given)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """Two workers on this machine."""
    ray = pytest.importorskip("ray")
    ray.init(**cluster_settings(2))
    ray.cloudpickle.register_pickle_by_value(__import__(__name__, fromlist=["DyingOnce"]))
    yield
    ray.shutdown()


def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(
    exchanges: Callable[[int], list[LoggedExchange]], tmp_path: Path
) -> None:
    work = DyingOnce(PREPARING, str(tmp_path / "killed"))
    batches = [(n, exchanges(1_000)[n * 10 : n * 10 + 10]) for n in range(100)]

    with Exchanges.open(tmp_path / "data") as store:
        for _, prepared in engine_named("ray", workers=2).map(work, batches):
            store.add_prepared([one for one in prepared if isinstance(one, Prepared)])
        store.flush()
        ids = [row.id for row in store.rows()]

    assert (tmp_path / "killed").exists()
    assert ids == [f"msg_{number}" for number in range(1_000)]


def test_ray_prepares_exactly_what_this_process_prepares(
    exchanges: Callable[[int], list[LoggedExchange]],
) -> None:
    batches = [(n, exchanges(600)[n * 2 : n * 2 + 2]) for n in range(300)]

    there = list(engine_named("ray", workers=2).map(PREPARING, batches))

    assert there == list(engine_named("local").map(PREPARING, batches))
