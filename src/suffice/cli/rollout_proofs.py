"""Which stored comparisons carry a rollout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from suffice.adapters.storage import read_result
from suffice.cli.money_text import short_name
from suffice.cli.stored_run import readable_run, runs_folder
from suffice.errors import BadOption, NotNow, NotProven, StorageError
from suffice.policy.changes import verdict_for
from suffice.records import Comparison, Rollout, Verdict, Word, parse_model_spec


class Proof(NamedTuple):
    """A verdict and the run it stands in."""

    run: str
    created: str
    verdict: Verdict


def proof_of(
    request_type: str, candidate: str | None, run: str | None, *, held_out: bool = False
) -> Proof:
    """
    The verdict a rollout of a type is to rest on: of the run named, else the newest kept one.

    Args:
        request_type: The type.
        candidate: The model on trial; None: of the newest run's the one that saves most.
        run: The run that is named.
        held_out: Runs that asked held-out cases again speak as well: they re-check a rollout, and
            carry none, since they are as large as what was left over.

    Raises:
        NotProven: No kept run has a verdict on it.
        StorageError: The run that was named cannot be read.
    """
    if run is not None:
        comparison = read_result(readable_run(run))
        # Named as the run names it, where it was named by its short name.
        named = [row.candidate for row in comparison.types if _is_model(row.candidate, candidate)]
        found = verdict_for(
            comparison, type=request_type, candidate=named[0] if named else candidate
        )
        return Proof(run, comparison.created, found)
    fitting = [
        proof
        for proof in kept_proofs(held_out=held_out)
        if proof.verdict.type == request_type
        and (candidate is None or _is_model(proof.verdict.candidate, candidate))
    ]
    if not fitting:
        to = f" and {candidate}" if candidate else ""
        raise NotProven(
            f"No kept run has a verdict on {request_type}{to}.",
            effect="Nothing was started.",
            next_step="Compare first: suffice compare CASES --to MODEL; or name a --from-run.",
        )
    if candidate is None:
        # The newest run speaks; of its candidates the one that saves most.
        newest = max(proof.created for proof in fitting)
        fitting = [proof for proof in fitting if proof.created == newest]
        return max(fitting, key=_worth)
    return max(fitting, key=lambda proof: proof.created)


def kept_proofs(*, held_out: bool = False) -> Iterator[Proof]:
    """
    Every verdict of every kept run; runs that cannot be read are passed over.

    Args:
        held_out: With those that asked held-out cases again.
    """
    for path in sorted(runs_folder().glob("*/result.json")):
        try:
            comparison: Comparison = read_result(path.parent)
        except StorageError:
            continue
        if comparison.held_out_of and not held_out:
            continue
        for verdict in comparison.types:
            yield Proof(path.parent.name, comparison.created, verdict)


def switches(proofs: Iterator[Proof]) -> list[Proof]:
    """
    For each type its newest word, where that is a Switch that may ramp by itself.

    A model that passed as its own replacement is what the type has already.
    """
    newest: dict[tuple[str, str], Proof] = {}
    for proof in proofs:
        key = proof.verdict.type, model_name(proof.verdict.candidate)
        if key not in newest or newest[key].created <= proof.created:
            newest[key] = proof
    best: dict[str, Proof] = {}
    for proof in newest.values():
        verdict = proof.verdict
        proven = verdict.verdict is Word.SWITCH and not verdict.provisional
        proven = proven and not is_itself(verdict)
        if proven and (verdict.type not in best or _worth(proof) > _worth(best[verdict.type])):
            best[verdict.type] = proof
    return list(best.values())


def model_name(text: str) -> str:
    """
    A model's name as the provider takes it, with its settings, without the label of a run.

    >>> model_name("claude-haiku-5-5@B"), model_name("haiku-5-5")
    ('claude-haiku-5-5', 'claude-haiku-5-5')
    """
    import msgspec

    from suffice.catalog import load_catalog

    plain = msgspec.structs.replace(parse_model_spec(text), label=None).name
    return load_catalog().in_full(plain)


def why_not_again(proof: Proof, before: Rollout, at: datetime) -> str:
    """
    What keeps a type that was taken back from beginning again, by the rule of starts itself.

    Args:
        proof: The Switch it would rest on.
        before: The rollout that was taken back.
        at: The time.

    Returns:
        A sentence; empty where it may begin.
    """
    from suffice.monitor import Start, basis_of, start

    verdict = proof.verdict
    wish = Start(
        type=verdict.type,
        baseline=model_name(verdict.baseline),
        candidate=model_name(verdict.candidate),
        basis=basis_of(verdict, run=proof.run, prompt_version=verdict.prompt_version),
        before=before,
    )
    try:
        start(wish, now=at)
    except (NotNow, NotProven, BadOption) as error:
        return str(error)
    return ""


def is_itself(verdict: Verdict) -> bool:
    """Whether the candidate is the baseline, asked again."""
    return model_name(verdict.baseline) == model_name(verdict.candidate)


def _is_model(of_run: str, asked: str | None) -> bool:
    """Whether a run's model is the one asked for, by its whole name or its short one."""
    return asked is not None and short_name(model_name(of_run)) == short_name(model_name(asked))


def _worth(proof: Proof) -> tuple[bool, float]:
    verdict = proof.verdict
    saving = verdict.cost.saving_share if verdict.cost is not None else None
    return verdict.verdict is Word.SWITCH, saving or 0.0
