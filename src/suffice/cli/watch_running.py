"""Looks at files of recorded answers, each followed by a round of the monitor."""

from __future__ import annotations

import click

from suffice.adapters.storage.rollout_schema import cannot_use
from suffice.cli.monitor_running import Manner, run
from suffice.cli.monitor_voice import Terminal, Voice
from suffice.cli.rollout_world import Places
from suffice.cli.stopping import stopping
from suffice.cli.watch_reading import Reading, take_in
from suffice.errors import SufficeError, UsageError


def watch_once(places: Places, reading: Reading, *, form: str, alerts: bool) -> int:
    """
    One look, one round; how many things could not be done.

    Raises:
        EmptyInput: No type is rolled out.
        UnreadableFile: A file cannot be read.
        StorageError: The store cannot be used.
    """
    return _Looks(places, reading, form=form, alerts=alerts).one()


def watch(places: Places, reading: Reading, *, every_s: float, form: str, alerts: bool) -> int:
    """
    Look after look until somebody says stop; what the last one could not do.

    What fails once the files were taken in is said once and tried again: a file that is being
    replaced, a store that is locked or gone for a while.

    Raises:
        EmptyInput: No type is rolled out at the first look at the files.
        UnreadableFile: A file cannot be read then.
        StorageError: The store cannot be used then.
        UsageError: The call or the settings are wrong.
    """
    looks = _Looks(places, reading, form=form, alerts=alerts)
    with stopping() as stop:
        while True:
            try:
                problems = looks.one()
            except SufficeError as error:
                # What is asked for wrongly is no better the next time.
                if isinstance(error, UsageError) or not looks.began:
                    raise
                problems = 1
                looks.voice.trouble(error)
            if stop.wait(every_s):
                return problems


class _Looks:
    """Round after round, the same is said once."""

    def __init__(self, places: Places, reading: Reading, *, form: str, alerts: bool) -> None:
        self._places, self._reading = places, reading
        self._manner = Manner(every_s=None, alerts=alerts, form=form)
        self.voice: Voice = Terminal(form)
        self._said = ""

    @property
    def began(self) -> bool:
        """Whether the files were taken in before."""
        return bool(self._said)

    def one(self) -> int:
        # A store that was there and is gone is not made anew: its rollouts would be forgotten.
        if self.began and not self._places.store.exists():
            raise cannot_use(self._places.store, "it is gone")
        taken = take_in(self._places, self._reading)
        if taken.sentence != self._said:
            click.echo(taken.sentence, err=True)
        self._said = taken.sentence
        return run(self._places, self._manner, self.voice)
