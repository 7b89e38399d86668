"""What a request is like, as far as a model may refuse it: the name under which a 400 is learnt."""

from __future__ import annotations

import hashlib

import msgspec

from suffice.policy.history import History


def shape_of(
    *, target: str, version: str, betas: str, fields: bytes, history: History, tools: bytes
) -> str:
    """
    The name of everything a model may refuse in a request: fields, tools, turns, betas.

    Two requests that differ in their texts alone have the same name.

    Args:
        target: The model with its settings.
        version: The ``anthropic-version``.
        betas: The ``anthropic-beta`` header.
        fields: The small fields, as JSON.
        history: What the messages hold.
        tools: What the tools are more than a name and a schema, as JSON.
    """
    parts = msgspec.json.encode((target, version, betas, history))
    digest = hashlib.blake2b(parts, digest_size=12)
    for part in (fields, tools):
        digest.update(b"\n")
        digest.update(part)
    return digest.hexdigest()
