"""`suffice demo --live`: a rollout, an injected fall and the rollback, before your eyes."""

from __future__ import annotations

import contextlib
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from suffice.adapters.storage.rollouts import Happened
from suffice.cli.demo_live_folder import LiveFolder
from suffice.cli.demo_live_screen import Frame, Injected, Screen, screen_for
from suffice.cli.rollout_facts import view
from suffice.cli.rollout_world import World, now, opened
from suffice.errors import StorageError
from suffice.records.rollout import Rollout, RolloutState
from suffice.testing import serve, strict_fake
from suffice.testing.live_world import BASELINE, CANDIDATE, TYPE, LiveWorld, Seen, Traffic

_CASES = 400
# One of a typical course: about as many pairs to the alarm as on average.
_SEED = 6
_FALL_AT_STAGE = 1
_LOOK_S = 0.2
_AFTERWARDS_S = 3.0


class LiveDemo(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the live demo showed. Models, traffic and the fall are simulated; the rest is real.

    Attributes:
        rolled_back: Whether the candidate was taken back within the time.
        bad_answers_served: Answers of the candidate that were not the baseline's, since the fall.
        caller_errors: Requests of callers that did not end with an answer.
        pairs_to_alarm: Scored shadow pairs from the fall to the alarm; None without an alarm.
        seconds_to_all_workers: From the rollback's event to the candidate's last answer; None
            without a rollback.
        requests: Answered.
        by_model: Of those, by the model that served.
        agreement: The candidate's, before and after the injected fall.
        injected_at: When the fall was injected; None where it never came to that.
        events: The story, oldest first: time, kind, sentence.
    """

    schema: str = "suffice.demo_live"
    version: int = 1
    simulated: str = "models, traffic and the fall; gateway, policy, shadow and monitor are real"
    rolled_back: bool
    bad_answers_served: int
    caller_errors: int
    pairs_to_alarm: int | None
    seconds_to_all_workers: float | None
    requests: int
    by_model: dict[str, int]
    agreement: tuple[float, float]
    injected_at: datetime | None
    events: tuple[dict[str, Any], ...]


def run_live(
    *, per_second: float, fall_to: float, within_s: float, form: str, seed: int = _SEED
) -> LiveDemo:
    """
    Prove, roll out, let the candidate fall in the second stage, and watch what happens.

    Args:
        per_second: Simulated requests a second.
        fall_to: The candidate's agreement after the fall.
        within_s: Seconds after which it is given up.
        form: ``json`` shows nothing while it runs.
        seed: Of tickets, mistakes, and who goes where.
    """
    world = LiveWorld(seed=seed)
    with (
        tempfile.TemporaryDirectory(prefix="suffice-live-") as made,
        serve(strict_fake(answers=world.answer)) as upstream,
        screen_for(form) as screen,
    ):
        folder = LiveFolder(Path(made), assignment_key=world.assignment_key)
        screen.prepare(f"Comparing both models on {_CASES} tickets, then starting a gateway ...")
        _prove(world, folder)
        with (
            folder.gateway_to(upstream) as address,
            Traffic(world, address, per_second=per_second) as traffic,
        ):
            course = _Course(folder, world, traffic, fall_to=fall_to, within_s=within_s)
            return course.run(screen)


def _prove(world: LiveWorld, folder: LiveFolder) -> None:
    """A comparison of the simulated models, kept as any other, and a rollout that rests on it."""
    cases = folder.folder / "cases.jsonl"
    cases.write_bytes(world.cases(_CASES))
    models = ("--baseline", BASELINE, "--to", CANDIDATE)
    folder.run("compare", str(cases), *models, "--recorded")
    folder.run("rollout", "start", TYPE, "--to", CANDIDATE, "--by", "demo", *folder.options)


class _Course:
    """The course of the demo."""

    def __init__(
        self,
        folder: LiveFolder,
        world: LiveWorld,
        traffic: Traffic,
        *,
        fall_to: float,
        within_s: float,
    ) -> None:
        self._folder, self._world, self._traffic = folder, world, traffic
        self._fall_to, self._ends = fall_to, time.monotonic() + within_s
        self._agreement = world.candidate.agreement
        self._injected: Injected | None = None
        self._over_at: float | None = None
        self._pairs: int | None = None

    def run(self, screen: Screen) -> LiveDemo:
        happened: list[Happened] = []
        rolled_back = False
        while time.monotonic() < self._ends:
            with opened(self._folder.places, write=False) as world:
                kept = world.store.get(TYPE)
                assert kept is not None  # noqa: S101 - it was started
                happened = list(world.store.events(request_type=TYPE))
                rollout = kept.rollout
                self._fall(rollout)
                rolled_back = rollout.state is RolloutState.ROLLED_BACK
                if rolled_back:
                    self._note_rollback(world, rollout)
                with contextlib.suppress(StorageError):
                    screen.show(
                        Frame(
                            view=view(world, kept, now=now()),
                            events=tuple(happened),
                            seen=self._traffic.seen,
                            injected=self._injected,
                        )
                    )
            if self._over_at is not None and time.monotonic() > self._over_at:
                break
            time.sleep(_LOOK_S)
        return self._told(happened, rolled_back=rolled_back)

    def _fall(self, rollout: Rollout) -> None:
        """Inject the fall, once the second stage serves."""
        if self._injected is None and rollout.stage == _FALL_AT_STAGE:
            self._injected = Injected(now(), self._agreement, self._fall_to)
            self._traffic.fallen = True
            self._world.candidate.agreement = self._fall_to

    def _note_rollback(self, world: World, rollout: Rollout) -> None:
        if self._over_at is not None:
            return
        self._over_at = time.monotonic() + _AFTERWARDS_S
        pairs = world.store.pairs(
            TYPE, since=self._injected.at if self._injected else rollout.began
        )
        counted = [pair for pair in pairs if pair.seq <= rollout.watch.last_seq]
        self._pairs = sum(pair.score is not None for pair in counted)

    def _told(self, happened: list[Happened], *, rolled_back: bool) -> LiveDemo:
        seen: Seen = self._traffic.seen
        back = [one.event.at for one in happened if one.event.kind == "rolled_back"]
        return LiveDemo(
            rolled_back=rolled_back,
            bad_answers_served=seen.bad_since_fall,
            caller_errors=seen.errors,
            pairs_to_alarm=self._pairs,
            seconds_to_all_workers=_seconds_after(back[-1], seen) if back else None,
            requests=seen.requests,
            by_model=dict(seen.by_model),
            agreement=(self._agreement, self._fall_to),
            injected_at=self._injected.at if self._injected else None,
            events=tuple(
                {"at": one.event.at, "kind": one.event.kind, "sentence": one.event.sentence}
                for one in happened
            ),
        )


def _seconds_after(rollback: datetime, seen: Seen) -> float:
    """From the rollback to the candidate's last answer; 0.0 where that came before."""
    last = seen.last.get(CANDIDATE, 0.0)
    return round(max(0.0, last - rollback.timestamp()), 2)
