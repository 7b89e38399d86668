"""
Which conversation goes where: a keyed hash, so that nobody has to remember or to coordinate.

A conversation has one place in [0, 1) for each request type. It goes to the candidate where its
place lies under the share, so raising the share only ever adds conversations.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

_PLACES = 1 << 64


def conversation_number(key: bytes, *, type: str, parts: Sequence[bytes]) -> int:  # noqa: A002
    """
    The number that names a conversation of a type, in [0, 2**64).

    Args:
        key: The installation's secret, so that nobody can choose his place; up to 64 bytes.
        type: The request type.
        parts: What tells the conversation from others, e.g. a session's id.

    >>> one = conversation_number(b"k", type="triage", parts=[b"session", b"1"])
    >>> one == conversation_number(b"k", type="triage", parts=[b"session1"])
    False
    """
    pieces = [type.encode()]
    for part in parts:
        # Lengths, so that no two lists of parts run together into the same bytes.
        pieces += (len(part).to_bytes(8, "big"), part)
    digest = _keyed(key).copy()
    digest.update(b"".join(pieces))
    return int.from_bytes(digest.digest(), "big")


@functools.lru_cache(maxsize=16)
def _keyed(key: bytes) -> hashlib.blake2b:
    """The hash with its key taken in, to be copied: the key is the same for every request."""
    return hashlib.blake2b(key=key, digest_size=8, person=b"suffice:conv")


def is_under(number: int, share: float) -> bool:
    """
    Whether a conversation is within a share in [0, 1]: none is within 0, each is within 1.

    >>> is_under(0, 0.0), is_under(2**64 - 1, 1.0)
    (False, True)
    """
    return number < share * _PLACES


def in_shadow(number: int, request_id: bytes, *, share: float, key: bytes) -> bool:
    """
    Whether an exchange is shadowed: drawn anew for each request, apart from the assignment.

    Args:
        number: The conversation, as `conversation_number` names it.
        request_id: What tells this request from the conversation's others.
        share: In [0, 1].
        key: As in `conversation_number`.
    """
    digest = hashlib.blake2b(request_id, key=key, digest_size=8, person=b"suffice:shadow")
    digest.update(number.to_bytes(8, "big"))
    return is_under(int.from_bytes(digest.digest(), "big"), share)
