"""A later comparison on held-out cases, entered as evidence on a rollout."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import msgspec

from suffice.adapters.controlling.evidence import RECHECK
from suffice.cli.rollout_proofs import Proof, model_name, proof_of
from suffice.cli.rollout_world import Places, now, opened, the_rollout
from suffice.errors import BadOption
from suffice.records import Word
from suffice.records.rollout import Recheck, Rollout, RolloutEvent
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
        proof = proof_of(request_type, rollout.candidate, run)
        check = _checked(rollout, proof)
        at = now()
        world.store.note(request_type, RECHECK, msgspec.json.encode(check).decode(), at=at)
        sentence = f"Re-checked on held-out cases: {check.run} says {_word(check.verdict)}"
        sentence += f" after {proof.verdict.pairs:,} pairs."
        event = RolloutEvent(
            at=at,
            type=request_type,
            kind="noted",
            sentence=sentence,
            state=rollout.state,
            policy_version=0,  # an event that moves nothing waits for no policy
            rollout_version=rollout.version,
        )
        world.store.tell(event)
    if form == "json":
        document = {"schema": "suffice.recheck", "version": 1, "type": request_type, "check": check}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
        return
    click.echo(f"{one_line(request_type)}: {one_line(sentence)}")
    if check.verdict == Word.KEEP.value:
        click.echo(f"The monitor takes everything back to {one_line(rollout.baseline)}.")


def _checked(rollout: Rollout, proof: Proof) -> Recheck:
    """The verdict as a re-check, if it is a later word on the rollout's own question."""
    verdict = proof.verdict
    try:
        at = datetime.fromisoformat(proof.created)
    except ValueError:
        raise _no_recheck(proof.run, "does not say when it was made") from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    proved, compared = rollout.basis.prompt_version, verdict.prompt_version
    if proof.run == rollout.basis.run or at < rollout.began:
        raise _no_recheck(proof.run, "is no later than the rollout")
    if model_name(verdict.baseline) != model_name(rollout.baseline):
        raise _no_recheck(proof.run, f"compares with {verdict.baseline}, not {rollout.baseline}")
    if proved and compared and proved != compared:
        raise _no_recheck(proof.run, "is about another prompt")
    return Recheck(run=proof.run, at=at, verdict=verdict.verdict.value, sentence=verdict.sentence)


def _no_recheck(run: str, why: str) -> BadOption:
    return BadOption(
        f"{run} {why}.",
        effect="Nothing was entered.",
        next_step="Compare the held-out cases anew: suffice compare HELD_OUT.jsonl --to MODEL.",
    )


def _word(verdict: str) -> str:
    return verdict.replace("_", " ").capitalize()
