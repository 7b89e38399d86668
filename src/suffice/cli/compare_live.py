"""`suffice compare` on live models: plan, ask, run within the budget, resume without loss."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from suffice import __version__
from suffice.adapters.storage import RunFolder, RunInfo, create_run, open_run, read_run_info
from suffice.api import Live, compare_live
from suffice.catalog import Catalog
from suffice.cli import EXIT_INTERRUPTED
from suffice.cli.compare_options import Options
from suffice.cli.compare_words import words_of
from suffice.cli.console import progress
from suffice.cli.held_out_keeping import Aside
from suffice.cli.held_out_runs import HELD_OUT_OF
from suffice.cli.interrupt import run_interruptibly
from suffice.cli.live_plan import agreed, plan_of, read_cases_of, show, usd_of
from suffice.cli.people import labels_of
from suffice.cli.progress import Progress, make_progress
from suffice.cli.stored_run import runs_folder
from suffice.comparison import (
    Budget,
    Change,
    Dollars,
    MeteredModels,
    Plan,
    Quoter,
)
from suffice.comparison.quoting import likely_outputs
from suffice.decision.measure import check_limits
from suffice.errors import BadOption, PriceUnknown
from suffice.policy.settings import check_settings
from suffice.policy.translation import translate
from suffice.records import Answer, Case, Comparison, Limits, ModelSpec, parse_model_spec
from suffice.scoring import JudgeScorer
from suffice.settings import OWN_KEY
from suffice.wiring import (
    SystemClock,
    catalog_with,
    credential_for,
    live_models,
    needed_own_credential,
)

_NEW_TOKENS_PER_BYTE = 0.33


def run(options: Options, limits: Limits) -> Comparison:
    """Plan, show what it may cost, ask, run, keep, decide."""
    started = SystemClock().now()
    catalog = catalog_with(options.prices)
    dollars = Dollars(catalog, started)
    require_prices(options, catalog)
    credential_for(options.base_url, os.environ)
    check_limits(limits)
    for name in (options.baseline, *options.candidates):
        check_settings(parse_model_spec(name), version=options.api_version)
    read = read_cases_of(options)
    answers = (pair for case in read.by_id.values() for pair in case.answers.items())
    quoter = quoter_of(options, dollars, answers)
    with folder_of(options, started.strftime("%Y%m%d-%H%M%S-%f")) as folder:
        plan = plan_of(options, limits, read, quoter, folder)
        aside = Aside(plan, read.by_id, folder, most=options.hold_out)
        aside.before()
        show(plan, options)
        tell_unsettled(folder)
        if not agreed(options):
            raise click.Abort
        parts = Parts(folder, dollars, quoter, aside.on_change)
        comparison = asked(plan, read.by_id, options, parts)
        if not comparison.stopped:
            aside.after()
        comparison = msgspec.structs.replace(
            comparison,
            run_id=str(folder.path),
            asked=words_of(options),
            created=started.isoformat(timespec="seconds"),
            broken=tuple(read.broken.first),
            broken_total=read.broken.total,
        )
        folder.write_result(comparison)
    return comparison


def quoter_of(options: Options, dollars: Dollars, answers: Iterable[tuple[str, Answer]]) -> Quoter:
    """Quotes calls as they are really sent; lengths are those of the answers that are there."""
    return Quoter(
        dollars,
        as_sent=_as_sent(options),
        tokens_per_byte=_densities(options, dollars.catalog),
        likely_output=likely_outputs(answers),
    )


def environ_of(options: Options) -> Mapping[str, str]:
    """
    Where the key stands: as the provider's own clients look for it, or suffice's own alone.

    Raises:
        MissingOwnKey: That one is asked for, and not set.
    """
    if not options.own_key:
        return os.environ
    needed_own_credential(os.environ, what_for="asking held-out cases by a schedule")
    return {"ANTHROPIC_API_KEY": os.environ[OWN_KEY]}


def tell_unsettled(folder: RunFolder) -> None:
    """Say what a killed part of the run may have cost beyond its answers."""
    if folder.unsettled:
        progress().print(
            f"[cyan]note[/]  {folder.unsettled} calls were under way when the run was killed; "
            f"they may have been billed, so ${folder.unsettled_usd} of the cap is held for them"
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """
    What a live run is made of beside its plan.

    Attributes:
        folder: Where it is kept.
        dollars: Prices.
        quoter: What a call may cost.
        on_change: Told of all that progress is told of.
    """

    folder: RunFolder
    dollars: Dollars
    quoter: Quoter
    on_change: Callable[[Change], None] | None = None


def asked(plan: Plan, cases: Mapping[str, Case], options: Options, parts: Parts) -> Comparison:
    """Carry a plan out, with progress, until it is over or somebody says stop."""
    resume = _resume_line(options, parts.folder.path)
    progress_bars = make_progress(resume_hint="--resume")

    def said() -> None:
        progress().print("Stopping: calls in flight are paid and are kept. Ctrl-C again quits.")

    try:
        with progress_bars:
            return run_interruptibly(
                lambda stop: _asked(plan, cases, options, parts, stop, progress_bars),
                on_first=said,
            )
    except KeyboardInterrupt:
        progress().print(f"Quit. Every answer received is kept. Go on with  {resume}", markup=False)
        sys.exit(EXIT_INTERRUPTED)


async def _asked(
    plan: Plan,
    cases: Mapping[str, Case],
    options: Options,
    parts: Parts,
    stop: asyncio.Event,
    shown: Progress,
) -> Comparison:
    models = live_models(
        base_url=options.base_url,
        api_version=options.api_version,
        concurrency=options.concurrency,
        source=parse_model_spec(plan.baseline).model,
        environ=environ_of(options),
    )
    folder = parts.folder
    metered = MeteredModels(
        models,
        store=folder,
        budget=Budget(
            usd_of(options.budget),
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
        comparison = await compare_live(
            plan,
            cases,
            job,
            models=metered,
            dollars=parts.dollars,
            at=SystemClock().now(),
            keep=lambda row: folder.append_shown([row]),
            on_change=lambda change: _tell(change, shown, parts),
        )
        return _with_remarks(comparison, metered)
    finally:
        await models.aclose()


def _tell(change: Change, shown: Progress, parts: Parts) -> None:
    if parts.on_change is not None:
        parts.on_change(change)
    shown.on_change(change)


def _with_remarks(comparison: Comparison, metered: MeteredModels) -> Comparison:
    notes = list(comparison.notes)
    if metered.budget.overruns:
        notes.append(
            f"{metered.budget.overruns} calls cost more than their worst case, and are booked so."
        )
    if metered.failures and metered.error is None:
        notes.append(f"{metered.failures} calls failed; the last: {metered.last_failure}.")
    return msgspec.structs.replace(comparison, notes=tuple(notes))


def require_prices(options: Options, catalog: Catalog) -> None:
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


def _densities(options: Options, catalog: Catalog) -> dict[str, float]:
    """Prompt tokens per byte, by each arm's tokenizer; only for the likely cost."""
    found = {}
    for name in (options.baseline, *options.candidates):
        model = parse_model_spec(name).model
        if catalog.knows(model) and catalog.find(model).tokenizer == "new":
            found[parse_model_spec(name).name] = _NEW_TOKENS_PER_BYTE
    return found


def _as_sent(options: Options) -> Any:
    """A request as an arm is really asked it; its worst case is priced by that."""
    source = parse_model_spec(options.baseline).model

    def sent(arm: ModelSpec, request: dict[str, Any]) -> dict[str, Any]:
        return translate(request, target=arm, version=options.api_version, source=source).request

    return sent


def folder_of(options: Options, run_id: str) -> RunFolder:
    """
    The run's folder, made or taken up again.

    Raises:
        BadOption: There is none to be resumed.
        StorageError: It cannot be made or opened.
    """
    if options.resume:
        return open_run(options.save or _latest(options))
    settings = {
        "baseline": options.baseline,
        "candidates": list(options.candidates),
        "scorer": options.scorer,
        "seed": options.seed,
        "api_version": options.api_version,
        "hand_picked": options.hand_picked,
        "labels": str(options.labels.absolute()) if options.labels is not None else "",
        **({HELD_OUT_OF: options.held_out_of} if options.held_out_of else {}),
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


def _resume_line(options: Options, folder: Path) -> str:
    words = ["suffice", "compare", *words_of(options)]
    words += ["--resume", "--save", str(folder)]
    if options.budget:
        words += ["--budget", options.budget]
    return shlex.join(words)
