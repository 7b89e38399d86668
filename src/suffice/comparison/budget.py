"""A cap on spending that holds by reservation: worst cases in flight plus dollars spent."""

from __future__ import annotations

import asyncio
from collections import deque
from decimal import Decimal

from suffice.errors import PriceUnknown

_NOTHING = Decimal(0)


class Budget:
    """
    Dollars that may be spent, in exact decimals.

    A call reserves its worst case before it is sent and settles at its real cost. At any time
    ``spent_usd + reserved_usd <= cap_usd``, provided no call costs more than its worst case; a
    call that does is booked at what it cost and counted in ``overruns``.

    Args:
        cap_usd: None for no cap.
        spent_usd: What an earlier part of the run spent, or may have spent.
        allow_unpriced: Let calls through whose price nobody knows; they are counted.

    >>> budget = Budget(Decimal("1.00"))
    >>> budget.try_reserve(Decimal("0.70")), budget.try_reserve(Decimal("0.70"))
    (True, False)
    >>> budget.settle(Decimal("0.70"), usd=Decimal("0.20"))
    >>> budget.try_reserve(Decimal("0.70")), budget.left_usd
    (True, Decimal('0.10'))
    """

    def __init__(
        self,
        cap_usd: Decimal | None,
        *,
        spent_usd: Decimal = _NOTHING,
        allow_unpriced: bool = False,
    ) -> None:
        self.cap_usd = cap_usd
        self.spent_usd = spent_usd
        self.reserved_usd = _NOTHING
        self.unpriced_calls = 0
        self.overruns = 0
        self.reached = False
        self._allow_unpriced = allow_unpriced
        self._waiting: deque[tuple[Decimal, asyncio.Future[bool]]] = deque()
        self._in_flight = 0

    @property
    def left_usd(self) -> Decimal | None:
        """What may still be reserved; None without a cap."""
        if self.cap_usd is None:
            return None
        return self.cap_usd - self.spent_usd - self.reserved_usd

    def try_reserve(self, worst_usd: Decimal | None) -> bool:
        """
        Set a call's worst case aside; False where it does not fit now.

        Raises:
            PriceUnknown: The worst case is unknown and unpriced calls are not allowed.
        """
        worst = self._worst(worst_usd)
        left = self.left_usd
        if left is not None and worst > left:
            return False
        self.reserved_usd += worst
        self._in_flight += 1
        return True

    async def reserve(self, worst_usd: Decimal | None) -> bool:
        """
        Set a call's worst case aside, waiting while calls in flight may still leave room.

        First come, first served: a small call never overtakes a large one, so that the cases
        a budget reaches are the first of the plan.

        Returns:
            False where the cap leaves no room and nothing in flight could; ``reached`` is set.

        Raises:
            PriceUnknown: As `try_reserve`.
        """
        if self.reached:
            return False
        if not self._waiting and self.try_reserve(worst_usd):
            return True
        if not self._in_flight:
            self.reached = True
            return False
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._worst(worst_usd), turn))
        return await turn

    def settle(self, worst_usd: Decimal | None, *, usd: Decimal | None) -> None:
        """
        Book a call's real cost in place of its reservation.

        Args:
            worst_usd: As reserved.
            usd: What it cost; 0 for a call that was not sent or certainly not billed; None
                where no price is known, which is counted and never called free.
        """
        worst = self._worst(worst_usd)
        self.reserved_usd -= worst
        self._in_flight -= 1
        if usd is None:
            self.unpriced_calls += 1
        else:
            self.spent_usd += usd
            self.overruns += usd > worst and worst_usd is not None
        self._wake()

    def _worst(self, worst_usd: Decimal | None) -> Decimal:
        if worst_usd is not None:
            return worst_usd
        if self._allow_unpriced:
            return _NOTHING
        raise PriceUnknown(
            "A call's price is not known.",
            effect="It was not sent: a cap cannot hold what has no price.",
            next_step="Add the price under [prices], or pass --allow-unpriced.",
        )

    def _wake(self) -> None:
        while self._waiting:
            worst, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
                continue
            if not self.reached and self.try_reserve(worst):
                self._waiting.popleft()
                turn.set_result(True)
                continue
            if self._in_flight and not self.reached:
                return
            self.reached = True
            self._waiting.popleft()
            turn.set_result(False)
