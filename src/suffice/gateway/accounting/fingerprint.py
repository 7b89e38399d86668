"""Which key was used, without the key: a keyed hash that nobody without our secret can look up."""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from pathlib import Path

_SECRET_BYTES = 32
_MODE = 0o600


def fingerprint(credential: bytes, *, secret: bytes) -> str:
    """
    Sixteen hex digits that tell keys apart and tell nothing else.

    The same key has the same fingerprint whether it came as ``x-api-key`` or as a bearer token.

    >>> fingerprint(b"Bearer sk-1", secret=b"s") == fingerprint(b"sk-1", secret=b"s")
    True
    >>> fingerprint(b"sk-1", secret=b"s") == fingerprint(b"sk-1", secret=b"other")
    False
    """
    if not credential:
        return ""
    if credential[:7].lower() == b"bearer ":
        credential = credential[7:].strip()
    return blake2b(credential, key=secret, digest_size=8).hexdigest()


def fingerprint_secret(folder: Path) -> bytes:
    """
    The secret of a data folder, made at first use and readable by its owner only.

    Two workers that start together agree on one. Where the folder cannot be written the secret
    lives as long as the process: fingerprints then do not compare across restarts.
    """
    path = folder / "fingerprint.secret"
    draft = folder / f".fingerprint.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(
                os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "wb"
            ) as out:
                out.write(secrets.token_bytes(_SECRET_BYTES))
            try:
                # A link fails where the name is taken: the first worker's secret stands.
                path.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink(missing_ok=True)
        found = path.read_bytes()
    except OSError:
        return secrets.token_bytes(_SECRET_BYTES)
    return found if len(found) == _SECRET_BYTES else blake2b(found, digest_size=32).digest()
