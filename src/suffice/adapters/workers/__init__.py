"""One function over batches of texts, run here, in several processes, or on a Ray cluster."""

from suffice.adapters.workers.engine import ENGINES, Engine, engine_named, likely_engine, processors
from suffice.adapters.workers.sweeping import swept_rarely
from suffice.adapters.workers.work import Work, column

__all__ = [
    "ENGINES",
    "Engine",
    "Work",
    "column",
    "engine_named",
    "likely_engine",
    "processors",
    "swept_rarely",
]
