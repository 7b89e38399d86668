"""Published claims about cost, as data: what was said, of which workload, and when."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources

import msgspec

from suffice.pricing.workload import DAYS_PER_MONTH


class PublishedFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One published number, and what of the workload it is; see the data file's head."""

    what: str
    measure: str
    model: str
    claimed: str
    against: str = ""
    batch: bool = False
    against_batch: bool = False
    cached: str = "0"
    bound: str = ""


class PublishedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A published claim: its workload, the day of its prices and its figures."""

    id: str
    claim: str
    on: date
    note: str
    figures: tuple[PublishedFigure, ...]
    requests_per_day: int = 0
    requests_per_month: int = 0
    input: int = 0
    output: int = 0

    @property
    def a_month(self) -> Decimal:
        """Requests a month, told or thirty days' worth."""
        return Decimal(self.requests_per_month or self.requests_per_day * DAYS_PER_MONTH)


@cache
def read_published_claims() -> tuple[PublishedClaim, ...]:
    """Every published claim, as its data file tells it."""
    path = resources.files("suffice.pricing") / "data" / "published_figures.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return msgspec.convert(table["claims"], tuple[PublishedClaim, ...])
