"""A folder in which something is rolled out by real processes, and what is kept in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from suffice.adapters.storage.rollouts import Happened, Kept, Rollouts
from suffice.cli.rollout_world import Places
from suffice.errors import StorageError
from suffice.records.rollout_evidence import ShadowPair
from suffice.testing.processes import gateway, places


class LiveFolder:
    """
    Everything a rollout needs in one folder: its gateways run there, and its commands.

    Args:
        folder: Where all lies.
        assignment_key: Says which conversation goes where, so that a run can be repeated.

    Attributes:
        folder: As given.
        places: What lies where in it.
    """

    def __init__(self, folder: Path, *, assignment_key: bytes) -> None:
        self.folder = folder
        self.places = Places(folder / "rollouts.sqlite", folder / "policy.json", folder / "data")
        self.places.policy.with_suffix(".key").write_bytes(assignment_key)

    @property
    def options(self) -> tuple[str, ...]:
        """What lies where, for commands."""
        return places(self.folder)

    def run(self, *words: str) -> str:
        """
        Run a command of suffice there to its end; what it says.

        Raises:
            StorageError: It failed.
        """
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "suffice", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StorageError(
                f"`suffice {words[0]}` ended with {done.returncode}: {done.stderr.strip()[-300:]}",
                effect="The demo was given up; its folder is gone.",
                next_step="Run `suffice demo`, which needs no gateway, to see whether that works.",
            )
        return done.stdout

    @contextmanager
    def gateway_to(
        self, upstream: str, *options: str, log: list[dict[str, Any]] | None = None
    ) -> Iterator[str]:
        """Run a gateway, which keeps its monitor, for as long as a block lasts; its address."""
        with gateway(upstream, *options, folder=self.folder, log=log) as address:
            yield address

    def kept(self, request_type: str) -> Kept:
        """
        A type's rollout as it stands.

        Raises:
            StorageError: The store cannot be read.
        """
        with Rollouts.open(self.places.store, write=False) as store:
            found = store.get(request_type)
        assert found is not None  # noqa: S101 - it was started
        return found

    def events(self, request_type: str) -> list[Happened]:
        """
        All that happened to a type, oldest first.

        Raises:
            StorageError: The store cannot be read.
        """
        with Rollouts.open(self.places.store, write=False) as store:
            return store.events(request_type=request_type)

    def pairs(self, request_type: str, *, since: datetime | None = None) -> list[ShadowPair]:
        """
        A type's shadow pairs of requests served since then, or all of them.

        Raises:
            StorageError: The store cannot be read.
        """
        with Rollouts.open(self.places.store, write=False) as store:
            return store.pairs(request_type, since=since)
