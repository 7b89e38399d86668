"""
suffice: the cheapest model that suffices, with evidence.

What a library user may import. Each name loads what it needs when it is first used, so that
importing the package, and starting the command line, stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from suffice.api import Recorded, compare_recorded
    from suffice.catalog import load_catalog
    from suffice.decision import Advice, decide, decide_all, select_model
    from suffice.pricing import cost
    from suffice.records import Case, Comparison, Evidence, Limits, Usage, Verdict
    from suffice.reports import render
    from suffice.traffic import read_cases

_HOMES = {
    "Advice": "suffice.decision",
    "Case": "suffice.records",
    "Comparison": "suffice.records",
    "Evidence": "suffice.records",
    "Limits": "suffice.records",
    "Recorded": "suffice.api",
    "Usage": "suffice.records",
    "Verdict": "suffice.records",
    "compare_recorded": "suffice.api",
    "cost": "suffice.pricing",
    "decide": "suffice.decision",
    "decide_all": "suffice.decision",
    "load_catalog": "suffice.catalog",
    "read_cases": "suffice.traffic",
    "render": "suffice.reports",
    "select_model": "suffice.decision",
}

__all__ = [
    "Advice",
    "Case",
    "Comparison",
    "Evidence",
    "Limits",
    "Recorded",
    "Usage",
    "Verdict",
    "compare_recorded",
    "cost",
    "decide",
    "decide_all",
    "load_catalog",
    "read_cases",
    "render",
    "select_model",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the room it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'suffice' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
