"""One worker's side of the account: every attempt counted, kept and held against its budgets."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from suffice.errors import StorageError
from suffice.gateway.account_store import open_account
from suffice.gateway.budgets import AccountFigures, Budgets, BudgetState, read_figures
from suffice.gateway.child import ACCOUNT
from suffice.gateway.metrics import Metrics
from suffice.gateway.spool import Spool
from suffice.records import ExchangeRecord


class Account:
    """
    Spool, metrics and budgets of one worker, kept in step.

    Args:
        data: The gateway's data folder.
        spool: Where exchanges go.
        metrics: What counts them.
        budgets: What they are held against.
        now: The time, with its zone.
    """

    def __init__(
        self,
        data: Path,
        *,
        spool: Spool,
        metrics: Metrics,
        budgets: Budgets,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),  # noqa: TID251 - the edge holds the clock
    ) -> None:
        self._path = data / ACCOUNT
        self.spool, self.metrics, self.budgets = spool, metrics, budgets
        self._now = now
        self._seen = spool.accepted
        self._connection: sqlite3.Connection | None = None
        # What was spent before a restart counts from the first request on.
        self.apply(self.look())

    def observe(self, exchange: ExchangeRecord, *, overhead_s: float | None = None) -> None:
        """Count an exchange that was just offered to the spool; called once for each."""
        accepted = self.spool.accepted
        number = accepted if accepted != self._seen else 0
        self._seen = accepted
        self.metrics.note(exchange, overhead_s=overhead_s)
        self.budgets.note(exchange, number=number)

    def check(self, *, key: str, type: str) -> BudgetState | None:  # noqa: A002 - our word for it
        """The hard budget that forbids a request, if one does; see `budgets.refusal`."""
        state = self.budgets.check(key=key, type=type, now=self._now())
        if state is not None:
            self.metrics.add("suffice_budget_refused_total", 1, {"budget": state.budget.name})
        return state

    def look(self) -> AccountFigures | None:
        """
        Read the account; blocks, so call it in a thread. None where it cannot be read now.

        The estimates then go on, so a budget holds without its account.
        """
        if not self.budgets.budgets:
            return None
        try:
            if self._connection is None:
                self._connection = open_account(self._path, readonly=True)
            return read_figures(
                self._connection, self.budgets.budgets, writer=self.spool.writer, now=self._now()
            )
        except (sqlite3.Error, StorageError):
            self._connection = None
            return None

    def apply(self, figures: AccountFigures | None) -> None:
        """Take a look's figures over, on the event loop, and bring the gauges up to date."""
        if figures is not None:
            self.budgets.reconcile(figures)
        for state in self.budgets.states(self._now()):
            labels = {"budget": state.budget.name}
            self.metrics.set("suffice_budget_remaining_usd", float(state.remaining_usd), labels)
            self.metrics.set("suffice_budget_soft_alert", float(state.soft), labels)
        for reason, count in self.spool.dropped.items():
            self.metrics.set("suffice_capture_dropped_total", count, {"reason": reason})
        self.metrics.set("suffice_capture_trouble", float(bool(self.spool.trouble)))

    def render(self) -> bytes:
        """The page of figures, of all workers and the account's own process."""
        self.apply(None)
        return self.metrics.render()

    def close(self) -> None:
        """Write out what is left."""
        self.spool.close()
        self.apply(None)
        self.metrics.save()
        if self._connection is not None:
            self._connection.close()


async def keep_in_step(
    account: Account,
    *,
    every_s: float = 1.0,
    on_fault: Callable[[Exception], None] = lambda _: None,
) -> None:
    """Bring budgets and figures up to date again and again, whatever happens, until cancelled."""
    while True:
        try:
            figures = await asyncio.to_thread(account.look)
            account.apply(figures)
            # Added up here, where nothing else counts meanwhile; only the file is the thread's.
            await asyncio.to_thread(account.metrics.save, account.metrics.snapshot())
        except Exception as fault:  # noqa: BLE001 - a budget must not stop being held for one look
            on_fault(fault)
        await asyncio.sleep(every_s)
