"""Simulations at full size run on demand: ``pytest -m large tests/simulation``."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked large, unless markers were asked for by name."""
    if config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("large"):
            item.add_marker(pytest.mark.skip(reason="at full size: run with -m large"))
