"""What is known of models: dated prices, limits, lifecycle and how they count. Data and lookup."""

from suffice.catalog.facts import (
    Band,
    ImageRule,
    Lifecycle,
    ModelFacts,
    PricePeriod,
    Rules,
    TokenClass,
    ToolPrompt,
)
from suffice.catalog.lookup import Catalog, load_catalog

__all__ = [
    "Band",
    "Catalog",
    "ImageRule",
    "Lifecycle",
    "ModelFacts",
    "PricePeriod",
    "Rules",
    "TokenClass",
    "ToolPrompt",
    "load_catalog",
]
