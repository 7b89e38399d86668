"""
Ready-made tasks: one call, a typed result, the cheapest model that may do it.

Each name loads what it needs when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suffice.tasks.batch import Batch
    from suffice.tasks.choosing import ToolChoice, choose_tool
    from suffice.tasks.classifying import classify
    from suffice.tasks.cleaning import Cleaned, clean_text
    from suffice.tasks.current import using
    from suffice.tasks.docstrings.asking import DocstringForm
    from suffice.tasks.documenting import write_docstring
    from suffice.tasks.documenting_files import (
        DocstringScope,
        awrite_docstrings,
        missing_docstrings,
        write_docstrings,
    )
    from suffice.tasks.escalating import Escalation, needs_escalation
    from suffice.tasks.extracting import extract
    from suffice.tasks.outcome import Attempt, Outcome, Unresolved
    from suffice.tasks.progress import progress_bar
    from suffice.tasks.routing import Agent, Routed, route_request
    from suffice.tasks.running import Runner
    from suffice.tasks.seeing import DOCUMENT_TYPES, classify_image
    from suffice.tasks.summarizing import summarize

_HOMES = {
    "DOCUMENT_TYPES": "seeing",
    "Agent": "routing",
    "Attempt": "outcome",
    "Batch": "batch",
    "Cleaned": "cleaning",
    "DocstringForm": "docstrings.asking",
    "DocstringScope": "documenting_files",
    "Escalation": "escalating",
    "Outcome": "outcome",
    "Routed": "routing",
    "Runner": "running",
    "ToolChoice": "choosing",
    "Unresolved": "outcome",
    "awrite_docstrings": "documenting_files",
    "choose_tool": "choosing",
    "classify": "classifying",
    "classify_image": "seeing",
    "clean_text": "cleaning",
    "extract": "extracting",
    "missing_docstrings": "documenting_files",
    "needs_escalation": "escalating",
    "progress_bar": "progress",
    "route_request": "routing",
    "summarize": "summarizing",
    "using": "current",
    "write_docstring": "documenting",
    "write_docstrings": "documenting_files",
}

__all__ = [
    "DOCUMENT_TYPES",
    "Agent",
    "Attempt",
    "Batch",
    "Cleaned",
    "DocstringForm",
    "DocstringScope",
    "Escalation",
    "Outcome",
    "Routed",
    "Runner",
    "ToolChoice",
    "Unresolved",
    "awrite_docstrings",
    "choose_tool",
    "classify",
    "classify_image",
    "clean_text",
    "extract",
    "missing_docstrings",
    "needs_escalation",
    "progress_bar",
    "route_request",
    "summarize",
    "using",
    "write_docstring",
    "write_docstrings",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the file it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'suffice.tasks' has no attribute {name!r}")
    return getattr(importlib.import_module(f"suffice.tasks.{_HOMES[name]}"), name)
