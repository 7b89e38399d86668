"""A week's figures: from the account, the rollouts, the policy's history and the kept runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from suffice.adapters.controlling.arm_windows import Account, RolledUp
from suffice.adapters.controlling.controller import CONTROLLER
from suffice.adapters.policies import PolicyFiles
from suffice.adapters.storage import read_result
from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.cli.rollout_proofs import Proof, kept_proofs, model_name, switches, why_not_again
from suffice.cli.rollout_world import Places
from suffice.cli.stored_run import runs_folder
from suffice.errors import BadPolicy, StorageError, UnreadableFile
from suffice.gateway.account_store import PICO
from suffice.records.rollout import Rollout, RolloutEvent, RolloutState
from suffice.records.rollout_evidence import ShadowPair
from suffice.reports.rollouts import watching_usd
from suffice.reports.week import Change, Errors, Proven, Spent, Taken, TypeWeek, Week

_WEEK = timedelta(days=7)


def week_until(places: Places, last: date) -> Week:
    """
    The seven days that end with ``last``, UTC.

    Raises:
        StorageError: The store or the account cannot be read.
    """
    first = last - timedelta(days=6)
    began = datetime.combine(first, time(), UTC)
    kept, events, types = _rollouts(places, began)
    account = Account.open(places.account)
    try:
        now = account.rolled_up(first, last) if account else []
        before = account.rolled_up(first - _WEEK, last - _WEEK) if account else []
    finally:
        if account is not None:
            account.close()
    return Week(
        first=first,
        last=last,
        types=types,
        spent=_spent(now, before),
        errors=_errors(now),
        taken=_taken(now),
        proven=_proven(kept, now, at=began + _WEEK),
        proving_usd=_proving_usd(began),
        events=events,
        changes=_changes(places, began, events),
        has_account=account is not None,
    )


def _rollouts(
    places: Places, began: datetime
) -> tuple[list[Kept], tuple[RolloutEvent, ...], tuple[TypeWeek, ...]]:
    if not places.store.exists():
        return [], (), ()
    ended = began + _WEEK
    with Rollouts.open(places.store, write=False) as store:
        kept = store.all()
        events = tuple(one.event for one in store.events(since=began) if one.event.at < ended)
        types = []
        for one in kept:
            told = [each.event for each in store.events(request_type=one.rollout.type)]
            before = [event for event in told if event.at < ended]
            if before:
                share = _share(places, one, before[-1] if len(before) < len(told) else None)
                types.append(_type_week(store, one, (before[-1].state, share), began))
    return kept, events, tuple(types)


def _share(places: Places, kept: Kept, last: RolloutEvent | None) -> float | None:
    """What the policy gave the candidate after an event; None as the event: what it gives now."""
    files, rollout = PolicyFiles(places.policy), kept.rollout
    try:
        policy = files.load().policy if last is None else files.version(last.policy_version or 0)
    except (UnreadableFile, BadPolicy):
        return None
    rule = policy.types.get(rollout.type)
    return rule.share if rule and rule.candidate == rollout.candidate else None


def _type_week(
    store: Rollouts, kept: Kept, stood: tuple[RolloutState, float | None], began: datetime
) -> TypeWeek:
    rollout, (state, share) = kept.rollout, stood
    both = list(_pairs(store, rollout.type, since=began - _WEEK))
    week = [pair for pair in both if began <= pair.at < began + _WEEK]
    scores = [pair.score for pair in week if pair.score is not None]
    before = [pair.score for pair in both if pair.at < began and pair.score is not None]
    spent, unpriced = watching_usd([pair.cost_usd for pair in week])
    return TypeWeek(
        type=rollout.type,
        baseline=rollout.baseline,
        candidate=rollout.candidate,
        state=state,
        share=share,
        pairs=len(scores),
        score=sum(scores),
        missing=len(week) - len(scores),
        pairs_before=len(before),
        score_before=sum(before),
        fine_at=rollout.watch.p_ok,
        watching_usd=spent,
        unpriced_pairs=unpriced,
        prompt_watched=bool(rollout.basis.watched_prompt),
    )


def _pairs(store: Rollouts, type_: str, *, since: datetime) -> Iterator[ShadowPair]:
    """All of them; the store gives so many at a time."""
    after = 0
    while some := store.pairs(type_, after=after, since=since):
        yield from some
        after = some[-1].seq


def _spent(now: Iterable[RolledUp], before: Iterable[RolledUp]) -> tuple[Spent, ...]:
    usd: defaultdict[str, int] = defaultdict(int)
    earlier: defaultdict[str, int] = defaultdict(int)
    attempts: defaultdict[str, int] = defaultdict(int)
    unpriced: defaultdict[str, int] = defaultdict(int)
    for row in now:
        usd[row.model] += row.picousd
        attempts[row.model] += row.attempts
        unpriced[row.model] += row.unpriced
    for row in before:
        earlier[row.model] += row.picousd
    return tuple(
        Spent(
            model=model,
            requests=attempts[model],
            usd=_usd(usd[model]),
            usd_before=_usd(earlier[model]),
            unpriced=unpriced[model],
        )
        for model in sorted(
            usd.keys() | earlier.keys(), key=lambda name: (-usd[name], -earlier[name], name)
        )
    )


def _errors(now: Iterable[RolledUp]) -> tuple[Errors, ...]:
    attempts: defaultdict[tuple[str, str], int] = defaultdict(int)
    errors: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in now:
        attempts[row.type, row.arm] += row.attempts
        errors[row.type, row.arm] += row.errors
    return tuple(
        Errors(type=name, arm=arm, attempts=count, errors=errors[name, arm])
        for (name, arm), count in sorted(attempts.items())
    )


def _taken(now: Iterable[RolledUp]) -> tuple[Taken, ...]:
    saved: defaultdict[str, int] = defaultdict(int)
    for row in now:
        if row.arm == "candidate":
            saved[row.type] += row.saved_picousd
    return tuple(Taken(type=name, usd=_usd(pico)) for name, pico in sorted(saved.items()))


def _proven(kept: Iterable[Kept], now: Iterable[RolledUp], *, at: datetime) -> tuple[Proven, ...]:
    """What may begin: neither rolled out, nor taken back with nothing newer to go by."""
    before = {one.rollout.type: one.rollout for one in kept}
    requests: defaultdict[str, int] = defaultdict(int)
    for row in now:
        if row.arm != "shadow":
            requests[row.type] += row.requests
    return tuple(
        Proven(
            type=proof.verdict.type,
            candidate=model_name(proof.verdict.candidate),
            usd_per_answer=proof.verdict.cost.saving_usd.estimate,
            requests=requests[proof.verdict.type],
            run=proof.run,
        )
        for proof in switches(kept_proofs())
        if proof.verdict.cost is not None and _may_begin(proof, before.get(proof.verdict.type), at)
    )


def _may_begin(proof: Proof, before: Rollout | None, at: datetime) -> bool:
    if before is None:
        return True
    is_back = before.state is RolloutState.ROLLED_BACK
    return is_back and not why_not_again(proof, before, at)


def _proving_usd(began: datetime) -> str:
    """What the comparisons of the week cost; those that cannot be read are passed over."""
    total = Decimal(0)
    for path in sorted(runs_folder().glob("*/result.json")):
        try:
            comparison = read_result(path.parent)
            created = datetime.fromisoformat(comparison.created)
            if began <= created < began + _WEEK:
                total += Decimal(comparison.spending.spent_usd)
        except (StorageError, ValueError, TypeError, InvalidOperation):
            continue
    return str(total)


def _changes(places: Places, began: datetime, events: Iterable[RolloutEvent]) -> tuple[Change, ...]:
    """What people did to the policy itself; what rollouts did is told by their events."""
    told = {event.policy_version for event in events}
    return tuple(
        Change(
            at=line.at,
            version=version.number,
            by=line.by,
            action=line.action,
            reason=line.reason,
        )
        for version in PolicyFiles(places.policy).history()
        if version.policy is not None and version.number not in told
        for line in version.policy.audit
        if began <= line.at < began + _WEEK and line.by != CONTROLLER
    )


def _usd(pico: int) -> str:
    return str(Decimal(pico) / PICO)
