"""
The ready-made tasks on models of this machine: label accuracy and field scores, per model.

    pip install -e '.[local]'
    python -m bench.local_tasks --model qwen2.5-coder-1.5b=qwen.gguf --into build/local-tasks
    python -m bench.local_tasks --into build/local-tasks          # only the figures kept so far

Classified are messages of ten intents each of CLINC150 and banking77; extracted are company, date,
address and total of SROIE's receipts, out of their text. The data is not part of this repository:
`--data` names its folder. Kept are ids, which fields were right, and why there was no answer where
there was none; never a text. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import gzip
import itertools
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from dateutil import parser as dates

from suffice.adapters.providers.local import LocalModels, LocalServer
from suffice.statistics.proportions import wilson_interval
from suffice.tasks import Outcome, Runner, Unresolved, classify, extract
from suffice.tasks.job import Job

DATA = Path(__file__).parents[2] / "shared" / "data" / "workloads"
INTENTS, EXAMPLES, CASES = 10, 2, 60
SETS = ("clinc150", "banking77", "sroie_receipts")
FIELDS = ("company", "date", "address", "total")


@dataclasses.dataclass
class SroieReceipt:
    """The fields SROIE has references for."""

    company: str | None = None
    date: str | None = None
    address: str | None = None
    total: float | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One case: its id, what was right, and why there was no answer where there was none."""

    id: str
    set: str
    right: dict[str, bool]
    unresolved: str = ""
    repaired: bool = False
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Question:
    """A job with what is right."""

    id: str
    set: str
    job: Job[Any]
    reference: Any


def intents(data: Path, name: str, *, cases: int) -> Iterator[Question]:
    """Messages of the most frequent intents of a set, with examples of the others' texts."""
    rows = [row for row in _rows(data / f"{name}.jsonl.gz") if row["reference"] != "oos"]
    counts = Counter(row["reference"] for row in rows)
    labels = sorted(counts, key=lambda label: (-counts[label], label))[:INTENTS]
    by_label = defaultdict(list)
    for row in rows:
        by_label[row["reference"]].append(row)
    examples = [(row["text"], label) for label in labels for row in by_label[label][:EXAMPLES]]
    for number in range(cases):
        label = labels[number % INTENTS]
        row = by_label[label][EXAMPLES + number // INTENTS]
        job = classify.job(row["text"], labels, examples=examples)
        yield Question(row["id"], name, job, label)


def receipts(data: Path, *, cases: int) -> Iterator[Question]:
    """Receipts by their text."""
    for row in list(_rows(data / "sroie_receipts.jsonl.gz"))[:cases]:
        job = extract.job(row["text"], SroieReceipt)
        yield Question(row["id"], "sroie_receipts", job, row["reference"])


def graded(question: Question, outcome: Outcome[Any], seconds: float) -> Result:
    """What is right of an outcome."""
    value = outcome.value
    unresolved = value.reason if isinstance(value, Unresolved) else ""
    if question.set != "sroie_receipts":
        right = {"label": value == question.reference}
    else:
        right = {
            field: not unresolved and same(field, getattr(value, field), question.reference)
            for field in FIELDS
        }
    return Result(
        id=question.id,
        set=question.set,
        right=right,
        unresolved=unresolved,
        repaired=len(outcome.attempts) > 1,
        seconds=round(seconds, 2),
    )


def same(field: str, said: Any, reference: dict[str, str]) -> bool:
    """Whether a field is right: texts but for case and signs, days and amounts by their value."""
    wanted = reference.get(field)
    if said is None or wanted is None:
        return said is None and not wanted
    try:
        if field == "date":
            return bool(_day(str(said)) == _day(wanted))
        if field == "total":
            return float(said) == float(re.sub(r"[^\d.]", "", wanted))
    except (ValueError, OverflowError):
        return False
    return _plain(str(said)) == _plain(wanted)


def _day(written: str) -> Any:
    iso = re.match(r"\d{4}-\d{2}-\d{2}", written)
    return dates.parse(written, dayfirst=not iso, yearfirst=bool(iso)).date()


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path) as file:
        return [msgspec.json.decode(line) for line in file]


class Kept:
    """An append-only file of results, one a case."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        lines = path.read_bytes().splitlines() if path.exists() else []
        self.results = {one.id: one for one in map(_DECODER.decode, lines)}

    def add(self, result: Result) -> None:
        """Keep a result, on disk before this returns."""
        self.results[result.id] = result
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(result) + b"\n")


_DECODER = msgspec.json.Decoder(Result)


async def ask(model: str, file: Path, options: argparse.Namespace, kept: Kept) -> None:
    """Ask a model what it was not asked yet, until the time is over."""
    server = LocalServer(threads=options.threads, template=None, context_tokens=6_144)
    models = LocalModels({model: file}, server=server)
    runner = Runner(models, ladder=lambda *_: (model,), escalate=False, timeout_s=options.patience)
    until = time.monotonic() + options.seconds
    sets = {
        "clinc150": lambda: intents(options.data, "clinc150", cases=options.cases),
        "banking77": lambda: intents(options.data, "banking77", cases=options.cases),
        "sroie_receipts": lambda: receipts(options.data, cases=options.cases),
    }
    # By turns, so that a run that is stopped has asked of every set.
    turns = zip(*(sets[name]() for name in options.sets), strict=True)
    questions = itertools.chain.from_iterable(turns)
    try:
        for question in questions:
            if question.id in kept.results:
                continue
            if time.monotonic() > until:
                print("time is over; the same call goes on")
                break
            begun = time.monotonic()
            outcome = await runner.run(question.job)
            kept.add(graded(question, outcome, time.monotonic() - begun))
    finally:
        await models.aclose()


def show(model: str, kept: Kept) -> None:
    """The figures of a model, with Wilson's 95 % intervals."""
    by_set = defaultdict(list)
    for one in kept.results.values():
        by_set[one.set].append(one)
    for name, results in by_set.items():
        print(f"{model}  {name}  {len(results)} cases")
        for field in results[0].right:
            right = sum(one.right[field] for one in results)
            low, high = wilson_interval(right, len(results))
            print(f"    {field:9s} {right:4d} right  {low:.2f} to {high:.2f}")
        reasons = Counter(one.unresolved for one in results if one.unresolved)
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common()) or "none"
        mended = sum(one.repaired for one in results)
        middle = sorted(one.seconds for one in results)[len(results) // 2]
        print(f"    no answer: {told}; told once what was wrong: {mended}; median {middle:.1f} s")


def main() -> None:
    """Ask, if a model is given; then print what is kept."""
    parser = argparse.ArgumentParser(description="The ready-made tasks on local models.")
    parser.add_argument("--model", metavar="NAME=GGUF", help="Ask this one; else only print.")
    parser.add_argument("--into", type=Path, default=Path("build/local-tasks"), metavar="DIR")
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR")
    parser.add_argument("--cases", type=int, default=CASES, help="Of each set.")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=270, help="Begin nothing more afterwards.")
    parser.add_argument("--patience", type=float, default=120, help="Seconds for one case.")
    options, _ = parser.parse_known_args()
    if options.model:
        model, _, file = options.model.partition("=")
        kept = Kept(options.into / f"{model}.jsonl")
        asyncio.run(ask(model, Path(file), options, kept))
    found = sorted(options.into.glob("*.jsonl")) if options.into.is_dir() else []
    for path in found:
        show(path.stem, Kept(path))
    if not found:
        print("Nothing is kept yet: give --model NAME=GGUF.")


if __name__ == "__main__":
    main()
