"""Python's search for objects that name each other in a ring, made rare while batches run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS_A_SWEEP = 100_000


@contextmanager
def swept_rarely() -> Iterator[None]:
    """
    Let the collector look once for every hundred thousand objects more, not every seven hundred.

    Records of a log are trees: they go with their last name. The collector finds nothing in them,
    and looks again and again through all that waits to be written.

    >>> with swept_rarely():
    ...     gc.get_threshold()[0]
    100000
    """
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_A_SWEEP, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
