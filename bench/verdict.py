"""
One verdict from counts, in microseconds of CPU.

Beside it the plain alternative for the same question: scipy's exact binomial test, which may be
looked at once only, while ours may be looked at after every pair.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from scipy.stats import binomtest

from suffice.decision import decide, settled
from suffice.records import Evidence, Limits
from suffice.statistics.walk import Rule

PAIRS, DISAGREE = 300, 9


def main() -> None:
    """The word alone, the stop rule of a live run, and the whole verdict with bounds and band."""
    agreement = [0.0 if number % 33 == 0 and number else 1.0 for number in range(PAIRS)]
    evidence = Evidence(type="t", baseline="a", candidate="b", agreement=agreement)
    rule = Rule()
    live = Limits(sequential=True)
    timed = {
        "binomtest (fixed n)": _us(
            lambda: binomtest(PAIRS - DISAGREE, PAIRS, 0.9, alternative="greater"), 500
        ),
        "word from counts": _us(lambda: rule.switches(PAIRS - DISAGREE, DISAGREE), 20_000),
        "stop rule, 300 pairs": _us(lambda: settled(evidence, live), 2_000),
        "whole verdict": _us(lambda: decide(evidence, Limits()), 200),
    }
    for name, us in timed.items():
        print(f"  {name:<22}{us:9.1f} us")
    ratio = timed["word from counts"] / timed["binomtest (fixed n)"]
    print(f"  ratio word : binomtest {ratio:.2f}; goal: word < 50 us")


def _us(call: Callable[[], object], times: int) -> float:
    call()
    started = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - started) / times * 1e6


if __name__ == "__main__":
    main()
