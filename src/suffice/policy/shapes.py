"""What a request is like, as far as a model may refuse it: the name under which a 400 is learnt."""

from __future__ import annotations

import hashlib

import msgspec

from suffice.policy.view import RequestView


def shape_of(view: RequestView, *, target: str, version: str) -> str:
    """
    The name of everything a model may refuse in a request: fields, tools, turns, betas.

    Two requests that differ in their texts alone have the same name.

    Args:
        view: The request.
        target: The model with its settings.
        version: The ``anthropic-version``.

    Raises:
        msgspec.ValidationError: The messages or the tools are none.
    """
    parts = (target, version, view.betas, view.fields, view.history, view.tools)
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()
