"""What so many pairs will be able to say, if nothing has changed: told before they are paid."""

from __future__ import annotations

import msgspec

from suffice.decision.verdicts import decide
from suffice.records import Evidence, Limits, Measure, Verdict


def foreseen(before: Verdict, pairs: int, limits: Limits) -> Verdict | None:
    """
    The verdict that so many pairs will give if they come out as those of an earlier one did.

    Args:
        before: The earlier verdict.
        pairs: How many there will be.
        limits: What they will be held against.

    Returns:
        Bounds and word to be expected; None where the earlier verdict does not say enough: no
        pair, or a measure that takes two answers of the baseline to each case.

    >>> from suffice.decision import decide
    >>> scores = [1.0] * 97 + [0.0] * 3
    >>> pairs = Evidence(type="t", baseline="b", candidate="c", agreement=scores)
    >>> earlier = decide(pairs, Limits())
    >>> found = foreseen(earlier, 200, Limits())
    >>> found.verdict.value, found.pairs, round(found.lower, 2)
    ('switch', 200, 0.93)
    """
    evidence = _as_before(before, pairs)
    return None if evidence is None else decide(evidence, limits)


def _as_before(before: Verdict, pairs: int) -> Evidence | None:
    bare = Evidence(
        type=before.type, baseline=before.baseline, candidate=before.candidate, cases=pairs
    )
    if before.measure is Measure.AGREEMENT and before.agreement is not None and pairs:
        agreed = round(before.agreement * pairs)
        scores = [1.0] * agreed + [0.0] * (pairs - agreed)
        return msgspec.structs.replace(bare, agreement=scores)
    graded = before.lost + before.won + before.both + before.neither
    if before.measure is not Measure.QUALITY or not graded or not pairs:
        return None
    lost, won, neither = (
        round(count * pairs / graded) for count in (before.lost, before.won, before.neither)
    )
    both = max(0, pairs - lost - won - neither)
    return msgspec.structs.replace(
        bare,
        baseline_quality=[1.0] * (lost + both) + [0.0] * (won + neither),
        candidate_quality=[0.0] * lost + [1.0] * (both + won) + [0.0] * neither,
    )
