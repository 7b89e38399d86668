"""What clients said of answers, as the gateway left it: kept in the store, then deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from suffice.adapters.storage.rollouts import Rating, Rollouts
from suffice.records import Feedback

_AT_ONCE = 500


def take_feedback(folder: Path, store: Rollouts) -> int:
    """
    Keep what waits, oldest first, and delete it; how many words that were.

    Whoever is killed in between keeps a word twice, which counts once: the last one holds. A flood
    is taken in piece by piece, so that it delays no rollback.

    Args:
        folder: The gateway's; need not exist.
        store: Where ratings are kept.

    Raises:
        StorageError: The store cannot be written; nothing of that is lost.
    """
    taken = 0
    for path in sorted(folder.glob("*.json"))[:_AT_ONCE]:
        try:
            found = _DECODER.decode(path.read_bytes())
        except (msgspec.DecodeError, UnicodeDecodeError):
            path.unlink(missing_ok=True)
            continue
        except OSError:
            continue
        at = datetime.fromtimestamp(found.at, UTC)
        store.rate(Rating(found.request_id, at, good=found.good, by=found.by, note=found.note))
        path.unlink(missing_ok=True)
        taken += 1
    return taken


_DECODER = msgspec.json.Decoder(Feedback)
