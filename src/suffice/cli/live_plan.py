"""Before a live run spends a cent: which cases, what it may cost, where data goes, and a yes."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import click
import msgspec

from suffice.adapters.case_files import open_cases
from suffice.adapters.storage import RunFolder
from suffice.api import known_label
from suffice.cli.compare_options import Options
from suffice.cli.console import progress
from suffice.comparison import BrokenLines, Plan, PlanOptions, Quoter, make_plan
from suffice.errors import BadOption, EmptyInput
from suffice.records import BrokenCase, Case, Limits
from suffice.reports.words import count
from suffice.traffic import CaseReader, Fields

_MOST_USD = 10**9


@dataclass(frozen=True, slots=True)
class ReadCases:
    """The cases file, read whole: a live run is drawn from all of it."""

    by_id: dict[str, Case]
    by_type: dict[str, list[Case]]
    broken: BrokenLines

    def sampled(self, most: int, *, seed: int) -> ReadCases:
        """At most so many cases of each type, drawn at random."""
        dice = random.Random(seed)  # noqa: S311 - a repeatable draw, no secret
        by_type = {
            name: cases if len(cases) <= most else dice.sample(cases, most)
            for name, cases in self.by_type.items()
        }
        by_id = {case.id: case for cases in by_type.values() for case in cases}
        return ReadCases(by_id, by_type, self.broken)


def read_cases_of(options: Options) -> ReadCases:
    """
    The cases of the run, broken lines counted.

    Raises:
        EmptyInput: No case holds a request to send.
        BrokenLine: A line is no case, and --strict is set.
    """
    read = ReadCases({}, {}, BrokenLines(strict=options.strict))
    reader = CaseReader(Fields(type=options.type_field, outcomes=options.outcomes_field))
    for case in open_cases(options.cases, reader):
        if isinstance(case, BrokenCase):
            read.broken.add(case)
        else:
            read.by_id[case.id] = case
            read.by_type.setdefault(case.type, []).append(case)
    if options.limit is not None:
        read = read.sampled(options.limit, seed=options.seed)
    asking = [case for case in read.by_id.values() if case.request.get("messages")]
    if not asking:
        raise EmptyInput(
            f"There is no request to send in {options.cases}.",
            effect="Nothing was sent.",
            next_step=f"{read.broken.total} lines were no case; see docs/cases.md for the form.",
        )
    return read


def plan_of(
    options: Options, limits: Limits, read: ReadCases, quoter: Quoter, folder: RunFolder
) -> Plan:
    """The plan the run was started with; for a new run a new one, kept before the first call."""
    if folder.info.plan:
        plan = msgspec.convert(folder.info.plan, Plan)
        if (plan.baseline, plan.candidates) != (options.baseline, options.candidates):
            raise BadOption(
                f"The run compares {plan.baseline} with {', '.join(plan.candidates)}.",
                effect="Nothing was sent; the run is untouched.",
                next_step="Resume it with the same models, or start a new run.",
            )
        return plan
    graded = all(case.reference is not None or case.assertions for case in read.by_id.values())
    plan = make_plan(
        read.by_type,
        options.baseline,
        options.candidates,
        options=PlanOptions(
            seed=options.seed,
            limits=limits,
            pilot=0 if graded and limits.floor is None else options.repeat_baseline,
            judge=options.judge,
            held_out=options.hold_out or 0,
        ),
        quoter=quoter,
        label_of=known_label if _few_labels(read.by_id) else None,
    )
    folder.write_info(msgspec.structs.replace(folder.info, plan=msgspec.to_builtins(plan)))
    return plan


def _few_labels(cases: Mapping[str, Case]) -> bool:
    """Whether references repeat as labels do; a class of its own per case is no class."""
    labels = {known_label(case) for case in cases.values()}
    return None not in labels and len(labels) * 5 <= len(cases)


def show(plan: Plan, options: Options) -> None:
    """How many cases, what it will cost, and where the data goes, before a cent is spent."""
    console = progress()
    cap = usd_of(options.budget)
    likely, most = plan.likely_usd, plan.most_usd
    console.print(
        f"[cyan]plan[/]  {count(len(plan.types), 'type')} · up to {count(plan.most_cases, 'case')}"
        f" · likely {count(plan.likely_calls, 'call')}, at most {plan.most_calls:,} · "
        f"{count(plan.reused, 'answer')} there already"
    )
    if likely is None or most is None:
        console.print("[cyan]cost[/]  unknown: a model has no price, and --allow-unpriced is set")
    else:
        console.print(f"[cyan]cost[/]  likely ${likely:.2f}, {_bound(most, cap)}")
    where = _without_password(options.base_url or "https://api.anthropic.com")
    console.print(f"[cyan]data[/]  prompts go to {where} only", markup=True)


def _bound(most: Decimal, cap: Decimal | None) -> str:
    """
    What the run can cost at most, and what holds it there.

    >>> _bound(Decimal("8.49"), Decimal(2)), _bound(Decimal("0.88"), Decimal(2))
    ('at most your $2 cap (uncapped: $8.49)', 'at most $0.88 of your $2 cap')
    """
    if cap is None:
        return f"at most ${most:.2f}; no --budget caps it"
    if most > cap:
        return f"at most your ${cap} cap (uncapped: ${most:.2f})"
    return f"at most ${most:.2f} of your ${cap} cap"


def _without_password(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    return scheme + mark + rest.rpartition("@")[2]


def agreed(options: Options) -> bool:
    """
    Whether the run may go on: said beforehand with --yes, or asked now.

    Raises:
        BadOption: Nobody is there to ask.
    """
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise BadOption(
            "Nobody is there to ask.",
            effect="Nothing was sent.",
            next_step="Pass --yes together with --budget.",
        )
    return click.confirm("Run it?", default=True, err=True)


def usd_of(text: str | None) -> Decimal | None:
    """
    Dollars as given on the command line; None where none were.

    Raises:
        BadOption: It is no amount.
    """
    if text is None:
        return None
    try:
        usd = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        usd = Decimal(-1)
    if not usd.is_finite() or not 0 < usd < _MOST_USD:
        raise BadOption(f"--budget {text} is no amount of dollars.", effect="Nothing was sent.")
    return usd
