"""The process at the other end of `Processes`: batches in on stdin, results out on stdout."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from contextlib import suppress

import msgspec

from suffice.adapters.workers.processes import DONE, FAILED, read_frame, write_frame
from suffice.adapters.workers.sweeping import swept_rarely
from suffice.adapters.workers.work import column


def main() -> None:
    """Work until the pipe ends."""
    batches = sys.stdin.buffer
    # What a library prints must not stand between the results.
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    decode = msgspec.msgpack.Decoder(list[bytes]).decode
    encode = msgspec.msgpack.Encoder().encode
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt), swept_rarely():
        run = column(pickle.loads(read_frame(batches)))  # noqa: S301 - our own parent wrote it
        while True:
            batch = decode(read_frame(batches))
            try:
                done, kind = encode(run(batch)), DONE
            except Exception:  # noqa: BLE001 - the true edge: it is raised again at the other end
                done, kind = traceback.format_exc().encode(errors="replace"), FAILED
            write_frame(results, done, kind=kind)


if __name__ == "__main__":
    main()
