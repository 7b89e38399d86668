"""The gateway's shadow calls, scored and kept as the monitor's pairs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from suffice.adapters.controlling.evidence import PROMPT, STEADY, steady_since
from suffice.adapters.live_prompts import live_prompts
from suffice.adapters.shadow_inbox import Scored, ShadowInbox
from suffice.adapters.storage import read_result
from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli.rollout_world import Places, World
from suffice.cli.stored_run import find_run
from suffice.errors import SufficeError
from suffice.policy.changes import verdict_for
from suffice.records.prompts import PROMPTS_FOLDER
from suffice.records.shadow import SHADOW_FOLDER
from suffice.wiring import price_now

_AT_ONCE = 500


def note_prompts(data: Path, store: Rollouts, now: datetime) -> None:
    """
    Note the live version of each type's prompt, and since when all requests come with it.

    Args:
        data: The gateway's data folder.
        store: Where it is noted.
        now: The time.

    Raises:
        StorageError: The store fails.
    """
    live = live_prompts(data / PROMPTS_FOLDER)
    steady = live_prompts(data / PROMPTS_FOLDER, steady=True) if live else {}
    for request_type, version in live.items():
        if store.noted(request_type, PROMPT) != version:
            store.note(request_type, PROMPT, version, at=now)
        before, _, _ = store.noted(request_type, STEADY).partition(" ")
        found = steady.get(request_type, "")
        if before != found:
            value = steady_since(found, now) if found else ""
            store.note(request_type, STEADY, value, at=now)


class ShadowPairs:
    """
    Takes in what the gateway left, again and again.

    Args:
        places: Where the gateway's data lie.
        world: The store the pairs go to, and the rollouts whose scorers they are scored by.
    """

    def __init__(self, places: Places, world: World) -> None:
        self._store = world.store
        self._inbox = ShadowInbox(
            places.data / SHADOW_FOLDER, scorer_of=self._scorer_of, price=price_now()
        )

    def take(self) -> int:
        """
        Score what waits and keep it; how many pairs were new.

        A file is deleted once its pair is kept: whoever is killed in between scores it again,
        and keeps it once.

        Raises:
            StorageError: The store cannot be written; nothing of that is lost.
        """
        taken = 0
        batch = []
        for found in self._inbox.scored():
            batch.append(found)
            if len(batch) == _AT_ONCE:
                taken += self._keep(batch)
                batch = []
        return taken + self._keep(batch)

    def _keep(self, batch: list[Scored]) -> int:
        new = self._store.add_pairs([found.pair for found in batch if found.pair is not None])
        for found in batch:
            found.path.unlink(missing_ok=True)
        return new

    def _scorer_of(self, request_type: str) -> str:
        """The scorer of the verdict a rollout rests on; empty where there is none to be read."""
        kept = self._store.get(request_type)
        if kept is None or not kept.rollout.basis.run:
            return ""
        rollout = kept.rollout
        try:
            comparison = read_result(find_run(rollout.basis.run))
            found = verdict_for(comparison, type=request_type, candidate=rollout.candidate)
        except SufficeError:
            return ""
        return found.scorer
