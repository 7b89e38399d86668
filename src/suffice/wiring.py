"""Settings -> concrete classes; the one file that chooses them."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from suffice.catalog import Catalog, load_catalog
from suffice.errors import UnreadableFile


class SystemClock:
    """The machine's own time, in UTC."""

    def now(self) -> datetime:
        """The time now."""
        return datetime.now(UTC)


def catalog_with(prices: Path | None) -> Catalog:
    """
    The catalog that ships with suffice, with a user's own prices over it.

    Raises:
        UnreadableFile: The prices file cannot be read or is no TOML.
    """
    if prices is None:
        return load_catalog()
    try:
        overrides = tomllib.loads(prices.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableFile(
            f"The prices file {prices} cannot be read: {error}.",
            effect="Nothing was priced.",
            next_step="It is TOML; see docs/money.md.",
        ) from error
    return load_catalog(overrides)
