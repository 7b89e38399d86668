"""
Finding request types: microseconds a lookup and a request, and how well types are found.

Beside it the plain alternatives, in the same run and over the same prompts, with their processor
time as a ratio to ours: a hash of the prompt as it is, a hash after a regular expression masked
its numbers, and drain3 where it is installed. The prompts are made from a seed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from math import comb, log
from typing import TypeVar

from bench._made_logs import TEMPLATES, Team
from suffice.traffic.types import Shape, TypeIndex

T = TypeVar("T")
REQUESTS, SEED = 20_000, 7
_NUMBER = re.compile(r"\d+")


def main() -> None:
    """Print each figure beside its plain alternative."""
    truth, prompts = zip(*Team(SEED).shapes(REQUESTS), strict=True)
    shapes = [Shape(system=prompt) for prompt in prompts]
    learnt_s, index = _timed(lambda: TypeIndex.learn(shapes))
    cold = TypeIndex(index.learnt)
    lookup_s, ours = _timed(lambda: [cold.type_of(shape) for shape in shapes])
    found: dict[str, tuple[float, Sequence[object]]] = {"suffice": (learnt_s + lookup_s, ours)}
    found["plain hash"] = _timed(lambda: [_hash(prompt) for prompt in prompts])
    found["regex + hash"] = _timed(lambda: [_hash(_NUMBER.sub("#", one)) for one in prompts])
    if importlib.util.find_spec("drain3"):
        found["drain3"] = _timed(lambda: _drained(prompts))
    else:
        print("  drain3 is not installed here: pip install drain3")
    print(
        f"  {TEMPLATES} templates, {REQUESTS:,} requests of {_mean(prompts):,.0f} signs, "
        f"seed {SEED}"
    )
    print("                  CPU/request   ratio   ARI  homog.  compl.  groups")
    for name, (seconds, groups) in found.items():
        us, ratio = seconds / REQUESTS * 1e6, seconds / (learnt_s + lookup_s)
        pure, whole = _homogeneity(truth, groups), _homogeneity(groups, truth)
        print(
            f"  {name:<16}{us:8.1f} us {ratio:7.2f}{_rand_index(truth, groups):6.2f}{pure:8.2f}"
            f"{whole:8.2f}{len(set(groups)):8,}"
        )
    _lookup()


def _lookup() -> None:
    """One type_of of a 4 KB system prompt: never seen, and seen before in other bytes."""
    prompt = "\n".join(f"Rule {n}: {'keep to what is given ' * 2}" for n in range(80))[:4096]
    known = TypeIndex.learn([Shape(system=prompt)] * 5)
    copies = [Shape(system="".join(list(prompt))) for _ in range(2_000)]
    known.type_of(copies[0])
    warm_s, _ = _timed(lambda: [known.type_of(shape) for shape in copies])
    fresh = [TypeIndex(known.learnt) for _ in range(200)]
    cold_s, _ = _timed(lambda: [one.type_of(copies[1]) for one in fresh])
    hash_s, _ = _timed(lambda: [_hash(shape.system) for shape in copies])
    print(f"  type_of, 4 KB prompt, seen before {warm_s / 2_000 * 1e6:8.2f} us; goal < 20")
    print(f"  type_of, 4 KB prompt, first time  {cold_s / 200 * 1e6:8.2f} us")
    print(f"  blake2b of the same               {hash_s / 2_000 * 1e6:8.2f} us")


def _mean(texts: Sequence[str]) -> float:
    return sum(map(len, texts)) / len(texts)


def _homogeneity(truth: Sequence[object], found: Sequence[object]) -> float:
    """
    Homogeneity of groups; with the arguments turned, completeness (Rosenberg & Hirschberg 2007).
    """
    whole = len(truth)
    both, within, ours = Counter(zip(truth, found, strict=True)), Counter(found), Counter(truth)
    left = -sum(n / whole * log(n / within[group]) for (_, group), n in both.items())
    of_all = -sum(n / whole * log(n / whole) for n in ours.values())
    return 1 - left / of_all if of_all else 1.0


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def _drained(texts: Sequence[str]) -> list[object]:
    miner = importlib.import_module("drain3").TemplateMiner()
    return [miner.add_log_message(text.replace("\n", " "))["cluster_id"] for text in texts]


def _rand_index(truth: Sequence[object], found: Sequence[object]) -> float:
    """Adjusted Rand index (Hubert & Arabie 1985)."""
    both, ours, theirs = Counter(zip(truth, found, strict=True)), Counter(truth), Counter(found)
    same = sum(comb(k, 2) for k in both.values())
    a, b = (sum(comb(k, 2) for k in counts.values()) for counts in (ours, theirs))
    chance = a * b / comb(len(truth), 2)
    return (same - chance) / ((a + b) / 2 - chance)


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    started = time.process_time()
    result = call()
    return time.process_time() - started, result


if __name__ == "__main__":
    main()
