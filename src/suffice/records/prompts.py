"""Which prompts the front door's requests came with."""

from __future__ import annotations

import msgspec

PROMPTS_FOLDER = "prompts"
"""Under which name they lie in the gateway's data folder."""


class SeenPrompts(msgspec.Struct, frozen=True):
    """
    What one of the front door's workers saw last.

    Attributes:
        types: Type -> moments in seconds since 1970, each with the prompt's version seen then.
    """

    types: dict[str, list[tuple[float, str]]] = {}
