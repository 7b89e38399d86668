"""What is counted of exchanges, and what a ranking says of them: counts in, dollars out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

_ZERO = Decimal(0)


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """
    Exchanges that are priced alike, added up: one type, role, model, day, band and tier.

    Attributes:
        type: The type's name.
        role: Who makes the calls, as `suffice.traffic.types.Role` writes it.
        model: The model that served; empty where not told.
        day: Whose prices hold; None where no time is told.
        prompt_tokens: The longest prompt among them, all of one band.
        calls: How many.
        told: How many of them told their usage.
        cacheable: Prompt tokens a cache would have served, had there been one.
        cache_filling: Prompt tokens that would have been written to it.
    """

    type: str
    role: str = "call"
    model: str = ""
    day: date | None = None
    prompt_tokens: int = 0
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    calls: int = 0
    told: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    web_searches: int = 0
    cacheable: int = 0
    cache_filling: int = 0
    extra_usd: Decimal = _ZERO


class UnitCost(msgspec.Struct, frozen=True, kw_only=True):
    """
    A part of what one session or one spawn used, priced alike.

    Attributes:
        unit: Which one; any text that tells it from others of its role.
        counted: Its exchanges, added up.
    """

    unit: str
    counted: Counted


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """
    What of a type's exchanges is not dollars.

    Attributes:
        sessions: Conversations they belong to.
        errors: Calls that failed.
        replayable: Calls that can be asked of another model as they were.
        answered: Those of them whose answer is in the log: it need not be paid again.
        first: Seconds since 1970.
        latency_s: Median, and the 95th of a hundred; None where not told.
        output_tokens: As ``latency_s``.
        prompt_tokens: As ``latency_s``.
        by_hour: Calls by hour of the day, UTC; 24 of them.
        earlier: Calls in the first half of the time looked at.
        later: Calls in the second half.
    """

    sessions: int = 0
    spawns: int = 0
    errors: int = 0
    replayable: int = 0
    answered: int = 0
    first: float | None = None
    last: float | None = None
    latency_s: tuple[float, float] | None = None
    output_tokens: tuple[float, float] | None = None
    prompt_tokens: tuple[float, float] | None = None
    by_hour: tuple[int, ...] = ()
    earlier: int = 0
    later: int = 0


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the index says of a type.

    Attributes:
        versions: How many templates it is made of.
        related: The type it seems to be a version of.
        known: Whether any request like these was seen when the types were learnt.
        catch_all: Its requests have no system prompt at all: it may be several types.
    """

    versions: int = 1
    related: str = ""
    known: bool = True
    catch_all: bool = False


class UpperLimit(msgspec.Struct, frozen=True, kw_only=True):
    """
    What could be saved at most; an upper limit, not a promise.

    Attributes:
        by: A candidate model, or ``batch``, ``cache`` or ``effort``.
        at_most_usd: Over the time looked at, at list price.
        holds_if: What would have to be true.
        dear_calls: Calls whose prompts are so long that the candidate bills them in a dearer band.
        dear_usd: What those would cost there; it is counted in ``at_most_usd``.
    """

    by: str
    at_most_usd: str
    holds_if: str
    dear_calls: int = 0
    dear_usd: str = "0"


class TypeRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One request type, as it is ranked. Dollars are decimal text at list price.

    Attributes:
        share: Of all dollars, in 0..1; None where nothing has a price.
        models: Calls by the model that served.
        dollars: By what they paid for: fresh_input, cache_read, cache_write, output, of which
            thinking, and other.
        long_calls: Calls with prompts over `Ranking.long_from`, whatever their model bills.
        long_prompt_usd: The part of the spend that was billed in a higher band.
        unpriced_calls: Calls of models without a price: not in the spend, and not free.
        untold_calls: Calls whose log tells no usage: likewise.
        checkable_by: The scorer that fits; empty where none does, None where nobody looked.
        savings: Upper limits, candidates first.
        first_lever: The lever that would save more than any candidate; empty where none does.
    """

    type: str
    calls: int
    spend_usd: str
    share: float | None
    model: str
    models: dict[str, int]
    dollars: dict[str, str]
    long_calls: int = 0
    long_prompt_usd: str = "0"
    role: str = "call"
    unpriced_calls: int = 0
    untold_calls: int = 0
    seen: Seen = Seen()
    known: Known = Known()
    checkable_by: str | None = None
    checkable_because: str = ""
    savings: tuple[UpperLimit, ...] = ()
    first_lever: str = ""


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    The traffic of one role: what a decision moves as a whole, and what that costs.

    Attributes:
        role: As `suffice.traffic.types.Role` writes it.
        unit: ``session``, ``spawn`` or ``call``.
        units: How many of them.
        per_unit_usd: On average; None where nothing is priced.
        unit_usd: Of the units that were priced, the median, and the 95th of a hundred.
        dollars: As `TypeRow`.
        types: The dearest types among them, with their dollars.
        long_calls: As `TypeRow`.
        long_prompt_usd: As `TypeRow`.
        latency_s: As `Seen`.
        savings: As `TypeRow`.
    """

    role: str
    unit: str
    calls: int
    units: int
    spend_usd: str
    share: float | None
    per_unit_usd: str | None
    dollars: dict[str, str]
    unit_usd: tuple[str, str] | None = None
    types: tuple[tuple[str, str], ...] = ()
    long_calls: int = 0
    long_prompt_usd: str = "0"
    latency_s: tuple[float, float] | None = None
    savings: tuple[UpperLimit, ...] = ()


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """
    All types of a store, dearest first.

    Attributes:
        long_from: Prompt tokens beyond which some model bills a dearer band; 0 where none does.
    """

    schema: str = "suffice.types"
    version: int = 1
    calls: int = 0
    spend_usd: str = "0"
    first: float | None = None
    last: float | None = None
    prices_dated: str = ""
    long_from: int = 0
    types: tuple[TypeRow, ...] = ()
    agents: tuple[AgentRow, ...] = ()
    daily: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
