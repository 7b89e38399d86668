"""`suffice compare --held-out`: cases no verdict has seen, asked again, now and later."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from suffice.adapters.storage import RunFolder, read_answers, read_result
from suffice.adapters.storage.rollouts import Rollouts
from suffice.catalog import Catalog
from suffice.cli.compare_live import (
    Parts,
    asked,
    environ_of,
    folder_of,
    quoter_of,
    require_prices,
    tell_unsettled,
)
from suffice.cli.compare_options import Options, check
from suffice.cli.compare_words import words_of
from suffice.cli.console import progress
from suffice.cli.held_out_looks import RunLook, share_of
from suffice.cli.held_out_probe import Probing
from suffice.cli.held_out_runs import Parent, Rerun, find_parent, reruns_of, unfinished_rerun
from suffice.cli.live_plan import agreed, show
from suffice.cli.rollout_proofs import Proof, model_name
from suffice.cli.rollout_recheck import enter_rerun
from suffice.comparison import Dollars, Plan
from suffice.comparison.held_out import plan_again
from suffice.decision.foreseeing import foreseen
from suffice.errors import BadOption, NothingHeldOut, StorageError
from suffice.records import Comparison, Measure, Verdict, Word, parse_model_spec
from suffice.records.rollout import Rollout
from suffice.reports.untrusted import one_line
from suffice.statistics.spending import WEEKLY
from suffice.wiring import SystemClock, catalog_with, credential_for

_LITTLE = 0.9
_DATED = re.compile(r"-(\d{8}|latest)$")


class Again(NamedTuple):
    """
    What is to be asked again, as options say it.

    Attributes:
        named: A request type or a run's folder; None: the newest run that kept cases.
        recheck: Enter the verdicts where a rollout of the type is under way.
        rollouts: Where rollouts are kept.
    """

    named: Path | None
    recheck: bool
    rollouts: Path


_OWN = ("budget", "yes", "save", "resume", "prices", "allow_unpriced", "base_url", "concurrency")
_SHOWN = ("form", "outputs", "api_version", "own_key")
_OF_THE_RUN = {
    "baseline": "--baseline",
    "candidates": "--to",
    "recorded": "--recorded",
    "limit": "--limit",
    "labels": "--labels",
    "hold_out": "--hold-out",
}


def ask_again(again: Again, *, top: int | None, given: Mapping[str, Any]) -> Comparison:
    """
    `run`, from the options of the command.

    Raises:
        BadOption: An option that is the earlier run's to say, or exceeds its range.
    """
    said = [name for key, name in _OF_THE_RUN.items() if given.get(key) not in {None, (), False}]
    if top is not None or said:
        raise BadOption(
            f"{said[0] if said else '--top'} does not go with --held-out: cases, models and limits "
            "are those of the run that kept them.",
            effect="Nothing was sent.",
            next_step="Leave it out, or compare anew.",
        )
    own = {name: given[name] for name in (*_OWN, *_SHOWN)}
    return run(again, Options(cases=Path(), baseline="", candidates=(), **own))


def run(again: Again, given: Options) -> Comparison:
    """
    Ask a run's held-out cases, decide, look whether the models changed, and tell the rollout.

    Args:
        again: Which cases.
        given: How: budget, address, folder, and the like. What is compared, and what "as good"
            means, is the earlier run's.

    Raises:
        NothingHeldOut: No run kept any.
        MissingKey: The address needs a key and there is none.
        PriceUnknown: A model has no price, and that was not allowed.
        StorageError: A run cannot be read or written.
    """
    started = SystemClock().now()
    rollout = _rollout_of(again)
    parent = find_parent(None if again.named is None else str(again.named), rollout)
    options = _options(given, parent, rollout)
    check(options)
    catalog = catalog_with(options.prices)
    require_prices(options, catalog)
    credential_for(options.base_url, environ_of(options))
    dollars = Dollars(catalog, started)
    with folder_of(options, started.strftime("%Y%m%d-%H%M%S-%f")) as folder:
        parts = Parts(folder, dollars, quoter_of(options, dollars, ()))
        before = _earlier(parent, folder.path)
        plan = _agreed_plan(again, parent, before, options, parts, at=started)
        cases = {one.case.id: one.case for one in parent.cases}
        comparison = asked(plan, cases, options, parts)
        comparison = msgspec.structs.replace(
            comparison,
            run_id=str(folder.path),
            asked=words_of(options),
            created=started.isoformat(timespec="seconds"),
            held_out_of=parent.info.run_id,
        )
        others = _answered_by_others(folder.path, catalog)
        if others:
            comparison = msgspec.structs.replace(comparison, notes=(*comparison.notes, others))
        elif not comparison.stopped:
            comparison = _with_findings(comparison, _Made(parent, before, plan, options, parts))
        folder.write_result(comparison)
    if again.recheck and not others and not comparison.stopped:
        _enter(comparison, again.rollouts, folder)
    return comparison


def _agreed_plan(
    again: Again,
    parent: Parent,
    before: Sequence[Rerun],
    options: Options,
    parts: Parts,
    *,
    at: datetime,
) -> Plan:
    """
    The plan, shown and agreed to; only then is its look paid for.

    Raises:
        Abort: Somebody said no.
    """
    folder = parts.folder
    types = tuple(dict.fromkeys(one.case.type for one in parent.cases))
    look = RunLook(folder.info.run_id, types, options.candidates, at)
    share = share_of(look, before, again.rollouts, pay=False)
    plan = _plan_of(parent, before, options, parts, share=share)
    show(plan, options)
    _show_reach(parent, plan)
    tell_unsettled(folder)
    if not agreed(options):
        raise click.Abort
    if not again.recheck:
        return plan
    return _paid(plan, parent, folder, share_of(look, before, again.rollouts, pay=True))


class _Made(NamedTuple):
    """A run that came to its end, with all that it is held against."""

    parent: Parent
    before: list[Rerun]
    plan: Plan
    options: Options
    parts: Parts


def _rollout_of(again: Again) -> Rollout | None:
    if again.named is None or not again.rollouts.exists():
        return None
    with Rollouts.open(again.rollouts, write=False) as store:
        kept = store.get(str(again.named))
    return None if kept is None else kept.rollout


def _options(given: Options, parent: Parent, rollout: Rollout | None) -> Options:
    """The options of the run whose cases these are; of a rollout its candidate alone."""
    settings, plan = parent.info.settings, parent.plan
    candidates = plan.candidates
    if rollout is not None:
        fitting = [one for one in candidates if model_name(one) == model_name(rollout.candidate)]
        candidates = tuple(fitting) or candidates
    types = tuple(dict.fromkeys(one.case.type for one in parent.cases))
    save = given.save
    if given.resume and save is None:
        save = unfinished_rerun(parent, types)
        if save is None:
            raise NothingHeldOut(
                "No run over these held-out cases is unfinished.",
                effect="Nothing was sent.",
                next_step="Leave --resume out; what is asked again is paid again.",
            )
    labels = str(settings.get("labels") or "")
    return dataclasses.replace(
        given,
        cases=parent.path,
        baseline=plan.baseline,
        candidates=candidates,
        scorer=str(settings.get("scorer") or "auto"),
        judge=plan.judge,
        labels=Path(labels) if labels else None,
        seed=plan.seed,
        api_version=str(settings.get("api_version") or given.api_version),
        hand_picked=bool(settings.get("hand_picked")),
        held_out_of=parent.info.run_id,
        recorded=False,
        save=save,
    )


def _earlier(parent: Parent, own: Path) -> list[Rerun]:
    """
    The other finished runs over any of these types' held-out cases, oldest first.

    A run that was over when it was broken off is entered again: it is no earlier one of itself.
    """
    types = {one.case.type for one in parent.cases}
    found = [one for one in reruns_of(parent) if one.path.resolve() != own.resolve()]
    return [one for one in found if types & {verdict.type for verdict in one.result.types}]


def _plan_of(
    parent: Parent, before: Sequence[Rerun], options: Options, parts: Parts, *, share: float
) -> Plan:
    """The plan the run was started with; for a new run a new one, kept before the first call."""
    folder = parts.folder
    if folder.info.plan:
        return msgspec.convert(folder.info.plan, Plan)
    looks = _looks_since_a_change(before, {one.case.type for one in parent.cases})
    plan = plan_again(
        parent.cases,
        parent.plan,
        candidates=options.candidates,
        quoter=parts.quoter,
        first_time=not before or looks == 1,  # of the model as it is now nothing is known yet
        halvings=looks,
        share=share,
    )
    folder.write_info(msgspec.structs.replace(folder.info, plan=msgspec.to_builtins(plan)))
    return plan


def _paid(plan: Plan, parent: Parent, folder: RunFolder, share: float) -> Plan:
    """The plan at the share that was paid for: somebody else may have looked in the meantime."""
    beta = parent.plan.limits.beta * share
    if beta >= plan.limits.beta:
        return plan
    limits = msgspec.structs.replace(plan.limits, beta=beta)
    plan = msgspec.structs.replace(plan, limits=limits)
    folder.write_info(msgspec.structs.replace(folder.info, plan=msgspec.to_builtins(plan)))
    return plan


def _looks_since_a_change(before: Sequence[Rerun], types: set[str]) -> int:
    """Runs since a model was found changed, that one included; 0 once one of them says Switch."""
    looks = 0
    for one in before:
        if any(found.moved and found.type in types for found in one.result.probes):
            looks = 1
        elif looks:
            looks += 1
        ours = [verdict for verdict in one.result.types if verdict.type in types]
        if looks and ours and all(verdict.verdict is Word.SWITCH for verdict in ours):
            looks = 0
    return looks


def _show_reach(parent: Parent, plan: Plan) -> None:
    """How closely so many cases can bound the answer, said before they are paid."""
    share = plan.limits.beta / parent.plan.limits.beta
    if share < _LITTLE * WEEKLY.holds:
        progress().print(
            f"look  soon after another: it has {100 * plan.limits.beta:.2g} % of the "
            f"{100 * parent.plan.limits.beta:g} % that a year's re-checks may wrongly take back",
            markup=False,
            highlight=False,
        )
    for planned in plan.types:
        for verdict in _verdicts_of(parent, planned.type, plan.candidates):
            found = foreseen(verdict, planned.most_pairs, plan.limits)
            reach = "what they bound it to cannot be said beforehand"
            if found is not None and found.lower is not None and found.upper is not None:
                reach = (
                    f"if they come out as those of the verdict did, they bound it to "
                    f"{_span(found)} and say {_word(found.verdict)}"
                )
            progress().print(
                f"reach {one_line(planned.type)}, {one_line(verdict.candidate)}: "
                f"{planned.most_pairs:,} cases; {reach}",
                markup=False,
                highlight=False,
            )


def _with_findings(comparison: Comparison, made: _Made) -> Comparison:
    """The result with each verdict beside the earlier one, and what the answers tell of a model."""
    at = datetime.fromisoformat(comparison.created)
    probing = Probing(made.parent, made.before, made.parts.folder.path, made.plan, at)
    probes = tuple(probing.probes(scorer=made.options.scorer, price=made.parts.dollars))
    beside = [
        f"{now.type}: {_said(was)} in {made.parent.path.name}, "
        f"{_said(now)} on cases no verdict had seen."
        for now in comparison.types
        for was in _verdicts_of(made.parent, now.type, (now.candidate,))
    ]
    told = [f"{one.type}: {one.sentence}" for one in probes if one.cases]
    return msgspec.structs.replace(
        comparison, probes=probes, notes=(*comparison.notes, *beside, *told)
    )


def _answered_by_others(run: Path, catalog: Catalog) -> str:
    """
    Whether answers came from another model than was asked, as a sentence; empty if none did.

    So it is where requests go through a gateway with a policy: nothing of it may be believed.
    """
    asked = strays = 0
    example = ""
    for one in read_answers(run):
        served, wanted = one.answer.served_model, parse_model_spec(one.key.arm).model
        asked += served is not None
        if served is not None and _plain(served, catalog) != _plain(wanted, catalog):
            strays += 1
            example = f"{served} for {wanted}"
    if not strays:
        return ""
    return (
        f"{strays:,} of {asked:,} answers came from another model than was asked ({example}): "
        "something on the way sends requests elsewhere, perhaps a gateway with a policy. No "
        "rollout is told of this run; ask the provider itself, with --base-url."
    )


def _plain(model: str, catalog: Catalog) -> str:
    """A model's name without its date, and not an alias of it."""
    known = catalog.find(model).id if catalog.knows(model) else model
    return _DATED.sub("", known)


def _enter(comparison: Comparison, store: Path, folder: RunFolder) -> None:
    """Tell the rollouts of these types; why one is not told is said."""
    if not store.exists():
        return
    with Rollouts.open(store) as opened:
        for verdict in comparison.types:
            proof = Proof(folder.path.name, comparison.created, verdict)
            for sentence in enter_rerun(opened, proof, folder.info, comparison.probes):
                progress().print(f"rollout {one_line(sentence)}", markup=False, highlight=False)


def _verdicts_of(parent: Parent, request_type: str, candidates: Sequence[str]) -> list[Verdict]:
    try:
        result = read_result(parent.path)
    except StorageError:
        return []
    return [one for one in result.types if one.type == request_type and one.candidate in candidates]


def _said(verdict: Verdict) -> str:
    """
    A verdict in a few words, never a figure without its count.
    """
    if verdict.estimate is None or verdict.lower is None or verdict.upper is None:
        return f"{_word(verdict.verdict)} without a pair"
    shown = _figure(verdict.measure, verdict.estimate)
    return f"{_word(verdict.verdict)} ({shown}, {_span(verdict)}, {verdict.pairs:,} pairs)"


def _span(verdict: Verdict) -> str:
    lower, upper = verdict.lower or 0.0, verdict.upper or 0.0
    return f"{_figure(verdict.measure, lower)} to {_figure(verdict.measure, upper)}"


def _figure(measure: Measure, value: float) -> str:
    if measure is Measure.AGREEMENT:
        return f"{100 * value:.1f} %"
    return f"{100 * value:+.1f} points"


def _word(word: Word) -> str:
    return word.value.replace("_", " ").capitalize()
