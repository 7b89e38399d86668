"""What is shown of a rollout: put together from the store, the policy and the account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from suffice.adapters.controlling.evidence import MOVED, RECHECK
from suffice.adapters.controlling.held_out_turns import turn_of
from suffice.adapters.storage.rollouts import Kept, PairCount
from suffice.cli.rollout_world import LATELY, World
from suffice.gateway.account_store import PICO
from suffice.monitor import wanted
from suffice.records.rollout import Rollout
from suffice.records.rollout_evidence import ModelMoved, Recheck
from suffice.reports.rollouts import (
    Money,
    RolloutView,
    Served,
    held_out_text,
    missing_text,
    view_of,
)


def view(world: World, kept: Kept, *, now: datetime) -> RolloutView:
    """
    One rollout as it is shown.

    Raises:
        StorageError: The account cannot be read.
    """
    rollout = kept.rollout
    found = world.store.pair_counts(rollout.type, since=rollout.began)
    missing: Counter[str] = Counter()
    for each in found:
        if not each.is_scored:
            missing[each.why_missing] += each.pairs
    shown = view_of(
        rollout,
        wanted(rollout),
        set_share=share_in_force(world, rollout),
        served=served_lately(world, rollout, now=now),
        money=_money(world, rollout, found),
        now=now,
    )
    said = missing_text(missing, pairs=sum(each.pairs for each in found))
    return msgspec.structs.replace(shown, held_out=_held_out(world, rollout), missing=said)


def share_in_force(world: World, rollout: Rollout) -> float | None:
    """What the policy gives a rollout's candidate; None where it has no rule for it."""
    rule = world.policies.load().policy.types.get(rollout.type)
    return rule.share if rule is not None and rule.candidate == rollout.candidate else None


def served_lately(world: World, rollout: Rollout, *, now: datetime) -> Served | None:
    """
    What really went where; None where no account is kept.

    Raises:
        StorageError: The account cannot be read.
    """
    if world.account is None:
        return None
    # Since the stage began: what was served before belongs to another share.
    since = max(now - LATELY, rollout.state_began or rollout.stage_began, rollout.stage_began)
    conversations, at_candidate = world.account.served(rollout.type, rollout.baseline, since)
    hours = (now - since).total_seconds() / 3600
    return Served(hours=hours, conversations=conversations, at_candidate=at_candidate)


def _held_out(world: World, rollout: Rollout) -> str:
    store = world.store
    checked, moved = store.noted(rollout.type, RECHECK), store.noted(rollout.type, MOVED)
    check = msgspec.json.decode(checked, type=Recheck) if checked else None
    change = msgspec.json.decode(moved, type=ModelMoved) if moved else None
    turn = turn_of(store, rollout.type)
    return held_out_text(
        check if check is not None and check.at >= rollout.began else None,
        change if change is not None and change.at >= rollout.began else None,
        next_at=turn.next_at if turn is not None else None,
        why=turn.why if turn is not None else "",
    )


def _money(world: World, rollout: Rollout, found: Sequence[PairCount]) -> Money:
    spent, unpriced = Decimal(0), 0
    for each in found:
        if each.cost_usd is None:
            unpriced += each.pairs
        else:
            spent += Decimal(each.cost_usd) * each.pairs
    saved = None
    if world.account is not None:
        saved = str(Decimal(world.account.saved_picousd(rollout.type, rollout.began)) / PICO)
    return Money(saved_usd=saved, watching_usd=str(spent), unpriced_pairs=unpriced)
