"""What a run over held-out cases may risk, and whether a later Keep is sure enough to be heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from suffice.adapters.controlling.looks import Looks, PaidLook
from suffice.adapters.storage import RunInfo, read_run_info
from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli.held_out_runs import HELD_OUT_OF, Rerun, beta_of
from suffice.cli.rollout_proofs import Proof, model_name
from suffice.cli.stored_run import find_run
from suffice.errors import StorageError
from suffice.records import Limits, Word
from suffice.records.rollout import Rollout
from suffice.statistics.spending import WEEKLY

_BETA = Limits().beta


class RunLook(NamedTuple):
    """
    A run over held-out cases, as a look at what it compares.

    Attributes:
        run: What names it.
        types: What it compares.
        candidates: The models on trial.
        at: When it was planned.
    """

    run: str
    types: Sequence[str]
    candidates: Sequence[str]
    at: datetime


def share_of(look: RunLook, before: Sequence[Rerun], store: Path, *, pay: bool) -> float:
    """
    A run's share of the year's chance of a wrong Keep.

    Of a type that is being rolled out its store keeps the looks; of any other the runs that lie
    there are all that is known, and nothing is taken back by them.

    Args:
        look: The run.
        before: Earlier runs over the same cases.
        store: Where rollouts are kept.
        pay: Whether it is taken now; else it is only said what it would have.

    Raises:
        StorageError: The store cannot be read or written.
    """
    others = {name: _looks_at(name, before) for name in look.types}
    models = {model_name(one) for one in look.candidates}
    shares = [
        WEEKLY.share([kept.as_look for kept in others[name] if kept.candidate == model], look.at)
        for name in look.types
        for model in models
    ]
    if store.exists():
        with Rollouts.open(store, write=pay) as opened:
            looks = Looks(opened)
            for name in look.types:
                kept = opened.get(name)
                model = "" if kept is None else model_name(kept.rollout.candidate)
                if model in models:
                    asked = looks.pay if pay else looks.share
                    given = asked(look.run, name, model, at=look.at, others=others[name])
                    shares.append(given)
    return min(shares, default=WEEKLY.holds)


def unheard(
    store: Rollouts, rollout: Rollout, proof: Proof, info: RunInfo, *, now: datetime
) -> str:
    """
    Why a later Keep takes nothing back; empty where it does, or where the word is another.

    A run over held-out cases was decided at its own share. Any other comparison is a look that
    nobody has planned for: it is paid for when it is entered, whatever it says.

    Args:
        store: Where the rollout is kept.
        rollout: What it is about.
        proof: The verdict.
        info: What its run was started with.
        now: The time.

    Raises:
        StorageError: The store fails.
    """
    own = HELD_OUT_OF not in info.settings
    looks = Looks(store, own=own)
    if not own and looks.paid(info.run_id, rollout.type) is not None:
        return ""
    share = looks.pay(info.run_id, rollout.type, model_name(rollout.candidate), at=now)
    verdict = proof.verdict
    said_at = verdict.keep_level if verdict.keep_level is not None else beta_of(info) or _BETA
    if verdict.verdict is not Word.KEEP or said_at <= share * _BETA:
        return ""
    return (
        f"It is sure of that at {_percent(said_at)}, and what a year's re-checks may risk has "
        f"{_percent(share * _BETA)} for it now, so nothing is taken back by it."
    )


def _looks_at(request_type: str, before: Sequence[Rerun]) -> list[PaidLook]:
    return [
        PaidLook(one.run_id, _moment(one.result.created), one.share, model_name(verdict.candidate))
        for one in before
        for verdict in one.result.types
        if verdict.type == request_type
    ]


def info_of(run: str) -> RunInfo:
    """What a run was started with; of one that cannot say so its name."""
    try:
        return read_run_info(find_run(run))
    except StorageError:
        return RunInfo(run_id=run)


def _moment(created: str) -> datetime:
    at = datetime.fromisoformat(created)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _percent(chance: float) -> str:
    return f"{100 * chance:.2g} %"
