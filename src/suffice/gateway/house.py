"""What all connections of one worker share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from suffice.gateway.books import Books
from suffice.gateway.callers import Callers
from suffice.gateway.deciding import Decider
from suffice.gateway.keys import Keys
from suffice.gateway.limits import Limits
from suffice.gateway.log import Log
from suffice.gateway.prompts import Prompts
from suffice.gateway.shadow.calls import Shadows
from suffice.gateway.upstream import Pool

if TYPE_CHECKING:
    from suffice.gateway.client import ClientConnection
    from suffice.gateway.feedback import FeedbackFolder


@dataclass(slots=True, kw_only=True)
class House:
    """
    One worker's shared parts.

    Attributes:
        pool: Connections to the upstream.
        limits: What may be taken.
        loop: The event loop.
        decider: Where requests go.
        books: What is written down.
        shadows: Makes shadow calls; None: none are made.
        prompts: Sees which prompts requests come with; None: nobody does.
        callers: Whom the provider served.
        feedback: Keeps what clients say of answers; None: it is refused.
        render_metrics: The page of figures.
        log: Where it tells what happens.
        on_fault: Told of a mistake of our own beside an answer, which is served all the same.
        keys: Who may use it; None: whoever reaches it.
        clients: Who is connected.
        crowded_until: Until then nobody looks whether any of them could make room.
        held_bytes: Bodies held for routing at this moment.
        public_url: Under which clients know the gateway; empty: what they say in Host.
        names: By which its own pages are asked for where nothing else keeps strangers out; None:
            by any.
        now: The clock.
        draining: No new work is taken; what is under way is finished.
    """

    pool: Pool
    limits: Limits
    loop: asyncio.AbstractEventLoop
    decider: Decider
    books: Books
    shadows: Shadows | None = None
    prompts: Prompts | None = None
    callers: Callers = field(default_factory=Callers)
    feedback: FeedbackFolder | None = None
    render_metrics: Callable[[], bytes] = bytes
    keys: Keys | None = None
    log: Log = field(default_factory=Log)
    on_fault: Callable[[Exception], None] = lambda _: None
    clients: set[ClientConnection] = field(default_factory=set)
    crowded_until: float = 0.0
    held_bytes: int = 0
    public_url: str = ""
    names: frozenset[str] | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251 - the edge holds the clock
    draining: bool = False
