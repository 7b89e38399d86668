"""
CPU per request of the gateway's worker, beside nginx as a plain proxy, in one run.

Needs wrk and nginx with Lua, and a folder with an upstream stub and load scripts (stub.conf,
proxy.conf, post.lua, files/req.json), named by SUFFICE_GATEWAY_BENCH. The stub listens on 9100,
nginx proxies on 9200. Load and stub run on CPU 0, the proxies on CPU 1; the account's child
process, which no request waits for, is shown by itself.
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
from collections.abc import Sequence
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_POLICY = {
    "version": 1,
    "types": {
        "triage": {
            "baseline": "claude-haiku-4-5",
            "candidate": "claude-haiku-5-5",
            "share": 1.0,
        }
    },
}
_SECONDS = 4


def main() -> None:
    """Print one line a proxy, with its ratio to nginx."""
    folder = Path(os.environ.get("SUFFICE_GATEWAY_BENCH", ""))
    if not (folder / "stub.conf").is_file() or not (shutil.which("wrk") and shutil.which("nginx")):
        print("skipped: needs wrk, nginx and SUFFICE_GATEWAY_BENCH")
        return
    (folder / "run").mkdir(exist_ok=True)
    stub = _start(["taskset", "-c", "0", "nginx", "-p", ".", "-c", "stub.conf"], folder)
    try:
        nginx = _measure(
            ["taskset", "-c", "1", "nginx", "-p", ".", "-c", "proxy.conf"], folder, 9200
        )
        print(f"nginx proxy_pass        {nginx:.4f} CPU-ms/request")
        for name, options, header in (
            ("as asked, metadata kept", (), ""),
            ("routed, metadata kept", (), "x-suffice-type: triage"),
            ("routed, nothing kept", ("--capture", "off"), "x-suffice-type: triage"),
            ("routed, bodies kept", ("--capture", "bodies"), "x-suffice-type: triage"),
        ):
            ours = _measure(_gateway(options), folder, 4701, header=header)
            print(f"{name:<23} {ours:.4f} CPU-ms/request  {ours / nginx:.1f} x nginx")
    finally:
        _end(stub)


def _gateway(options: Sequence[str]) -> list[str]:
    data = Path(tempfile.mkdtemp())
    (data / "policy.json").write_text(json.dumps(_POLICY), encoding="utf-8")
    return [
        *("taskset", "-c", "1", sys.executable, "-m", "suffice", "gateway", "--port", "4701"),
        *("--upstream", "http://127.0.0.1:9100", "--policy", str(data / "policy.json")),
        *("--data", str(data / "data"), *options),
    ]


def _measure(command: Sequence[str], folder: Path, port: int, *, header: str = "") -> float:
    """CPU-ms per finished request of the process itself and, for nginx, of its worker."""
    process = _start(command, folder)
    try:
        time.sleep(2.5)
        url = f"http://127.0.0.1:{port}/v1/messages"
        _load(url, folder, header, seconds=2)
        pids = [process.pid, *_forked(process.pid)] if port == 9200 else [process.pid]
        before = sum(_cpu_s(pid) for pid in pids)
        finished = _load(url, folder, header, seconds=_SECONDS)
        return 1e3 * (sum(_cpu_s(pid) for pid in pids) - before) / finished
    finally:
        _end(process)


def _load(url: str, folder: Path, header: str, *, seconds: int) -> int:
    told = subprocess.run(
        ["taskset", "-c", "0", "wrk", "-t1", "-c16", f"-d{seconds}s", "-s", "post.lua", url],
        cwd=folder,
        env={**os.environ, "BODY_FILE": "files/req.json", "EXTRA_HEADERS": header},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"WRK (\{.*\})", told)
    if found is None:
        raise SystemExit(f"no figures from wrk: {told}")
    return int(json.loads(found[1])["n"])


def _forked(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(each) for each in children.split()]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _start(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, start_new_session=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(15)


if __name__ == "__main__":
    main()
