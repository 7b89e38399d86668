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
from suffice.cli import main
from suffice.cli.demo_live_folder import LiveFolder
from suffice.records.rollout import Rollout, RolloutState
from suffice.testing import serve, strict_fake
from suffice.testing.live_world import BASELINE, CANDIDATE, TYPE, LiveWorld, Traffic, when
from suffice.testing.processes import command

Command = Callable[..., Result]
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


class Live(LiveFolder):
    """
    A rollout before real processes: a strict fake, gateways, their monitors, and callers.

    Attributes:
        world: The simulated models.
        fell_at: When the candidate got worse.
    """

    def __init__(self, folder: Path, upstream: str, *, world: LiveWorld, suffice: Command) -> None:
        super().__init__(folder, assignment_key=world.assignment_key)
        self.world, self._upstream = world, upstream
        self.fell_at = datetime.max.replace(tzinfo=UTC)
        self._suffice = suffice

    def begin(self, *options: str) -> None:
        """Start the rollout, as a person would."""
        to = ("--to", CANDIDATE, "--by", "Ada")
        done = self._suffice("rollout", "start", TYPE, *to, *options, *self.options)
        assert done.exit_code == 0, done.output

    @contextmanager
    def gateway(self, *options: str, log: list[dict[str, Any]] | None = None) -> Iterator[str]:
        """Run a gateway before the strict fake."""
        with self.gateway_to(self._upstream, *options, log=log) as address:
            yield address

    @contextmanager
    def monitor(self, *options: str) -> Iterator[None]:
        """Run a monitor of its own."""
        with command("monitor", "--no-alerts", *self.options, *options, folder=self.folder):
            yield

    def fall(self, *callers: Traffic, to: float) -> None:
        """From now on the candidate agrees less often."""
        self.fell_at = datetime.now(UTC)
        for traffic in callers:
            traffic.fallen = True
        self.world.candidate.agreement = to

    @property
    def rollout(self) -> Rollout:
        """As it stands."""
        return self.kept(TYPE).rollout

    def reaches(self, *, stage: int = 0, pairs: int = 0, within_s: float = 120) -> bool:
        """Whether the stage comes, with so many scored pairs of its own."""

        def there() -> bool:
            rollout = self.rollout
            return (rollout.stage, rollout.watch.stage_pairs) >= (stage, pairs)

        return when(there, within_s=within_s)

    def is_taken_back(self, *, within_s: float = 120) -> bool:
        """Whether everything goes to the baseline again in time."""

        def back() -> bool:
            return self.rollout.state is RolloutState.ROLLED_BACK

        return when(back, within_s=within_s)

    @property
    def told(self) -> list[str]:
        """The kinds of all that happened."""
        return [one.event.kind for one in self.events(TYPE)]

    @property
    def last_word(self) -> str:
        """The latest event's sentence."""
        return self.events(TYPE)[-1].event.sentence

    @property
    def policy_version(self) -> int:
        """Of the policy in force."""
        return PolicyFiles(self.places.policy).load().policy.version

    def figures(self, *callers: Traffic) -> Figures:
        """What it took to be taken back; shown by `--log-cli-level=INFO`."""
        [back] = [one.event for one in self.events(TYPE) if one.event.kind == "rolled_back"]
        counted = [pair for pair in self.pairs(TYPE, since=self.fell_at) if pair.at < back.at]
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
    with serve(strict_fake(answers=world.answer)) as upstream:
        yield Live(tmp_path, upstream, world=world, suffice=suffice)
