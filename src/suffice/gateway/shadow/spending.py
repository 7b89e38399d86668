"""What one worker's shadow calls cost: at most, before they are made, and in truth afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_UP

from suffice.catalog import Catalog
from suffice.gateway.account_store import PICO, spent_or_ceiling
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.gateway.shadow.worst import most_usd
from suffice.records import ExchangeRecord

OVER_BUDGET, UNBOUNDED = "over_budget", "unbounded"


class Spending:
    """
    Prices calls, and holds them to the day's sum. All of it blocks, and is for threads.

    Args:
        ledger: The day's sum, shared with other workers.
        catalog: The prices.
    """

    def __init__(self, ledger: ShadowLedger, catalog: Catalog) -> None:
        self._ledger, self._catalog = ledger, catalog
        self.reserve = ledger.reserve

    def most(self, params: bytes, model: str, *, at: float, batched: bool = False) -> int | None:
        """
        What an answer may cost at most, in 1e-12 dollars; None where nothing bounds it.

        Args:
            params: The request's body as it would be sent.
            model: Who answers it.
            at: When, in seconds since 1970.
            batched: Whether at the price of batches.
        """
        day = datetime.fromtimestamp(at, UTC)
        usd = most_usd(params, model, at=day, catalog=self._catalog, batched=batched)
        return None if usd is None else int((usd * PICO).to_integral_value(ROUND_UP))

    def refuses(self, most: int | None, *, beside: int, at: float) -> str:
        """What to tell of a call that would wait, where there is no room for it; else empty."""
        if self._ledger.has_room(most, beside=beside, at=at):
            return ""
        return refusal_of(most)

    def settle(self, records: Mapping[str, ExchangeRecord], *, at: float) -> None:
        """
        Put what calls did cost in the place of what was set aside.

        Args:
            records: Call -> its line in the account.
            at: When they were made, in seconds since 1970.
        """
        self._ledger.settle({call: self._cost(each) for call, each in records.items()}, at=at)

    def release(self, calls: Mapping[str, object], *, at: float) -> None:
        """Give back what was set aside for calls that were never made."""
        self._ledger.settle(dict.fromkeys(calls, 0), at=at)

    def _cost(self, record: ExchangeRecord) -> int | None:
        usage = record.usage
        if usage is None:
            return None if record.may_be_billed else 0
        if not usage.complete:
            return None
        try:
            return spent_or_ceiling(record, usage, self._catalog)
        except OverflowError:
            return None


def refusal_of(most: int | None) -> str:
    """The word for a call that may not be made."""
    return UNBOUNDED if most is None else OVER_BUDGET
