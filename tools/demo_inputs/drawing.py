"""How an input is drawn: a seed, a small grammar, and no text twice."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SLOT = re.compile(r"<(\w+)>")
_TRIES_PER_CASE = 200


@dataclass(frozen=True, slots=True)
class Drawn:
    """One input, and its right answer where that is known by construction."""

    prompt: str
    reference: object = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DemoType:
    """
    One request type of the demo.

    Attributes:
        name: The request type.
        use: Which of the seven uses it stands for.
        instructions: What every case of the type says first.
        shown: Worked examples per label, drawn under a seed of their own and never asked again;
            0 where the instructions carry hand-written ones.
        make: Draws one input from seeded dice.
        cases: How many are recorded.
        max_tokens: Cap of an answer.
        stop: What ends an answer.
        scorer: The scorer that reads the answers; ``outcomes`` where a checker graded them.
        temperature: Of every call; 0 answers the same way each time.
        labels: The labels, where the answer is one.
        checker: Grades an answer from the drawn facts, where there is no single right text.
    """

    name: str
    use: str
    instructions: str
    make: Callable[[random.Random], Drawn]
    cases: int
    max_tokens: int
    scorer: str
    temperature: float = 0.0
    stop: tuple[str, ...] = ("\n",)
    labels: tuple[str, ...] = ()
    shown: int = 0
    checker: Callable[[str, Mapping[str, object]], tuple[float, str]] | None = None


def spin(dice: random.Random, text: str, slots: Mapping[str, Sequence[str]]) -> str:
    """
    Fill every ``<slot>`` and settle every ``[this|that]``, inside out.

    >>> spin(random.Random(1), "[a|a] <b>", {"b": ["c"]})
    'a c'
    """
    while found := _SLOT.search(text):
        text = text[: found.start()] + dice.choice(slots[found[1]]) + text[found.end() :]
    while found := _CHOICE.search(text):
        text = text[: found.start()] + dice.choice(found[1].split("|")) + text[found.end() :]
    return re.sub(r" +([,.!?])", r"\1", re.sub(r" {2,}", " ", text)).strip()


def system_of(kind: DemoType) -> str:
    """The system prompt of a type: its instructions, then its worked examples."""
    dice = random.Random(f"examples/{kind.name}")  # noqa: S311 - repeatable on purpose
    found: dict[str, list[str]] = {label: [] for label in kind.labels}
    while any(len(texts) < kind.shown for texts in found.values()):
        drawn = kind.make(dice)
        texts = found[str(drawn.reference)]
        text = f"{drawn.prompt} {drawn.reference}\n\n"
        if len(texts) < kind.shown and text not in texts:
            texts.append(text)
    # Rounds of all labels in changing order: a small model leans towards what it saw last.
    rounds = [[texts[turn] for texts in found.values()] for turn in range(kind.shown)]
    for one in rounds:
        dice.shuffle(one)
    return kind.instructions + "".join(text for one in rounds for text in one)


def draw(kind: DemoType, *, seed: str, cases: int) -> list[Drawn]:
    """
    The first so many different inputs under a seed.

    Raises:
        ValueError: The grammar has too few forms.
    """
    dice = random.Random(f"{seed}/{kind.name}")  # noqa: S311 - repeatable on purpose
    system = system_of(kind)
    seen: dict[str, Drawn] = {}
    for _ in range(cases * _TRIES_PER_CASE):
        drawn = kind.make(dice)
        # A worked example is part of the prompt; asking for it again would test nothing.
        if drawn.prompt not in system:
            seen.setdefault(drawn.prompt, drawn)
        if len(seen) == cases:
            return list(seen.values())
    raise ValueError(f"{kind.name}: only {len(seen)} different inputs")


def casual(dice: random.Random, text: str) -> str:
    """Now and then as people type in a hurry: lower case, no full stop, doubled marks."""
    roll = dice.randrange(10)
    if roll == 0:
        return text.lower()
    if roll == 1:
        return text.rstrip(".")
    if roll == 2:
        return text.replace("?", "??").replace("!", "!!")
    return text
