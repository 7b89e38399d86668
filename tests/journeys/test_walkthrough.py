"""The walk-through of the docs, block by block, in a shell of its own."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

_PAGE = Path(__file__).parents[2] / "docs" / "walkthrough.md"
_FENCE = re.compile(
    r"^```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
# Below where the system gives ports away, so that nobody who asks for any free one gets these.
_PORTS = range(20_000, 32_000)


def free_ports() -> tuple[int, int]:
    """Two ports that nobody listens on."""
    found: list[int] = []
    for port in random.Random(os.getpid()).sample(_PORTS, 100):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found[0], found[1]


def test_every_block_of_the_walk_through_works_as_it_is_copied(tmp_path: Path) -> None:
    provider, gateway = free_ports()
    page = _PAGE.read_text("utf-8").replace("8011", str(provider)).replace("4701", str(gateway))
    page = page.replace(
        "suffice gateway --upstream", f"suffice gateway --port {gateway} --upstream"
    )
    page = page.replace("gateway probe;", f"gateway probe --port {gateway};")
    script = ["set -e"]
    for block in _FENCE.finditer(page):
        if block["file"]:
            (tmp_path / block["file"]).write_text(block["body"], "utf-8")
        else:
            script.append(block["body"])
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANTHROPIC", "SUFFICE"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"

    with (tmp_path / "said.txt").open("wb") as said:
        shell = subprocess.Popen(
            ["bash", "-c", "\n".join(script)],
            cwd=tmp_path,
            env={**kept, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = shell.wait(900)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)

    told = (tmp_path / "said.txt").read_text("utf-8")
    assert code == 0, told
    assert (
        "Rolled back to claude-opus-5-5: agreement has fallen"
        in (tmp_path / "alerts.jsonl").read_text()
    )
    assert "-SUFFICE_MODEL_SORT_TICKETS_LABEL=claude-haiku-5-5" in told
    assert "models.env is not what the evidence says" in told
    assert "it counts at claude-" in told
    assert (tmp_path / "week.html").exists()
    assert "Traceback" not in told
