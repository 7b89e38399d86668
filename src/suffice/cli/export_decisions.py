"""Which decisions may be exported, and which were taken back."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from suffice.adapters.storage import read_result
from suffice.cli.rollout_proofs import Proof, kept_proofs, model_name, switches
from suffice.cli.stored_run import readable_run
from suffice.errors import BadOption, EmptyInput
from suffice.monitor.moves import is_requalifying
from suffice.records import Word
from suffice.records.rollout import Rollout, RolloutState
from suffice.reports.exports import Decision


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An export, as its options say it."""

    types: tuple[str, ...]
    form: str
    run: str | None
    out: Path | None
    places: tuple[str, ...]
    write: bool


class Exported(NamedTuple):
    """
    What a file is to say.

    Attributes:
        decided: Types their candidates may take.
        back: Types that were taken back; where a file still gives one to its candidate, the
            baseline gets it again.
    """

    decided: list[Decision]
    back: list[Rollout]


def exported(asked: Asked, *, store: Path) -> Exported:
    """
    The Switch verdicts that may be exported; those that may not are named on stderr.

    Raises:
        BadOption: A type has no verdict at all.
        EmptyInput: Nothing is left.
    """
    proofs = _proofs(asked)
    known = {proof.verdict.type for proof in proofs}
    unknown = [name for name in asked.types if name not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(known), n=3, cutoff=0.4)
        raise BadOption(
            f"No verdict was kept on {unknown[0]!r}.",
            effect="Nothing was exported.",
            next_step=f"There is one on {', '.join(near or sorted(known)[:5])}."
            if known
            else "Compare first.",
        )
    back = _taken_back(store)
    good = {proof.verdict.type: proof for proof in switches(iter(proofs))}
    decided, given_back = [], []
    for name in sorted(known if not asked.types else set(asked.types)):
        if name in back:
            told = f"{name} was taken back: where it was exported, {back[name].baseline} is written"
            click.echo(f"left out: {told}", err=True)
            given_back.append(back[name])
        elif name not in good:
            click.echo(f"left out: {name}, {_why_not(proofs, name)}", err=True)
        else:
            decided.append(_decision(good[name]))
    if not decided and not given_back:
        raise nothing_to_export()
    return Exported(decided, given_back)


def _proofs(asked: Asked) -> list[Proof]:
    if asked.run is None:
        return list(kept_proofs())
    comparison = read_result(readable_run(asked.run))
    return [Proof(asked.run, comparison.created, verdict) for verdict in comparison.types]


def _why_not(proofs: Sequence[Proof], name: str) -> str:
    newest = max((p for p in proofs if p.verdict.type == name), key=lambda proof: proof.created)
    verdict = newest.verdict
    if verdict.verdict is Word.SWITCH:
        return "its Switch is provisional"
    return f"it says {verdict.verdict.value.replace('_', ' ')} after {verdict.pairs:,} pairs"


def _decision(proof: Proof) -> Decision:
    verdict = proof.verdict
    return Decision(
        type=verdict.type,
        baseline=model_name(verdict.baseline),
        candidate=model_name(verdict.candidate),
        run=proof.run,
        pairs=verdict.pairs,
        sentence=verdict.sentence,
    )


def nothing_to_export() -> EmptyInput:
    """What is said where no verdict may be exported, and nothing has to be given back."""
    return EmptyInput(
        "No verdict may be exported.",
        effect="Nothing was written.",
        next_step="Only a Switch that is not provisional may: suffice rollout next",
    )


def given_back_of(rollout: Rollout) -> Decision:
    """A type at its baseline again."""
    return Decision(type=rollout.type, baseline=rollout.baseline, candidate=rollout.baseline)


def _taken_back(store: Path) -> dict[str, Rollout]:
    from suffice.adapters.storage.rollouts import Rollouts

    if not store.exists():
        return {}
    with Rollouts.open(store, write=False) as rollouts:
        return {
            kept.rollout.type: kept.rollout
            for kept in rollouts.all()
            if kept.rollout.state is RolloutState.ROLLED_BACK or is_requalifying(kept.rollout)
        }
