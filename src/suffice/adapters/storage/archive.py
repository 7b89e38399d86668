"""Reading a run that lies in a folder or in a zip of it, from a stranger's hands too."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from suffice.comparison.stored import StoredAnswer
from suffice.errors import StorageError
from suffice.records import Comparison, ShownCase
from suffice.records.held_out import HELD_OUT_FILE

INFO_FILE = "run.json"
ANSWERS_FILE = "answers.jsonl"
SHOWN_FILE = "shown.jsonl"
RESULT_FILE = "result.json"
_ALL_FILES = (INFO_FILE, ANSWERS_FILE, SHOWN_FILE, RESULT_FILE, "sent.jsonl", HELD_OUT_FILE)

# A result holds numbers and a few hundred texts; a thousand times its usual size is an attack.
_MOST_BYTES = 256 * 1024 * 1024
_MOST_BYTES_UNPACKED = 4 * 1024**3
_BLOCK = 1 << 20
_KNOWN_VERSION = 1

_Record = TypeVar("_Record", bound=msgspec.Struct)


class _Head(msgspec.Struct, frozen=True):
    """What every file of ours begins with, whichever version wrote it."""

    schema: str = ""
    version: int = 1


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a run was started with.

    Attributes:
        created: ISO 8601 with zone.
        versions: What made it, e.g. ``{"suffice": "0.1.0"}``.
        settings: The options of the command, as plain values.
        plan: The plan, as `Plan` serialises; a run is resumed by it and by nothing else.
    """

    run_id: str
    created: str = ""
    source: str = ""
    versions: dict[str, str] = {}
    settings: dict[str, Any] = {}
    plan: dict[str, Any] = {}
    schema: str = "suffice.run"
    version: int = 1


def read_run_info(path: Path) -> RunInfo:
    """
    What a run was started with, from its folder or zip.

    Raises:
        StorageError: There is no run, or it was written by a later version.
    """
    return _decoded(path, INFO_FILE, RunInfo)


def read_result(path: Path) -> Comparison:
    """
    The comparison in a run's folder, in a zip of it, or in a result file itself.

    Raises:
        StorageError: There is none, it is damaged, larger than it can be, or of a later version.
    """
    return _decoded(path, RESULT_FILE, Comparison)


def read_shown(
    path: Path, *, request_type: str | None = None, outcome: str | None = None
) -> Iterator[ShownCase]:
    """
    Pairs with their texts, read as a stream; nothing where the run kept none.

    Args:
        path: A run's folder or a zip of it.
        request_type: Only of this type.
        outcome: Only ``lost``, ``won``, ``both`` or ``neither``.

    Raises:
        StorageError: There is no run at the path.
    """
    decode = msgspec.json.Decoder(ShownCase).decode
    for line in lines_of(path, SHOWN_FILE):
        try:
            row = decode(line)
        except (msgspec.DecodeError, ValueError):
            continue  # a line torn by a kill; the pair is still in the result's counts
        if request_type in {None, row.type} and outcome in {None, row.outcome}:
            yield row


def read_answers(path: Path) -> Iterator[StoredAnswer]:
    """
    Every answer a run has kept, in the order of arrival; a later one of a key replaces it.

    Raises:
        StorageError: There is no run at the path.
    """
    decode = msgspec.json.Decoder(StoredAnswer).decode
    for line in lines_of(path, ANSWERS_FILE):
        try:
            yield decode(line)
        except (msgspec.DecodeError, ValueError):
            continue  # torn by a kill: it was never used either


def export_zip(path: Path, target: Path) -> None:
    """
    Pack a run's folder into one zip that `read_result` opens on another machine.

    Raises:
        StorageError: There is no run, or the zip cannot be written.
    """
    read_run_info(path)
    draft = target.with_name(target.name + ".tmp")
    try:
        draft.unlink(missing_ok=True)
        # Private from its first byte on: it holds texts.
        draft.touch(mode=0o600, exist_ok=False)
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in _ALL_FILES:
                if (path / name).exists():
                    archive.write(path / name, name)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StorageError(
            f"{target} cannot be written: {error.strerror or error}.",
            effect=f"The run in {path} is untouched.",
            next_step="Make room or choose another place.",
        ) from error


def unpack_zip(path: Path, target: Path) -> None:
    """
    Unpack a zipped run into a folder, to continue it there. Only a run's own files are taken.

    Raises:
        StorageError: The zip is no run, is larger than a run can be, or the folder holds one.
    """
    read_run_info(path)
    if (target / INFO_FILE).exists():
        raise StorageError(f"{target} holds a run already.", effect="Nothing was unpacked.")
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        with zipfile.ZipFile(path) as archive:
            present = set(archive.namelist())
            left = _MOST_BYTES_UNPACKED
            for name in _ALL_FILES:
                if name in present:
                    left = _copy(archive.open(name), target / name, left, source=path)
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(path, str(error)) from error


def _copy(source_file: IO[bytes], target: Path, left: int, *, source: Path) -> int:
    target.touch(mode=0o600)
    with source_file, target.open("wb") as out:
        while block := source_file.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise _unreadable(source, "it unpacks to more than a run can hold")
            out.write(block)
    return left


def _decoded(path: Path, name: str, kind: type[_Record]) -> _Record:
    content = _content(path, name)
    try:
        head = msgspec.json.decode(content, type=_Head)
        if head.version > _KNOWN_VERSION:
            raise _unreadable(path, f"{name} was written by a later version of suffice")
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, ValueError) as error:
        raise _unreadable(path, f"{name} is damaged: {error}"[:300]) from error


def _content(path: Path, name: str) -> bytes:
    """A whole small file, never more of it than it may hold, whatever a zip's header claims."""
    try:
        with _opened(path, name) as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise _unreadable(path, str(error)) from error
    if len(content) > _MOST_BYTES:
        raise _unreadable(path, f"{name} is larger than it can be")
    return content


def lines_of(path: Path, name: str, *, most_bytes: int = _MOST_BYTES_UNPACKED) -> Iterator[bytes]:
    """
    Every line of a file of the run that is not absurdly long; none where it has no such file.

    Raises:
        StorageError: There is no run at the path, or the file is larger than it can be.
    """
    read_run_info(path)
    left = most_bytes
    try:
        with _opened(path, name) as file:
            while line := file.readline(_MOST_BYTES):
                left -= len(line)
                if left < 0:
                    raise _unreadable(path, f"{name} is larger than it can be")
                yield line
    except FileNotFoundError:
        return
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise _unreadable(path, str(error)) from error


@contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    """
    One file of a run.

    Raises:
        FileNotFoundError: The run has no such file.
    """
    if path.is_dir():
        with (path / name).open("rb") as file:
            yield file
    elif path.suffix == ".json" and name == RESULT_FILE:
        with path.open("rb") as file:
            yield file
    else:
        with zipfile.ZipFile(path) as archive:
            if name not in archive.namelist():
                raise FileNotFoundError(2, f"there is no {name} in it")
            with archive.open(name) as file:
                yield file


def _unreadable(path: Path, why: str) -> StorageError:
    return StorageError(
        f"{path} cannot be read as a run: {why}.",
        effect="Nothing was changed.",
        next_step="Give a run folder, a zip of one, or its result.json.",
    )
