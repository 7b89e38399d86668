"""suffice: the cheapest model that suffices, with evidence."""

__version__ = "0.1.0"
