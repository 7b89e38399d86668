"""`suffice compare` on live models: plan, ask, run within the budget, resume without loss."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
import msgspec

from suffice import __version__
from suffice.adapters.case_files import open_cases
from suffice.adapters.storage import RunFolder, RunInfo, create_run, open_run, read_run_info
from suffice.api import Live, compare_live, known_label
from suffice.catalog import Catalog
from suffice.cli import EXIT_INTERRUPTED
from suffice.cli.compare import Options
from suffice.cli.console import progress
from suffice.cli.interrupt import run_interruptibly
from suffice.cli.people import labels_of
from suffice.cli.progress import Progress, make_progress
from suffice.cli.stored_run import runs_folder
from suffice.comparison import (
    BrokenLines,
    Budget,
    Dollars,
    MeteredModels,
    Plan,
    PlanOptions,
    Quoter,
    make_plan,
)
from suffice.decision.measure import check_limits
from suffice.errors import BadOption, EmptyInput, PriceUnknown
from suffice.policy.settings import check_settings
from suffice.policy.translation import translate
from suffice.records import BrokenCase, Case, Comparison, Limits, ModelSpec, parse_model_spec
from suffice.scoring import JudgeScorer
from suffice.traffic import CaseReader, Fields
from suffice.wiring import SystemClock, catalog_with, credential_for, live_models


@dataclass(frozen=True, slots=True)
class _Read:
    """The cases file, read whole: a live run is drawn from all of it."""

    by_id: dict[str, Case]
    by_type: dict[str, list[Case]]
    broken: BrokenLines


def run(options: Options, limits: Limits) -> Comparison:
    """Plan, show what it may cost, ask, run, keep, decide."""
    started = SystemClock().now()
    catalog = catalog_with(options.prices)
    dollars = Dollars(catalog, started)
    _require_prices(options, catalog)
    credential_for(options.base_url, os.environ)
    check_limits(limits)
    for name in (options.baseline, *options.candidates):
        check_settings(parse_model_spec(name), version=options.api_version)
    read = _read(options)
    quoter = Quoter(dollars, as_sent=_as_sent(options))
    with _folder(options, started.strftime("%Y%m%d-%H%M%S-%f")) as folder:
        plan = _plan(options, limits, read, quoter, folder)
        _show(plan, options)
        if not _agreed(options):
            raise click.Abort
        comparison = _run(plan, read, options, _Parts(folder, dollars, quoter))
        comparison = msgspec.structs.replace(
            comparison,
            run_id=str(folder.path),
            created=started.isoformat(timespec="seconds"),
            broken=tuple(read.broken.first),
            broken_total=read.broken.total,
        )
        folder.write_result(comparison)
    return comparison


@dataclass(frozen=True, slots=True)
class _Parts:
    folder: RunFolder
    dollars: Dollars
    quoter: Quoter


def _run(plan: Plan, read: _Read, options: Options, parts: _Parts) -> Comparison:
    resume = _resume_line(options, parts.folder.path)
    progress_bars = make_progress(resume_hint="--resume")

    def said() -> None:
        progress().print("Stopping: calls in flight are paid and are kept. Ctrl-C again quits.")

    try:
        with progress_bars:
            return run_interruptibly(
                lambda stop: _asked(plan, read, options, parts, stop, progress_bars),
                on_first=said,
            )
    except KeyboardInterrupt:
        progress().print(f"Quit. Every answer received is kept. Go on with  {resume}", markup=False)
        sys.exit(EXIT_INTERRUPTED)


async def _asked(
    plan: Plan,
    read: _Read,
    options: Options,
    parts: _Parts,
    stop: asyncio.Event,
    shown: Progress,
) -> Comparison:
    models = live_models(
        base_url=options.base_url,
        api_version=options.api_version,
        concurrency=options.concurrency,
        source=parse_model_spec(plan.baseline).model,
        environ=os.environ,
    )
    folder = parts.folder
    metered = MeteredModels(
        models,
        store=folder,
        budget=Budget(
            _usd(options.budget),
            spent_usd=folder.spent_usd + folder.unsettled_usd,
            allow_unpriced=options.allow_unpriced,
        ),
        quoter=parts.quoter,
        price=parts.dollars,
        stop=stop,
        concurrency=options.concurrency,
    )
    arms = [parse_model_spec(name) for name in (plan.baseline, *plan.candidates)]
    judge = JudgeScorer(metered, parse_model_spec(plan.judge), arms=arms) if plan.judge else None
    job = Live(
        scorer=options.scorer,
        judge=judge,
        labels=labels_of(options),
        hand_picked=options.hand_picked,
        source=str(options.cases),
    )
    try:
        return await compare_live(
            plan,
            read.by_id,
            job,
            models=metered,
            dollars=parts.dollars,
            at=SystemClock().now(),
            keep=lambda row: folder.append_shown([row]),
            on_change=shown.on_change,
        )
    finally:
        await models.aclose()


def _require_prices(options: Options, catalog: Catalog) -> None:
    """Refuse to call a model whose price nobody knows, unless that was asked for."""
    if options.allow_unpriced:
        return
    names = (options.baseline, *options.candidates, *([options.judge] if options.judge else []))
    for name in names:
        facts = catalog.find(parse_model_spec(name).model)
        if not facts.prices:
            raise PriceUnknown(
                f"No price for {facts.id}.",
                effect="Nothing was sent. It is not counted as free.",
                next_step="Add it to a file for --prices, or pass --allow-unpriced.",
            )


def _read(options: Options) -> _Read:
    read = _Read({}, {}, BrokenLines(strict=options.strict))
    reader = CaseReader(Fields(type=options.type_field, outcomes=options.outcomes_field))
    for case in open_cases(options.cases, reader):
        if isinstance(case, BrokenCase):
            read.broken.add(case)
        elif options.limit is None or len(read.by_id) < options.limit:
            read.by_id[case.id] = case
            read.by_type.setdefault(case.type, []).append(case)
    asking = [case for case in read.by_id.values() if case.request.get("messages")]
    if not asking:
        raise EmptyInput(
            f"There is no request to send in {options.cases}.",
            effect="Nothing was sent.",
            next_step=f"{read.broken.total} lines were no case; see docs/cases.md for the form.",
        )
    return read


def _as_sent(options: Options) -> Any:
    """A request as an arm is really asked it; its worst case is priced by that."""
    source = parse_model_spec(options.baseline).model

    def sent(arm: ModelSpec, request: dict[str, Any]) -> dict[str, Any]:
        return translate(request, target=arm, version=options.api_version, source=source).request

    return sent


def _folder(options: Options, run_id: str) -> RunFolder:
    if options.resume:
        return open_run(options.save or _latest(options))
    settings = {
        "baseline": options.baseline,
        "candidates": list(options.candidates),
        "scorer": options.scorer,
        "seed": options.seed,
        "api_version": options.api_version,
    }
    info = RunInfo(
        run_id=run_id,
        created=SystemClock().now().isoformat(timespec="seconds"),
        source=str(options.cases),
        versions={"suffice": __version__},
        settings=settings,
    )
    return create_run(options.save or runs_folder() / run_id, info)


def _latest(options: Options) -> Path:
    """The last live run of the same cases and models."""
    for path in sorted(runs_folder().glob("*/run.json"), reverse=True):
        info = read_run_info(path.parent)
        same = (info.source, info.settings.get("baseline")) == (
            str(options.cases),
            options.baseline,
        )
        if same and info.plan and info.settings.get("candidates") == list(options.candidates):
            return path.parent
    raise BadOption(
        f"There is no run of {options.cases} with these models to resume.",
        effect="Nothing was sent.",
        next_step="Name its folder with --save, or leave --resume out.",
    )


def _plan(options: Options, limits: Limits, read: _Read, quoter: Quoter, folder: RunFolder) -> Plan:
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


def _show(plan: Plan, options: Options) -> None:
    """How many cases, what it will cost, and where the data goes, before a cent is spent."""
    console = progress()
    cap = f" of your ${_usd(options.budget)} cap" if options.budget else "; no --budget caps it"
    likely, most = plan.likely_usd, plan.most_usd
    console.print(
        f"[cyan]plan[/]  {len(plan.types)} types · up to {plan.most_cases:,} cases · "
        f"likely {plan.likely_calls:,} calls, at most {plan.most_calls:,} · "
        f"{plan.reused:,} answers there already"
    )
    if likely is None or most is None:
        console.print("[cyan]cost[/]  unknown: a model has no price, and --allow-unpriced is set")
    else:
        console.print(f"[cyan]cost[/]  likely ${likely:.2f}, at most ${most:.2f}{cap}")
    where = options.base_url or "https://api.anthropic.com"
    console.print(f"[cyan]data[/]  prompts go to {where} only", markup=True)


def _agreed(options: Options) -> bool:
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise BadOption(
            "Nobody is there to ask.",
            effect="Nothing was sent.",
            next_step="Pass --yes together with --budget.",
        )
    return click.confirm("Run it?", default=True, err=True)


def _usd(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        usd = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        usd = Decimal(-1)
    if not usd.is_finite() or usd < 0:
        raise BadOption(f"--budget {text} is no amount of dollars.", effect="Nothing was sent.")
    return usd


def _resume_line(options: Options, folder: Path) -> str:
    words = ["suffice", "compare", str(options.cases), "--baseline", options.baseline]
    for candidate in options.candidates:
        words += ["--to", candidate]
    words += ["--resume", "--save", str(folder)]
    if options.budget:
        words += ["--budget", options.budget]
    return shlex.join(words)
