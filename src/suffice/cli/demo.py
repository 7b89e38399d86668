"""`suffice demo`: the whole main job offline, on recorded answers of real models."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from suffice.cli.writing import check_outputs, format_option, output_option, write

if TYPE_CHECKING:
    from suffice.adapters.demo import DemoManifest
    from suffice.adapters.storage import RunFolder
    from suffice.catalog import Catalog
    from suffice.records import Case, Comparison, Verdict

BASELINE, CANDIDATE = "qwen2.5-coder-1.5b", "gemma-3-270m"
ITSELF = f"{BASELINE}@C"
PRICED_AS = {BASELINE: "claude-opus-5-5", CANDIDATE: "claude-haiku-5-5"}
SOURCE = "recorded sample data"
_RUNS = Path(".suffice") / "runs"


@click.command()
@click.option(
    "--live",
    is_flag=True,
    help="A rollout instead: an injected fall, the alarm and the rollback, in about a minute.",
)
@format_option
@output_option
@click.pass_context
def command(ctx: click.Context, *, live: bool, form: str, outputs: tuple[Path, ...]) -> None:
    """
    See the whole main job in seconds, offline: no key, no network.

    Everything is recorded sample data from real open-weights models; dollars are illustrative.
    With --live, models and traffic are simulated, and a real gateway and monitor run before them.
    """
    from suffice.adapters.demo import demo_manifest

    if live:
        from suffice.cli.demo_live_run import show_live

        ctx.exit(show_live(form=form))
    from suffice.cli.console import progress
    from suffice.wiring import SystemClock

    check_outputs(outputs)
    progress().print(introduction(demo_manifest()) + "\n")
    write(run_demo(at=SystemClock().now()), form=form, outputs=outputs)


def introduction(manifest: DemoManifest) -> str:
    """What the demo is, before its first figure."""
    models = " and ".join(f"{model.name} ({model.quantisation})" for model in manifest.models)
    cases = sum(kind.cases for kind in manifest.types)
    return (
        "Everything you see is recorded sample data, from real open-weights models:"
        f" {models}, run on one machine on {manifest.models[0].recorded}. {cases:,} cases of"
        f" {len(manifest.types)} request types; nobody is called."
    )


def run_demo(*, at: datetime) -> Comparison:
    """
    Compare the recorded models, and one of them with itself; keep the run where that can be done.

    Args:
        at: When it is run.
    """
    import msgspec

    from suffice.adapters.demo import demo_cases, demo_manifest
    from suffice.records import Case

    cases = [case for case in demo_cases() if isinstance(case, Case)]
    asked_again = [case for case in cases if ITSELF in case.answers]
    catalog = illustrative_prices()
    with _kept(at) as folder:
        main = _compare(cases, CANDIDATE, at=at, catalog=catalog, folder=folder)
        itself = _compare(asked_again, ITSELF, at=at, catalog=catalog, folder=folder)
        both = msgspec.structs.replace(
            main,
            types=tuple(map(_illustrative, (*main.types, *itself.types))),
            shown=(*main.shown, *itself.shown),
            notes=notes(demo_manifest()),
            run_id=str(folder.path) if folder else "",
        )
        if folder is not None:
            folder.write_result(both)
    return both


def _compare(
    cases: Sequence[Case],
    candidate: str,
    *,
    at: datetime,
    catalog: Catalog,
    folder: RunFolder | None,
) -> Comparison:
    from suffice.api import Recorded, compare_recorded

    job = Recorded(baseline=BASELINE, candidates=(candidate,), source=SOURCE)
    keep = None if folder is None else lambda row: folder.append_shown([row])
    return compare_recorded(cases, job, at=at, catalog=catalog, keep=keep)


def _kept(at: datetime) -> AbstractContextManager[RunFolder | None]:
    """The run's folder, so that its cases can be read; none where it cannot be written."""
    from suffice import __version__
    from suffice.adapters.storage import RunInfo
    from suffice.cli.kept_run import kept_run

    path = _RUNS / f"demo-{at:%Y%m%d-%H%M%S-%f}"
    info = RunInfo(run_id=path.name, source=SOURCE, versions={"suffice": __version__})
    return kept_run(path, info, asked_for=False)


def notes(manifest: DemoManifest) -> tuple[str, ...]:
    """What holds for every figure of the demo, wherever it is shown."""
    priced = " and ".join(f"{model} as {claude}" for model, claude in PRICED_AS.items())
    dollars = (
        f"Dollars are illustrative: the measured tokens at list price, {priced}; each prompt as"
        " plain input, since it is too short for Claude's prompt cache. Seconds are those of the"
        " local models on a busy CPU."
    )
    itself = (
        f"{ITSELF} is the baseline itself, asked again, in a comparison of its own: what it cannot"
        " agree on with itself, no candidate can be blamed for."
    )
    limits = (
        "The pictures are described in words, since these models cannot see; no answer here calls a"
        " tool."
    )
    return (introduction(manifest), dollars, itself, limits)


def illustrative_prices() -> Catalog:
    """The catalog, with the recorded models at the prices of the Claude models they stand for."""
    from suffice.catalog import TokenClass, load_catalog

    ours = load_catalog()
    prices = {}
    for model, claude in PRICED_AS.items():
        usd_per_mtok = ours.find(claude).period(ours.dated).bands[0].usd_per_mtok
        prices[model] = {
            "input": str(usd_per_mtok[TokenClass.INPUT]),
            "output": str(usd_per_mtok[TokenClass.OUTPUT]),
            # The local server caches any prefix; Claude would not cache prompts this short.
            "cache_read": str(usd_per_mtok[TokenClass.INPUT]),
        }
    return load_catalog({"prices": prices})


def _illustrative(verdict: Verdict) -> Verdict:
    import msgspec

    if verdict.cost is None:
        return verdict
    note = f"illustrative, at the list prices of {' and '.join(PRICED_AS.values())}"
    return msgspec.structs.replace(verdict, cost=msgspec.structs.replace(verdict.cost, note=note))
