"""A process that offers records, tells of each on its output, and is killed by a test."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from suffice.gateway.spool import Spool
from suffice.records import ExchangeRecord

if __name__ == "__main__":
    spool = Spool(Path(sys.argv[1]), flush_s=0.2)
    number = 0
    while True:
        number += 1
        spool.offer(ExchangeRecord(ts=float(number), request_id="r" * (number % 500)))
        # One unbuffered write: the test knows what was offered, and when.
        os.write(1, f"{number} {time.monotonic()}\n".encode())
        time.sleep(0.0005)
