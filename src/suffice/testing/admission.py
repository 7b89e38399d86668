"""Who is let in: the headers every request must carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

VERSIONS = ("2023-06-01", "2026-10-21")
_BETA = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*-(?:\d{4}-\d{2}-\d{2}|\d{8})")


class Problem(Exception):
    """What the API answers instead: an HTTP status and its envelope. No caller ever sees it."""

    def __init__(
        self, status: int, kind: str, message: str, *, code: str = "", **headers: str
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.headers = status, kind, message, headers
        self.code = code


class Call(msgspec.Struct):
    """
    A request as far as it has been understood.

    Attributes:
        sent: The decoded JSON as it came.
        body: The same, with what its thread holds.
        item: Its place in its batch, from 1; 0 for a request on its own.
    """

    number: int
    request_id: str
    credential: str = ""
    key: str = ""
    version: str = ""
    betas: frozenset[str] = frozenset()
    sent: Any = None
    body: Any = None
    model: str = ""
    item: int = 0


def invalid(message: str, *, code: str = "") -> Problem:
    """A 400, with the code of its details where it has one."""
    return Problem(400, "invalid_request_error", message, code=code)


def identify(
    headers: Mapping[str, str],
    call: Call,
    *,
    keys: frozenset[str] | None,
    betas: frozenset[str] = frozenset(),
) -> None:
    """
    Read the credential, the version and the betas into the call.

    Args:
        headers: The request's.
        call: Where to put them.
        keys: The accepted credentials; None for any.
        betas: Beta names accepted although they are not written like one.

    Raises:
        Problem: One of them is missing or wrong.
    """
    call.key, call.credential = _credential(headers)
    if not call.key:
        raise Problem(401, "authentication_error", "x-api-key header is required")
    if keys is not None and call.key not in keys:
        which = "x-api-key" if call.credential == "x-api-key" else "bearer token"
        raise Problem(401, "authentication_error", f"invalid {which}")
    version = headers.get("anthropic-version")
    if version is None:
        raise invalid("anthropic-version: header is required")
    if version not in VERSIONS:
        raise invalid(f'anthropic-version: "{version}" is not a valid version')
    call.version = version
    named = headers.get("anthropic-beta", "").split(",")
    call.betas = frozenset(beta.strip() for beta in named if beta.strip())
    for beta in call.betas - betas:
        if not _BETA.fullmatch(beta):
            raise invalid(f"Unexpected value(s) `{beta}` for the `anthropic-beta` header.")


def _credential(headers: Mapping[str, str]) -> tuple[str, str]:
    # Where both are sent, the API is said to prefer x-api-key.
    if headers.get("x-api-key"):
        return headers["x-api-key"], "x-api-key"
    return headers.get("authorization", "").partition("Bearer ")[2], "authorization"
