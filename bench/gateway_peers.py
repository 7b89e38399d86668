"""
The gateway beside others, by the folder's own bench.py: CPU and memory of whole process trees.

Here the account's process counts as well, and so does whatever the others keep beside. Each is
measured by itself with nginx before it, so a run may be broken off and gone on with: what the
folder's run/peers.jsonl holds of the last day is not measured again. Which, and in which order:
SUFFICE_GATEWAY_PEERS, by comma. Takes minutes, so it runs only when asked for by name:
`SUFFICE_GATEWAY_BENCH=FOLDER python -m bench gateway_peers`; see `bench._gateways`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench._gateways import STUB, STUB_PACED, TYPED, folder, ours

_OURS, _PLAIN = "suffice", "nginx"
_PEERS = f"{_OURS},envoy,tensorzero,portkey,litellm"
_FRESH_S = 86_400
_SECONDS = 4
_JSON, _PACED, _FIRST = "json", "paced", "ttft"


class Row(msgspec.Struct):
    """What bench.py found in one mode: of a load, or of single streams (``ttft``)."""

    target: str
    mode: str
    at: float
    cpu_ms: float = 0.0
    pss: float = 0.0
    rps: float = 0.0
    p99: float = 0.0
    errors: int = 0
    ttft50: float = 0.0


class Measured(msgspec.Struct):
    """One target and the nginx measured just before it, each by mode."""

    name: str
    at: float
    of: dict[str, Row]
    plain: dict[str, Row]


def main() -> None:
    """Measure what is still to be measured, and print the table."""
    if "gateway_peers" not in sys.argv:
        print("skipped: takes minutes; ask for it by name")
        return
    where = folder()
    if where is None or not (where / "bench.py").is_file():
        return
    kept = where / "run" / "peers.jsonl"
    wanted = os.environ.get("SUFFICE_GATEWAY_PEERS", _PEERS).split(",")
    for name in wanted:
        if name not in {each.name for each in _read(kept)}:
            found = _measure(where, name)
            if found is None:
                print(f"{name}: did not run; see {where / 'run'}")
                continue
            with kept.open("ab") as file:
                file.write(msgspec.json.encode(found) + b"\n")
    _print([each for each in _read(kept) if each.name in wanted])


def _measure(where: Path, name: str) -> Measured | None:
    if name != _OURS:
        rows = _run(where, "--only", f"{_PLAIN},{name}", "--modes", f"{_JSON},{_PACED}")
    else:
        rows = _run(where, "--only", _PLAIN, "--modes", f"{_JSON},{_PACED}")
        for port, upstream, mode in ((4711, STUB, _JSON), (4712, STUB_PACED, _PACED)):
            command = shlex.join(["taskset", "-c", "1", *ours(port, upstream=upstream)])
            url = f"http://127.0.0.1:{port}/v1/messages"
            target = f"{_OURS}={url},purl={url},cmd={command},header={TYPED},wait=10"
            rows += _run(where, "--only", "", "--modes", mode, "--target", target)
    plain = {row.mode: row for row in rows if row.target == _PLAIN}
    of = {row.mode: row for row in rows if row.target == name}
    whole = {_JSON, _PACED, _FIRST}
    if not (whole <= set(of) and whole <= set(plain)):
        return None
    return Measured(name=name, at=time.time(), of=of, plain=plain)


def _run(where: Path, *arguments: str) -> list[Row]:
    out = where / "run" / "peers.rows"
    out.unlink(missing_ok=True)
    limits = ("--conc", "16", "--secs", str(_SECONDS), "--out", str(out))
    subprocess.run([sys.executable, "bench.py", *limits, *arguments], cwd=where, check=True)
    return [msgspec.json.decode(line, type=Row) for line in out.read_bytes().splitlines()]


def _read(kept: Path) -> list[Measured]:
    """What was measured within the last day, the latest of each."""
    if not kept.is_file():
        return []
    lines = [msgspec.json.decode(line, type=Measured) for line in kept.read_bytes().splitlines()]
    oldest = time.time() - _FRESH_S
    return list({each.name: each for each in lines if each.at > oldest}.values())


def _print(found: Sequence[Measured]) -> None:
    print(
        "\n| | 1 KB, CPU-ms | x nginx | 70-event stream, CPU-ms | x nginx | first text, ms", end=""
    )
    print(" | more than nginx | memory, MB | errors |\n|---|---|---|---|---|---|---|---|---|")
    for each in found:
        of, plain = each.of, each.plain
        first, before = of[_FIRST].ttft50, plain[_FIRST].ttft50
        errors = of[_JSON].errors + of[_PACED].errors
        print(
            f"| {each.name} | {of[_JSON].cpu_ms:.3f} | {_ratio(of, plain, _JSON)}"
            f" | {of[_PACED].cpu_ms:.2f} | {_ratio(of, plain, _PACED)}"
            f" | {first:.1f} | {first - before:.1f} | {of[_JSON].pss:.0f} | {errors} |"
        )


def _ratio(of: dict[str, Row], plain: dict[str, Row], mode: str) -> str:
    return f"{of[mode].cpu_ms / plain[mode].cpu_ms:.1f}"


if __name__ == "__main__":
    main()
