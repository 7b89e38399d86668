"""What the commands about rollouts do, and what they show of it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import click
import msgspec

from suffice.adapters.controlling.controller import Controller
from suffice.adapters.controlling.evidence import PROMPT
from suffice.adapters.live_prompts import live_prompts
from suffice.adapters.storage.rollouts import Kept
from suffice.cli.monitor_figures import looked_at
from suffice.cli.rollout_facts import view
from suffice.cli.rollout_list import show_list
from suffice.cli.rollout_proofs import is_itself, model_name, proof_of
from suffice.cli.rollout_views import show_changed, show_status
from suffice.cli.rollout_world import Places, World, now, opened, the_rollout
from suffice.errors import BadOption, PolicyChanged, RolloutChanged, StorageError
from suffice.gateway.status import gateway_has_own_key
from suffice.monitor import Command, Start, basis_of, command, named_plan, start
from suffice.monitor.plans import HOLDOUT, PAIRS
from suffice.monitor.sentences import days
from suffice.policy.changes import Signature
from suffice.records import Rollout
from suffice.records.prompts import PROMPTS_FOLDER
from suffice.records.rollout import RolloutPlan, RolloutState, RolloutStep
from suffice.reports import shell_word
from suffice.reports.rollouts import RolloutView
from suffice.wiring import needed_own_credential

_A_MONTH = timedelta(days=30)
_WATCHED = 0.05
_LEAST_A_YEAR = 365.0
_UNWATCHED = timedelta(minutes=1)
_SERVING = {RolloutState.SHADOW, RolloutState.ADVANCING}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A start, as its options say it."""

    type: str
    candidate: str | None
    run: str | None
    plan: str
    least_days: float
    pairs: int | None
    holdout: float | None
    years_between: float
    override: bool
    by: str
    reason: str
    shadow_batched: bool = False


def begin(places: Places, wanted: Wanted, *, form: str) -> None:
    """
    Begin a rollout and publish its first stage.

    Raises:
        BadOption: An override without a name and a reason; or no plan.
        NotProven: The evidence does not carry it; or one of its narrower kinds.
        MissingOwnKey: Batches of shadow calls, and nothing to pay them with.
        StorageError: Store or policy cannot be written.
    """
    if wanted.shadow_batched:
        needs_own_key(places)
    if wanted.override and not (wanted.by.strip() and wanted.reason.strip()):
        raise BadOption(
            "An override is kept with who wanted it and why.",
            effect="Nothing was started.",
            next_step="Give --by and --reason.",
        )
    proof = proof_of(wanted.type, wanted.candidate, wanted.run)
    if is_itself(proof.verdict):
        raise BadOption(
            f"{proof.verdict.candidate} is the model {wanted.type} has already.",
            effect="Nothing was started.",
            next_step="suffice rollout next",
        )
    at, prompts = now().replace(microsecond=0), places.data / PROMPTS_FOLDER
    with opened(places, write=True) as world:
        before = world.store.get(wanted.type)
        wish = Start(
            type=wanted.type,
            baseline=model_name(proof.verdict.baseline),
            candidate=model_name(proof.verdict.candidate),
            basis=basis_of(
                proof.verdict,
                run=proof.run,
                prompt_version=proof.verdict.prompt_version,
            ),
            plan=plan_of(wanted.plan, wanted.least_days, wanted.pairs, wanted.holdout),
            live_prompt=live_prompts(prompts).get(wanted.type)
            or world.store.noted(wanted.type, PROMPT),
            steady_prompt=live_prompts(prompts, steady=True).get(wanted.type, ""),
            pairs_per_year=_pairs_per_year(world, wanted.type, at),
            years_between=wanted.years_between,
            by=wanted.by if wanted.override else "",
            reason=wanted.reason if wanted.override else "",
            before=before.rollout if before else None,
            shadow_batched=wanted.shadow_batched,
        )
        stepped = _signed(start(wish, now=at), wanted.by, wanted.reason)
        kept = world.store.begin(
            stepped.rollout, stepped.events, after=before.rollout.version if before else None
        )
        _carry_out(world, kept, stepped, Signature(at=at, by=wanted.by, reason=wanted.reason))
        _show_change(world, kept, stepped, form=form, next_=_status_of(wanted.type))
        if form != "json":
            click.echo(
                "The gateway moves it on from here; without one, `suffice monitor` does.", err=True
            )


def act(
    places: Places, what: Command, request_type: str, *, by: str, reason: str, form: str
) -> None:
    """
    Do what somebody commands. Where a controller was faster, it is done to what that made of it.

    Raises:
        BadOption: The type has no rollout.
        NotNow: Its state does not allow it.
        NotProven: A promotion without a reason.
        MissingOwnKey: Batches of shadow calls, and nothing to pay them with.
        StorageError: Store or policy cannot be written.
    """
    if what == "batch":
        needs_own_key(places)
    at = now().replace(microsecond=0)
    with opened(places, write=True) as world:
        for is_last in (False, False, True):
            kept = the_rollout(world, request_type)
            stepped = command(kept.rollout, what, by=by, reason=reason, now=at)
            try:
                if stepped.rollout is not kept.rollout:
                    version = kept.rollout.version
                    kept = world.store.save(stepped.rollout, stepped.events, after=version)
                break
            except RolloutChanged:
                if is_last:
                    raise
        _carry_out(world, kept, stepped, Signature(at=at, by=by, reason=reason))
        undo = f"suffice rollout undo {shell_word(request_type)}"
        next_ = undo if stepped.events and what != "undo" else _status_of(request_type)
        _show_change(world, kept, stepped, form=form, next_=next_)


def needs_own_key(places: Places) -> None:
    """
    See that batches of shadow calls can be paid: by the key here, or by the gateway's own.

    Raises:
        MissingOwnKey: Neither is there.
    """
    if gateway_has_own_key(places.data):
        return
    needed_own_credential(os.environ, what_for="a batch of shadow calls")


def show_one(places: Places, request_type: str, *, most: int, form: str) -> None:
    """
    One rollout.

    Raises:
        EmptyInput: Nothing was ever rolled out.
        BadOption: The type has no rollout.
    """
    with opened(places, write=False) as world:
        kept = the_rollout(world, request_type)
        events = world.store.events(request_type=request_type, most=most) if most else []
        at = now()
        show_status(
            _or_unwatched(view(world, kept, now=at), looked_at(places.data), at),
            events,
            form=form,
            next_=_next_command(kept.rollout, watched=world.account is not None),
        )


def show_all(places: Places, *, form: str) -> None:
    """Every rollout; none is a list too."""
    if not places.store.exists():
        show_list([], form=form)
        return
    with opened(places, write=False) as world:
        at = now()
        show_list([view(world, kept, now=at) for kept in world.store.all()], form=form)


def plan_of(
    name: str, least_days: float, pairs: int | None = None, holdout: float | None = None
) -> RolloutPlan:
    """
    A plan, as options say it.

    Raises:
        BadOption: It is none.
    """
    return named_plan(
        name,
        least_days=least_days,
        pairs=PAIRS if pairs is None else pairs,
        holdout=HOLDOUT if holdout is None else holdout,
    )


def _carry_out(world: World, kept: Kept, stepped: RolloutStep, signed: Signature) -> None:
    """Publish; a controller that is faster does the same, and no harm."""
    controller = Controller(world.store, world.policies, gather=world.gather)
    try:
        controller.carry_out(kept, stepped.wanted, signed)
    except RolloutChanged:
        return
    except (PolicyChanged, StorageError) as error:
        raise type(error)(
            error.what,
            effect=f"{kept.rollout.type} is {_word(kept.rollout)} from now on, but the policy in "
            "force does not say so yet.",
            next_step="suffice monitor carries it out as soon as the policy can be written.",
        ) from error


def _show_change(world: World, kept: Kept, stepped: RolloutStep, *, form: str, next_: str) -> None:
    told = len(stepped.events)
    happened = world.store.events(request_type=kept.rollout.type, most=told) if told else []
    show_changed(view(world, kept, now=now()), happened, form=form, next_=next_)


def _signed(stepped: RolloutStep, by: str, reason: str) -> RolloutStep:
    events = tuple(msgspec.structs.replace(event, by=by, reason=reason) for event in stepped.events)
    return msgspec.structs.replace(stepped, events=events)


def _pairs_per_year(world: World, request_type: str, at: datetime) -> float:
    """What the monitor's limit is computed from: five percent of the type's own volume."""
    if world.account is None:
        return 36_500.0
    per_day = world.account.per_day(request_type, at - _A_MONTH, at)
    return max(per_day * _WATCHED * 365.25, _LEAST_A_YEAR) if per_day else 36_500.0


def _or_unwatched(shown: RolloutView, looked: datetime | None, at: datetime) -> RolloutView:
    """A view that says so where its gateway's monitor, or any other, has stopped looking."""
    if looked is None or at - looked <= _UNWATCHED or shown.state is RolloutState.ROLLED_BACK:
        return shown
    said = (
        f"Nobody watches it, and nothing takes it back: it was last looked at {days(at - looked)} "
        "ago. A gateway does so by itself; without one, `suffice monitor` does."
    )
    return msgspec.structs.replace(shown, next=said)


def _next_command(rollout: Rollout, *, watched: bool) -> str:
    name = shell_word(rollout.type)
    if not watched and rollout.watch.pairs == 0 and rollout.state in _SERVING:
        return "suffice gateway"
    match rollout.state:
        case RolloutState.HOLDING_YOU:
            return f"suffice rollout undo {name}"
        case RolloutState.DONE:
            return "suffice report --weekly"
        case _:
            return f"suffice explain {name}"


def _status_of(request_type: str) -> str:
    return f"suffice rollout status {shell_word(request_type)}"


def _word(rollout: Rollout) -> str:
    return rollout.state.value.replace("_", " ")
