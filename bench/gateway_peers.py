"""
The gateway beside others, in one run, by the folder's own bench.py: CPU of whole process trees.

Here the account's process counts as well, and so does whatever the others keep beside. Which
others: SUFFICE_GATEWAY_PEERS, by comma. Takes minutes, so it runs only when asked for by name:
`SUFFICE_GATEWAY_BENCH=FOLDER python -m bench gateway_peers`; see `bench._gateways`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from bench._gateways import STUB, STUB_PACED, TYPED, folder, ours

_PEERS = "nginx,envoy,tensorzero,portkey,litellm"


def main() -> None:
    """Print the folder's table, with the gateway in it, routed, on both listeners of the stub."""
    if "gateway_peers" not in sys.argv:
        print("skipped: takes minutes; ask for it by name")
        return
    where = folder()
    if where is None or not (where / "bench.py").is_file():
        return
    targets: list[str] = []
    for port, upstream in ((4711, STUB), (4712, STUB_PACED)):
        command = shlex.join(["taskset", "-c", "1", *ours(port, upstream=upstream)])
        url = f"http://127.0.0.1:{port}/v1/messages"
        paced = f",purl={url}" if upstream == STUB_PACED else ""
        target = f"suffice:{upstream}={url}{paced},cmd={command},header={TYPED},wait=10"
        targets += ["--target", target]
    peers = os.environ.get("SUFFICE_GATEWAY_PEERS", _PEERS)
    subprocess.run(
        [sys.executable, "bench.py", "--only", peers, "--conc", "16", "--secs", "3", *targets],
        cwd=where,
        check=True,
    )


if __name__ == "__main__":
    main()
