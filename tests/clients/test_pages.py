"""What the clients' pages show runs, and each client the tool knows has its page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tools.client_zoo import CLIENTS, USUAL_ADDRESS
from tools.sdk_suite import EXPECTED, Tally, shortfalls, tally

PAGES = Path(__file__).parents[2] / "docs" / "clients"


def test_the_python_sdks_page_runs(front: Any, tmp_path: Path) -> None:
    text = (PAGES / "anthropic-python.md").read_text(encoding="utf-8")
    shown = re.search(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert shown is not None
    ran = subprocess.run(
        [sys.executable, "-c", shown[1].replace(USUAL_ADDRESS, front.url)],
        env={**os.environ, "ANTHROPIC_API_KEY": "sk-test"},
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert ran.stdout == "Paris claude-haiku-5-5\n"


@pytest.mark.parametrize("name", [client.name for client in CLIENTS])
def test_each_client_of_the_tool_has_a_page_that_names_its_version(name: str) -> None:
    (client,) = (each for each in CLIENTS if each.name == name)
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    version = re.split("==|@", client.packages[0])[-1]

    assert version in page
    assert f"({name}.md)" in (PAGES / "index.md").read_text(encoding="utf-8")


def test_the_sdks_own_tests_fall_short_when_one_fails_or_is_missing() -> None:
    file = "tests/api_resources/test_messages.py"
    case = f'<testcase file="{file}" name="a"'
    report = f"<t>{case}/>{case}><failure/></testcase>{case}><skipped/></testcase></t>"
    found = tally(report.encode())
    whole = {name: Tally(passed, 0, skipped) for name, (passed, skipped) in EXPECTED.items()}

    assert found[file] == Tally(1, 1, 1)
    assert shortfalls(whole) == []
    assert len(shortfalls({**whole, file: Tally(64, 0, 0)})) == 1
    assert len(shortfalls({**whole, file: Tally(65, 1, 0)})) == 1
