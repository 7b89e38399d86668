"""Answers to questions about exchanges that stay true until the exchanges or their types change."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

# An answer beyond this is as long as what it was made of; asking again costs no more.
_MOST_ROWS = 50_000
_MOST_QUESTIONS = 300

Rows = list[Any]


class KeptAnswers:
    """
    Answers beside the types they were made of, found by the whole text of their question.

    A kept answer is the very rows that were found the first time. The file is named after the
    types, whose name changes with every exchange and every type, and goes with them.

    Args:
        typed: Where the types stand.
    """

    def __init__(self, typed: Path) -> None:
        self._path = typed.with_name(f"{typed.stem}.answers.json")
        self._kept: dict[str, Rows] | None = None

    def rows(self, question: str, find: Callable[[], Sequence[Any]]) -> Rows:
        """
        The answer's rows: kept ones, or those found now, which are kept where there is room.

        Args:
            question: Everything the answer depends on beside the exchanges and their types.
            find: Finds them; rows of what JSON can hold.
        """
        kept = self._all()
        name = blake2b(question.encode("utf-8", "replace"), digest_size=16).hexdigest()
        if name not in kept:
            found = [list(row) for row in find()]
            if len(found) > _MOST_ROWS:
                return found
            if len(kept) >= _MOST_QUESTIONS:
                kept.clear()
            kept[name] = found
            self._write(kept)
        return kept[name]

    def _all(self) -> dict[str, Rows]:
        if self._kept is None:
            self._kept = {}
            # What was torn by a full disk is found again, as if it had never been kept.
            with suppress(OSError, ValueError):
                read = json.loads(self._path.read_bytes())
                self._kept = read if isinstance(read, dict) else {}
        return self._kept

    def _write(self, kept: dict[str, Rows]) -> None:
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        # A folder that cannot be written is asked again each time, and says the same.
        with suppress(OSError):
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(kept, separators=(",", ":")).encode())
            draft.replace(self._path)
