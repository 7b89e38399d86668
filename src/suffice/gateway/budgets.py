"""Budgets that hold: checked before a request is sent, kept right by the account."""

from __future__ import annotations

import enum
import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from suffice.catalog import Catalog
from suffice.errors import BadOption
from suffice.gateway.account_store import PICO, spent_or_ceiling
from suffice.gateway.answers import reply
from suffice.records import ExchangeRecord

_MOST_PENDING = 4096


class Window(enum.StrEnum):
    """What a budget's dollars are for; both begin at midnight UTC."""

    DAY = "day"
    MONTH = "month"


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """
    So many dollars for whatever it names.

    Attributes:
        name: How it is called in errors and metrics.
        usd: More than nothing.
        key: Name of the gateway key it is for, or fingerprint of a credential; None for all.
        type: The request type it is for; None for all.
        per: See `Window`.
        soft_share: From this share on it is near its end, in (0, 1].
        hard: Whether requests beyond it are refused; else it only tells.
    """

    name: str
    usd: Decimal
    key: str | None = None
    type: str | None = None
    per: Window = Window.DAY
    soft_share: float = 0.8
    hard: bool = True


class BudgetState(NamedTuple):
    """
    Where a budget stands.

    Attributes:
        budget: Which.
        spent_usd: In its window: what the account has, and estimates of what it has not yet.
        soft: At or over its soft share.
        reached: At or over its dollars.
        ends: The first day of the next window.
    """

    budget: Budget
    spent_usd: Decimal
    soft: bool
    reached: bool
    ends: date

    @property
    def remaining_usd(self) -> Decimal:
        """What is left, never below nothing."""
        return max(Decimal(0), self.budget.usd - self.spent_usd)


class AccountFigures(NamedTuple):
    """
    What the account holds, as one look saw it.

    Attributes:
        day: Of the look, in UTC.
        picousd: Per budget, in its window on that day.
        number: Up to which record of this worker's spool the account goes.
    """

    day: date
    picousd: tuple[int, ...]
    number: int


def read_figures(
    connection: sqlite3.Connection, budgets: Sequence[Budget], *, writer: str, now: datetime
) -> AccountFigures:
    """
    The account's figures for `Budgets.reconcile`, all of one moment.

    Raises:
        sqlite3.Error: It cannot be read; estimates go on as they were.
    """
    day = now.astimezone(UTC).date()
    connection.execute("BEGIN")
    try:
        row = connection.execute(
            "SELECT number FROM writers WHERE writer = ?", (writer,)
        ).fetchone()
        picousd = tuple(_rolled_up(connection, budget, day) for budget in budgets)
    finally:
        connection.execute("ROLLBACK")
    return AccountFigures(day=day, picousd=picousd, number=int(row[0]) if row else 0)


# Place of a budget and day -> 1e-12 dollars.
_Amounts = dict[tuple[int, date], int]


class _Pending(NamedTuple):
    """What the account has not yet: up to which record of the spool, and how much for what."""

    number: int
    amounts: _Amounts


class Budgets:
    """
    The budgets of one worker.

    What the account holds is read from its roll-ups, which know every worker's exchanges; what
    this worker finished since is estimated, at exact prices, until the account has it. Nothing is
    counted twice and nothing is left out: a record that could not be kept stays an estimate.
    Requests already under way when a budget is reached are let finish.

    Args:
        budgets: Each under a name of its own.
        catalog: Where prices are; a model without one counts at the dearest known prices. None
            where nothing will be estimated, and only the account's figures are shown.

    Raises:
        BadOption: A budget of nothing, a share outside (0, 1], or a name used twice.
    """

    def __init__(self, budgets: Sequence[Budget], *, catalog: Catalog | None) -> None:
        _check(budgets)
        self._budgets = tuple(budgets)
        self._catalog = catalog
        self._pending: deque[_Pending] = deque()
        self._kept_out: _Amounts = {}
        self._account: list[int] = [0] * len(self._budgets)
        self._account_day: date | None = None
        self._own: list[int] = [0] * len(self._budgets)
        self._own_day: date | None = None
        self._limits = [int(budget.usd * PICO) for budget in self._budgets]

    def check(self, *, key: str, type: str, now: datetime) -> BudgetState | None:  # noqa: A002 - our word for it
        """The first hard budget that a request of this key and type has reached; else None."""
        if not self._budgets:
            return None
        day = now.astimezone(UTC).date()
        self._turn(day)
        for place, budget in enumerate(self._budgets):
            if (
                budget.hard
                and (budget.key is None or budget.key == key)
                and (budget.type is None or budget.type == type)
                and self._spent(place, day) >= self._limits[place]
            ):
                return self._state(place, day)
        return None

    def note(self, exchange: ExchangeRecord, *, number: int) -> None:
        """
        Count an exchange until the account has it.

        Args:
            exchange: As offered to the spool.
            number: `Spool.accepted` after it was accepted; 0 where it was dropped.
        """
        if not self._budgets or self._catalog is None:
            return
        places = [
            place
            for place, budget in enumerate(self._budgets)
            if budget.key in {None, exchange.key} and budget.type in {None, exchange.type}
        ]
        picousd = _estimate(exchange, self._catalog) if places else 0
        if not picousd:
            return
        day = datetime.fromtimestamp(exchange.ts, UTC).date()
        amounts = {(place, day): picousd for place in places}
        if number:
            self._pending.append(_Pending(number, amounts))
            if len(self._pending) > _MOST_PENDING:
                self._pending = _by_pairs(self._pending)
        else:
            _add(self._kept_out, amounts)
        if self._own_day is not None:
            for place in places:
                if self._is_in_window(place, day, self._own_day):
                    self._own[place] += picousd

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """In the order given."""
        return self._budgets

    def reconcile(self, figures: AccountFigures) -> None:
        """Take over the account's own figures, and let go of estimates it has taken in."""
        while self._pending and self._pending[0].number <= figures.number:
            self._pending.popleft()
        since = _window(Window.MONTH, figures.day)[0]
        self._kept_out = {key: n for key, n in self._kept_out.items() if key[1] >= since}
        self._account, self._account_day = list(figures.picousd), figures.day
        self._own_day = None
        self._turn(figures.day)

    def states(self, now: datetime) -> list[BudgetState]:
        """Every budget as it stands, in the order given."""
        day = now.astimezone(UTC).date()
        self._turn(day)
        return [self._state(place, day) for place in range(len(self._budgets))]

    def _turn(self, day: date) -> None:
        """A new day, or new figures: count anew what the account has not."""
        if self._own_day == day:
            return
        self._own_day = day
        self._own = [0] * len(self._budgets)
        for amounts in (self._kept_out, *(each.amounts for each in self._pending)):
            for (place, spent_on), picousd in amounts.items():
                if self._is_in_window(place, spent_on, day):
                    self._own[place] += picousd

    def _is_in_window(self, place: int, spent_on: date, day: date) -> bool:
        begins, ends = _window(self._budgets[place].per, day)
        return begins <= spent_on < ends

    def _spent(self, place: int, day: date) -> int:
        window = self._budgets[place].per
        known = self._account_day
        # What the account said of a window that is over says nothing of the one that began.
        current = known is not None and _window(window, known) == _window(window, day)
        return self._own[place] + (self._account[place] if current else 0)

    def _state(self, place: int, day: date) -> BudgetState:
        budget, spent, limit = self._budgets[place], self._spent(place, day), self._limits[place]
        return BudgetState(
            budget=budget,
            spent_usd=Decimal(spent) / PICO,
            soft=spent >= limit * Decimal(repr(budget.soft_share)),
            reached=spent >= limit,
            ends=_window(budget.per, day)[1],
        )


def refusal(state: BudgetState, *, request_id: str = "") -> tuple[int, dict[str, str], bytes]:
    """
    Status, headers and body that tell a client which budget is reached, and not to try again.

    >>> state = BudgetState(Budget(name="team", usd=Decimal(5)), Decimal("5.01"), True, True,
    ...     date(2026, 11, 23))
    >>> status, headers, body = refusal(state)
    >>> status, headers["x-should-retry"], msgspec.json.decode(body)["error"]["type"]
    (402, 'false', 'billing_error')
    """
    budget = state.budget
    message = (
        f"The budget {budget.name!r} of ${budget.usd:f} per {budget.per} is reached: "
        f"${state.spent_usd:.2f} spent. It begins anew on {state.ends.isoformat()} at 00:00 UTC. "
        "The request was not sent."
    )
    details: Mapping[str, str] = {"error_code": "budget_reached", "budget": budget.name}
    error = {"type": "billing_error", "message": message, "details": details}
    body = msgspec.json.encode(
        {"type": "error", "error": error, **({"request_id": request_id} if request_id else {})}
    )
    return 402, {"content-type": "application/json", "x-should-retry": "false"}, body


def refused(state: BudgetState, *, close: bool = False) -> bytes:
    """The same as a whole answer."""
    status, headers, body = refusal(state)
    lines = b"".join(b"%b: %b\r\n" % (n.encode(), v.encode()) for n, v in headers.items())
    lines += b"x-suffice-reason: budget reached\r\n"
    return reply(status, body, kind=None, extra=lines, close=close)


def _estimate(exchange: ExchangeRecord, catalog: Catalog) -> int:
    """Exact for what was told; a cut stream wrote at least one token an event."""
    usage = exchange.usage
    if usage is None:
        return 0
    if not usage.complete and exchange.deltas > usage.output_tokens:
        usage = msgspec.structs.replace(usage, output_tokens=exchange.deltas)
    return spent_or_ceiling(exchange, usage, catalog)


def _add(onto: _Amounts, more: _Amounts) -> None:
    for key, picousd in more.items():
        onto[key] = onto.get(key, 0) + picousd


def _by_pairs(pending: deque[_Pending]) -> deque[_Pending]:
    """
    Half as many entries, each for two.

    An account that falls far behind must cost no memory. A pair goes only when the account has
    both, so that for a moment one may count twice: a budget then errs on its own side.
    """
    halved: deque[_Pending] = deque()
    while pending:
        first = pending.popleft()
        amounts = dict(first.amounts)
        number = first.number
        if pending:
            second = pending.popleft()
            _add(amounts, second.amounts)
            number = second.number
        halved.append(_Pending(number, amounts))
    return halved


def _rolled_up(connection: sqlite3.Connection, budget: Budget, day: date) -> int:
    begins, ends = _window(budget.per, day)
    found = connection.execute(
        "SELECT COALESCE(SUM(picousd + ceiling_picousd), 0) FROM rollups "
        "WHERE day >= ? AND day < ? AND (? IS NULL OR key = ?) AND (? IS NULL OR type = ?)",
        (begins.isoformat(), ends.isoformat(), budget.key, budget.key, budget.type, budget.type),
    ).fetchone()
    return int(found[0])


def _window(window: Window, day: date) -> tuple[date, date]:
    """First day of the window a day lies in, and of the next."""
    if window is Window.DAY:
        return day, day + timedelta(days=1)
    begins = day.replace(day=1)
    return begins, (begins + timedelta(days=31)).replace(day=1)


def _check(budgets: Sequence[Budget]) -> None:
    names = [budget.name for budget in budgets]
    for budget in budgets:
        if not (budget.usd.is_finite() and budget.usd > 0 and 0 < budget.soft_share <= 1):
            raise BadOption(
                f"The budget {budget.name!r} is ${budget.usd}, soft from {budget.soft_share}.",
                effect="No budget was set.",
                next_step="Give it more than nothing, and a soft share above 0 and up to 1.",
            )
        if names.count(budget.name) > 1:
            raise BadOption(
                f"Two budgets are called {budget.name!r}.",
                effect="No budget was set.",
                next_step="Give each a name of its own; errors name the one that is reached.",
            )
