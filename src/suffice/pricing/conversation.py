"""
Moving a conversation whose prefix is cached: the cold start, and after how many turns it pays.

A cache belongs to one model. The first turn on another writes the whole prefix anew, at a price
above plain input, so a lower price per token is no saving until enough turns have followed.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import msgspec

from suffice.catalog import Catalog, ModelFacts
from suffice.pricing.counterfactual import (
    Basis,
    TokenRatio,
    ratio_remark,
    recounted_tokens,
    token_ratio,
)
from suffice.pricing.dollars import cost, exact_sum
from suffice.records import Usage

MAX_TURNS = 1_000


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """
    A conversation as counted by the model it runs on.

    Attributes:
        prefix_tokens: Already in that model's cache.
        input_tokens: New in every turn, not cached.
        output_tokens: Written in every turn.
        grows: Each turn's input and output join the cached prefix of the next.
    """

    prefix_tokens: int
    input_tokens: int
    output_tokens: int
    grows: bool = False


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """
    What moving a conversation costs and when it pays.

    Attributes:
        stay_first_usd: The next turn where it is, prefix read from the cache.
        move_first_usd: The same turn on the other model, prefix written to its cache.
        move_second_usd: The turn after that, prefix read from its cache.
        break_even_turns: Turns until moving has cost no more than staying; None: not within
            `MAX_TURNS`.
        earliest_turns: The same at the end of the token ratio's interval that favours moving.
        latest_turns: The same at the other end; None: not within `MAX_TURNS`.
        remarks: What a reader must know of these figures.
    """

    stay_first_usd: Decimal
    move_first_usd: Decimal
    move_second_usd: Decimal
    break_even_turns: int | None
    earliest_turns: int | None
    latest_turns: int | None
    remarks: tuple[str, ...] = ()


def price_move(
    conversation: Conversation,
    *,
    stay_on: str,
    move_to: str,
    at: date | datetime,
    catalog: Catalog,
) -> Move:
    """
    What it costs to move a conversation to another model, and after how many turns it pays.

    Raises:
        PriceUnknown: One of the models has no price.

    >>> from suffice.catalog import load_catalog
    >>> warm = Conversation(prefix_tokens=50_000, input_tokens=500, output_tokens=300)
    >>> move = price_move(
    ...     warm,
    ...     stay_on="claude-opus-5-5",
    ...     move_to="claude-haiku-4-5",
    ...     at=date(2026, 11, 21),
    ...     catalog=load_catalog(),
    ... )
    >>> f"{move.stay_first_usd:.4f} or {move.move_first_usd:.4f}: {move.break_even_turns} turns"
    '0.0180 or 0.0496: 4 turns'
    """
    source, target = catalog.find(stay_on), catalog.find(move_to)
    ratio = token_ratio(source, target, catalog.rules)
    stay = _Course(source, conversation, cold=False, at=at, catalog=catalog)
    likely, best, worst = (
        _Course(target, moved, cold=True, at=at, catalog=catalog)
        for moved in (
            _recounted(conversation, ratio),
            _scaled(conversation, ratio.low, up=False),
            _scaled(conversation, ratio.high, up=True),
        )
    )
    return Move(
        stay_first_usd=stay.turn_usd(1),
        move_first_usd=likely.turn_usd(1),
        move_second_usd=likely.turn_usd(2),
        break_even_turns=_first_turn_that_pays(stay, likely),
        earliest_turns=_first_turn_that_pays(stay, best),
        latest_turns=_first_turn_that_pays(stay, worst),
        remarks=(ratio_remark(source, target, ratio),) if ratio.basis is Basis.RATIO else (),
    )


def break_even_turns(
    conversation: Conversation,
    *,
    stay_on: str,
    move_to: str,
    at: date | datetime,
    catalog: Catalog,
) -> int | None:
    """
    Turns after which moving has cost no more than staying; None where it never does.

    Raises:
        PriceUnknown: One of the models has no price.
    """
    return price_move(
        conversation, stay_on=stay_on, move_to=move_to, at=at, catalog=catalog
    ).break_even_turns


class _Course:
    """A conversation on one model, turn by turn."""

    def __init__(
        self,
        facts: ModelFacts,
        conversation: Conversation,
        *,
        cold: bool,
        at: date | datetime,
        catalog: Catalog,
    ) -> None:
        self._facts = facts
        self._conversation = conversation
        self._cold = cold
        self._at = at
        self._catalog = catalog

    def turn_usd(self, turn: int) -> Decimal:
        """What the turn costs, counted from 1."""
        talk = self._conversation
        added = talk.input_tokens + talk.output_tokens
        prefix = talk.prefix_tokens + (added * (turn - 1) if talk.grows else 0)
        # What the previous turn added is written to the cache now; the rest was there before.
        fresh = prefix if self._cold and turn == 1 else added if talk.grows and turn > 1 else 0
        if (self._facts.cache_minimum_tokens or 0) > prefix:
            usage = Usage(input_tokens=prefix + talk.input_tokens, output_tokens=talk.output_tokens)
        else:
            usage = Usage(
                input_tokens=talk.input_tokens,
                cache_read_tokens=prefix - fresh,
                cache_write_5m_tokens=fresh,
                output_tokens=talk.output_tokens,
            )
        return cost(usage, self._facts.id, at=self._at, catalog=self._catalog)


def _first_turn_that_pays(stay: _Course, move: _Course) -> int | None:
    ahead = Decimal(0)
    for turn in range(1, MAX_TURNS + 1):
        ahead = exact_sum((ahead, stay.turn_usd(turn), -move.turn_usd(turn)))
        if ahead >= 0:
            return turn
    return None


def _recounted(conversation: Conversation, ratio: TokenRatio) -> Conversation:
    return msgspec.structs.replace(
        conversation,
        prefix_tokens=recounted_tokens(conversation.prefix_tokens, ratio),
        input_tokens=recounted_tokens(conversation.input_tokens, ratio),
        output_tokens=recounted_tokens(conversation.output_tokens, ratio),
    )


def _scaled(conversation: Conversation, ratio: Fraction, *, up: bool) -> Conversation:
    whole = ceil if up else floor
    return msgspec.structs.replace(
        conversation,
        prefix_tokens=whole(conversation.prefix_tokens * ratio),
        input_tokens=whole(conversation.input_tokens * ratio),
        output_tokens=whole(conversation.output_tokens * ratio),
    )
