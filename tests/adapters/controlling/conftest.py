"""A world of rollouts: a store, a policy, pairs that come in, an account of a gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from suffice.adapters.controlling.controller import Controller
from suffice.adapters.controlling.evidence import gather
from suffice.adapters.policies import PolicyFiles
from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.catalog import load_catalog
from suffice.gateway.account_store import Taken, open_account, take_in
from suffice.monitor import Start, named_plan, start
from suffice.policy.changes import Signature
from suffice.records import ExchangeRecord
from suffice.records.rollout import RolloutBasis
from suffice.records.rollout_evidence import ShadowPair

BEGAN = datetime(2026, 11, 22, 9, tzinfo=UTC)


class World:
    """Everything a controller touches, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.began = BEGAN
        self.store = Rollouts.open(folder / "rollouts.sqlite")
        self.policies = PolicyFiles(folder / "policy.json")
        self.controller = self.another(self.policies)
        self._made = 0

    def another(self, policies: PolicyFiles, store: Rollouts | None = None) -> Controller:
        """One more controller of the same world."""
        kept_in = store or self.store
        return Controller(
            kept_in,
            policies,
            gather=lambda kept, now: gather(kept_in, kept, account=None, now=now),
        )

    def start(
        self, request_type: str = "triage", *, plan: str = "default", carry: bool = True
    ) -> Kept:
        """Begin a rollout, and publish its first stage unless somebody is killed before."""
        wish = Start(
            type=request_type,
            baseline="claude-opus-5-5",
            candidate="claude-haiku-5-5",
            basis=RolloutBasis(run="r1", verdict="switch", pairs=412),
            plan=named_plan(plan, holdout=0.0),
        )
        stepped = start(wish, now=self.began)
        kept = self.store.begin(stepped.rollout, stepped.events, after=None)
        if carry:
            signed = Signature(at=self.began, by="Ada", reason="")
            self.controller.carry_out(kept, stepped.wanted, signed)
        return kept

    def feed(self, scores: Sequence[float], *, request_type: str = "triage") -> None:
        """Add pairs."""
        pairs = []
        for score in scores:
            self._made += 1
            pairs.append(
                ShadowPair(
                    id=f"p{self._made}",
                    at=self.began + timedelta(seconds=self._made),
                    type=request_type,
                    session=f"s{self._made}",
                    served_by="candidate",
                    probability=1.0,
                    score=score,
                )
            )
        self.store.add_pairs(pairs)

    def share(self, request_type: str = "triage") -> float:
        """What the policy in force gives the candidate."""
        return self.policies.load().policy.types[request_type].share

    def told(self, request_type: str = "triage") -> list[str]:
        """The kinds of all events of a type."""
        return [one.event.kind for one in self.store.events(request_type=request_type)]

    def later(self, **length: float) -> datetime:
        """A moment after the beginning."""
        return self.began + timedelta(**length)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of its own."""
    made = World(tmp_path)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def world_in() -> Callable[[Path], World]:
    """Make a world in a folder; for tests that need many."""
    return World


@pytest.fixture
def account_of(tmp_path: Path) -> Callable[[Sequence[ExchangeRecord]], Path]:
    """A gateway's account that holds these exchanges; its path."""

    def make(exchanges: Sequence[ExchangeRecord]) -> Path:
        path = tmp_path / "account.sqlite"
        connection = open_account(path)
        batch = [
            Taken("a.spool", place, place, msgspec.structs.replace(exchange, id=f"e{place}"))
            for place, exchange in enumerate(exchanges, start=1)
        ]
        take_in(
            connection,
            batch,
            upto={"a.spool": ("0", len(batch))},
            catalog=load_catalog(),
            now=BEGAN.timestamp(),
        )
        connection.close()
        return path

    return make
