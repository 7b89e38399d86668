"""
Gateways beside one another: the folder they are measured in, processes, and their CPU time.

The folder is named by SUFFICE_GATEWAY_BENCH. It holds an upstream's stub and load scripts for
nginx with Lua and for wrk (stub.conf, proxy.conf, post.lua, files/req.json), and where there is
one, bench.py, which measures other gateways. The stub listens on 9100, paced on 9102; nginx
proxies on 9200 and 9202. Load and stub run on CPU 0, proxies on CPU 1.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_POLICY = {
    "version": 1,
    "types": {
        "triage": {"baseline": "claude-haiku-4-5", "candidate": "claude-haiku-5-5", "share": 1.0},
        "agent": {"baseline": "claude-opus-5-5", "candidate": "claude-haiku-5-5", "share": 1.0},
    },
}
TYPED = "x-suffice-type: triage"
STUB, STUB_PACED, NGINX, NGINX_PACED = 9100, 9102, 9200, 9202


def folder() -> Path | None:
    """Where to measure; None, and a line that says so, where it cannot be done."""
    found = Path(os.environ.get("SUFFICE_GATEWAY_BENCH", ""))
    if not (found / "stub.conf").is_file() or not (shutil.which("wrk") and shutil.which("nginx")):
        print("skipped: needs wrk, nginx and SUFFICE_GATEWAY_BENCH")
        return None
    (found / "run").mkdir(exist_ok=True)
    return found


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk told: requests finished, how long it took, and how many went wrong."""

    finished: int
    seconds: float
    errors: int


@dataclass(frozen=True, slots=True)
class Gateway:
    """A process of ours, and how long it took to be ready."""

    pid: int
    port: int
    ready_s: float

    @property
    def url(self) -> str:
        """Where messages are sent."""
        return f"http://127.0.0.1:{self.port}/v1/messages"


def ours(port: int, *options: str, upstream: int = STUB) -> list[str]:
    """The command of a gateway with a policy, and a data folder of its own."""
    data = Path(tempfile.mkdtemp())
    (data / "policy.json").write_text(json.dumps(_POLICY), encoding="utf-8")
    return [
        *(sys.executable, "-m", "suffice", "gateway", "--port", str(port)),
        *("--upstream", f"http://127.0.0.1:{upstream}", "--policy", str(data / "policy.json")),
        *("--data", str(data / "data"), *options),
    ]


@contextmanager
def stub(where: Path) -> Iterator[None]:
    """The upstream."""
    with running(["taskset", "-c", "0", "nginx", "-p", ".", "-c", "stub.conf"], where):
        wait_for(STUB)
        yield


@contextmanager
def nginx(where: Path) -> Iterator[int]:
    """The plain proxy; its worker's process."""
    command = ["taskset", "-c", "1", "nginx", "-p", ".", "-c", "proxy.conf"]
    with running(command, where) as process:
        wait_for(NGINX)
        yield _children(process.pid)[0]


@contextmanager
def gateway(port: int, *options: str, upstream: int = STUB) -> Iterator[Gateway]:
    """A gateway of ours, ready."""
    command = ["taskset", "-c", "1", *ours(port, *options, upstream=upstream)]
    began = time.perf_counter()
    with running(command) as process:
        wait_for(port)
        yield Gateway(process.pid, port, time.perf_counter() - began)


@contextmanager
def running(command: Sequence[str], cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, ended with it."""
    process = subprocess.Popen(command, cwd=cwd, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def wait_for(port: int) -> None:
    """Until something answers there."""
    for _ in range(2_000):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except urllib.request.HTTPError:
            return
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"nothing listens on {port}")


def wrk(
    where: Path,
    url: str,
    *,
    header: str = "",
    body: str = "files/req.json",
    seconds: float = 2,
    connections: int = 16,
) -> Load:
    """Load from CPU 0, as fast as it is answered."""
    told = subprocess.run(
        [
            *("taskset", "-c", "0", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"),
            *("-s", "post.lua", "--timeout", "20s", url),
        ],
        cwd=where,
        env={**os.environ, "BODY_FILE": body, "EXTRA_HEADERS": header},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"WRK (\{.*\})", told)
    if found is None:
        raise SystemExit(f"no figures from wrk: {told}")
    figures = json.loads(found[1])
    errors = sum(figures[name] for name in ("e_status", "e_read", "e_timeout", "e_connect"))
    return Load(figures["n"], figures["us"] / 1e6, errors)


def cpu_s(pid: int) -> float:
    """User and system time of one process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mb(pid: int) -> float:
    """Memory a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


def beside(pid: int) -> list[int]:
    """The processes a gateway keeps beside its worker."""
    return _children(pid)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(each) for each in (task / "children").read_text(encoding="ascii").split()]
    return found
