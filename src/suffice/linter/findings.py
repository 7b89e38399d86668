"""What can be wrong with a model call: the rules as data, and a finding."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

Level = Literal["error", "warning"]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One rule, with the page that explains it.

    Attributes:
        level: ``error``: the call fails, or loses something; ``warning``: it may.
        title: What is wrong, in a few words.
        cause: How it comes about.
        effect: What becomes of the call.
        fix: What to do, the likeliest first.
    """

    level: Level
    title: str
    cause: str
    effect: str
    fix: tuple[str, ...]


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """
    Something wrong at one place.

    Attributes:
        path: The file, as it was given.
        line: From 1.
        column: From 1.
        code: Of the rule; `suffice explain CODE` has its page.
        level: Of the rule.
        message: What is wrong here, with the figures.
        fix: What to do here, in one clause.
    """

    path: str
    line: int
    column: int
    code: str
    level: Level
    message: str
    fix: str


@cache
def rules() -> dict[str, Rule]:
    """
    Every rule by its code, in order.

    >>> rules()["SL01"].level
    'error'
    """
    text = (resources.files("suffice.linter") / "data" / "rules.toml").read_text(encoding="utf-8")
    return dict(sorted(msgspec.convert(tomllib.loads(text), dict[str, Rule]).items()))
