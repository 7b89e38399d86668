"""Which pairs a person gets to read: the worst lost ones first, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from suffice.comparison.pairing import Arms
from suffice.records import Answer, Case, Pair, ShownCase

_EQUAL = 1e-9
_OUTCOMES = ("lost", "won", "neither", "both")


class Showcase:
    """
    Keeps a few pairs of each type with their texts, and passes every lost or won one on.

    Args:
        per_outcome: How many lost and how many won pairs of a type and candidate are kept.
        most: How many are kept over all types; beyond it three lost ones a type.
        keep: Called with every lost or won pair, e.g. to write it into a run's folder.
    """

    def __init__(
        self,
        *,
        per_outcome: int = 50,
        most: int = 2000,
        keep: Callable[[ShownCase], None] | None = None,
    ) -> None:
        self._per_outcome, self._most, self._keep = per_outcome, most, keep
        self._shown: dict[tuple[str, str, str], list[ShownCase]] = {}
        self._count = 0

    def offer(self, case: Case, arms: Arms, pair: Pair) -> None:
        """Look at one pair, and keep it if it is worth reading."""
        outcome, weight = outcome_of(pair)
        if outcome not in {"lost", "won"} and self._keep is None:
            return
        room = self._room(case.type, arms.candidate, outcome)
        if not room and self._keep is None:
            return
        shown = show(case, arms, pair, outcome=outcome, weight=weight)
        if self._keep is not None:
            self._keep(shown)
        if room and outcome in {"lost", "won"}:
            self._shown.setdefault((case.type, arms.candidate, outcome), []).append(shown)
            self._count += 1

    def shown(self) -> tuple[ShownCase, ...]:
        """Types in the order they were met; lost before won; worst first."""
        kept = [shown for rows in self._shown.values() for shown in rows]
        kept.sort(key=lambda row: (_OUTCOMES.index(row.outcome), -row.weight))
        return tuple(kept)

    def _room(self, request_type: str, candidate: str, outcome: str) -> bool:
        held = len(self._shown.get((request_type, candidate, outcome), ()))
        if self._count >= self._most:
            return outcome == "lost" and held < 3  # noqa: PLR2004 - as the class promises
        return held < self._per_outcome


def outcome_of(pair: Pair) -> tuple[str, float]:
    """
    ``lost``, ``won``, ``both`` or ``neither``, and by how much.

    On quality: which arm was better graded. On agreement alone: a disagreement is lost.

    >>> outcome_of(Pair(case_id="a", baseline_quality=1.0, candidate_quality=0.0))
    ('lost', 1.0)
    """
    if pair.baseline_quality is not None and pair.candidate_quality is not None:
        change = pair.candidate_quality - pair.baseline_quality
        if change < -_EQUAL:
            return "lost", -change
        if change > _EQUAL:
            return "won", change
        return ("both" if pair.candidate_quality > 1 - _EQUAL else "neither"), 0.0
    if pair.agreement is not None and pair.agreement < 1 - _EQUAL:
        return "lost", 1 - pair.agreement
    return "both", 0.0


def show(case: Case, arms: Arms, pair: Pair, *, outcome: str, weight: float) -> ShownCase:
    """The pair with its texts."""
    return ShownCase(
        type=case.type,
        baseline=arms.baseline,
        candidate=arms.candidate,
        case_id=case.id,
        outcome=outcome,
        prompt=_last_turn(case.request),
        reference=_as_text(case.reference),
        baseline_text=_answer_text(case.answers.get(arms.baseline)),
        candidate_text=_answer_text(case.answers.get(arms.candidate)),
        reason=pair.reason,
        paths=pair.paths,
        weight=round(weight, 6),
    )


def _last_turn(request: dict[str, Any]) -> str:
    messages = request.get("messages") or [{}]
    content = messages[-1].get("content", "")
    if isinstance(content, str):
        return content
    return "\n".join(
        str(block["text"]) if isinstance(block, dict) and "text" in block else _as_text(block)
        for block in content
    )


def _answer_text(answer: Answer | None) -> str:
    if answer is None:
        return ""
    if answer.failure is not None and not answer.text:
        return f"[{answer.failure.kind}: {answer.failure.message}]"
    calls = [block for block in answer.blocks or () if block.get("type") == "tool_use"]
    return "\n".join(part for part in (answer.text, _as_text(calls or None)) if part)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
