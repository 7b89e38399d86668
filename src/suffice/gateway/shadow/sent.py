"""Batches whose answers are not known yet: one private masked file each, until they are."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import time
from pathlib import Path

import msgspec

from suffice.gateway.whole_files import bytes_of, put_whole
from suffice.records import SentBatch

_SUFFIX, _TAKEN = ".json", ".taken"
_LOCK = "fetching.lock"
_MOST_BYTES = 256 * 1024 * 1024
_FILE_MODE = 0o600
_ABANDONED_S = 60.0
_LONGEST_ID = 128


class SentFolder:
    """
    Keeps what is known of each batch while the provider answers it; bounded in bytes.

    A file is put in place whole before its batch is sent, again once the provider has named it,
    and is deleted when every answer has been taken. What is left then is its name, until the
    provider has deleted the batch as well. Of all processes over a folder one fetches:
    whoever holds its lock, which the system takes from a process that ends, however it ended.

    Args:
        folder: Made when first needed.
        most_bytes: Beyond it no further batch is kept, and so none is sent.
    """

    def __init__(self, folder: Path, *, most_bytes: int = _MOST_BYTES) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._lock: int | None = None
        self._ids: dict[str, str] = {}

    def put(self, sent: SentBatch) -> bool:
        """Keep a batch; False where there is no room or no disk for it. Blocks."""
        content = msgspec.json.encode(sent)
        path = self._path(sent.name)
        held = bytes_of(each for each in self._files() if each != path)
        return held + len(content) <= self._most_bytes and put_whole(path, content)

    def drop(self, name: str) -> None:
        """Nothing more is to be known of a batch. Blocks."""
        with contextlib.suppress(OSError):
            self._path(name).unlink()

    def taken(self, sent: SentBatch) -> None:
        """All answers of a batch have been taken: only the provider still holds it. Blocks."""
        head = msgspec.structs.replace(sent, calls={})
        put_whole(self._path(sent.name).with_suffix(_TAKEN), msgspec.json.encode(head))
        self.drop(sent.name)

    def held_by_the_provider(self) -> list[SentBatch]:
        """Batches whose answers were taken, and which the provider has not deleted. Blocks."""
        found = []
        for path in sorted(self.folder.glob(f"*{_TAKEN}")):
            with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
                found.append(_DECODER.decode(path.read_bytes()))
        return found

    def forget(self, name: str) -> None:
        """Nobody holds a batch any more. Blocks."""
        with contextlib.suppress(OSError):
            self._path(name).with_suffix(_TAKEN).unlink()

    def read(self, name: str) -> SentBatch | None:
        """A batch; None where its file is gone or harmed. Blocks."""
        try:
            return _DECODER.decode(self._path(name).read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def ids_beside(self, name: str) -> set[str]:
        """The provider's names of all batches but one, as far as they are known. Blocks."""
        others = [path for path in self._files() if path.stem != name]
        # What was sent is not read again and again: an id that is known stays what it is.
        known = {path.stem: self._ids.get(path.stem) or _id_in(path) for path in others}
        self._ids = {each: batch for each, batch in known.items() if batch}
        return set(self._ids.values())

    def names(self) -> list[str]:
        """All of them, the oldest first."""
        return [path.stem for path in sorted(self._files(), key=lambda path: (_age(path), path))]

    def clear_drafts(self) -> None:
        """What a writer that was killed has left half written was never sent, and never will be."""
        for draft in self.folder.glob("*.new"):
            with contextlib.suppress(OSError):
                if time.time() - draft.stat().st_mtime > _ABANDONED_S:
                    draft.unlink()

    def claim(self) -> bool:
        """Whether this process is the one that fetches; it is from now on until it ends."""
        if self._lock is not None:
            return True
        if not self.folder.is_dir():
            return False
        try:
            held = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _FILE_MODE)
        except OSError:
            return False
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(held)
            return False
        self._lock = held
        return True

    @property
    def is_claimed(self) -> bool:
        """Whether this process fetches."""
        return self._lock is not None

    def let_go(self) -> None:
        """Let another process fetch."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _files(self) -> list[Path]:
        return list(self.folder.glob(f"*{_SUFFIX}"))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"


def new_name() -> str:
    """
    A name no other batch has, fit to begin a ``custom_id``.

    >>> len(new_name())
    28
    """
    return f"sfs-{secrets.token_hex(12)}"


def is_batch_id(text: str) -> bool:
    """
    Whether the provider's name for a batch may stand in a path as it is.

    >>> is_batch_id("msgbatch_01"), is_batch_id("../files"), is_batch_id("")
    (True, False, False)
    """
    return len(text) <= _LONGEST_ID and _ID.fullmatch(text) is not None


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


class _Head(msgspec.Struct):
    """What is read of a batch where only its name is asked for; its calls are passed over."""

    batch: str = ""


def _id_in(path: Path) -> str:
    try:
        return _HEADS.decode(path.read_bytes()).batch
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return ""


_ID = re.compile(r"[A-Za-z0-9_-]+")
_DECODER = msgspec.json.Decoder(SentBatch)
_HEADS = msgspec.json.Decoder(_Head)
