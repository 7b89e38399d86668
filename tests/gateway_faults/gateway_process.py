"""The gateway's process as `suffice gateway` puts it together, with limits a test can wait for."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import msgspec
import uvloop

from suffice.adapters.policies import PolicyFiles
from suffice.catalog import load_catalog
from suffice.gateway.addresses import read_address
from suffice.gateway.limits import Limits
from suffice.gateway.log import Log
from suffice.gateway.running import Options, Running
from suffice.gateway.spool import Capture
from suffice.gateway.supervisor import Supervisor, account_command
from suffice.gateway.worker import listen


def main() -> None:
    """Serve what the one argument, a JSON object, describes."""
    told = json.loads(sys.argv[1])
    data, log = Path(told["data"]), Log()
    listener = listen("127.0.0.1", 0)
    log.say("starting", address=f"http://127.0.0.1:{listener.getsockname()[1]}")
    running = Running(
        Options(
            address=read_address(told["upstream"]),
            data=data,
            assignment_key=b"k" * 32,
            capture=Capture(told["capture"]),
            limits=msgspec.convert(told["limits"], Limits),
            drain_s=20.0,
        ),
        policies=PolicyFiles(Path(told["policy"])),
        catalog=load_catalog(),
        log=log,
        child=Supervisor([*account_command(data), "--every-s", "0.05"]),
    )
    uvloop.run(running.serve(listener, ready=lambda: log.say("ready", pid=os.getpid())))


if __name__ == "__main__":
    main()
