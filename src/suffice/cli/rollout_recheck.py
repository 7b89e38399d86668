"""A later comparison on held-out cases, entered as evidence on a rollout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click
import msgspec

from suffice.adapters.controlling.evidence import MOVED, RECHECK
from suffice.adapters.storage import RunInfo
from suffice.adapters.storage.rollouts import Rollouts
from suffice.cli.held_out_looks import info_of, unheard
from suffice.cli.rollout_proofs import Proof, model_name, proof_of
from suffice.cli.rollout_world import Places, now, opened, the_rollout
from suffice.errors import BadOption
from suffice.records import RolloutState, Word
from suffice.records.held_out import Arm, Probe
from suffice.records.rollout import Rollout, RolloutEvent
from suffice.records.rollout_evidence import ModelMoved, Recheck
from suffice.reports import shell_word
from suffice.reports.untrusted import one_line


def recheck(places: Places, request_type: str, run: str | None, *, form: str) -> None:
    """
    Enter a kept run's verdict as a re-check of a rollout; the monitor acts on it.

    Raises:
        BadOption: The type has no rollout, or the run is no later word on the same question.
        NotProven: No kept run has a verdict on it.
        StorageError: Store or run cannot be read or written.
    """
    with opened(places, write=True) as world:
        rollout = the_rollout(world, request_type).rollout
        proof = proof_of(request_type, rollout.candidate, run, held_out=True)
        check = _checked(rollout, proof)
        if isinstance(check, str):
            raise BadOption(
                f"{proof.run} {check}.",
                effect="Nothing was entered.",
                next_step=f"Ask held-out cases anew: suffice compare --held-out {request_type}",
            )
        why_not = unheard(world.store, rollout, proof, info_of(proof.run), now=now())
        check = msgspec.structs.replace(check, unheard=why_not)
        sentence = _entered(world.store, rollout, check, proof)
    if form == "json":
        document = {"schema": "suffice.recheck", "version": 1, "type": request_type, "check": check}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
        return
    click.echo(f"{one_line(request_type)}: {one_line(sentence)}")
    if why_not:
        click.echo(
            f"Next  suffice compare --held-out {shell_word(request_type)}, or in your own name: "
            f"suffice rollout abort {shell_word(request_type)} --by NAME --reason TEXT"
        )
    elif check.verdict == Word.KEEP.value:
        click.echo(f"The monitor takes everything back to {one_line(rollout.baseline)}.")


def enter_rerun(store: Rollouts, proof: Proof, info: RunInfo, probes: Sequence[Probe]) -> list[str]:
    """
    Enter a run over held-out cases where its type is being rolled out: verdict and changes.

    A changed baseline is told to every rollout of that baseline; only the type it was found on
    is held for it. Entering the same run twice tells nothing twice.

    Returns:
        What was entered, or why nothing was, in sentences; none where the type has no rollout.

    Raises:
        StorageError: The store fails.
    """
    kept = store.get(proof.verdict.type)
    if kept is None:
        return []
    rollout = kept.rollout
    check = _checked(rollout, proof)
    if isinstance(check, str):
        return [f"{rollout.type}: not entered: {proof.run} {check}"]
    why_not = unheard(store, rollout, proof, info, now=now())
    check = msgspec.structs.replace(check, unheard=why_not)
    told = [
        f"{rollout.type}: {sentence}"
        for found in probes
        if found.moved and found.type == rollout.type
        for sentence in _tell_moved(store, rollout, found, check)
    ]
    return [*told, f"{rollout.type}: {_entered(store, rollout, check, proof, probes)}"]


def _tell_moved(store: Rollouts, rollout: Rollout, found: Probe, check: Recheck) -> list[str]:
    """Note that a model has changed, and tell the rollouts it concerns."""
    if model_name(found.model) not in {model_name(rollout.baseline), model_name(rollout.candidate)}:
        return []
    moved = ModelMoved(run=check.run, at=check.at, arm=found.arm.value, sentence=found.sentence)
    at = now()
    store.note(rollout.type, MOVED, msgspec.json.encode(moved).decode(), at=at)
    _tell(store, _event(rollout, found, found.sentence, at=at))
    if found.arm is Arm.BASELINE:
        elsewhere = f"Found on {rollout.type}: {found.sentence}"
        for other in (one.rollout for one in store.all()):
            same = model_name(other.baseline) == model_name(rollout.baseline)
            if same and other.type != rollout.type and other.state is not RolloutState.ROLLED_BACK:
                event = _event(other, found, elsewhere, at=at)
                _tell(store, msgspec.structs.replace(event, found_on=rollout.type))
    return [found.sentence]


def _event(rollout: Rollout, found: Probe, sentence: str, *, at: datetime) -> RolloutEvent:
    return RolloutEvent(
        at=at,
        type=rollout.type,
        kind=f"{found.arm.value}_moved",
        sentence=sentence,
        state=rollout.state,
        value=found.p_value,
        operator="<=",
        limit=found.level,
        policy_version=0,  # an event that moves nothing waits for no policy
        rollout_version=rollout.version,
    )


def _entered(
    store: Rollouts,
    rollout: Rollout,
    check: Recheck,
    proof: Proof,
    probes: Sequence[Probe] = (),
) -> str:
    """Keep the verdict where the monitor looks for it, and tell of it."""
    at = now()
    store.note(rollout.type, RECHECK, msgspec.json.encode(check).decode(), at=at)
    sentence = f"Re-checked on held-out cases: {check.run} says {_word(check.verdict)}"
    sentence += f" after {proof.verdict.pairs:,} pairs."
    if check.unheard:
        sentence += f" {check.unheard}"
    for found in probes:
        if found.type == rollout.type and found.p_value is not None and not found.moved:
            sentence += f" {found.model} answers as before (by chance {found.p_value:.2g})."
    event = RolloutEvent(
        at=at,
        type=rollout.type,
        kind="noted",
        sentence=sentence,
        state=rollout.state,
        policy_version=0,
        rollout_version=rollout.version,
    )
    _tell(store, event)
    return sentence


def _tell(store: Rollouts, event: RolloutEvent) -> None:
    """Tell of something once: a run that was killed while it was entered is entered again."""
    before = store.events(request_type=event.type)
    if not any(
        (one.event.kind, one.event.sentence) == (event.kind, event.sentence) for one in before
    ):
        store.tell(event)


def _checked(rollout: Rollout, proof: Proof) -> Recheck | str:
    """The verdict as a re-check; or why it is no later word on the rollout's own question."""
    verdict = proof.verdict
    try:
        at = datetime.fromisoformat(proof.created)
    except ValueError:
        return "does not say when it was made"
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    proved, compared = rollout.basis.prompt_version, verdict.prompt_version
    if proof.run == rollout.basis.run or at < rollout.began:
        return "is no later than the rollout"
    if model_name(verdict.baseline) != model_name(rollout.baseline):
        return f"compares with {verdict.baseline}, not {rollout.baseline}"
    if model_name(verdict.candidate) != model_name(rollout.candidate):
        return f"is about {verdict.candidate}, not {rollout.candidate}"
    if proved and compared and proved != compared:
        return "is about another prompt"
    return Recheck(run=proof.run, at=at, verdict=verdict.verdict.value, sentence=verdict.sentence)


def _word(verdict: str) -> str:
    return verdict.replace("_", " ").capitalize()
