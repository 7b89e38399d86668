"""The published decision flow as dated data: which tier a task kind suits, and what raises it."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

Tier = Literal["small", "middle", "large"]
TIERS: tuple[Tier, ...] = ("small", "middle", "large")
Origin = Literal["published", "ours"]


class TaskKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One task kind of the flow; ``also`` are other words for it."""

    tier: Tier
    reason: str
    origin: Origin
    also: tuple[str, ...] = ()


class UnknownTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for a task kind the flow does not name."""

    tier: Tier
    speed_lowers: Tier
    reason: str
    reason_with_speed: str
    origin: Origin


class Demand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something true of the requests that raises the tier; ``when`` is the argument's name."""

    when: str
    tier: Tier
    warning: str
    origin: Origin


class DecisionFlow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The whole table.

    Attributes:
        dated: The day it was brought up to date.
        source: Where the advice comes from.
        tiers: Tier -> its models, the one to try first in front.
        tasks: Task kind -> what is said of it.
        unknown_task: For all others.
        demands: What raises the tier.
    """

    dated: date
    source: str
    tiers: dict[Tier, tuple[str, ...]]
    tasks: dict[str, TaskKind]
    unknown_task: UnknownTask
    demands: tuple[Demand, ...]

    def kind_of(self, task: str) -> str | None:
        """
        The task kind a word stands for; None where the flow does not name it.

        >>> decision_flow().kind_of("Intent classification")
        'classification'
        >>> decision_flow().kind_of("haruspicy") is None
        True
        """
        word = plain_word(task)
        for kind, row in self.tasks.items():
            if word == kind or word in row.also:
                return kind
        return None


@cache
def decision_flow() -> DecisionFlow:
    """The table that ships with suffice."""
    path = resources.files("suffice.decision") / "data" / "decision_flow.toml"
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), DecisionFlow)


def plain_word(text: str) -> str:
    """
    A name in the spelling the table uses.

    >>> plain_word("  Text_clean up ")
    'text-clean-up'
    """
    return "-".join(text.casefold().replace("_", " ").replace("-", " ").split())
