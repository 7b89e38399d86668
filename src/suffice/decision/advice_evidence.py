"""What stored comparisons say of one request type, for an advice to rest on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from suffice.decision.decision_flow import plain_word
from suffice.records import Comparison, Verdict, parse_model_spec


class Found(msgspec.Struct, frozen=True):
    """A measured verdict and the run it stands in."""

    verdict: Verdict
    run: str

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, with its count and its run."""
        verdict = self.verdict
        said = verdict.sentence or f"{verdict.verdict.replace('_', ' ')}: {verdict.reason}"
        hedge = " Provisional." if verdict.provisional else ""
        run = f" ({self.run})" if self.run else ""
        arms = f"{verdict.baseline} → {verdict.candidate}"
        return f"{arms}, {verdict.pairs:,} pairs: {said}{hedge}{run}"


def verdicts_of(task: str, measured: Sequence[Comparison]) -> dict[tuple[str, str], Found]:
    """The latest verdict per pair of arms, of the request type with this name."""
    found: dict[tuple[str, str], Found] = {}
    for comparison in sorted(measured, key=lambda each: each.created):
        for verdict in comparison.types:
            if plain_word(verdict.type) == plain_word(task):
                key = (unlabelled(verdict.baseline), unlabelled(verdict.candidate))
                found[key] = Found(verdict, comparison.run_id or comparison.source)
    return found


def unlabelled(arm: str) -> str:
    """
    An arm's name without its run label; settings stay, for they are what was measured.

    >>> unlabelled("claude-opus-5-5:effort=low@A")
    'claude-opus-5-5:effort=low'
    """
    return msgspec.structs.replace(parse_model_spec(arm), label=None).name


def preference(found: Found) -> tuple[bool, float]:
    """A sort key: firm verdicts before provisional ones, then the greatest saving."""
    cost = found.verdict.cost
    share = cost.saving_share if cost is not None else None
    return found.verdict.provisional, -(share or 0.0)
