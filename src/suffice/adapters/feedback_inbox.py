"""What clients said of answers, as the gateway left it: kept once the account knows the answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from suffice.adapters.controlling.arm_windows import Account
from suffice.adapters.storage.rollouts import Rating, Rollouts
from suffice.records import Feedback

KEPT, UNKNOWN = "feedback_kept", "feedback_unknown"
"""Under these names the store counts words that were kept, and such that were on no answer."""

_AT_ONCE = 500
_PATIENCE = timedelta(minutes=10)
_SOON = timedelta(seconds=5)


class FeedbackInbox:
    """
    Takes in what waits, a few hundred words at a look, so that a flood delays no rollback.

    An answer may be rated before the account has it, so a word waits for its answer, ten minutes
    at most; then it was on no answer that is known here, is deleted, and counted.

    Args:
        folder: The gateway's; need not exist.
        store: Where ratings are kept.
        account: Which answers there are; None: none is known yet.
    """

    def __init__(self, folder: Path, store: Rollouts, account: Account | None) -> None:
        self._folder, self._store, self._account = folder, store, account
        self._last = ""

    def take(self, now: datetime) -> int:
        """
        Keep what is on a known answer, oldest first, and delete it; how many words that were.

        Whoever is killed in between keeps a word twice, which counts once: the last one holds.

        Raises:
            StorageError: Store or account fail; nothing is lost.
            OSError: A file cannot be deleted.
        """
        waiting = [(path, word) for path in self._next() if (word := _read(path)) is not None]
        if not waiting:
            return 0
        asked = [word.request_id for _, word in waiting]
        known = self._account.known(asked) if self._account is not None else set()
        kept = [one for one in waiting if one[1].request_id in known]
        if kept:
            self._store.rate(*(_rating(word, now) for _, word in kept))
        lost = [
            (path, word)
            for path, word in waiting
            if word.request_id not in known and now - _said(word) > _PATIENCE
        ]
        for path, _ in (*kept, *lost):
            path.unlink(missing_ok=True)
        for name, more in ((KEPT, len(kept)), (UNKNOWN, len(lost))):
            if more:
                self._store.note("", name, str(counted(self._store, name) + more), at=now)
        return len(kept)

    def _next(self) -> list[Path]:
        """The next few hundred files, so that those which wait keep no other from its turn."""
        files = sorted(self._folder.glob("*.json"))
        ahead = [path for path in files if path.name > self._last][:_AT_ONCE]
        self._last = ahead[-1].name if len(ahead) == _AT_ONCE else ""
        return ahead


def counted(store: Rollouts, name: str) -> int:
    """
    How many words there were of a kind.

    Raises:
        StorageError: The store fails.
    """
    return int(store.noted("", name) or 0)


def _read(path: Path) -> Feedback | None:
    """What a file says; one that says nothing is deleted."""
    try:
        return _DECODER.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError):
        path.unlink(missing_ok=True)
    except OSError:
        # It is gone, or whoever may not read it today may tomorrow.
        return None
    return None


def _said(word: Feedback) -> datetime:
    return datetime.fromtimestamp(word.at, UTC)


def _rating(word: Feedback, now: datetime) -> Rating:
    # Stretches are counted once: what had to wait counts in the one that is under way.
    said = _said(word)
    at = now if now - said > _SOON else said
    return Rating(word.request_id, at, good=word.good, by=word.by, note=word.note)


_DECODER = msgspec.json.Decoder(Feedback)
