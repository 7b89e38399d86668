"""What was learnt of types, in the folder of the exchanges it was learnt from."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from suffice.errors import StorageError
from suffice.traffic.types import TypeIndex


def read_index(folder: Path) -> TypeIndex:
    """
    The types learnt for a store; an empty index where none were.

    Raises:
        StorageError: The file is there and cannot be read.
    """
    path = folder / "types" / "index.json"
    try:
        return TypeIndex.from_bytes(path.read_bytes())
    except FileNotFoundError:
        return TypeIndex()
    except (OSError, msgspec.DecodeError) as error:
        raise StorageError(
            f"The types in {path} cannot be read: {error}.",
            effect="No exchange is lost; their types are not known.",
            next_step="Move the file away, and they are learnt anew.",
        ) from error


def write_index(folder: Path, index: TypeIndex) -> None:
    """
    Keep the types of a store, at once or not at all.

    Raises:
        StorageError: The disk does not take it.
    """
    place = folder / "types"
    draft = place / "index.json.tmp"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(index.to_bytes())
        draft.replace(place / "index.json")
    except OSError as error:
        raise no_room(draft, error) from error


def no_room(path: Path, error: Exception) -> StorageError:
    """The coded error for a disk that does not take what was found."""
    return StorageError(
        f"{path} cannot be written: {error}.",
        effect="No exchange is lost; their types were not kept.",
        next_step="Make room, and call it again.",
    )
