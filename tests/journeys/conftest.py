"""What journeys share: the command line as a user calls it, in a folder of its own."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from suffice.adapters.policies import PolicyFiles
from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.cli import main
from suffice.records.rollout import RolloutState
from suffice.testing import serve, strict_fake
from suffice.testing.live_world import BASELINE, CANDIDATE, TYPE, LiveWorld, Traffic, when
from suffice.testing.processes import command, gateway

Command = Callable[..., Result]
Logged = list[dict[str, Any]]
_LOG = logging.getLogger(__name__)
_LEAKS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")


@pytest.fixture
def suffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Call `suffice ...` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in _LEAKS:
        monkeypatch.delenv(name, raising=False)

    def call(*words: object) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words])

    return call


@pytest.fixture(scope="session")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a kept run that says Switch of the simulated models; copy it."""
    folder = tmp_path_factory.mktemp("proved")
    before = Path.cwd()
    os.chdir(folder)
    try:
        Path("cases.jsonl").write_bytes(LiveWorld().cases(400))
        words = ["compare", "cases.jsonl", "--baseline", BASELINE, "--to", CANDIDATE, "--recorded"]
        done = CliRunner().invoke(main, words)
    finally:
        os.chdir(before)
    assert done.exit_code == 0, done.output
    return folder


class Figures(NamedTuple):
    """
    What a fall cost until it was taken back.

    Attributes:
        pairs_to_alarm: Scored pairs of requests served since the fall.
        bad_answers_served: Answers since the fall that were not the baseline's.
        seconds_to_last: From the rollback to the candidate's last answer.
        caller_errors: Requests that did not end with an answer.
        requests: Answered.
    """

    pairs_to_alarm: int
    bad_answers_served: int
    seconds_to_last: float
    caller_errors: int
    requests: int


class Live:
    """
    A rollout before real processes: a strict fake, gateways, their monitors, and callers.

    Attributes:
        world: The simulated models.
        upstream: Where the strict fake listens.
        folder: Where everything lies.
        fell_at: When the candidate got worse.
    """

    def __init__(
        self,
        folder: Path,
        suffice: Command,
        world: LiveWorld,
        upstream: str,
    ) -> None:
        self.folder, self.world, self.upstream = folder, world, upstream
        self.store, self.policy = folder / "rollouts.sqlite", folder / "policy.json"
        self.fell_at = datetime.max.replace(tzinfo=UTC)
        self._suffice = suffice

    def begin(self, *options: str) -> None:
        """Start the rollout, as a person would."""
        places = ("--rollouts", self.store, "--policy", self.policy, "--data", self.folder / "data")
        done = self._suffice(
            "rollout", "start", TYPE, "--to", CANDIDATE, "--by", "Ada", *options, *places
        )
        assert done.exit_code == 0, done.output

    @contextmanager
    def gateway(self, *options: str, log: Logged | None = None) -> Iterator[str]:
        """Run a gateway that keeps its monitor."""
        given = ("--rollouts", str(self.store), *options)
        with gateway(self.upstream, *given, folder=self.folder, policy=self.policy, log=log) as at:
            yield at

    @contextmanager
    def monitor(self, *options: str) -> Iterator[None]:
        """Run a monitor of its own."""
        places = ("--rollouts", str(self.store), "--policy", str(self.policy))
        given = ("--no-alerts", "--data", str(self.folder / "data"), *places, *options)
        with command("monitor", *given, folder=self.folder):
            yield

    def fall(self, *callers: Traffic, to: float) -> None:
        """From now on the candidate agrees less often."""
        self.fell_at = datetime.now(UTC)
        for traffic in callers:
            traffic.fallen = True
        self.world.candidate.agreement = to

    def kept(self) -> Kept:
        """The rollout as it stands."""
        with Rollouts.open(self.store, write=False) as store:
            found = store.get(TYPE)
        assert found is not None
        return found

    def reaches(self, *, stage: int = 0, pairs: int = 0, within_s: float = 40) -> bool:
        """Whether the stage comes, with so many scored pairs of its own."""

        def there() -> bool:
            rollout = self.kept().rollout
            return (rollout.stage, rollout.watch.stage_pairs) >= (stage, pairs)

        return when(there, within_s=within_s)

    def is_taken_back(self, *, within_s: float = 40) -> bool:
        """Whether everything goes to the baseline again in time."""

        def back() -> bool:
            return self.kept().rollout.state is RolloutState.ROLLED_BACK

        return when(back, within_s=within_s)

    @property
    def told(self) -> list[str]:
        """The kinds of all that happened."""
        with Rollouts.open(self.store, write=False) as store:
            return [one.event.kind for one in store.events(request_type=TYPE)]

    @property
    def last_word(self) -> str:
        """The latest event's sentence."""
        with Rollouts.open(self.store, write=False) as store:
            return store.events(request_type=TYPE)[-1].event.sentence

    @property
    def policy_version(self) -> int:
        """Of the policy in force."""
        return PolicyFiles(self.policy).load().policy.version

    def figures(self, *callers: Traffic) -> Figures:
        """What it took to be taken back; shown by `--log-cli-level=INFO`."""
        with Rollouts.open(self.store, write=False) as store:
            [back] = [
                one.event
                for one in store.events(request_type=TYPE)
                if one.event.kind == "rolled_back"
            ]
            counted = [pair for pair in store.pairs(TYPE, since=self.fell_at) if pair.at < back.at]
        last = max(traffic.seen.last.get(CANDIDATE, 0.0) for traffic in callers)
        found = Figures(
            pairs_to_alarm=sum(pair.score is not None for pair in counted),
            bad_answers_served=sum(traffic.seen.bad_since_fall for traffic in callers),
            seconds_to_last=round(max(0.0, last - back.at.timestamp()), 2),
            caller_errors=sum(traffic.seen.errors for traffic in callers),
            requests=sum(traffic.seen.requests for traffic in callers),
        )
        _LOG.info("%s", found)
        return found


@pytest.fixture
def live(
    proved: Path,
    suffice: Command,
    tmp_path: Path,
) -> Iterator[Live]:
    """A type that is proved, and its simulated models behind a strict fake."""
    shutil.copytree(proved, tmp_path, dirs_exist_ok=True)
    world = LiveWorld()
    (tmp_path / "policy.key").write_bytes(world.assignment_key)
    with serve(strict_fake(answers=world.answer)) as upstream:
        yield Live(tmp_path, suffice, world, upstream)
