"""What a live run keeps of every call, and what it needs from whoever keeps it."""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b
from typing import Any, Protocol

import msgspec

from suffice.records import Answer, ModelSpec

_IN_ORDER = msgspec.json.Encoder(order="sorted")


class AnswerKey(msgspec.Struct, frozen=True, array_like=True):
    """
    Which answer this is. Two calls with one key are the same call, and only one is ever paid.

    Attributes:
        case_id: The case.
        arm: The arm's whole name.
        run: 0 for an arm's first answer to the case, 1 for its second, ...
        digest: Of the request as this arm is asked it, so that a changed prompt is a new call.
    """

    case_id: str
    arm: str
    run: int
    digest: str


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """
    One received answer as it is kept.

    Attributes:
        key: Which answer this is.
        answer: What came back, failures included.
        usd: What it cost, as decimal text; None where no price is known.
    """

    key: AnswerKey
    answer: Answer
    usd: str | None = None


class AnswerStore(Protocol):
    """Where a live run keeps its answers. A call is announced, sent, and kept; in that order."""

    def announce(self, key: AnswerKey, *, worst_usd: Decimal | None, room_bytes: int) -> None:
        """
        Note that a call is about to be sent, and set room for its answer aside.

        Raises:
            StorageError: The answer could not be kept; the call must not be sent.
        """
        ...

    def keep(self, stored: StoredAnswer) -> None:
        """
        Keep a received answer, before anybody uses it.

        Raises:
            StorageError: It could not be kept; everything kept earlier is safe.
        """
        ...

    def withdraw(self, key: AnswerKey) -> None:
        """Note that an announced call was never sent, or certainly not billed."""
        ...

    def find(self, key: AnswerKey) -> StoredAnswer | None:
        """The answer kept under a key, or None."""
        ...


def request_digest(arm: ModelSpec, request: dict[str, Any]) -> str:
    """
    A short digest of a request as one arm is asked it. A run label does not change it.

    >>> opus = ModelSpec("claude-opus-5-5")
    >>> request_digest(opus, {"a": 1, "b": 2}) == request_digest(opus, {"b": 2, "a": 1})
    True
    >>> request_digest(opus, {"a": 1}) == request_digest(opus, {"a": 2})
    False
    """
    told = _IN_ORDER.encode([arm.model, arm.settings, request])
    return blake2b(told, digest_size=12).hexdigest()
