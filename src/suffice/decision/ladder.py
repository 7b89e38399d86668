"""Several candidates for one type: which of those that suffice saves most."""

from __future__ import annotations

from collections.abc import Sequence

from suffice.records import Verdict, Word


def winner(verdicts: Sequence[Verdict]) -> Verdict | None:
    """
    The candidate that saves most among those that suffice.

    None where none does, or no dollars are known.

    A model, a lower effort and a smaller model compete alike: what counts is the measured saving.

    Args:
        verdicts: Of one type, one per candidate.
    """
    saving = [
        verdict
        for verdict in verdicts
        if verdict.verdict is Word.SWITCH and verdict.cost and verdict.cost.saving_usd.estimate > 0
    ]
    return max(saving, key=_saved_usd, default=None)


def ladder_notes(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """One sentence for each type with several candidates of which one saves most."""
    by_type: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_type.setdefault(verdict.type, []).append(verdict)
    notes = []
    for name, candidates in by_type.items():
        best = winner(candidates)
        if best is None or len(candidates) == 1:
            continue
        enough = sum(one.verdict is Word.SWITCH for one in candidates)
        notes.append(
            f"{name}: {best.candidate} saves most of the {enough} that suffice,"
            f" ${1000 * _saved_usd(best):,.2f} per 1,000 requests."
            if enough > 1
            else f"{name}: only {best.candidate} suffices of {len(candidates)} candidates."
        )
    return tuple(notes)


def _saved_usd(verdict: Verdict) -> float:
    return verdict.cost.saving_usd.estimate if verdict.cost else 0.0
