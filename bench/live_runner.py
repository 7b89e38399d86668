"""
The live runner against the strict fake, over a real socket.

Beside it the plain alternative: as many tasks as there are slots, each posting the same requests
with a bare httpx2 client and reading the JSON. It keeps nothing, books nothing, retries nothing
and counts no pair. The fake runs in a process of its own and shares the machine's cores with the
client, so its share of the work is printed too. The last line is the runner over models that
answer at once, without a socket: what planning, metering, keeping and counting cost by themselves.

`python -m bench.live_runner [requests] [concurrency] [latency_s]`
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from suffice.adapters.providers.anthropic import AnthropicModels
from suffice.adapters.providers.credential import Credential
from suffice.adapters.providers.pacing import Pace
from suffice.adapters.storage import RunInfo, create_run
from suffice.catalog import load_catalog
from suffice.cli.interrupt import loop_factory
from suffice.comparison.budget import Budget
from suffice.comparison.live import LiveRules
from suffice.comparison.metering import MeteredModels, note_attempt
from suffice.comparison.pairing import Grading
from suffice.comparison.plan import PlanOptions, make_plan
from suffice.comparison.quoting import Quoter
from suffice.comparison.recorded import Chosen
from suffice.comparison.run import run_live
from suffice.ports import Models
from suffice.pricing import cost
from suffice.records import (
    Answer,
    Case,
    Limits,
    ModelSpec,
    Reference,
    Score,
    Usage,
    parse_model_spec,
)

REQUESTS, CONCURRENCY, LATENCY_S = 6_000, 64, 0.02
TYPES = 10
BIG, SMALL = "claude-opus-4-8", "claude-haiku-4-5"
SERVER = """
import resource, sys, time
from suffice.testing import serve, strict_fake
with serve(strict_fake(latency_s=float(sys.argv[1]))) as base_url:
    print(base_url, flush=True)
    sys.stdin.readline()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, flush=True)
"""


@contextmanager
def fake(latency_s: float, spent: dict[str, float]) -> Iterator[str]:
    """The strict fake in a process of its own; its CPU seconds end up in ``spent``."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(latency_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None  # noqa: S101 - asked for above
        assert server.stdout is not None  # noqa: S101
        yield server.stdout.readline().strip()
        server.stdin.write("\n")
        server.stdin.flush()
        spent["cpu_s"] = float(server.stdout.readline())


def bodies(requests: int) -> list[tuple[str, str, dict[str, Any]]]:
    """(type, case, request) of enough cases that both models make so many requests."""
    per_type = requests // TYPES // 2
    return [
        (
            f"type-{kind}",
            f"{kind}-{number}",
            {
                "max_tokens": 64,
                "system": "Answer with one label.",
                "messages": [{"role": "user", "content": f"Which label fits {kind}/{number}?"}],
            },
        )
        for kind in range(TYPES)
        for number in range(per_type)
    ]


class Exact:
    """Agrees where the texts are the same."""

    name = "exact"

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:  # noqa: ARG002
        """One where the texts are the same."""
        return Score(value=float(isinstance(target, Answer) and answer.text == target.text))


class AtOnce:
    """Models that answer without a socket."""

    async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:  # noqa: ARG002
        """The question itself, after letting others have their turn."""
        await asyncio.sleep(0)
        text = str(request["messages"][0]["content"])
        usage = Usage(input_tokens=20, output_tokens=8)
        blocks = ({"type": "text", "text": text},)
        return Answer(text=text, blocks=blocks, usage=usage, served_model=arm.model)

    async def count_tokens(self, arm: ModelSpec, request: dict[str, Any]) -> int | None:  # noqa: ARG002
        """Nobody counts."""
        return None

    async def aclose(self) -> None:
        """Nothing is held."""


CATALOG, AT = load_catalog(), datetime(2026, 11, 22, tzinfo=UTC)


def price(arm: str, usage: Usage) -> Decimal | None:
    """The list price."""
    return cost(usage, parse_model_spec(arm).model, at=AT, catalog=CATALOG)


async def plain(base_url: str, requests: int, concurrency: int) -> int:
    """What one would write by hand."""
    todo = [
        request | {"model": model} for _, _, request in bodies(requests) for model in (BIG, SMALL)
    ]
    limits = httpx2.Limits(max_connections=concurrency)
    headers = {"x-api-key": "sk-ant-bench", "anthropic-version": "2023-06-01"}
    async with httpx2.AsyncClient(base_url=base_url, headers=headers, limits=limits) as client:
        texts: list[str] = []

        async def worker() -> None:
            while todo:
                answer = await client.post("/v1/messages", json=todo.pop())
                answer.raise_for_status()
                texts.append(answer.json()["content"][0]["text"])

        await asyncio.gather(*(worker() for _ in range(concurrency)))
    return len(texts)


def models_at(base_url: str, concurrency: int) -> Models:
    """Models over a socket, or at once where there is no URL."""
    if not base_url:
        return AtOnce()
    return AnthropicModels(
        credential=Credential("sk-ant-bench"),
        base_url=base_url,
        on_attempt=note_attempt,
        pace=Pace(concurrency=concurrency),
    )


async def runner(base_url: str, requests: int, concurrency: int) -> int:
    """The whole live path: adapter, meter, run folder, scorer, stop rule."""
    by_type: dict[str, list[Case]] = {}
    for kind, one, request in bodies(requests):
        by_type.setdefault(kind, []).append(Case(id=one, type=kind, request=request))
    quoter = Quoter(price)
    options = PlanOptions(pilot=0, limits=Limits(n_max=1_000_000))
    plan = make_plan(by_type, BIG, [SMALL], options=options, quoter=quoter)
    models = models_at(base_url, concurrency)
    grading = Grading(scorer=Exact(), by_reference=False, price=price)
    rules = LiveRules(
        choose=lambda _cases: Chosen(grading=grading), settled=lambda _evidence, _limits: None
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        create_run(Path(folder) / "run", RunInfo(run_id="bench")) as run,
    ):
        metered = MeteredModels(
            models,
            store=run,
            budget=Budget(Decimal(1000)),
            quoter=quoter,
            price=price,
            stop=asyncio.Event(),
            concurrency=concurrency,
        )
        everything = {case.id: case for cases in by_type.values() for case in cases}
        found = await run_live(plan, everything, models=metered, rules=rules)
        await models.aclose()
    return sum(len(one.agreement) for one in found.evidence) * 2


Client = Callable[[str, int, int], Coroutine[Any, Any, int]]


def child(which: str, base_url: str, requests: int, concurrency: int) -> None:
    """One client, measured from inside, without the interpreter's start-up."""
    client = plain if which == "plain" else runner
    loops = None if which == "plain" else loop_factory()
    with asyncio.Runner(loop_factory=loops) as runs:
        _timed(runs, client, base_url, requests, concurrency)


def _timed(
    runs: asyncio.Runner, client: Client, base_url: str, requests: int, concurrency: int
) -> None:
    runs.run(client(base_url, 2 * TYPES, concurrency))
    wall, cpu = time.perf_counter(), time.process_time()
    done = runs.run(client(base_url, requests, concurrency))
    print(json.dumps([done, time.perf_counter() - wall, time.process_time() - cpu]))


def measured(which: str, base_url: str, requests: int, concurrency: int) -> list[float]:
    """[requests done, wall seconds, CPU seconds] of a client in a process of its own."""
    command = [
        *(sys.executable, "-m", "bench.live_runner", "--child"),
        *(which, base_url, str(requests), str(concurrency)),
    ]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: list[float] = json.loads(out)
    return found


def main() -> None:
    """Both clients in turn against a fresh fake."""
    given = sys.argv[1:] if sys.argv[0].endswith("live_runner.py") else []
    requests, concurrency, latency_s = (
        int(given[0]) if given else REQUESTS,
        int(given[1]) if len(given) > 1 else CONCURRENCY,
        float(given[2]) if len(given) > 2 else LATENCY_S,
    )
    ceiling = f"{concurrency / latency_s:,.0f}/s" if latency_s else "none"
    print(
        f"{requests:,} requests, {concurrency} at once, the fake waits {latency_s * 1000:.0f} ms"
        f" (ceiling {ceiling}), {os.cpu_count()} cores for both"
    )
    seen: dict[str, list[float]] = {}
    for which in ("plain", "suffice"):
        spent: dict[str, float] = {}
        with fake(latency_s, spent) as base_url:
            done, wall_s, cpu_s = seen[which] = measured(which, base_url, requests, concurrency)
        print(
            f"  {which:<8} {done / wall_s:7,.0f} requests/s   client {cpu_s / done * 1e6:6,.0f} us"
            f" CPU a request   fake {spent['cpu_s'] / done * 1e6:6,.0f} us"
        )
    ours, theirs = seen["suffice"], seen["plain"]
    print(
        f"  ratio    throughput {ours[0] / ours[1] / (theirs[0] / theirs[1]):.2f}"
        f"  CPU a request {ours[2] / ours[0] / (theirs[2] / theirs[0]):.2f}"
    )
    done, wall_s, cpu_s = measured("alone", "", requests, concurrency)
    print(f"  alone    {done / wall_s:7,.0f} answers/s    runner {cpu_s / done * 1e6:6,.0f} us")
    print("  goal     1,000 requests/s, or the concurrency limit where that is lower")


if __name__ == "__main__":
    if "--child" in sys.argv:
        _, _, which, url, count, slots = sys.argv
        child(which, url, int(count), int(slots))
    else:
        main()
