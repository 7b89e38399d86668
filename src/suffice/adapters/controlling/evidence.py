"""All that is known since a rollout's last step, from the store and the gateway's account."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from suffice.adapters.controlling.arm_windows import Account, Beyond
from suffice.adapters.storage.rollouts import Kept, Rollouts
from suffice.records.rollout import Rollout
from suffice.records.rollout_evidence import ArmWindow, ModelMoved, Recheck, RolloutEvidence

WINDOW = timedelta(minutes=5)
"""Both arms are counted over stretches of this length."""

SETTLED = timedelta(seconds=10)
"""Exchanges reach the account within seconds; what is younger is not counted yet. Where
stretches are shorter, so is this: who asks for 3 s has a gateway that keeps up."""

PROMPT, PAUSED, RECHECK, MOVED = "prompt_version", "paused", "recheck", "moved"
STEADY = "steady_prompt"
"""Names under which others leave what they know of a type in the store."""

_BEYOND, _MIX = "beyond", "mix"
_LONG_ENOUGH = timedelta(hours=1)
_MIX_DAYS = timedelta(days=42)


def gather(
    store: Rollouts,
    kept: Kept,
    *,
    account: Account | None,
    now: datetime,
    window: timedelta = WINDOW,
) -> RolloutEvidence:
    """
    The evidence for a rollout's next step.

    What both arms did is counted once per stretch and kept, so that the same evidence is found
    again after a kill.

    Args:
        store: Where pairs are, and where stretches are kept.
        kept: The rollout.
        account: The gateway's account; None: there is none, and errors are not watched.
        now: The time.
        window: Length of a stretch.

    Raises:
        StorageError: Store or account cannot be read.
    """
    rollout = kept.rollout
    shares: tuple[float, ...] = ()
    if account is not None:
        _count_arms(store, rollout, account, now=now, window=window)
        shares = _daily_shares(store, rollout, account, now=now)
    recheck = store.noted(rollout.type, RECHECK)
    moved = store.noted(rollout.type, MOVED)
    return RolloutEvidence(
        pairs=tuple(store.pairs(rollout.type, after=rollout.watch.last_seq)),
        windows=tuple(store.windows(rollout.type, after=rollout.last_window)),
        prompt_version=store.noted(rollout.type, PROMPT),
        steady_prompt=_steady(store.noted(rollout.type, STEADY), now),
        daily_shares=shares,
        paused=store.noted(rollout.type, PAUSED) or store.noted("", PAUSED),
        recheck=msgspec.json.decode(recheck, type=Recheck) if recheck else None,
        moved=msgspec.json.decode(moved, type=ModelMoved) if moved else None,
    )


def steady_since(version: str, now: datetime) -> str:
    """What is noted of a prompt that all live requests come with from now on."""
    return f"{version} {now.timestamp():.0f}"


def _steady(noted: str, now: datetime) -> str:
    """The version that has been steady for long enough; a burst of one sender's is no proof."""
    version, _, since = noted.partition(" ")
    is_long = bool(since) and now.timestamp() - float(since) >= _LONG_ENOUGH.total_seconds()
    return version if is_long else ""


def _daily_shares(
    store: Rollouts, rollout: Rollout, account: Account, *, now: datetime
) -> tuple[float, ...]:
    """The type's share of each whole day; counted once a day, since it reads every exchange."""
    today = f"{rollout.began.timestamp():.0f} {now:%Y-%m-%d}"
    day, _, values = store.noted(rollout.type, _MIX).partition(";")
    if day == today:
        return msgspec.json.decode(values, type=tuple[float, ...])
    first = max(rollout.began, now - _MIX_DAYS)
    shares = tuple(account.daily_shares(rollout.type, first, now))
    value = f"{today};{msgspec.json.encode(shares).decode()}"
    store.note(rollout.type, _MIX, value, at=now)
    return shares


def _count_arms(
    store: Rollouts, rollout: Rollout, account: Account, *, now: datetime, window: timedelta
) -> None:
    last = store.last_window(rollout.type)
    began = rollout.began if last is None else max(last.ended, rollout.began)
    seq = 1 if last is None else last.seq + 1
    settled = now - min(SETTLED, window)
    if began > now:
        # The clock was ahead. Nothing is counted until it is there again, unless anew from here.
        store.add_window(ArmWindow(seq=seq, type=rollout.type, began=settled, ended=settled))
        return
    # The share changes where a stage begins; no stretch may lie on both sides of that.
    if began < rollout.stage_began < settled:
        _count(store, rollout, account, (seq, began, rollout.stage_began), now=now)
        seq, began = seq + 1, rollout.stage_began
    if settled - began >= window:
        _count(store, rollout, account, (seq, began, settled), now=now)


def _count(
    store: Rollouts,
    rollout: Rollout,
    account: Account,
    stretch: tuple[int, datetime, datetime],
    *,
    now: datetime,
) -> None:
    seq, began, ended = stretch
    baseline, candidate = account.arms(
        rollout.type,
        began,
        ended,
        beyond=_beyond(store, rollout, account, now=now),
        ratings=store.ratings_between(began, ended),
    )
    store.add_window(
        ArmWindow(
            seq=seq,
            type=rollout.type,
            began=began,
            ended=ended,
            baseline=baseline,
            candidate=candidate,
        )
    )


def _beyond(store: Rollouts, rollout: Rollout, account: Account, *, now: datetime) -> Beyond | None:
    """What is slow and dear, fixed once it is known: a limit must not move with what it limits."""
    noted = store.noted(rollout.type, _BEYOND)
    if noted:
        return msgspec.json.decode(noted, type=Beyond)
    found = account.beyond(rollout.type, rollout.began)
    if found is not None:
        store.note(rollout.type, _BEYOND, msgspec.json.encode(found).decode(), at=now)
    return found
