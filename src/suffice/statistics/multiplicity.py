"""Several decisions at once: how one promise is shared among them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def bonferroni(p_values: Sequence[float], *, alpha: float, decisions: int) -> tuple[bool, ...]:
    """
    Which nulls fall if the chance of even one wrong fall is to stay at most ``alpha``.

    Args:
        p_values: One per decision made so far.
        alpha: Family-wise promise.
        decisions: How many are planned; at least ``len(p_values)``.

    >>> bonferroni([0.001, 0.02], alpha=0.05, decisions=5)
    (True, False)
    """
    return tuple(p <= alpha / decisions for p in p_values)


def holm(p_values: Sequence[float], *, alpha: float, decisions: int) -> tuple[bool, ...]:
    """
    As `bonferroni`, step by step: never fewer falls, the same promise.

    Not used for verdicts, since no simple bounds go with it that hold all at once.

    Source:
        Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70.

    >>> holm([0.001, 0.012, 0.04], alpha=0.05, decisions=5)
    (True, True, False)
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    fallen = [False] * len(p_values)
    for rank, i in enumerate(order):
        if p_values[i] > alpha / (decisions - rank):
            break
        fallen[i] = True
    return tuple(fallen)


def benjamini_hochberg(p_values: Sequence[float], *, alpha: float, decisions: int) -> int:
    """
    How many of the smallest p-values fall if the expected share of wrong ones is at most ``alpha``.

    With R falls, exactly the p-values <= R alpha / decisions have fallen; bounds at that level
    agree with them, and keep the expected share of false ones among the selected at ``alpha``.

    Args:
        p_values: One per decision made so far.
        alpha: False discovery rate.
        decisions: How many are planned; at least ``len(p_values)``.

    Source:
        Benjamini & Hochberg (1995), JRSS B 57(1), 289-300; bounds: Benjamini & Yekutieli
        (2005), JASA 100(469), 71-81.

    >>> benjamini_hochberg([0.001, 0.008, 0.039, 0.041, 0.6], alpha=0.05, decisions=5)
    2
    """
    fallen = 0
    for rank, p in enumerate(sorted(p_values), start=1):
        if p <= rank * alpha / decisions:
            fallen = rank
    return fallen


def e_benjamini_hochberg(log_e_values: Sequence[float], *, alpha: float, decisions: int) -> int:
    """
    As `benjamini_hochberg`, from evidence; valid whatever the decisions have in common.

    Args:
        log_e_values: Natural logs, one per decision, each at its own stopping time.
        alpha: False discovery rate.
        decisions: How many are planned.

    Source:
        Wang & Ramdas (2022), JRSS B 84(3), 822-852.

    >>> e_benjamini_hochberg([math.log(50), math.log(60), 0.0, 0.0, 0.0], alpha=0.05, decisions=5)
    2
    """
    fallen = 0
    for rank, log_e in enumerate(sorted(log_e_values, reverse=True), start=1):
        if log_e >= math.log(decisions / (rank * alpha)):
            fallen = rank
    return fallen


def spending(alpha: float, *, found: int) -> float:
    """
    What the ``found``-th decision may spend where nobody knows how many will come.

    Args:
        alpha: Family-wise promise over all that will ever come.
        found: 1 for the first.

    Source:
        Basel series: the shares 6 / (pi k)^2 sum to 1.

    >>> f"{spending(0.05, found=1):.4f} {spending(0.05, found=2):.4f}"
    '0.0304 0.0076'
    """
    return alpha * 6 / (math.pi * found) ** 2
