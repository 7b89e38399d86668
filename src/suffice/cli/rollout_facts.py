"""What is shown of a rollout: put together from the store, the policy and the account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from suffice.adapters.controlling.evidence import MOVED, RECHECK
from suffice.adapters.controlling.held_out_turns import turn_of
from suffice.adapters.storage.rollouts import Kept
from suffice.cli.rollout_world import LATELY, World
from suffice.gateway.account_store import PICO
from suffice.monitor import wanted
from suffice.records.rollout import Rollout
from suffice.records.rollout_evidence import ModelMoved, Recheck, ShadowPair
from suffice.reports.rollouts import (
    Money,
    RolloutView,
    Served,
    held_out_text,
    missing_text,
    view_of,
    watching_usd,
)


def view(world: World, kept: Kept, *, now: datetime) -> RolloutView:
    """
    One rollout as it is shown.

    Raises:
        StorageError: The account cannot be read.
    """
    rollout = kept.rollout
    rule = world.policies.load().policy.types.get(rollout.type)
    pairs = world.store.pairs(rollout.type, since=rollout.began)
    is_its_own = rule is not None and rule.candidate == rollout.candidate
    shown = view_of(
        rollout,
        wanted(rollout),
        set_share=rule.share if rule is not None and is_its_own else None,
        served=_served(world, kept, now=now),
        money=_money(world, rollout, pairs),
        now=now,
    )
    return msgspec.structs.replace(
        shown, held_out=_held_out(world, rollout), missing=missing_text(pairs)
    )


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


def _served(world: World, kept: Kept, *, now: datetime) -> Served | None:
    if world.account is None:
        return None
    rollout = kept.rollout
    # Since the stage began: what was served before belongs to another share.
    since = max(now - LATELY, rollout.state_began or rollout.stage_began, rollout.stage_began)
    conversations, at_candidate = world.account.served(rollout.type, rollout.baseline, since)
    hours = (now - since).total_seconds() / 3600
    return Served(hours=hours, conversations=conversations, at_candidate=at_candidate)


def _money(world: World, rollout: Rollout, pairs: Sequence[ShadowPair]) -> Money:
    spent, unpriced = watching_usd([pair.cost_usd for pair in pairs])
    saved = None
    if world.account is not None:
        from decimal import Decimal

        saved = str(Decimal(world.account.saved_picousd(rollout.type, rollout.began)) / PICO)
    return Money(saved_usd=saved, watching_usd=spent, unpriced_pairs=unpriced)
