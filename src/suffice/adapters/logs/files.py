"""Which files are meant: names, folders and patterns."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from suffice.errors import EmptyInput

STDIN = "-"
_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".parquet", ".log")
_PACKINGS = (".gz", ".zst")


def find_files(given: Sequence[str]) -> list[str]:
    """
    The files that paths, folders and patterns name, each once, in order.

    A folder stands for every log file below it.

    Raises:
        EmptyInput: A pattern or a folder holds none.
    """
    found: dict[str, None] = {}
    for name in given:
        below = _below(name)
        if not below:
            raise EmptyInput(
                f"There is no log file in {name}.",
                effect="Nothing was read.",
                next_step=f"Logs end in {' '.join(_ENDINGS)}, packed or not; or name the file.",
            )
        found |= dict.fromkeys(below)
    return list(found)


def _below(name: str) -> list[str]:
    path = Path(name).expanduser()
    if path.is_dir():
        return sorted(str(one) for one in path.rglob("*") if one.is_file() and _is_log(one))
    if name != STDIN and not path.exists() and glob.has_magic(name):
        # Patterns may be absolute, which `Path.glob` does not take.
        named = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - as said
        return [file for one in named for file in (_below(one) if Path(one).is_dir() else [one])]
    return [name if name == STDIN else str(path)]


def _is_log(path: Path) -> bool:
    name = path.name.lower()
    for packing in _PACKINGS:
        name = name.removesuffix(packing)
    return name.endswith(_ENDINGS)
