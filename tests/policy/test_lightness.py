"""The gateway imports the policy: it must stay light."""

from __future__ import annotations

import subprocess
import sys


def test_translation_needs_no_heavy_library() -> None:
    code = (
        "import sys, suffice.policy.translation; "
        "print(*{'scipy', 'numpy', 'httpx2', 'duckdb', 'starlette', 'genai_prices'} & set(sys.modules))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == []
