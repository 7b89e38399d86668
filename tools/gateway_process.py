"""`suffice gateway` as a process, for the tools and tests that put real clients before it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_S = 20.0


@contextmanager
def gateway(upstream: str, *, folder: Path, policy: Path | None = None) -> Iterator[str]:
    """
    Run the gateway before an upstream for as long as a block lasts; yields its address.

    Args:
        upstream: Where requests go.
        folder: Where it keeps its data, and reads `policy.json` if it lies there.
        policy: Another policy file.

    Raises:
        TimeoutError: It did not say that it is ready.
    """
    options = ["--port", "0", "--upstream", upstream, "--data", str(folder / "data")]
    options += ["--policy", str(policy or folder / "policy.json")]
    # What is set on this machine for its own use must not decide what the gateway does.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC_", "SUFFICE_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "suffice", "gateway", *options],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=kept,
    )
    said: list[str] = []
    address: list[str] = []
    ready: list[str] = []
    heard = threading.Event()

    def read() -> None:
        for line in process.stderr or ():
            said.append(line)
            # Only a gateway that cannot start says anything but JSON.
            logged = json.loads(line) if line.startswith("{") else {"event": ""}
            if logged["event"] == "starting":
                address.append(logged["address"])
            elif logged["event"] == "ready":
                ready.append(line)
                heard.set()
        heard.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        heard.wait(_PATIENCE_S)
        if not ready:
            raise TimeoutError(f"the gateway did not start: {''.join(said)}")
        yield address[0]
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)
        reader.join(_PATIENCE_S)
        if process.stderr:
            process.stderr.close()
