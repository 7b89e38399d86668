"""Kept exchanges: metadata as Parquet, bodies stored once each, both in one private folder."""

from suffice.adapters.exchanges.columns import StoredExchange
from suffice.adapters.exchanges.preparing import Prepared, Preparing, Unfit
from suffice.adapters.exchanges.progress import FileProgress
from suffice.adapters.exchanges.rewriting import Deleted
from suffice.adapters.exchanges.segments import connect
from suffice.adapters.exchanges.store import Exchanges, Holdings

__all__ = [
    "Deleted",
    "Exchanges",
    "FileProgress",
    "Holdings",
    "Prepared",
    "Preparing",
    "StoredExchange",
    "Unfit",
    "connect",
]
