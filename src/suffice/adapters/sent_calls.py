"""Shadow calls that are on their way in batches: what they may come to, before anybody knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from suffice.records import Usage

Price = Callable[[str, Usage], Decimal | None]
"""Dollars of an answer of a model; None where unknown."""

# What a provider puts before a prompt is some hundred tokens; no token is less than a byte.
_HIDDEN_TOKENS = 1_000
_LONGEST_ANSWER = 128_000


class _Pair(msgspec.Struct):
    at: float
    type: str


class _Call(msgspec.Struct):
    pair: _Pair
    model: str
    max_tokens: int | None = None
    request_bytes: int = 0


class _Batch(msgspec.Struct):
    """What is read of a batch; the texts in it are passed over."""

    calls: dict[str, _Call]


class SentCalls:
    """
    What lies in the gateway's folder of batches that were sent and not answered yet.

    Args:
        folder: That folder; need not exist.
        price: For the longest answer to the request.
    """

    def __init__(self, folder: Path, *, price: Price) -> None:
        self._folder, self._price = folder, price

    def since(self, moment: datetime) -> Mapping[str, Sequence[Decimal | None]]:
        """Request type -> dollars each call may cost at most, of requests served since then."""
        found: defaultdict[str, list[Decimal | None]] = defaultdict(list)
        for path in self._folder.glob("*.json"):
            try:
                batch = _DECODER.decode(path.read_bytes())
            except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
                continue
            for call in batch.calls.values():
                if call.pair.at >= moment.timestamp():
                    found[call.pair.type].append(self._at_most(call))
        return found

    def _at_most(self, call: _Call) -> Decimal | None:
        longest = Usage(
            input_tokens=call.request_bytes + _HIDDEN_TOKENS,
            output_tokens=call.max_tokens or _LONGEST_ANSWER,
            service_tier="batch",
        )
        return self._price(call.model, longest)


_DECODER = msgspec.json.Decoder(_Batch)
