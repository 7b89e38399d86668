"""Small private files, put in place whole: a reader sees the old one or the new one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


def put_whole(path: Path, content: bytes) -> bool:
    """
    Put a file in place whole, readable by its owner; False where there is no room or disk for it.

    Its folder is made where it is missing. Not synced: what a machine's crash may take is said by
    whoever calls. Blocks.
    """
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        # Anew, and never through a link that somebody else may have left under this name.
        draft.unlink(missing_ok=True)
        made = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        with os.fdopen(made, "wb") as out:
            out.write(content)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        return False
    return True


def bytes_of(paths: Iterable[Path]) -> int:
    """What files hold together; one that is gone meanwhile holds nothing. Blocks."""
    held = 0
    for path in paths:
        with contextlib.suppress(OSError):
            held += path.stat().st_size
    return held
