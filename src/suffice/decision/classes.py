"""
The gate for skewed labels: no class of the traffic may be given up for the average's sake.

Where 96 of 100 requests have one label, a constant answer agrees in 96 % and knows nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from suffice.records import Evidence, Gate, GateState, Word
from suffice.statistics.anytime import recall_lower
from suffice.statistics.betting import log_uniform_evidence

RECALL = 0.80
TRAFFIC_SHARE = 0.01
ALPHA = 0.05
_NAMED = 3
_MOST_DRAWS = 5_000


@dataclass(frozen=True, slots=True)
class ClassState:
    """
    Where the classes stand.

    Attributes:
        gate: For display.
        word: Keep where a class is proven bad, Not yet where one is undecided, else None.
        need_more: Draws over all undecided classes together; None where none is undecided.
        wanted: Undecided class -> draws of it that would probably settle it.
    """

    gate: Gate
    word: Word | None
    need_more: int | None
    wanted: dict[str, int]


def class_gate(evidence: Evidence, *, beta: float = ALPHA) -> ClassState:
    """
    Whether every class with 1 % of the traffic, or marked critical, is named surely enough.

    Surely enough is a recall of 80 %, or of 80 % of the baseline's own (see `least_recall`).
    Each class is held to an anytime bound at 5 %, without multiplicity, since all must pass.
    The share in the traffic comes from the main sample alone; hits also from extra draws.

    Args:
        evidence: Its counts by class.
        beta: Chance of a wrong Keep. One below 5 % is a promise about many looks: all classes
            together are held to it.
    """
    counts = gated_classes(evidence)
    if not counts:
        return ClassState(_gate(GateState.SKIPPED, "No classes."), None, None, {})
    least = {name: least_recall(evidence, name) for name in counts}
    each = ALPHA if beta >= ALPHA else beta / len(counts)
    failed = [name for name, seen in counts.items() if _proven_bad(*seen, least[name], alpha=each)]
    wanted = {
        name: draws_wanted(*seen, least[name])
        for name, seen in counts.items()
        if name not in failed and not _proven_good(*seen, least[name])
    }
    if failed:
        detail = f"Recall below {_limit(least, failed)} is proven for {_listed(failed, counts)}."
        return ClassState(_gate(GateState.FAILED, detail), Word.KEEP, None, wanted)
    if wanted:
        few = sorted(wanted, key=lambda name: (-wanted[name], name))
        more = ", ".join(f"{wanted[name]} more of {name}" for name in few[:_NAMED])
        rest = f" and {len(few) - _NAMED} other classes" if len(few) > _NAMED else ""
        detail = (
            f"{len(wanted)} of {len(counts)} classes are undecided"
            f" ({_listed(few, counts)}); about {more}{rest} would probably do."
        )
        state = _gate(GateState.WITHHELD, detail)
        return ClassState(state, Word.NOT_YET, sum(wanted.values()), wanted)
    surplus = {
        name: recall_lower(*seen, alpha=ALPHA) - least[name] for name, seen in counts.items()
    }
    worst = min(surplus, key=lambda name: surplus[name])
    detail = (
        f"All {len(counts)} classes have recall >= {_limit(least, list(counts))};"
        f" the least sure is {_listed([worst], counts)}."
    )
    return ClassState(_gate(GateState.PASSED, detail), None, None, {})


def class_word(evidence: Evidence) -> Word | None:
    """The word of `class_gate` alone: cheap enough to be asked after every pair."""
    counts = [
        (*seen, least_recall(evidence, name)) for name, seen in gated_classes(evidence).items()
    ]
    if any(_proven_bad(*count) for count in counts):
        return Word.KEEP
    return None if all(_proven_good(*count) for count in counts) else Word.NOT_YET


def least_recall(evidence: Evidence, name: str) -> float:
    """
    The recall a class must have: 80 % of the baseline's own, where that can be seen, else 80 %.

    A class that the baseline itself names only half of the time would otherwise turn the
    baseline against itself into a Keep. One hit is added, so that few cases lower nothing much.

    >>> noisy = Evidence(type="t", baseline="b", candidate="c", baseline_classes={"x": (9, 19)})
    >>> least_recall(noisy, "x"), least_recall(noisy, "y")
    (0.4, 0.8)
    """
    hits, seen = evidence.baseline_classes.get(name, (0, 0))
    return RECALL * (hits + 1) / (seen + 1)


def gated_classes(evidence: Evidence) -> dict[str, tuple[int, int]]:
    """Class -> (hits, seen) for the classes that must pass."""
    total = sum(seen for _, seen in evidence.classes.values())
    names = {
        name for name, (_, seen) in evidence.classes.items() if seen >= TRAFFIC_SHARE * total
    } | evidence.critical_classes
    nothing = (0, 0)
    return {
        name: (
            evidence.classes.get(name, nothing)[0] + evidence.extra_classes.get(name, nothing)[0],
            evidence.classes.get(name, nothing)[1] + evidence.extra_classes.get(name, nothing)[1],
        )
        for name in sorted(names)
    }


def draws_wanted(hits: int, seen: int, least: float = RECALL) -> int:
    """
    How many more cases of a class probably settle its recall, if they go on as before.

    >>> draws_wanted(12, 12)
    8
    """
    miss_rate = (seen - hits + 1) / (seen + 2)
    more = 1
    while more < _MOST_DRAWS:
        hit = hits + more - math.floor(more * miss_rate)
        if _proven_good(hit, seen + more, least) or _proven_bad(hit, seen + more, least):
            return more
        more += 1 + more // 16  # exact while it matters, coarse where it is only "hundreds"
    return _MOST_DRAWS


def _proven_good(hits: int, seen: int, least: float) -> bool:
    return log_uniform_evidence(hits, seen - hits, null=least) >= -math.log(ALPHA)


def _proven_bad(hits: int, seen: int, least: float, *, alpha: float = ALPHA) -> bool:
    return log_uniform_evidence(seen - hits, hits, null=1 - least) > -math.log(alpha)


def _limit(least: dict[str, float], names: list[str]) -> str:
    """The limit in words; one figure only where it is the same for all."""
    if all(least[name] == RECALL for name in names):
        return "80%"
    return "80% of the baseline's own"


def _listed(names: list[str], counts: dict[str, tuple[int, int]]) -> str:
    shown = [f"{name}: {counts[name][0]} of {counts[name][1]}" for name in names[:_NAMED]]
    return ", ".join(shown) + (", ..." if len(names) > _NAMED else "")


def _gate(state: GateState, detail: str) -> Gate:
    return Gate(name="classes", state=state, detail=detail)
