"""The rounds of the monitor, and people told beside them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from suffice.adapters.controlling.controller import Controller
from suffice.adapters.controlling.evidence import WINDOW, gather
from suffice.adapters.controlling.shadow_budget import ShadowBudget
from suffice.adapters.controlling.telling import tell
from suffice.adapters.feedback_inbox import FeedbackInbox
from suffice.adapters.storage.rollout_schema import cannot_use
from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.cli.alerts import alert_targets, dispatcher_of
from suffice.cli.monitor_figures import leave_figures, leave_health
from suffice.cli.monitor_held_out import Schedule, ask_what_is_due, asking_again
from suffice.cli.monitor_pairs import ShadowPairs, note_prompts
from suffice.cli.monitor_voice import GatewayLog, Terminal, Voice
from suffice.cli.rollout_world import Places, World, now, opened
from suffice.cli.stopping import Stop, stopping
from suffice.errors import StorageError, SufficeError
from suffice.gateway.log import Log
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.records.feedback import FEEDBACK_FOLDER
from suffice.records.rollout_evidence import RolloutEvidence
from suffice.records.shadow import SPENT_FOLDER

if TYPE_CHECKING:
    from suffice.adapters.alerts.delivery import Dispatcher

_FIGURES_EVERY_S = 15.0
_LAST_WORDS_S = 30.0


class Manner(NamedTuple):
    """
    How the monitor goes about it.

    Attributes:
        every_s: Seconds between rounds; None: one round.
        alerts: Whether people are told.
        form: ``text`` or ``json``, a line per event.
        shadow_usd: For all shadow calls of a day; None: as much as the stages want.
        window: Both arms are counted over stretches of this length.
        kept_by_gateway: It is a gateway's child: it speaks in its log, makes no store, and ends
            when its standard input does.
        held_out: When held-out cases are asked again; None: not by this monitor.
    """

    every_s: float | None = 1.0
    alerts: bool = True
    form: str = "text"
    shadow_usd: Decimal | None = None
    window: timedelta = WINDOW
    kept_by_gateway: bool = False
    held_out: Schedule | None = None

    @property
    def voice(self) -> Voice:
        """Who is told."""
        return GatewayLog(Log(worker="monitor")) if self.kept_by_gateway else Terminal(self.form)


def run(places: Places, manner: Manner, voice: Voice | None = None) -> int:
    """
    Rounds until somebody says stop; how many things the last round could not do.

    Store and account are opened anew wherever they appear, vanish or are replaced; until then
    nothing is moved, and the policy in force serves on.

    Args:
        places: Where everything lies.
        manner: How to go about it.
        voice: Who is told; None: as the manner says.

    Raises:
        BadSettings: A place alerts go to lacks its secret; found before anything is watched.
        StorageError: The store cannot be opened; with one round: nor the account. Or the limit of
            shadow calls cannot be kept.
    """
    voice = voice or manner.voice
    _limit(places, manner)
    dispatcher = _dispatcher(voice, manner) if manner.alerts else None
    if manner.every_s is None:
        with opened(places, write=True) as world:
            problems = _rounds(places, world, manner, voice).one().problems
            leave_figures(places, world, now=now())
            if dispatcher is not None:
                _tell(world.store, dispatcher, voice)
        if manner.held_out is not None:
            ask_what_is_due(places, manner.held_out, voice)
        return problems
    with (
        stopping(with_input=manner.kept_by_gateway) as stop,
        _telling(places.store, dispatcher, voice),
        asking_again(places, manner.held_out, voice, gently=manner.kept_by_gateway),
    ):
        return _until(stop, places, manner, voice)


def _limit(places: Places, manner: Manner) -> None:
    """
    Tell whoever makes shadow calls what a day of them may cost; a gateway tells it by itself.

    Raises:
        StorageError: It cannot be kept.
    """
    if manner.kept_by_gateway:
        return
    folder = places.data / SPENT_FOLDER
    kept = ShadowLedger(folder).limit_to(manner.shadow_usd, by="monitor")
    # One that cannot be taken back holds on, which costs nothing.
    if not kept and manner.shadow_usd is not None:
        raise StorageError(
            f"The limit of shadow calls cannot be kept in {folder}.",
            effect="Nothing is watched.",
            next_step="Give the folder's owner its rights back, or make room.",
        )


def _dispatcher(voice: Voice, manner: Manner) -> Dispatcher | None:
    """Whoever tells people; a gateway's rollouts are watched even where nobody can be told."""
    try:
        return dispatcher_of(alert_targets())
    except SufficeError as error:
        if not manner.kept_by_gateway:
            raise
        voice.trouble(error)
        return None


def _until(stop: Stop, places: Places, manner: Manner, voice: Voice) -> int:
    """Round after round, over whatever files there are."""
    every_s, problems = manner.every_s or 1.0, 0
    if not manner.kept_by_gateway:
        Rollouts.open(places.store).close()
    while not stop.is_set():
        try:
            # Looked at before they are opened: what is replaced in between is opened again.
            files = _files(places)
            # A store that was there and is gone is not made anew: its rollouts would be forgotten.
            if not places.store.exists():
                raise cannot_use(places.store, "it is gone")
            with opened(places, write=True, make=False) as world:
                voice.began(len(world.store.all()), every_s=every_s)
                rounds = _rounds(places, world, manner, voice)
                problems = rounds.until(stop, files, every_s=every_s)
        except SufficeError as error:
            problems = 1
            voice.trouble(error)
            leave_health(places, now=now(), trouble=error.code)
            stop.wait(every_s)
    return problems


def _rounds(places: Places, world: World, manner: Manner, voice: Voice) -> _Rounds:
    ledger = ShadowLedger(places.data / SPENT_FOLDER)
    budget = ShadowBudget(world.store, world.account, day=lambda at: ledger.look(at=at.timestamp()))
    feedback = FeedbackInbox(places.data / FEEDBACK_FOLDER, world.store, world.account)
    return _Rounds(
        places, world, ShadowPairs(places, world), feedback, budget, manner.window, voice
    )


class _Round(NamedTuple):
    """What one round could not do, and whether any rollout moved."""

    problems: int
    moved: bool


class _Rounds(NamedTuple):
    """All that a round needs."""

    places: Places
    world: World
    pairs: ShadowPairs
    feedback: FeedbackInbox
    budget: ShadowBudget
    window: timedelta
    voice: Voice

    def until(self, stop: Stop, files: _Files, *, every_s: float) -> int:
        """Until told to stop or other files are there; what the last one could not do."""
        problems, figures_due = 0, time.monotonic()
        while not stop.is_set() and _files(self.places) == files:
            problems, moved = self.one()
            if moved or time.monotonic() >= figures_due:
                leave_figures(self.places, self.world, now=now())
                figures_due = time.monotonic() + _FIGURES_EVERY_S
            stop.wait(every_s)
        return problems

    def one(self) -> _Round:
        """One round; a store that fails is said, and tried again at the next one."""
        world, budget = self.world, self.budget
        try:
            self._take_in()
            budget.look(now())
            controller = Controller(
                world.store,
                world.policies,
                gather=self._gather,
                shape=budget.shape,
            )
            acted = controller.round(now())
        except SufficeError as error:
            self.voice.trouble(error)
            leave_health(self.places, now=now(), trouble=error.code)
            return _Round(1, moved=False)
        for one in acted:
            self.voice.acted(one)
        problems = sum(bool(one.problem) for one in acted)
        leave_health(self.places, now=now(), trouble="not_carried_out" if problems else "")
        return _Round(problems, moved=any(one.events for one in acted))

    def _take_in(self) -> None:
        """
        What the gateway left for us. A file that cannot be read or cleared away stops no round.

        Raises:
            StorageError: The store fails.
        """
        data, store = self.places.data, self.world.store
        try:
            self.pairs.take()
            note_prompts(data, store, now())
            self.feedback.take(now())
        except OSError as error:
            self.voice.trouble(
                StorageError(
                    f"What the gateway left in {data} cannot be taken in: {error}.",
                    effect="Rollouts are watched by what is known already.",
                    next_step="Give the folder's owner its rights back, or make room.",
                )
            )

    def _gather(self, kept: Kept, at: datetime) -> RolloutEvidence:
        world = self.world
        return gather(world.store, kept, account=world.account, now=at, window=self.window)


_Files = list[tuple[int, int] | None]


def _files(places: Places) -> _Files:
    """Which files store and account are: another one under the same name is not the same."""
    return [_identity(path) for path in (places.store, places.account)]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def _telling(path: Path, dispatcher: Dispatcher | None, voice: Voice) -> Iterator[None]:
    """People are told from a thread of its own: a place that is slow delays no rollback."""
    if dispatcher is None:
        yield
        return
    over = threading.Event()

    def keep_telling() -> None:
        while not over.is_set():
            _tell_from(path, dispatcher, voice)
            over.wait(1.0)
        _tell_from(path, dispatcher, voice)

    thread = threading.Thread(target=keep_telling, name="alerts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_LAST_WORDS_S)


def _tell_from(path: Path, dispatcher: Dispatcher, voice: Voice) -> None:
    """Tell what a store has to tell; one that is gone has nothing."""
    if not path.exists():
        return
    try:
        with Rollouts.open(path, make=False) as store:
            _tell(store, dispatcher, voice)
    except SufficeError as error:
        voice.trouble(error)


def _tell(store: Rollouts, dispatcher: Dispatcher, voice: Voice) -> None:
    try:
        deliveries = tell(store, dispatcher, now())
    except SufficeError as error:
        voice.trouble(error)
        return
    for delivery in deliveries:
        if not delivery.delivered:
            voice.untold(delivery.target, delivery.why)
