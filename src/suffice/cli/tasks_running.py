"""One call of a task from the command line."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suffice.cli.tasks_cases import given_arguments, text_of
from suffice.tasks.current import runner_from_environment
from suffice.tasks.media import is_file_name, read_source
from suffice.tasks.outcome import Outcome
from suffice.tasks.shelf import ReadyTask, task_named

_LONGEST_PATH = 4_096


def outcome_of(
    task: str, given: str, written: Sequence[str], *, base_url: str | None
) -> Outcome[Any]:
    """
    What became of one call.

    Args:
        task: The task's name.
        given: A text, a path, or ``-`` for standard input.
        written: The other arguments as NAME=VALUE.
        base_url: Whom to ask; None: the provider.

    Raises:
        BadOption: There is no such task, or it takes no such arguments.
        MissingKey: The environment holds no credential.
    """
    ready = task_named(task)
    job = ready.job(_input(ready, given), given_arguments(written))
    environ = {**os.environ, **({"ANTHROPIC_BASE_URL": base_url} if base_url else {})}

    async def run() -> Outcome[Any]:
        runner = runner_from_environment(environ)
        try:
            return await runner.run(job)
        finally:
            await runner.models.aclose()

    return asyncio.run(run())


def _input(ready: ReadyTask, given: str) -> Any:
    if given == "-":
        content = sys.stdin.buffer.read()
        return content if ready.takes != "text" else text_of(ready, content)
    path = Path(given)
    if len(given) <= _LONGEST_PATH and "\n" not in given and path.is_file():
        return path if ready.takes != "text" else text_of(ready, path)
    # A slip in a file's name is no text to work on: opening it says what is wrong.
    is_name = is_file_name(given) or (ready.takes == "image" and not given.startswith("https://"))
    return read_source(path) if is_name else given
