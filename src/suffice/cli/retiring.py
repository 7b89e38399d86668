"""`suffice compare CASES --retiring`: which models in the file retire, and what follows them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from suffice.adapters.case_files import open_cases
from suffice.catalog import ModelFacts
from suffice.cli.console import results
from suffice.records import Case, parse_model_spec
from suffice.traffic import CaseReader
from suffice.wiring import SystemClock, catalog_with


def propose(cases: Path, *, prices: Path | None) -> None:
    """Print, for each model in the cases with a retirement date, the comparison that readies it."""
    catalog = catalog_with(prices)
    today = SystemClock().now().date()
    console = results()
    found: Counter[str] = Counter()
    for case in open_cases(cases, CaseReader()):
        if isinstance(case, Case):
            found.update({*case.answers, *case.outcomes})
    retiring: dict[str, ModelFacts] = {}
    for arm in found:
        model = parse_model_spec(arm).model
        if catalog.knows(model) and catalog.find(model).retires is not None:
            retiring[arm] = catalog.find(model)
    if not retiring:
        console.print(f"None of the {len(found)} models in {cases} has a retirement date.")
        return
    for arm, facts in sorted(retiring.items(), key=lambda item: str(item[1].retires)):
        assert facts.retires is not None  # noqa: S101 - chosen by it above
        days = (facts.retires - today).days
        when = f"retires on {facts.retires}, in {days} days" if days > 0 else "has retired"
        console.print(f"[bold]{arm}[/]  {found[arm]:,} cases  {when}")
        if facts.successor:
            console.print(f"  suffice compare {cases} --baseline {arm} --to {facts.successor}")
    console.print("Next  run one of the lines above; the answers in the file are reused, not paid.")
