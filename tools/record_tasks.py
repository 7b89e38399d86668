r"""
Record answers of models on this machine to the project's own cases, for the replays of the tests.

    pip install -e '.[local]'
    python -m tools.record_tasks --model qwen2.5-coder-1.5b=qwen.gguf

The cases are sets, each of one task with its arguments. What is written are answers as
`Batch(resume=...)` keeps them: who replays a recording asks nobody. A run that was stopped goes on
where it was. A changed prompt is another request, so its answers have to be recorded anew.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from suffice.adapters.providers.local import LocalModels, LocalServer
from suffice.tasks import Batch, Runner
from suffice.tasks.batch import run_all
from suffice.tasks.job import Job
from suffice.tasks.shelf import task_named

HERE = Path(__file__).parents[1] / "tests" / "tasks" / "recordings"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """
    One input of a task.

    Attributes:
        id: Its name.
        input: The task's first argument.
        expected: What is right; UNSET where only the form of an answer can be checked.
    """

    id: str
    input: str
    expected: Any = msgspec.UNSET


class CaseSet(msgspec.Struct, frozen=True, kw_only=True):
    """
    Cases of one task.

    Attributes:
        name: Of the set.
        task: The task's name.
        arguments: The task's other arguments, the same for all.
        cases: The inputs.
    """

    name: str
    task: str
    arguments: dict[str, Any] = msgspec.field(name="with")
    cases: tuple[Case, ...]

    def jobs(self) -> list[Job[Any]]:
        """What is asked, case by case."""
        task = task_named(self.task)
        return [task.job(case.input, self.arguments) for case in self.cases]


def case_sets() -> dict[str, CaseSet]:
    """The project's own cases, by the name of their set."""
    content = (HERE / "cases.json").read_bytes()
    return {one.name: one for one in msgspec.json.decode(content, type=list[CaseSet])}


async def record(
    model: str, file: Path, sets: Iterable[CaseSet], *, seconds: float, patience: float
) -> None:
    """Ask a model every case it was not asked before, until the time is over."""
    models = LocalModels({model: file}, server=LocalServer(template=None))
    runner = Runner(models, ladder=lambda *_: (model,), escalate=False, timeout_s=patience)
    batch = Batch(resume=HERE / f"{model}.jsonl")
    until = time.monotonic() + seconds
    try:
        for one in sets:
            for case, job in zip(one.cases, one.jobs(), strict=True):
                if time.monotonic() > until:
                    print("time is over; the same call goes on")
                    return
                (outcome,) = await run_all(runner, [job], batch)
                print(one.name, case.id, outcome.value, flush=True)
    finally:
        await models.aclose()


def strip(path: Path, jobs: Iterable[Job[Any]]) -> None:
    """
    Leave out what nobody asks any more, and what belongs to the machine: its paths and its pace.
    """
    known = {job.key for job in jobs}
    rows = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    kept = [row for row in rows if row["key"] in known]
    for row in kept:
        row["answer"] |= {"served_model": None, "latency_s": None, "request_id": None}
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in kept))


def main() -> None:
    """Record one model."""
    sets = case_sets()
    parser = argparse.ArgumentParser(description="Record answers for the replays of the tests.")
    parser.add_argument("--model", required=True, metavar="NAME=GGUF")
    parser.add_argument("--sets", nargs="+", choices=sets, default=list(sets))
    parser.add_argument("--seconds", type=float, default=600, help="Begin nothing more afterwards.")
    parser.add_argument("--patience", type=float, default=300, help="Seconds for one case.")
    options = parser.parse_args()
    model, _, file = options.model.partition("=")
    chosen = [sets[name] for name in options.sets]
    try:
        asyncio.run(
            record(model, Path(file), chosen, seconds=options.seconds, patience=options.patience)
        )
    finally:
        strip(HERE / f"{model}.jsonl", [job for one in sets.values() for job in one.jobs()])


if __name__ == "__main__":
    main()
