"""Signatures of webhooks, as Standard Webhooks describes them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from suffice.errors import BadSettings

_PREFIX = "whsec_"
_LEAST_BYTES = 16


def signing_key(secret: str, *, named: str) -> bytes:
    """
    The bytes of a ``whsec_`` secret.

    Args:
        secret: With or without its prefix.
        named: The variable it came from; a message names that and never the secret.

    Raises:
        BadSettings: It is not base64, or too short to be a secret.

    >>> signing_key("whsec_" + "c3VmZmljZS1leGFtcGxlLWtleS4=", named="SECRET")
    b'suffice-example-key.'
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _LEAST_BYTES:
        raise BadSettings(
            f"{named} holds no signing secret: it is whsec_ and the base64 of "
            f"at least {_LEAST_BYTES} bytes.",
            effect="Nothing was sent.",
            next_step="Copy it from the receiver, or make one: "
            "echo whsec_$(openssl rand -base64 24)",
        )
    return key


def signature(key: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """
    The value of the ``webhook-signature`` header.

    Args:
        key: As `signing_key` returns it.
        message_id: The ``webhook-id`` header.
        timestamp: The ``webhook-timestamp`` header, seconds since 1970.
        body: The bytes that are sent.

    Source:
        Standard Webhooks, "Signature scheme": v1 is HMAC-SHA256 over id, time and body.

    >>> signature(b"k" * 24, message_id="msg_1", timestamp=1_700_000_000, body=b"{}")[:6]
    'v1,E3s'
    """
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
