"""What was made of a part of a store: files in a folder of their own, whole or not there at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

import duckdb
import msgspec

# Hashes of names are DuckDB's own: another DuckDB may have others.
VERSION = f"1 {duckdb.__version__}"
_LIST = "made.json"
_DRAFT = ".draft-"

T = TypeVar("T")


class _Listed(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """The files of a folder with their sizes, and what is said of them."""

    version: str
    files: dict[str, int]
    said: T


def make(folder: Path, fill: Callable[[Path], object]) -> None:
    """
    A folder with what a function puts into it, in force at once or not at all.

    Where somebody else made the same in the meantime, theirs stands.

    Args:
        folder: The name says what is in it, so that two of one name hold the same.
        fill: Fills an empty folder with Parquet files, and returns what is to be known of them.

    Raises:
        OSError: The disk does not take it; no part of it is left.
    """
    draft = folder.with_name(f"{folder.name}{_DRAFT}{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        draft.mkdir(mode=0o700, parents=True)
        say(draft, fill(draft))
        if not is_whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(FileExistsError):
                draft.rename(folder)
    except OSError:
        if not is_whole(folder):
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def say(folder: Path, said: object) -> None:
    """
    Write down what a folder holds, in place of what was said of it before.

    Raises:
        OSError: The disk does not take it; what was said before holds.
    """
    files = {path.name: path.stat().st_size for path in folder.glob("*.parquet")}
    for name in files:
        (folder / name).chmod(0o600)
    draft = folder / f"{_LIST}.{os.getpid()}.tmp"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(_Listed(version=VERSION, files=files, said=said)))
    draft.replace(folder / _LIST)


def take_over(old: Path, new: Path) -> None:
    """Let a folder have what was made inside of another one that says the same."""
    for place in list(old.iterdir()):
        if place.is_dir() and _DRAFT not in place.name:
            with suppress(OSError):
                place.rename(new / place.name)


def is_whole(folder: Path) -> bool:
    """Whether a folder was made, by this version, and nothing of it is torn."""
    return said_of(folder, object) is not None


def said_of(folder: Path, kind: type[T]) -> T | None:
    """What is said of a folder; None where an older version made it or a full disk tore it."""
    with suppress(OSError, msgspec.DecodeError):
        listed = msgspec.json.decode((folder / _LIST).read_bytes(), type=_Listed[kind])  # type: ignore[valid-type]
        sizes = {file: (folder / file).stat().st_size for file in listed.files}
        if listed.version == VERSION and sizes == listed.files:
            return listed.said
    return None


def remove_others(folder: Path, keep: Collection[str], *, beginning: tuple[str, ...]) -> None:
    """
    Remove what was made and is not to be kept, and drafts of processes that are gone.

    Args:
        folder: Where it stands.
        keep: Full names; drafts of processes that live are kept anyway.
        beginning: Nothing is touched whose name begins otherwise.
    """
    for place in list(folder.iterdir()) if folder.is_dir() else ():
        if place.name in keep or not place.name.startswith(beginning) or _is_drafted(place.name):
            continue
        with suppress(OSError):
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink()


def remove_made(folder: Path, name: str) -> None:
    """Remove all that was made under a name, and under names that begin with it."""
    for place in list(folder.glob(f"{name}*")):
        shutil.rmtree(place, ignore_errors=True)


def _is_drafted(name: str) -> bool:
    """Whether somebody is writing it now."""
    _, drafted, rest = name.partition(_DRAFT)
    owner = rest.partition("-")[0]
    return bool(drafted) and owner.isdigit() and _lives(int(owner))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def scratch(folder: Path, name: str) -> Iterator[Path]:
    """A file for a step between, readable by its owner alone and gone afterwards."""
    path = folder / f"{name}{_DRAFT}{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
