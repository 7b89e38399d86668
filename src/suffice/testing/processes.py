"""suffice's own commands as processes, for tools, tests and the live demo."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PATIENCE_S = 60.0


@contextmanager
def gateway(
    upstream: str,
    *options: str,
    folder: Path,
    log: list[dict[str, Any]] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """
    Run `suffice gateway` before an upstream for as long as a block lasts; yields its address.

    Args:
        upstream: Where requests go.
        options: More of its own; they win over those that are given here.
        folder: Where it keeps its data, reads ``policy.json`` if it lies there, and watches the
            rollouts of ``rollouts.sqlite`` once there are any.
        log: Receives what it logs, as it does.
        environ: Further variables for it, e.g. a key of its own.

    Raises:
        TimeoutError: It did not say that it is ready.
    """
    given = ["--port", "0", "--upstream", upstream, *places(folder)]
    with command("gateway", *given, *options, folder=folder, environ=environ) as process:
        said: list[str] = []
        address: list[str] = []
        ready: list[str] = []
        heard = threading.Event()

        def read() -> None:
            for line in process.stderr or ():
                said.append(line)
                # Only a gateway that cannot start says anything but JSON.
                logged = json.loads(line) if line.startswith("{") else {"event": ""}
                if log is not None:
                    log.append(logged)
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


def places(folder: Path) -> tuple[str, ...]:
    """
    Where everything lies in a folder, as options of every command that asks for it.

    >>> places(Path("here"))[:2]
    ('--rollouts', 'here/rollouts.sqlite')
    """
    return (
        *("--rollouts", str(folder / "rollouts.sqlite")),
        *("--policy", str(folder / "policy.json")),
        *("--data", str(folder / "data")),
    )


@contextmanager
def command(
    *arguments: str, folder: Path, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """
    Run a command of suffice in a folder, for as long as a block lasts; ended with SIGTERM.

    What is set on this machine for its own use does not decide what the command does.

    Args:
        arguments: As on the command line.
        folder: Where it runs.
        environ: Further variables for it.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC_", "SUFFICE_"))}
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "suffice", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**kept, **(environ or {})},
    )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()
