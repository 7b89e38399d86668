"""
The child process of `local`: xllamacpp's server for one GGUF file, on a free loopback port.

Prints the server's address when it answers, and leaves when its standard input closes.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def serve(settings: dict[str, Any]) -> Any:
    """Start the server; it runs as long as what this returns is held."""
    import xllamacpp  # noqa: PLC0415 - an extra, and only this process needs it

    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["path"]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_gpu_layers = 0
    parameters.n_parallel = settings["slots"]
    parameters.n_ctx = settings["context_tokens"]
    parameters.cpuparams.n_threads = settings["threads"]
    parameters.cpuparams_batch.n_threads = settings["threads"]
    # A shared few-shot prefix is read once, also where attention slides (Gemma).
    parameters.cache_prompt = True
    parameters.swa_full = True
    parameters.cache_ram_mib = 0
    parameters.use_jinja = True
    if settings["template"] is not None:
        parameters.chat_template = settings["template"]
    return xllamacpp.Server(parameters)


def main() -> None:
    """Serve until the parent is gone."""
    server = serve(json.loads(sys.argv[1]))
    print(server.listening_address, flush=True)  # noqa: T201 - the parent reads it
    sys.stdin.buffer.read()
    # The C++ threads have nothing to save, and an orderly exit may wait for a long answer.
    os._exit(0)


if __name__ == "__main__":
    main()
