r"""
Record the demo's answers from models on this machine, through suffice's own local adapter.

    pip install -e '.[local]'
    python -m tools.record_demo \
        --model qwen2.5-coder-1.5b=qwen2.5-coder-1.5b.gguf --into build/demo
    python -m tools.record_demo --model gemma-3-270m=gemma-3-270m-q4_k_m.gguf --into build/demo

Each answer is appended as it comes, so a recording that was stopped goes on where it was; no
question is asked twice. `tools.pack_demo` turns the recording into what the wheel ships.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from tools.demo_inputs import TYPES, DemoType, Drawn, draw, system_of

from suffice.adapters.providers.local import LocalModels, LocalServer
from suffice.records import Answer, ModelSpec

SEED = "demo-1"
BASELINE = "qwen2.5-coder-1.5b"
# A type without references is answered by the baseline three times: two runs measure how far the
# model agrees with itself, and the third stands for "the same model as its own candidate".
BASELINE_RUNS = ("A", "B", "C")


def request_of(kind: DemoType, drawn: Drawn) -> dict[str, Any]:
    """The Anthropic request body of one case."""
    return {
        "max_tokens": kind.max_tokens,
        "temperature": kind.temperature,
        "stop_sequences": list(kind.stop),
        "system": system_of(kind),
        "messages": [{"role": "user", "content": drawn.prompt}],
    }


def arms_of(kind: DemoType, model: str) -> list[ModelSpec]:
    """The runs of a model over a type."""
    if model == BASELINE and not has_truth(kind):
        return [ModelSpec(model, label=run) for run in BASELINE_RUNS]
    return [ModelSpec(model)]


def has_truth(kind: DemoType) -> bool:
    """Whether answers are held against something, rather than against each other."""
    return kind.name not in {"message-kind", "urgency"}


class Recording:
    """An append-only file of answers, one per case and arm."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_bytes().splitlines() if path.exists() else []
        self._have = {(row["case"], row["arm"]) for row in map(msgspec.json.decode, lines)}

    def has(self, case_id: str, arm: ModelSpec) -> bool:
        """Whether the answer is there."""
        return (case_id, arm.name) in self._have

    def add(self, case_id: str, arm: ModelSpec, answer: Answer) -> None:
        """Keep an answer, on disk before this returns."""
        row = {"case": case_id, "arm": arm.name, "answer": answer}
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")
        self._have.add((case_id, arm.name))


async def record(
    models: LocalModels, model: str, into: Recording, *, slots: int, only: list[str] | None
) -> None:
    """Ask a model every question it has not answered yet."""
    turns = asyncio.Semaphore(slots)

    async def ask(case_id: str, arm: ModelSpec, request: dict[str, Any]) -> None:
        async with turns:
            into.add(case_id, arm, await models.answer(arm, request, case_id=case_id))

    for kind in TYPES:
        if only and kind.name not in only:
            continue
        cases = draw(kind, seed=SEED, cases=kind.cases)
        asked = [
            ask(f"{kind.name}-{number:03d}", arm, request_of(kind, drawn))
            for arm in arms_of(kind, model)
            for number, drawn in enumerate(cases, 1)
            if not into.has(f"{kind.name}-{number:03d}", arm)
        ]
        await asyncio.gather(*asked)
        print(f"{datetime.now(UTC):%H:%M:%S}  {kind.name}  {model}  {len(asked)} asked", flush=True)


def about(model: str, path: Path, server: LocalServer) -> dict[str, Any]:
    """What the manifest says of a recording."""
    cores = os.cpu_count()
    return {
        "model": model,
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "xllamacpp": version("xllamacpp"),
        "machine": f"{platform.system()} {platform.machine()}, {cores} cores, no accelerator",
        "server": msgspec.structs.asdict(server),
        "seed": SEED,
        "started": f"{datetime.now(UTC):%Y-%m-%d}",
    }


async def main() -> None:
    """Record one model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--model", required=True, metavar="NAME=GGUF")
    parser.add_argument("--into", required=True, type=Path, metavar="DIR")
    parser.add_argument("--only", nargs="*", metavar="TYPE", help="These types; else all.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--slots", type=int, default=1)
    options = parser.parse_args()
    model, _, file = options.model.partition("=")
    server = LocalServer(threads=options.threads, slots=options.slots)
    models = LocalModels({model: Path(file)}, server=server)
    into = Recording(options.into / f"{model}.jsonl")
    facts = options.into / f"{model}.about.json"
    facts.write_bytes(msgspec.json.format(msgspec.json.encode(about(model, Path(file), server))))
    try:
        await record(models, model, into, slots=options.slots, only=options.only)
    finally:
        await models.aclose()


if __name__ == "__main__":
    asyncio.run(main())
