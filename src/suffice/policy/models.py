"""When two names mean one model, and what a model binds its thinking to."""

from __future__ import annotations

import functools

from suffice.catalog.capabilities import line_and_generation
from suffice.records import ModelSpec, parse_model_spec

# "The thinking blocks of 5.5 models are bound to an unchanged prefix": the provider's
# documentation of October 2026. Editing what stands before one is a 400 on the next turn.
_BINDS_PREFIX_SINCE = (5, 5)


@functools.lru_cache(maxsize=1_024)
def same_model(one: str, other: str) -> bool:
    """
    Whether two ids name the same model, whatever date they carry.

    >>> same_model("claude-haiku-4-5", "claude-haiku-4-5-20251001")
    True
    >>> same_model("some-local-model", "another")
    False
    """
    if one == other:
        return True
    found = line_and_generation(one)
    return found is not None and found == line_and_generation(other)


@functools.lru_cache(maxsize=1_024)
def binds_prefix(model: str) -> bool:
    """
    Whether the model's thinking holds only before an unchanged conversation.

    >>> binds_prefix("claude-haiku-5-5"), binds_prefix("claude-haiku-4-5")
    (True, False)
    """
    found = line_and_generation(model)
    return found is not None and found[1] >= _BINDS_PREFIX_SINCE


@functools.lru_cache(maxsize=1_024)
def spec_of(name: str) -> ModelSpec:
    """
    `parse_model_spec`, remembered: a policy names few models and routes many requests.

    Raises:
        BadModelName: The text has no such form.
    """
    return parse_model_spec(name)
