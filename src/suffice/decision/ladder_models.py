"""The models a task may climb: from the tier the prior names up to the largest."""

from __future__ import annotations

from datetime import date

from suffice.catalog import Catalog
from suffice.decision.advice_limits import Ladder
from suffice.decision.decision_flow import TIERS, decision_flow


def models_from_tier(
    kind: str, *, prompt_tokens: int, catalog: Catalog, at: date
) -> tuple[str, ...]:
    """
    The model to try first for a kind of task, then one of each tier above.

    Args:
        kind: As the decision flow names it; any other begins where unknown tasks do.
        prompt_tokens: Models whose window is smaller are left out.
        catalog: Limits and lifecycles.
        at: The day.

    >>> from suffice.catalog import load_catalog
    >>> models_from_tier(
    ...     "classification", prompt_tokens=900, catalog=load_catalog(), at=date(2026, 11, 22)
    ... )
    ('claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5')
    """
    flow = decision_flow()
    named = flow.kind_of(kind)
    first = flow.unknown_task.tier if named is None else flow.tasks[named].tier
    ladder = Ladder(catalog=catalog, at=at, tiers=flow.tiers)
    found = [ladder.model(tier) for tier in TIERS[TIERS.index(first) :]]
    return tuple(
        facts.id
        for facts in found
        if facts is not None and not ladder.obstacle(facts, prompt_tokens)
    )
