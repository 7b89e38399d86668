"""The policy as a document: read, written, checked and compared. Its nouns are in `rules`."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import Any

import msgspec

from suffice.errors import BadPolicy
from suffice.policy.difference import Difference, diff
from suffice.policy.linting import Finding, lint
from suffice.policy.rules import (
    EMPTY,
    FORMAT,
    SCHEMA,
    AuditLine,
    Basis,
    Guards,
    Policy,
    TypeRule,
)

__all__ = [
    "EMPTY",
    "FORMAT",
    "SCHEMA",
    "AuditLine",
    "Basis",
    "Difference",
    "Finding",
    "Guards",
    "Policy",
    "TypeRule",
    "diff",
    "etag",
    "json_schema",
    "lint",
    "read_policy",
    "shipped_schema",
    "write_policy",
]


def read_policy(content: bytes) -> Policy:
    """
    The policy in a file's bytes.

    A field nobody knows is a mistake, not a comment: it might have been a misspelt guard.

    Raises:
        BadPolicy: It is no policy, or holds a value outside its range.

    >>> read_policy(b'{"version": 1, "types": {"triage": {"baseline": "claude-opus-5-5"}}}').version
    1
    """
    try:
        return _DECODER.decode(content)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadPolicy(
            f"The policy cannot be read: {error}.",
            effect="It was not used.",
            next_step="Compare it with the previous version: suffice policy history.",
        ) from error


def write_policy(policy: Policy) -> bytes:
    """
    The policy as a file: the same policy gives the same bytes.

    >>> read_policy(write_policy(EMPTY)) == EMPTY
    True
    """
    plain = msgspec.to_builtins(policy)
    ordered = {**plain, "types": _sorted(plain["types"]), "lookup": _sorted(plain["lookup"])}
    return msgspec.json.format(msgspec.json.encode(ordered), indent=2) + b"\n"


def etag(content: bytes) -> str:
    """What names a version's bytes: their SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


def json_schema() -> dict[str, Any]:
    """The JSON schema of a policy, made from the records themselves."""
    made = msgspec.json.schema(Policy)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **made}


@functools.cache
def shipped_schema() -> bytes:
    """The schema as it ships beside the code."""
    return resources.files("suffice.policy").joinpath("schemas/policy.schema.json").read_bytes()


def _sorted(table: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(table.items()))


_DECODER = msgspec.json.Decoder(Policy)
