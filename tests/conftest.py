"""What all tests share: where recorded data lies, if it does; what runs only on demand."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).parents[1]

# No test is timed: on a busy machine a slow second says nothing about the code. And none draws its
# examples anew: a failure is the change's. `make test-shuffled` hunts with fresh ones.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", UNTIMED, derandomize=True, database=None)
settings.register_profile("fresh", UNTIMED, derandomize=False)
settings.load_profile("same")

# Set on a machine for its own use, they would decide what a command does or how it looks.
DECIDES = re.compile(
    r"(suffice|anthropic|otel|openai|github)_.+|.+_proxy|ci|ray_address"
    r"|no_color|force_color|columns|lines|term",
    re.IGNORECASE,
)
FOR_TESTS = {"SUFFICE_TEST_DATA", "SUFFICE_EXAMPLES", "SUFFICE_FUZZ", "SUFFICE_WRITE_FAULTS"}


def pytest_configure() -> None:
    """Tests see the world they make, in every environment."""
    for name in [each for each in os.environ if DECIDES.fullmatch(each)]:
        if name not in FOR_TESTS:
            del os.environ[name]


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """The folder of recorded answers; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("SUFFICE_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"recorded answers are not here ({folder}); set SUFFICE_TEST_DATA")
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked large, unless markers were asked for by name."""
    if config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("large"):
            item.add_marker(pytest.mark.skip(reason="at full size: run with -m large"))
