"""
One run, one folder, which another machine can open.

    run.json       the plan, the settings and the versions it ran with
    sent.jsonl     a line before each call is sent: what may have been billed if we were killed
    answers.jsonl  a line per received answer, written before the answer is used
    shown.jsonl    pairs with their texts, for reading cases
    result.json    the comparison, once there is one
    held_out.jsonl cases this run has not compared, with their requests, to be asked again

Only the process that holds ``lock`` writes. No credential is ever written.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import msgspec

from suffice.adapters.appending import (
    FILE_MODE,
    AppendOnlyFile,
    cannot_write,
    write_atomically,
)
from suffice.adapters.storage.archive import (
    ANSWERS_FILE,
    INFO_FILE,
    RESULT_FILE,
    SHOWN_FILE,
    RunInfo,
    read_run_info,
)
from suffice.adapters.storage.ballast import Ballast
from suffice.adapters.storage.secrets import without_keys
from suffice.comparison.stored import AnswerKey, StoredAnswer
from suffice.errors import StorageError
from suffice.records import Comparison, ShownCase

_SENT_FILE = "sent.jsonl"
_LOCK_FILE = "lock"
_BALLAST_FILE = "ballast"
_FOLDER_MODE = 0o700
_BRIEF_BYTES = 256


class _Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of sent.jsonl: a call about to be sent, or one that was not sent after all."""

    key: AnswerKey
    worst_usd: str | None = None
    withdrawn: bool = False


class _KeyOnly(msgspec.Struct, frozen=True):
    """An answer's line, read for its key and cost alone."""

    key: AnswerKey
    usd: str | None = None


class RunFolder:
    """
    A run opened for writing by `create_run` or `open_run`; leaving its context unlocks it.

    It is an `AnswerStore`. Answers stay on disk: only their keys and offsets are held.

    Attributes:
        path: The folder.
        info: What the run was started with.
        torn_bytes: Bytes of a line torn by a kill, dropped at opening.
        unreadable: Whole lines that could not be read, skipped and counted.
        answered: Answers received so far, failures included.
        spent_usd: What they cost.
        unsettled_usd: Worst cases of calls that were sent and never answered: a killed process
            cannot know whether they were billed, so they count as spent.
        unsettled: How many such calls there are.
        unpriced: Answers for which no price was known.
    """

    def __init__(self, path: Path, info: RunInfo, *, fsync_interval_s: float | None = None) -> None:
        self.path, self.info = path, info
        self._lock = _locked(path / _LOCK_FILE)
        try:
            self._ballast = Ballast(path / _BALLAST_FILE)
            self._answers = AppendOnlyFile(path / ANSWERS_FILE, fsync_interval_s=fsync_interval_s)
            self._sent = AppendOnlyFile(path / _SENT_FILE)
        except StorageError:
            os.close(self._lock)
            raise
        self._encode = msgspec.json.Encoder().encode
        self._read_answer = msgspec.json.Decoder(StoredAnswer).decode
        self._shown: AppendOnlyFile | None = None
        self._places: dict[AnswerKey, tuple[int, int]] = {}
        self._claims: dict[AnswerKey, int] = {}
        self.torn_bytes = self._answers.torn_bytes
        self.unreadable = self.answered = self.unpriced = self.unsettled = 0
        self.spent_usd = self.unsettled_usd = Decimal(0)
        self._index()

    def __enter__(self) -> Self:
        """The run itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def announce(self, key: AnswerKey, *, worst_usd: Decimal | None, room_bytes: int) -> None:
        """
        Note that a call is about to be sent, and set room for its answer aside.

        Raises:
            StorageError: The answer could not be kept; the call must not be sent.
        """
        room = room_bytes + _BRIEF_BYTES
        self._ballast.claim(room)
        self._claims[key] = room
        worst = None if worst_usd is None else str(worst_usd)
        try:
            self._sent.append(self._encode(_Sent(key, worst)))
        except OSError as error:
            self._release(key)
            raise cannot_write(self._sent.path, error) from error

    def keep(self, stored: StoredAnswer) -> None:
        """
        Keep a received answer, before anybody uses it.

        Raises:
            StorageError: It could not be kept; everything kept earlier is safe.
        """
        line = without_keys(self._encode(stored))
        begins = self._append_whatever_it_takes(line)
        self._release(stored.key)
        self._count(stored.key, stored.usd, begins, len(line))

    def withdraw(self, key: AnswerKey) -> None:
        """Note that an announced call was never sent, or certainly not billed."""
        self._release(key)
        # Without this line the call counts at its worst case after a kill: too careful, not wrong.
        with contextlib.suppress(OSError):
            self._sent.append(self._encode(_Sent(key, withdrawn=True)))

    def find(self, key: AnswerKey) -> StoredAnswer | None:
        """The answer kept under a key, the latest where there are several, or None."""
        place = self._places.get(key)
        return None if place is None else self._read_answer(self._answers.read_at(*place))

    def asked(self) -> frozenset[str]:
        """The cases anybody has answered so far, by id."""
        return frozenset(key.case_id for key in self._places)

    def answers(self) -> Iterator[StoredAnswer]:
        """Every kept answer in the order of arrival."""
        for _, line in self._answers.lines():
            with contextlib.suppress(msgspec.DecodeError, ValueError):
                yield self._read_answer(line)

    def append_shown(self, rows: Iterable[ShownCase]) -> None:
        """
        Add pairs with their texts.

        A resumed run counts its pairs again from the first, so the rows of an earlier part are
        replaced when the first row comes.

        Raises:
            StorageError: They cannot be written; answers are safe.
        """
        if self._shown is None:
            with contextlib.suppress(OSError):
                (self.path / SHOWN_FILE).unlink(missing_ok=True)
            self._shown = AppendOnlyFile(self.path / SHOWN_FILE)
        for row in rows:
            try:
                self._shown.append(without_keys(self._encode(row)))
            except OSError as error:
                raise cannot_write(self._shown.path, error) from error

    def write_info(self, info: RunInfo) -> None:
        """
        Replace what ``run.json`` says, at once.

        Raises:
            StorageError: It cannot be written; the old file is untouched.
        """
        self.info = info
        _write_info(self.path, info)

    def write_result(self, comparison: Comparison) -> None:
        """
        Put the result in place, at once.

        Raises:
            StorageError: It cannot be written; answers and an older result are safe.
        """
        if not self._claims:
            self._ballast.give_up(1 << 62)
        write_atomically(self.path / RESULT_FILE, without_keys(self._encode(comparison)))

    def close(self) -> None:
        """Let go of the files and of the lock."""
        if self._lock < 0:
            return
        try:
            for file in (self._answers, self._sent, self._shown):
                if file is not None:
                    file.close()
        finally:
            self._ballast.close()
            os.close(self._lock)
            self._lock = -1

    def _append_whatever_it_takes(self, line: bytes) -> int:
        while True:
            try:
                return self._answers.append(line)
            except OSError as error:
                full = error.errno in {errno.ENOSPC, errno.EDQUOT}
                if not (full and self._ballast.give_up(len(line))):
                    raise cannot_write(self._answers.path, error) from error

    def _release(self, key: AnswerKey) -> None:
        self._ballast.release(self._claims.pop(key, 0))

    def _count(self, key: AnswerKey, usd: str | None, begins: int, length: int) -> None:
        self._places[key] = begins, length
        self.answered += 1
        self.unpriced += usd is None
        self.spent_usd += Decimal(usd or 0)

    def _index(self) -> None:
        """Where each answer stands, what all cost, and which calls were never answered."""
        read_key = msgspec.json.Decoder(_KeyOnly).decode
        settled: Counter[AnswerKey] = Counter()
        for begins, line in self._answers.lines():
            try:
                found = read_key(line)
            except (msgspec.DecodeError, ValueError):
                self.unreadable += 1
                continue
            self._count(found.key, found.usd, begins, len(line))
            settled[found.key] += 1
        read_sent = msgspec.json.Decoder(_Sent).decode
        open_calls: dict[AnswerKey, list[str | None]] = {}
        for _, line in self._sent.lines():
            try:
                sent = read_sent(line)
            except (msgspec.DecodeError, ValueError):
                self.unreadable += 1
                continue
            if sent.withdrawn:
                settled[sent.key] += 1
            else:
                open_calls.setdefault(sent.key, []).append(sent.worst_usd)
        for key, worst_cases in open_calls.items():
            lost = worst_cases[settled[key] :]
            self.unsettled += len(lost)
            self.unsettled_usd += sum((Decimal(usd or 0) for usd in lost), Decimal(0))


def create_run(path: Path, info: RunInfo, *, fsync_interval_s: float | None = None) -> RunFolder:
    """
    Make the folder of a new run, mode 0700, and open it.

    Raises:
        StorageError: There is a run already, or the folder cannot be made.
    """
    try:
        path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    if (path / INFO_FILE).exists():
        raise StorageError(
            f"{path} holds a run already.",
            effect="Nothing was sent; that run is untouched.",
            next_step="Continue it with --resume, or choose another folder.",
        )
    _write_info(path, info)
    return RunFolder(path, info, fsync_interval_s=fsync_interval_s)


def open_run(path: Path, *, fsync_interval_s: float | None = None) -> RunFolder:
    """
    Open a run to continue it.

    Raises:
        StorageError: It is no run, another process is running it, or it cannot be written.
    """
    return RunFolder(path, read_run_info(path), fsync_interval_s=fsync_interval_s)


def _write_info(path: Path, info: RunInfo) -> None:
    told: Any = msgspec.json.format(msgspec.json.encode(info), indent=1)
    write_atomically(path / INFO_FILE, without_keys(told))


def _locked(path: Path) -> int:
    """A descriptor that holds the lock until it is closed, by us or by our death."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(fd, 20).decode(errors="replace").strip()
        os.close(fd)
        raise StorageError(
            f"{path.parent} is being run by another process{f' ({holder})' if holder else ''}.",
            effect="Nothing was sent.",
            next_step="Wait for it to end, or stop it; nothing it paid for is lost.",
        ) from error
    with contextlib.suppress(OSError):
        os.ftruncate(fd, 0)
        os.write(fd, str(os.getpid()).encode())
    return fd
