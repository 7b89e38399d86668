"""What it costs to move a conversation whose prefix is cached, from the catalog's prices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from suffice.catalog import Catalog
from suffice.errors import PriceUnknown
from suffice.policy.routing import BreakEven, WarmPrefix
from suffice.pricing.conversation import Conversation, break_even_turns

_OUTPUT_TOKENS = 300
_STEP_TOKENS = 256
_REMEMBERED = 4_096


def break_even_with(catalog: Catalog, *, now: Callable[[], datetime]) -> BreakEven:
    """
    Prices moves; sizes are rounded, so that few of them are computed and the rest remembered.

    Args:
        catalog: The prices.
        now: The clock; prices are dated.
    """

    @lru_cache(maxsize=_REMEMBERED)
    def turns(stay_on: str, move_to: str, prefix: int, turn: int, day: str) -> int | None:
        talk = Conversation(prefix_tokens=prefix, input_tokens=turn, output_tokens=_OUTPUT_TOKENS)
        try:
            return break_even_turns(
                talk,
                stay_on=stay_on,
                move_to=move_to,
                at=datetime.fromisoformat(day),
                catalog=catalog,
            )
        except PriceUnknown:
            return None

    def priced(warm: WarmPrefix) -> int | None:
        prefix = -(-warm.prefix_tokens // _STEP_TOKENS) * _STEP_TOKENS
        day = now().strftime("%Y-%m-%dT00:00:00+00:00")
        return turns(warm.stay_on, warm.move_to, prefix, warm.turn_tokens, day)

    return priced
