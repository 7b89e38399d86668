"""Seeded generators of the demo's inputs, one file per request type; all written for suffice."""

from __future__ import annotations

from tools.demo_inputs import (
    agents,
    cleanup,
    docstrings,
    invoices,
    kinds,
    orders,
    pictures,
    replies,
    tickets,
    updates,
    urgency,
)
from tools.demo_inputs.drawing import DemoType, Drawn, draw, system_of

TYPES: tuple[DemoType, ...] = (
    orders.TYPE,
    agents.TYPE,
    tickets.TYPE,
    cleanup.TYPE,
    pictures.TYPE,
    replies.TYPE,
    docstrings.TYPE,
    kinds.TYPE,
    urgency.TYPE,
    invoices.TYPE,
    updates.TYPE,
)

__all__ = ["TYPES", "DemoType", "Drawn", "draw", "system_of"]
