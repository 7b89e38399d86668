"""A live run in small: models with a script, a price, a rule, and a real run folder."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from suffice.adapters.storage import RunFolder, RunInfo, create_run, open_run
from suffice.comparison.budget import Budget
from suffice.comparison.live import Change, LiveOutcome, LiveRules
from suffice.comparison.metering import MeteredModels
from suffice.comparison.pairing import Grading
from suffice.comparison.plan import Plan, PlanOptions, make_plan
from suffice.comparison.quoting import Quoter
from suffice.comparison.recorded import Chosen
from suffice.comparison.run import run_live
from suffice.records import (
    Answer,
    Case,
    Evidence,
    Limits,
    ModelSpec,
    Reference,
    Score,
    Usage,
    Word,
)

PER_CALL = Decimal("0.001")
Script = Callable[[ModelSpec, str, int], Answer]


class ScriptedModels:
    """Answers by a script of (arm, case, how often asked before), each after a random while."""

    def __init__(self, script: Script, *, seed: int = 0, slowest_s: float = 0.002) -> None:
        self._script, self._dice, self._slowest_s = script, random.Random(seed), slowest_s
        self.asked: list[tuple[str, str]] = []
        self.in_flight = self.most_in_flight = 0
        self.on_call: Callable[[int], None] = lambda _count: None

    async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:
        before = self.asked.count((arm.name, case_id))
        self.asked.append((arm.name, case_id))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            self.on_call(len(self.asked))
            await asyncio.sleep(self._dice.random() * self._slowest_s)
            return self._script(arm, case_id, before)
        finally:
            self.in_flight -= 1

    async def count_tokens(self, arm: ModelSpec, request: dict[str, Any]) -> int | None:
        return None

    async def aclose(self) -> None:
        """Nothing is held."""


def said(text: str) -> Answer:
    """An answer that used 100 tokens and ten."""
    return Answer(text=text, usage=Usage(input_tokens=100, output_tokens=10))


class SameText:
    """Agrees where the texts are the same; they are labels, unless told otherwise."""

    name = "same"

    def __init__(self, *, labels: bool = True) -> None:
        self._labels = labels

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        text = target.text if isinstance(target, Answer) else str(target.value)
        value = float(answer.text == text)
        if not self._labels:
            return Score(value=value)
        return Score(value=value, label=answer.text, target_label=text)


def price(arm: str, usage: Usage) -> Decimal | None:
    """A tenth of a cent a call, whatever it used; the worst case twice as much."""
    return PER_CALL if usage.output_tokens <= 10 else 2 * PER_CALL


def simple_rule(evidence: Evidence, limits: Limits) -> Word | None:
    """Forty clean pairs are a Switch, five disagreements a Keep."""
    missed = sum(1 - one for one in evidence.agreement)
    if missed >= 5:
        return Word.KEEP
    return Word.SWITCH if len(evidence.agreement) - 20 * missed >= 40 else None


@dataclass
class World:
    """Everything a live run needs, and what became of it."""

    folder: Path
    cases: list[Case]
    models: ScriptedModels
    candidates: Sequence[str] = ("small",)
    cap_usd: Decimal | None = None
    concurrency: int = 16
    options: PlanOptions = field(default_factory=lambda: PlanOptions(pilot=0))
    by_reference: bool = False
    labels: bool = True
    settled: Callable[[Evidence, Limits], Word | None] = simple_rule
    more_rules: Mapping[str, Any] = field(default_factory=dict)
    judge: Any = None
    changes: list[Change] = field(default_factory=list)
    price: Any = price
    stop: asyncio.Event | None = None

    @property
    def quoter(self) -> Quoter:
        return Quoter(self.price)

    def plan(self) -> Plan:
        by_type: dict[str, list[Case]] = {}
        for case in self.cases:
            by_type.setdefault(case.type, []).append(case)
        return make_plan(by_type, "big", self.candidates, options=self.options, quoter=self.quoter)

    def open(self) -> RunFolder:
        if (self.folder / "run.json").exists():
            return open_run(self.folder)
        return create_run(self.folder, RunInfo(run_id="r"))

    def metered(self, run: RunFolder, models: Any = None) -> MeteredModels:
        self.budget = Budget(self.cap_usd, spent_usd=run.spent_usd + run.unsettled_usd)
        return MeteredModels(
            models or self.models,
            store=run,
            budget=self.budget,
            quoter=self.quoter,
            price=self.price,
            stop=self.stop or asyncio.Event(),
            concurrency=self.concurrency,
        )

    async def go(self) -> LiveOutcome:
        grading = Grading(
            scorer=SameText(labels=self.labels),
            by_reference=self.by_reference,
            price=self.price,
            judge=self.judge,
        )
        rules = LiveRules(
            choose=lambda _cases: Chosen(grading=grading, scorer="same"),
            settled=self.settled,
            on_change=self.changes.append,
            **self.more_rules,
        )
        with self.open() as run:
            return await run_live(
                self.plan(),
                {case.id: case for case in self.cases},
                models=self.metered(run),
                rules=rules,
            )

    def run(self) -> LiveOutcome:
        return asyncio.run(self.go())


@pytest.fixture
def some_cases() -> Callable[..., list[Case]]:
    """Many cases of a type."""

    def make(count: int, *, request_type: str = "t") -> list[Case]:
        return [
            Case(
                id=f"{request_type}{n}",
                type=request_type,
                request={
                    "max_tokens": 20,
                    "messages": [{"role": "user", "content": f"request {n}"}],
                },
            )
            for n in range(count)
        ]

    return make


@pytest.fixture
def live(tmp_path: Path, some_cases: Callable[..., list[Case]]) -> Callable[..., World]:
    """A world over a fresh run folder."""

    def make(
        script: Script, *, cases: list[Case] | None = None, seed: int = 0, **more: Any
    ) -> World:
        return World(
            folder=more.pop("folder", tmp_path / "run"),
            cases=some_cases(300) if cases is None else cases,
            models=ScriptedModels(script, seed=seed),
            **more,
        )

    return make
