"""Every way a try can go wrong has a remedy."""

from __future__ import annotations

import inspect

import httpx2
import pytest

from suffice.adapters.providers.faults import (
    TRANSPORT_ERRORS,
    TRANSPORT_FAULTS,
    Remedy,
    fault_of_transport,
)

LIBRARY_ERRORS = [
    thing
    for _, thing in inspect.getmembers(httpx2, inspect.isclass)
    if issubclass(thing, Exception) and not issubclass(thing, Warning)
]


@pytest.mark.parametrize("error", LIBRARY_ERRORS)
def test_every_error_of_the_http_library_is_mapped(error: type[Exception]) -> None:
    assert error in TRANSPORT_FAULTS
    assert issubclass(error, TRANSPORT_ERRORS)


def test_the_library_has_the_errors_we_think_of() -> None:
    assert {httpx2.ReadTimeout, httpx2.RemoteProtocolError} <= set(LIBRARY_ERRORS)
    assert len(LIBRARY_ERRORS) > 20


def test_a_new_error_of_the_library_is_taken_for_its_kind() -> None:
    class BrandNewTimeout(httpx2.TimeoutException):
        pass

    fault = fault_of_transport(BrandNewTimeout("key sk-secret in here"))

    assert fault.remedy is Remedy.RETRY
    assert fault.reason == "no answer in time (BrandNewTimeout)"
