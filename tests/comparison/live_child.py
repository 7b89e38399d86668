# ruff: noqa: T201 - its parent reads what it prints
"""A process that runs a comparison against a server until it ends or is killed; run by tests."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from suffice.adapters.providers.anthropic import AnthropicModels
from suffice.adapters.providers.credential import Credential
from suffice.adapters.storage import RunInfo, create_run, open_run
from suffice.catalog import load_catalog
from suffice.cli.interrupt import run_interruptibly
from suffice.comparison.budget import Budget
from suffice.comparison.live import LiveOutcome, LiveRules
from suffice.comparison.metering import MeteredModels, note_attempt
from suffice.comparison.pairing import Grading
from suffice.comparison.plan import PlanOptions, make_plan
from suffice.comparison.quoting import Quoter
from suffice.comparison.recorded import Chosen
from suffice.comparison.run import run_live
from suffice.pricing import cost
from suffice.records import Answer, Case, Reference, Score, Usage, parse_model_spec

BIG, SMALL = "claude-opus-4-8", "claude-haiku-4-5"


class FirstWord:
    """Agrees where the first words are the same."""

    name = "first-word"

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        text = target.text if isinstance(target, Answer) else str(target.value)
        return Score(value=float(answer.text.split()[:1] == text.split()[:1]))


def price(arm: str, usage: Usage) -> Decimal | None:
    """List price on a fixed day."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return cost(usage, parse_model_spec(arm).model, at=at, catalog=load_catalog())


def main(base_url: str, folder: Path, count: int, cap: str) -> None:
    """Run all cases to their end, whatever is decided, and print what was found."""
    cases = {
        f"c{n}": Case(
            id=f"c{n}",
            type="t",
            request={"max_tokens": 64, "messages": [{"role": "user", "content": f"case {n}"}]},
        )
        for n in range(count)
    }
    quoter = Quoter(price)
    plan = make_plan(
        {"t": list(cases.values())}, BIG, [SMALL], options=PlanOptions(pilot=20), quoter=quoter
    )
    known = (folder / "run.json").exists()
    with open_run(folder) if known else create_run(folder, RunInfo(run_id="r")) as run:

        async def start(stop: asyncio.Event) -> LiveOutcome:
            models = AnthropicModels(
                credential=Credential("sk-ant-test-key-1234567890"),
                base_url=base_url,
                on_attempt=note_attempt,
            )
            metered = MeteredModels(
                models,
                store=run,
                budget=Budget(Decimal(cap), spent_usd=run.spent_usd + run.unsettled_usd),
                quoter=quoter,
                price=price,
                stop=stop,
                concurrency=8,
            )
            grading = Grading(scorer=FirstWord(), by_reference=False, price=price)
            rules = LiveRules(
                choose=lambda _cases: Chosen(grading=grading),
                settled=lambda _evidence, _limits: None,
                on_pair=lambda case, _arms, _pair: print("used", case.id, flush=True),
            )
            try:
                return await run_live(plan, cases, models=metered, rules=rules)
            finally:
                await models.aclose()

        outcome = run_interruptibly(start, on_first=lambda: print("stopping", flush=True))
    found = outcome.types[0]
    told = {
        "stopped": outcome.stopped,
        "agreement": list(found.evidence[0].agreement),
        "missing": sum(found.evidence[0].missing.values()),
        "spent": outcome.spending.spent_usd,
        "calls": outcome.spending.calls,
    }
    print("outcome", json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
