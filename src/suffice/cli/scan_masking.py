"""The key that placeholders of a folder are made with, and what is done to texts with it."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from suffice.adapters.exchanges import Preparing
from suffice.errors import StorageError
from suffice.traffic.redaction import Masking, Redactor

KEY_FILE = "mask.key"
_KEY_BYTES = 32


def redactor_for(masking: Masking, folder: Path) -> Redactor:
    """
    A redactor whose placeholders are the same in every scan into a folder.

    Raises:
        StorageError: The key cannot be read or written.
    """
    return Redactor(masking, secret=_secret(folder))


def preparing_for(masking: Masking, folder: Path) -> Preparing:
    """
    What is done to texts before they are kept in a folder.

    Raises:
        StorageError: The key cannot be read or written.
    """
    secret = _secret(folder)
    if not (masking.kinds or masking.patterns):
        return Preparing()
    return Preparing(masking=masking, secret=secret)


def _secret(folder: Path) -> bytes:
    """
    What placeholders are keyed with.

    The key is made at the first scan and lies beside the data, readable by its owner alone.

    Raises:
        StorageError: The key cannot be read or written.
    """
    path = folder / KEY_FILE
    try:
        with suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
        secret = path.read_bytes()
    except OSError as error:
        raise StorageError(
            f"{path} cannot be used: {error.strerror or error}.",
            effect="Nothing was read.",
            next_step="Check the folder, or choose another with --data.",
        ) from error
    if len(secret) != _KEY_BYTES:
        raise StorageError(
            f"{path} is damaged.",
            effect="Nothing was read.",
            next_step="Put it back from a copy, or choose another folder with --data.",
        )
    return secret
