"""
Policies as files: one that is in force, beside it every version there ever was.

``policy.json`` is what a gateway reads; ``policy.history/000007.json`` is version 7, written once
and never again. A version is published by creating its history file, which only one of several
writers can do; the file in force follows. Whoever is killed in between is completed by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from suffice.adapters.appending import FILE_MODE, write_atomically
from suffice.errors import BadPolicy, PolicyChanged, StorageError, UnreadableFile
from suffice.policy.table import EMPTY, Policy, etag, read_policy, write_policy

_FOLDER_MODE = 0o700
_KEY_BYTES = 32


class Loaded(NamedTuple):
    """
    What is in force.

    Attributes:
        policy: The empty policy where none was ever published.
        etag: Names its bytes; empty for the empty policy.
        problem: Why it is not what the file in force holds, or not all is well; empty if so.
    """

    policy: Policy
    etag: str = ""
    problem: str = ""


class Version(NamedTuple):
    """
    One version of the history.

    Attributes:
        number: Counts up by one.
        policy: None where its file cannot be read any more.
        etag: Names its bytes.
        problem: What is wrong with it, e.g. that it does not follow from the one before.
    """

    number: int
    policy: Policy | None
    etag: str
    problem: str = ""


class PolicyFiles:
    """
    The versions of one policy on disk.

    Args:
        path: The file in force; the history stands beside it. Neither need exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.history_folder = path.with_name(f"{path.stem}.history")
        self._seen: tuple[int, int, int] | None = None

    def load(self) -> Loaded:
        """
        The policy in force; where its file is broken, the last good version.

        Never raises for what it finds: a gateway goes on, and says so.
        """
        try:
            if not self.path.is_file() and self.path.exists():
                # A pipe would be waited for, and a device read, without end.
                return self._last_good()._replace(problem=f"{self.path} is no file.")
            content = self.path.read_bytes()
        except FileNotFoundError:
            newest = self._last_good()
            if newest.etag:
                return newest._replace(problem=f"{self.path} is gone; serving the last version.")
            return newest
        except OSError as error:
            return self._last_good()._replace(
                problem=f"{self.path} cannot be read: {error.strerror or error}."
            )
        try:
            return Loaded(read_policy(content), etag(content))
        except BadPolicy as error:
            return self._last_good()._replace(problem=error.what)

    def has_changed(self) -> bool:
        """Whether the file in force is another than at the last call; one ``stat``, for polling."""
        try:
            found = self.path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            seen = (0, 0, 0)
        changed, self._seen = seen != self._seen, seen
        return changed

    def publish(self, policy: Policy, *, after: str) -> Loaded:
        """
        Put the next version in force, if nobody has in the meantime.

        Args:
            policy: Its version and parent are set here.
            after: The etag of the version it was made from; empty for the first.

        Raises:
            PolicyChanged: Another version is in force by now; nothing was written.
            BadPolicy: The newest version of the history cannot be read.
            StorageError: It cannot be written; the version in force is untouched.
        """
        with self._locked():
            current = self._completed()
            if current.etag != after:
                raise PolicyChanged(
                    f"Version {current.policy.version} was published since this change was begun.",
                    effect="Nothing was published, and nothing of that version is lost.",
                    next_step="Look at it with `suffice policy diff`, then run the command again.",
                )
            following = msgspec.structs.replace(
                policy, version=current.policy.version + 1, parent=current.etag
            )
            content = write_policy(following)
            self._keep(following.version, content)
            write_atomically(self.path, content)
        return Loaded(following, etag(content))

    def history(self) -> tuple[Version, ...]:
        """Every version, oldest first, each held against the one before it."""
        found: list[Version] = []
        for number in self._numbers():
            try:
                content = self._file(number).read_bytes()
                policy = read_policy(content)
            except (OSError, BadPolicy) as error:
                found.append(Version(number, None, "", f"cannot be read: {error}"))
                continue
            name, problem = etag(content), ""
            if policy.version != number:
                problem = f"calls itself version {policy.version}"
            elif policy.parent != (found[-1].etag if found else ""):
                problem = "does not follow from the version before: one of them was changed"
            found.append(Version(number, policy, name, problem))
        return tuple(found)

    def version(self, number: int) -> Policy:
        """
        One version of the history.

        Raises:
            UnreadableFile: There is no such version, or it cannot be read.
            BadPolicy: It is no policy any more.
        """
        if number == 0:
            return EMPTY
        try:
            return read_policy(self._file(number).read_bytes())
        except OSError as error:
            numbers = self._numbers()
            kept = (
                f"Versions {numbers[0]} to {numbers[-1]} are kept." if numbers else "None is kept."
            )
            raise UnreadableFile(
                f"There is no version {number} of {self.path}.", next_step=kept
            ) from error

    def assignment_key(self) -> bytes:
        """
        The installation's secret for assignment, made at the first call.

        All gateways of one fleet need the same: copy the file.

        Raises:
            StorageError: It cannot be written or read.
        """
        path = self.path.with_name(f"{self.path.stem}.key")
        with self._locked():
            try:
                key = path.read_bytes()
            except FileNotFoundError:
                key = secrets.token_bytes(_KEY_BYTES)
                write_atomically(path, key)
            except OSError as error:
                raise _cannot(path, error) from error
        if len(key) != _KEY_BYTES:
            raise StorageError(
                f"{path} holds {len(key)} bytes; an assignment key has {_KEY_BYTES}.",
                effect="No conversation can be assigned.",
                next_step="Restore it; a new one would assign every conversation anew.",
            )
        return key

    def _completed(self) -> Loaded:
        """The newest version; put in force where a writer was killed before it could."""
        numbers = self._numbers()
        if not numbers:
            return self._adopted()
        content = self._file(numbers[-1]).read_bytes()
        newest = Loaded(read_policy(content), etag(content))
        try:
            in_force = self.path.read_bytes()
        except OSError:
            in_force = b""
        if in_force and etag(in_force) not in {newest.etag, newest.policy.parent}:
            self._refuse_edited(in_force)
        if in_force != content:
            write_atomically(self.path, content)
        return newest

    def _refuse_edited(self, content: bytes) -> None:
        """A file somebody edited in place is a wish of theirs, not something to write over."""
        with contextlib.suppress(BadPolicy):
            read_policy(content)
            raise PolicyChanged(
                f"{self.path} was changed by hand since it was published.",
                effect="Nothing was published; the gateway uses the file as it is.",
                next_step="Move it away, and `suffice policy publish` it from there.",
            )

    def _adopted(self) -> Loaded:
        """A file somebody wrote by hand before there was a history becomes its first version."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Loaded(EMPTY)
        except OSError as error:
            raise _cannot(self.path, error) from error
        policy = read_policy(content)
        if policy.version > 0:
            self._keep(policy.version, content)
        return Loaded(policy, etag(content))

    def _last_good(self) -> Loaded:
        for number in reversed(self._numbers()):
            with contextlib.suppress(OSError, BadPolicy):
                content = self._file(number).read_bytes()
                return Loaded(read_policy(content), etag(content))
        return Loaded(EMPTY)

    def _keep(self, number: int, content: bytes) -> None:
        """Create a version's file, whole or not at all; no version is ever written twice."""
        target = self._file(number)
        try:
            self.history_folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            fd, draft = tempfile.mkstemp(dir=self.history_folder, suffix=".tmp")
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                # mkstemp gives mode 0600; a link, unlike a rename, fails where the name is taken.
                os.link(draft, target)
            finally:
                Path(draft).unlink(missing_ok=True)
        except FileExistsError as error:
            raise PolicyChanged(
                f"There is a version {number} already.",
                effect="Nothing was published.",
                next_step="Look at it with `suffice policy history`, then run the command again.",
            ) from error
        except OSError as error:
            raise _cannot(target, error) from error

    def _numbers(self) -> list[int]:
        try:
            names = [path.stem for path in self.history_folder.glob("*.json")]
        except OSError:
            return []
        return sorted(int(name) for name in names if name.isdecimal())

    def _file(self, number: int) -> Path:
        return self.history_folder / f"{number:06d}.json"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time; the lock is gone with its process."""
        lock = self.path.with_name(f"{self.path.stem}.lock")
        try:
            self.path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            fd = os.open(lock, os.O_RDWR | os.O_CREAT, FILE_MODE)
        except OSError as error:
            raise _cannot(lock, error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _cannot(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be used: {error.strerror or error}.",
        effect="The policy in force is unchanged.",
        next_step="Check the folder's room and permissions, then run the command again.",
    )
