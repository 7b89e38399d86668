r"""
Record answers of models on this machine to the project's own cases, for the replays of the tests.

    pip install -e '.[local]'
    python -m tools.record_tasks --model qwen2.5-coder-1.5b=qwen.gguf

What it writes are the answers of a batch as `Batch(resume=...)` keeps them: who replays it asks
nobody. A changed prompt is another request, so the recording has to be made anew.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

import msgspec

from suffice.adapters.providers.local import LocalModels, LocalServer
from suffice.tasks import Batch, Runner, classify, extract, using

HERE = Path(__file__).parents[1] / "tests" / "tasks" / "recordings"


async def record(model: str, file: Path) -> None:
    """Ask a model every case it was not asked before."""
    cases: dict[str, Any] = msgspec.json.decode((HERE / "cases.json").read_bytes())
    models = LocalModels({model: file}, server=LocalServer(template=None))
    runner = Runner(models, ladder=lambda *_: (model,), escalate=False)
    batch = Batch(concurrency=1, resume=HERE / f"{model}.jsonl")
    try:
        with using(runner):
            tickets = [case["text"] for case in cases["tickets"]]
            labels = await classify.amap(tickets, cases["labels"], batch=batch)
            receipts = [case["text"] for case in cases["receipts"]]
            fields = await extract.amap(receipts, cases["schema"], batch=batch)
    finally:
        await models.aclose()
    for case, outcome in zip(cases["tickets"] + cases["receipts"], labels + fields, strict=True):
        print(case["id"], outcome.value)


def strip(path: Path) -> None:
    """Leave out what belongs to the machine it was recorded on: its paths and its pace."""
    rows = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    for row in rows:
        row["answer"] |= {"served_model": None, "latency_s": None, "request_id": None}
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def main() -> None:
    """Record one model."""
    parser = argparse.ArgumentParser(description="Record answers for the replays of the tests.")
    parser.add_argument("--model", required=True, metavar="NAME=GGUF")
    model, _, file = parser.parse_args().model.partition("=")
    try:
        asyncio.run(record(model, Path(file)))
    finally:
        strip(HERE / f"{model}.jsonl")


if __name__ == "__main__":
    main()
