"""The words of a call of `suffice compare` that compares the same in the same way."""

from __future__ import annotations

from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from suffice.cli.compare_options import Options

# What is asked, whom, and how it is judged. Budget, folder and forms are each call's own.
_DECIDING = (
    *("baseline", "candidates", "recorded", "scorer", "judge", "labels", "margin", "floor"),
    *("target", "alpha", "limit", "repeat_baseline", "seed", "type_field", "outcomes_field"),
    *("hand_picked", "strict", "prices", "allow_unpriced", "hold_out", "own_key", "base_url"),
    "api_version",
)
# A run over held-out cases knows models, scorer and limits by itself.
_OF_HELD_OUT = ("prices", "allow_unpriced", "own_key", "base_url", "api_version")
_FLAGS = {"candidates": "--to"}
_DEFAULTS = {one.name: one.default for one in fields(Options)}


def words_of(options: Options) -> tuple[str, ...]:
    """
    What a call says after ``suffice compare`` that decides what is compared, and how.

    An address with a credential in it is left out: it is the reader's to say again.

    >>> from pathlib import Path
    >>> words_of(Options(cases=Path("c.jsonl"), baseline="big", candidates=("small",), seed=3))
    ('c.jsonl', '--baseline', 'big', '--to', 'small', '--seed', '3')
    """
    words = ["--held-out"] if options.held_out_of else []
    words.append(str(options.cases))
    for name in _OF_HELD_OUT if options.held_out_of else _DECIDING:
        value = getattr(options, name)
        if value in (None, "") or value == _DEFAULTS[name] or _holds_a_secret(name, value):
            continue
        words += _said(_FLAGS.get(name, f"--{name.replace('_', '-')}"), value)
    return tuple(words)


def _said(flag: str, value: Any) -> list[str]:
    if value is True:
        return [flag]
    values = value if isinstance(value, tuple) else (value,)
    return [word for one in values for word in (flag, str(one))]


def _holds_a_secret(name: str, value: Any) -> bool:
    return name == "base_url" and "@" in urlsplit(str(value)).netloc
