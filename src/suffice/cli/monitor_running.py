"""The rounds of the monitor, and people told beside them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import click

from suffice.adapters.controlling.controller import Controller, as_wanted
from suffice.adapters.controlling.shadow_budget import ShadowBudget
from suffice.adapters.controlling.telling import tell
from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli.alerts import alert_targets, dispatcher_of
from suffice.cli.monitor import told
from suffice.cli.monitor_figures import leave_figures
from suffice.cli.monitor_pairs import ShadowPairs
from suffice.cli.rollout_world import Places, World, now, opened
from suffice.errors import BadOption, SufficeError

if TYPE_CHECKING:
    from suffice.adapters.alerts.delivery import Dispatcher

_FIGURES_EVERY = timedelta(seconds=15)
_LAST_WORDS_S = 30.0


def run(
    places: Places,
    *,
    every_s: float | None,
    alerts: bool,
    form: str,
    shadow_usd: Decimal | None = None,
) -> int:
    """
    Rounds until somebody says stop; how many things the last round could not do.

    Args:
        places: Where everything lies.
        every_s: Seconds between rounds; None: one round.
        alerts: Whether people are told.
        form: ``text`` or ``json``, a line per event.
        shadow_usd: For all shadow calls of a day; None: as much as the stages want.

    Raises:
        BadSettings: A place alerts go to lacks its secret; found before anything is watched.
        StorageError: Store or account cannot be opened at all.
    """
    dispatcher = dispatcher_of(alert_targets()) if alerts else None
    with _stopping() as stop, opened(places, write=True) as world:
        budget = None
        if shadow_usd is not None:
            budget = ShadowBudget(world.store, world.account, shadow_usd)
        rounds = _Rounds(places, world, ShadowPairs(places, world), budget)
        if every_s is None:
            problems = rounds.one(form=form)
            leave_figures(places, world, now=now())
            if dispatcher is not None:
                _tell(world.store, dispatcher)
            return problems
        click.echo(
            f"watching {len(world.store.all()):,} rollouts every {every_s:g} s; "
            "stop with Ctrl-C, nothing is lost",
            err=True,
        )
        with _telling(places.store, dispatcher):
            return rounds.until(stop, every_s=every_s, form=form)


def dollars(text: str | None) -> Decimal | None:
    """
    A sum of dollars, as an option says it.

    Raises:
        BadOption: It is none.

    >>> dollars("$2.50")
    Decimal('2.50')
    """
    if text is None:
        return None
    try:
        sum_usd = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        sum_usd = Decimal(-1)
    if not sum_usd.is_finite() or sum_usd < 0:
        raise BadOption(
            f"{text!r} is no sum of dollars.",
            effect="Nothing is watched.",
            next_step="Write it as 2.50.",
        )
    return sum_usd


class _Rounds(NamedTuple):
    """All that a round needs."""

    places: Places
    world: World
    pairs: ShadowPairs
    budget: ShadowBudget | None

    def until(self, stop: threading.Event, *, every_s: float, form: str) -> int:
        """Round after round; how many things the last one could not do."""
        problems, figures_due = 0, now()
        while not stop.is_set():
            problems = self.one(form=form)
            if now() >= figures_due:
                leave_figures(self.places, self.world, now=now())
                figures_due = now() + _FIGURES_EVERY
            stop.wait(every_s)
        return problems

    def one(self, *, form: str) -> int:
        """One round; a store that fails is said, and tried again at the next one."""
        world, budget = self.world, self.budget
        try:
            self.pairs.take()
            if budget is not None:
                budget.look(now())
            controller = Controller(
                world.store,
                world.policies,
                gather=world.gather,
                shape=budget.shape if budget is not None else as_wanted,
            )
            acted = controller.round(now())
        except SufficeError as error:
            click.echo(f"{error.code}  {error}", err=True)
            return 1
        for one in acted:
            told(one, form=form)
        return sum(bool(one.problem) for one in acted)


@contextmanager
def _telling(path: Path, dispatcher: Dispatcher | None) -> Iterator[None]:
    """People are told from a thread of its own: a place that is slow delays no rollback."""
    if dispatcher is None:
        yield
        return
    over = threading.Event()

    def keep_telling() -> None:
        with Rollouts.open(path) as store:
            while not over.is_set():
                _tell(store, dispatcher)
                over.wait(1.0)
            _tell(store, dispatcher)

    thread = threading.Thread(target=keep_telling, name="alerts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_LAST_WORDS_S)


def _tell(store: Rollouts, dispatcher: Dispatcher) -> None:
    try:
        deliveries = tell(store, dispatcher, now())
    except SufficeError as error:
        click.echo(f"{error.code}  {error}", err=True)
        return
    for delivery in deliveries:
        if not delivery.delivered:
            click.echo(
                f"{delivery.target} was not told: {delivery.why}; kept for `suffice alerts replay`",
                err=True,
            )


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Set by the first SIGINT or SIGTERM: the round under way ends in order."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
