"""Gateway keys: who may use a gateway that others can reach. Only hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from suffice.errors import GatewayNotStarted

PREFIX = "sgk-"
HEADER = b"x-suffice-key"
# Strangers may not read it, and nobody else may add a key. A group may read: service managers
# hand credentials over that way.
_FILE_MODE = 0o027


class GatewayKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One key, without the key.

    Attributes:
        id: Its name in logs and accounts.
        sha256: Hash of the key; keys are random and long, so a plain hash tells nothing.
        models: Models it may ask for; empty for any.
        types: Request types it may name; empty for any.
        expires: From here on it is refused; None: never.
    """

    id: str
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    models: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    expires: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    @property
    def scoped(self) -> bool:
        """Whether it is for some models or types only."""
        return bool(self.models or self.types)

    def allows(self, *, model: str, type: str) -> bool:  # noqa: A002 - our word for it
        """
        Whether the key is for a model and a type.

        >>> GatewayKey(id="a", sha256="", models=("claude-haiku-5-5",)).allows(model="x", type="")
        False
        """
        wrong_model = self.models and model not in self.models
        return not (wrong_model or (self.types and type not in self.types))


class KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of keys."""

    keys: tuple[GatewayKey, ...] = ()


class Keys:
    """
    The keys a gateway accepts.

    Args:
        keys: Without the keys themselves.
        upstream_credential: Sent instead of a gateway key that came as the credential; None
            where clients bring the provider's credential themselves.
    """

    def __init__(
        self, keys: tuple[GatewayKey, ...], *, upstream_credential: str | None = None
    ) -> None:
        self.all = keys
        self.upstream_credential = upstream_credential

    def find(self, told: bytes, *, at: datetime) -> GatewayKey | None:
        """The key that was told, unless it is unknown or its time is over; in constant time."""
        digest = hashlib.sha256(told).hexdigest()
        found = None
        for key in self.all:
            if hmac.compare_digest(key.sha256, digest):
                found = key
        if found is None or (found.expires is not None and at >= found.expires):
            return None
        return found


def told_key(fields: Mapping[bytes, bytes]) -> tuple[bytes, bytes | None]:
    """
    The gateway key of a request, and the header it stood in where that is the credential's.

    >>> told_key({b"x-suffice-key": b"sgk-1"})
    (b'sgk-1', None)
    >>> told_key({b"authorization": b"Bearer sgk-1"})
    (b'sgk-1', b'authorization')
    """
    if own := fields.get(HEADER):
        return own, None
    return next(_as_credentials(fields), (b"", None))


def misplaced(fields: Mapping[bytes, bytes]) -> list[bytes]:
    """
    The credential's headers in which a gateway key stands, which is nobody's business upstream.

    >>> misplaced({b"x-api-key": b"sk-ant-1", b"authorization": b"Bearer sgk-1"})
    [b'authorization']
    """
    return [header for _, header in _as_credentials(fields)]


def _as_credentials(fields: Mapping[bytes, bytes]) -> Iterator[tuple[bytes, bytes]]:
    for header in (b"x-api-key", b"authorization"):
        value = fields.get(header, b"")
        if header == b"authorization" and value[:7].lower() == b"bearer ":
            value = value[7:].strip()
        if value.startswith(PREFIX.encode()):
            yield value, header


def new_key(name: str, *, expires: datetime | None = None) -> tuple[str, GatewayKey]:
    """A fresh key, to be shown once, and what is kept of it."""
    secret = PREFIX + secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return secret, GatewayKey(id=name, sha256=digest, expires=expires)


def read_keys(path: Path) -> tuple[GatewayKey, ...]:
    """
    The keys of a file.

    Raises:
        GatewayNotStarted: It cannot be read, others may read it, or it holds no keys.
    """
    try:
        mode = path.stat().st_mode
        found = _DECODER.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as wrong:
        raise _bad(path, f"cannot be read: {_without_content(wrong)}") from None
    if mode & _FILE_MODE:
        raise _bad(path, "can be read or written by others; chmod 600")
    if not found.keys:
        raise _bad(path, "holds no key")
    return found.keys


def write_keys(path: Path, keys: tuple[GatewayKey, ...]) -> None:
    """Put a file of keys in place, readable by its owner only."""
    draft = path.with_name(path.name + ".tmp")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(KeyFile(keys=keys))) + b"\n")
    draft.replace(path)


def _without_content(wrong: Exception) -> str:
    if isinstance(wrong, OSError):
        return wrong.strerror or "an error of the system"
    return "it is no file of keys"


def _bad(path: Path, what: str) -> GatewayNotStarted:
    return GatewayNotStarted(
        f"The key file {path} {what}.",
        effect="Nothing is served.",
        next_step="Make one with `suffice gateway key NAME --keys FILE`.",
    )


_DECODER = msgspec.json.Decoder(KeyFile)
