"""The folder of a run that calls nobody: kept where it can be, missed where it cannot."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suffice.adapters.storage import RunFolder, RunInfo, create_run
from suffice.cli.console import progress
from suffice.errors import StorageError, SufficeError


@contextmanager
def kept_run(path: Path, info: RunInfo, *, asked_for: bool) -> Iterator[RunFolder | None]:
    """
    The run's folder; None where it cannot be written, which a run without calls survives.

    A run that ends in an error of ours leaves no folder: nothing was decided and nothing paid.

    Args:
        path: The folder to make.
        info: What the run was started with.
        asked_for: The place was named by the user, so there an error stands.

    Raises:
        StorageError: The place was asked for and cannot be written.
    """
    try:
        folder = create_run(path, info)
    except StorageError as error:
        if asked_for:
            raise
        progress().print(f"[dim]The run is not kept: {error.what}[/]")
        yield None
        return
    with folder:
        try:
            yield folder
        except SufficeError:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise
