"""The runner in use, and the event loop behind the blocking calls."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
import weakref
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from suffice.errors import MissingKey
from suffice.tasks.running import Runner
from suffice.wiring import live_models, price_now, task_ladder

R = TypeVar("R")
_CONCURRENCY = 32
_VERSION = "2026-10-21"

_chosen: contextvars.ContextVar[Runner | None] = contextvars.ContextVar("runner", default=None)
# An HTTP client belongs to the loop it was made in.
_by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Runner] = weakref.WeakKeyDictionary()
_starting = threading.Lock()
_background: list[asyncio.AbstractEventLoop] = []


@contextlib.contextmanager
def using(runner: Runner) -> Iterator[Runner]:
    """
    Tasks called within it are run by this runner: other models, another ladder, a recording.

    >>> from suffice.adapters.providers.recorded import RecordedModels
    >>> recorded = Runner(RecordedModels([]), ladder=lambda *_: ("claude-haiku-5-5",))
    >>> with using(recorded):
    ...     ...
    Ellipsis
    """
    token = _chosen.set(runner)
    try:
        yield runner
    finally:
        _chosen.reset(token)


def current_runner() -> Runner:
    """
    The runner that `using` named, else one of the environment's.

    That one asks the address in ``ANTHROPIC_BASE_URL`` with the provider's own variables for the
    credential, and follows the policy in ``SUFFICE_POLICY`` (``.suffice/policy.json``).

    Raises:
        MissingKey: The environment holds no credential.
        RuntimeError: It was not called within a running event loop.
    """
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    loop = asyncio.get_running_loop()
    found = _by_loop.get(loop)
    if found is None:
        found = _by_loop[loop] = runner_from_environment()
    return found


def runner_from_environment(environ: Mapping[str, str] | None = None) -> Runner:
    """
    A runner as the environment sets it up; see `current_runner`.

    Args:
        environ: Variables; None: those of the process.

    Raises:
        MissingKey: The environment holds no credential.
    """
    known = os.environ if environ is None else environ
    try:
        models = live_models(
            base_url=known.get("ANTHROPIC_BASE_URL") or None,
            api_version=_VERSION,
            concurrency=_CONCURRENCY,
            source=None,
            environ=known,
        )
    except MissingKey as missing:
        raise MissingKey(
            missing.what,
            effect="Nothing was asked.",
            next_step="Set it, or name a server that needs none in ANTHROPIC_BASE_URL. In Python, "
            "`with using(Runner(...))` asks whom you like: see docs/tasks.",
        ) from missing
    policy = Path(known.get("SUFFICE_POLICY") or ".suffice/policy.json")
    return Runner(models, ladder=task_ladder(policy), price=price_now())


def in_background(work: Coroutine[Any, Any, R]) -> R:
    """
    The result of a coroutine, run by a loop of our own in a thread of its own.

    One loop serves all blocking calls, so that connections are kept; it works where the caller's
    own loop is running too, as in a notebook. Ctrl-C cancels the work.
    """
    future = asyncio.run_coroutine_threadsafe(work, _background_loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _background_loop() -> asyncio.AbstractEventLoop:
    with _starting:
        if not _background:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="suffice-tasks", daemon=True).start()
            _background.append(loop)
        return _background[0]
