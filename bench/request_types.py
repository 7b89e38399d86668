"""
Finding request types: microseconds a lookup and a request, and how well types are found.

Beside it the plain alternatives: a hash of the prompt as it is, and of the prompt with its
numbers masked; and drain3 where it is installed. The prompts are made here, from a seed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from math import comb
from typing import TypeVar

from suffice.traffic.types import Shape, TypeIndex

T = TypeVar("T")
TEMPLATES, REQUESTS = 60, 20_000
_NUMBER = re.compile(r"\d+")
_WORDS = [
    f"{a}{b}"
    for a in ("read", "sort", "find", "mark", "list", "move", "name", "keep", "tell", "draw")
    for b in ("", "ing", "er", "able", "ed")
]


def main() -> None:
    """Print each figure beside its plain alternative."""
    dice = random.Random(7)
    truth, shapes = _world(dice)
    learnt_s, index = _timed(lambda: TypeIndex.learn(shapes))
    cold = TypeIndex(index.learnt)
    lookup_s, ours = _timed(lambda: [cold.type_of(shape) for shape in shapes])
    found: dict[str, tuple[float, Sequence[object]]] = {"suffice": (learnt_s + lookup_s, ours)}
    found["plain hash"] = _timed(lambda: [_hash(shape.system) for shape in shapes])
    found["numbers masked"] = _timed(
        lambda: [_hash(_NUMBER.sub("#", shape.system)) for shape in shapes]
    )
    if importlib.util.find_spec("drain3"):
        found["drain3"] = _timed(lambda: _drained([shape.system for shape in shapes]))
    print(f"  {TEMPLATES} templates, {REQUESTS:,} requests, seed 7")
    for name, (seconds, groups) in found.items():
        ari, groups_found = _rand_index(truth, groups), len(set(groups))
        us = seconds / REQUESTS * 1e6
        print(f"  {name:<16}{us:8.1f} us a request  ARI {ari:.2f}  {groups_found:,} groups")
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


def _world(dice: random.Random) -> tuple[list[int], list[Shape]]:
    """Sixty templates of three to eight lines, a third of them near versions, with slots."""
    made = [[_line(dice) for _ in range(dice.randint(3, 8))] for _ in range(TEMPLATES * 2 // 3)]
    made += [[*made[n][:-1], _line(dice)] for n in range(TEMPLATES - len(made))]
    slots = [dice.randint(1, len(lines)) for lines in made]
    truth = dice.choices(range(TEMPLATES), [1 / (n + 3) for n in range(TEMPLATES)], k=REQUESTS)
    shapes = []
    for which in truth:
        lines = list(made[which])
        lines.insert(slots[which], f"Customer: {dice.choice(_WORDS)} {dice.choice(_WORDS)}")
        lines.append(f"Today is 2026-11-{dice.randint(1, 30):02d}, request {dice.random():.9f}")
        shapes.append(Shape(system="\n".join(lines)))
    return truth, shapes


def _line(dice: random.Random) -> str:
    return " ".join(dice.choices(_WORDS, k=dice.randint(5, 12))).capitalize() + "."


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
