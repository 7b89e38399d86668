"""From the name a person or a response uses to the id the catalog knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

_PREFIX = "claude-"


def bare_name(name: str) -> str:
    """
    A model's name without its run label and its settings.

    >>> bare_name("claude-opus-5-5:effort=low@A")
    'claude-opus-5-5'
    """
    return name.partition("@")[0].partition(":")[0].strip()


def match(name: str, aliases: Mapping[str, str]) -> str | None:
    """
    The catalog's id for a name; None where it knows no such model.

    Args:
        name: With or without label, settings and the leading ``claude-``.
        aliases: Every name the catalog knows -> its id; ids map to themselves.

    >>> known = {"claude-haiku-4-5": "claude-haiku-4-5"}
    >>> match("haiku-4-5@A", known)
    'claude-haiku-4-5'
    """
    bare = bare_name(name)
    for spelling in (bare, bare.lower(), _PREFIX + bare.lower()):
        if spelling in aliases:
            return aliases[spelling]
    return None


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like this one; empty where none does."""
    found = difflib.get_close_matches(bare_name(name).lower(), list(known), n=1, cutoff=0.75)
    return found[0] if found else ""
