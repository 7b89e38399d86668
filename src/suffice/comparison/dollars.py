"""Dollars of answers as they pass by; an unknown price is noted, never counted as free."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from suffice.catalog import Catalog
from suffice.errors import PriceUnknown
from suffice.pricing import cost
from suffice.records import Evidence, Usage, parse_model_spec


class Dollars:
    """Dollars of an answer where the price is known; remembers for which arms it is not."""

    def __init__(self, catalog: Catalog, at: datetime) -> None:
        self.catalog, self._at = catalog, at
        self.unpriced: dict[str, str] = {}

    @property
    def dated(self) -> str:
        """The day of the price table, ISO 8601."""
        return self.catalog.dated.isoformat()

    def __call__(self, arm: str, usage: Usage) -> Decimal | None:
        """Dollars of one answer of an arm; None where its model has no price."""
        if arm in self.unpriced:
            return None
        try:
            return cost(usage, parse_model_spec(arm).model, at=self._at, catalog=self.catalog)
        except PriceUnknown as error:
            self.unpriced[arm] = error.what
            return None

    def noted(self, evidence: Evidence) -> Evidence:
        """The evidence with the reason why its dollars are missing, if they are."""
        if len(evidence.baseline_usd):
            return evidence
        reasons = [
            self.unpriced[arm]
            for arm in (evidence.baseline, evidence.candidate)
            if arm in self.unpriced
        ]
        note = " ".join(reasons) or "The file holds no token counts for both models."
        return msgspec.structs.replace(evidence, cost_note=note)
