"""What watching one pair of a type costs, and how that is known."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from suffice.adapters.controlling.arm_windows import Account
from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli.money_text import read_usd
from suffice.cli.rollout_world import Places, now
from suffice.gateway.account_store import PICO

_A_MONTH = timedelta(days=30)


class PairPrice(NamedTuple):
    """
    The mean price of a shadow call.

    Attributes:
        usd: A pair.
        source: Whose prices these are, and of how many calls.
        halves: It is the price of a call that is made at once: by batch it is half of it.
    """

    usd: Decimal
    source: str
    halves: bool = False


def pair_price(places: Places, request_type: str | None, *, given: str | None) -> PairPrice | None:
    """
    What a pair costs: as given, else what this type's shadow calls cost, else its own answers.

    Once a type is moved its baseline answers the shadow calls, so that is what counts.

    Args:
        places: Where rollouts and account lie.
        request_type: The type; None: none is known.
        given: Dollars, as an option says them.

    Returns:
        None where nothing says it. Calls without a known price are told, never taken for free.

    Raises:
        BadOption: What was given is no price.
        StorageError: Store or account cannot be read.
    """
    if given is not None:
        return PairPrice(read_usd(given, effect="Nothing was planned."), "as given", halves=True)
    if request_type is None:
        return None
    return _of_shadow_calls(places, request_type) or _of_answers(places, request_type)


def _of_shadow_calls(places: Places, request_type: str) -> PairPrice | None:
    if not places.store.exists():
        return None
    with Rollouts.open(places.store, write=False) as store:
        pairs = store.pairs(request_type, since=now() - _A_MONTH)
    costs = [pair.cost_usd for pair in pairs if pair.served_by == "candidate"]
    known = [Decimal(cost) for cost in costs if cost is not None]
    # Recorded answers that were watched cost nothing, and say nothing of a call.
    if not any(known):
        return None
    mean = sum(known, Decimal(0)) / len(known)
    return PairPrice(mean, _mean_of(len(known), "shadow calls", unpriced=len(costs) - len(known)))


def _of_answers(places: Places, request_type: str) -> PairPrice | None:
    account = Account.open(places.account)
    if account is None:
        return None
    with closing(account):
        found = account.answers_priced(request_type, now() - _A_MONTH)
    if found is None or not found.answers:
        return None
    mean = Decimal(found.picousd) / PICO / found.answers
    whose = f"answers of {found.model}"
    source = _mean_of(found.answers, whose, unpriced=found.unpriced)
    return PairPrice(mean, source, halves=True)


def _mean_of(count: int, what: str, *, unpriced: int) -> str:
    """
    Where a mean comes from.

    >>> _mean_of(1204, "shadow calls", unpriced=3)
    'the mean of 1,204 shadow calls in 30 days (3 more have no known price)'
    """
    without = f" ({unpriced:,} more {'has' if unpriced == 1 else 'have'} no known price)"
    return f"the mean of {count:,} {what} in 30 days{without if unpriced else ''}"
