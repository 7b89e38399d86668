"""The Python files of a project: what was named, and what lies below it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_PASSED_OVER = frozenset(
    {"node_modules", "__pycache__", "build", "dist", "site-packages", "venv", "env"}
)
_LARGEST = 5_000_000


def python_files(paths: tuple[Path, ...], exclude: tuple[str, ...]) -> Iterator[Path]:
    """Every Python file, once; hidden folders and what is not the project's own are passed over."""
    seen: set[Path] = set()
    for path in paths:
        found = [path] if path.is_file() else sorted(_below(path))
        for file in found:
            if file.resolve() in seen or any(file.match(glob) for glob in exclude):
                continue
            seen.add(file.resolve())
            yield file


def _below(folder: Path) -> Iterator[Path]:
    try:
        inside = list(folder.iterdir())
    except OSError:
        return
    for path in inside:
        if path.is_symlink() or path.name.startswith("."):
            continue
        if path.is_dir():
            if path.name not in _PASSED_OVER and not (path / "pyvenv.cfg").exists():
                yield from _below(path)
        elif path.suffix == ".py" and path.stat().st_size <= _LARGEST:
            yield path
