"""While batches run the collector looks rarely; afterwards as before."""

from __future__ import annotations

import gc

import pytest

from suffice.adapters.workers import swept_rarely


def test_sweeps_are_as_often_as_before_once_it_ends_also_by_an_error() -> None:
    before = gc.get_threshold()

    @swept_rarely()
    def fails() -> None:
        assert gc.get_threshold() == (100_000, *before[1:])
        raise KeyError

    with pytest.raises(KeyError):
        fails()

    assert gc.get_threshold() == before
    assert gc.isenabled()
