"""What a library user may import."""

from __future__ import annotations

import subprocess
import sys

import suffice


def test_every_public_name_loads_and_the_list_is_sorted() -> None:
    assert suffice.__all__ == sorted(suffice.__all__)
    assert all(getattr(suffice, name) is not None for name in suffice.__all__)


def test_importing_the_package_loads_nothing_heavy() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import suffice, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert not {"numpy", "scipy", "httpx2", "msgspec", "rich"} & set(told.stdout.split())
