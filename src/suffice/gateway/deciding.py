"""The policy in force, applied to one request; with what refusals and failures have taught."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from suffice.errors import UnfitEdit
from suffice.gateway.breaker import Breaker
from suffice.policy.placements import Placements
from suffice.policy.routing import BreakEven, Known, Route, route
from suffice.policy.rules import Policy
from suffice.policy.splice import Edits, splice
from suffice.policy.view import TYPE_IN_METADATA, RequestView

_MOST_SHAPES = 10_000
_PLACEMENT_BYTES = 1 << 20  # 131,072 conversations


class Learnt:
    """
    Shapes of requests a candidate refused although it should have taken them.

    Args:
        capacity: Beyond it the oldest is forgotten, and may be tried again.

    >>> learnt = Learnt(capacity=1)
    >>> learnt.add("a"); learnt.add("b")
    >>> "a" in learnt, "b" in learnt
    (False, True)
    """

    def __init__(self, *, capacity: int = _MOST_SHAPES) -> None:
        self._capacity = capacity
        self._shapes: dict[str, None] = {}

    def __contains__(self, shape: object) -> bool:
        """Whether it was refused."""
        return shape in self._shapes

    def __len__(self) -> int:
        """How many."""
        return len(self._shapes)

    def add(self, shape: str) -> None:
        """It was refused."""
        if len(self._shapes) >= self._capacity:
            self._shapes.pop(next(iter(self._shapes)))
        self._shapes[shape] = None


class Decider:
    """
    Decides where requests go.

    Args:
        key: The installation's secret for assignment.
        now: The clock, asked only where a rule speaks of time.
        break_even: Prices the move of a warm prefix; None: such a prefix never moves.
        policy: In force; None: every request goes where it asks to.
        room: Bytes that remember who answered which conversation; shared between workers.
    """

    def __init__(
        self,
        *,
        key: bytes,
        now: Callable[[], datetime],
        break_even: BreakEven | None = None,
        policy: Policy | None = None,
        room: bytearray | memoryview | None = None,
    ) -> None:
        self._key, self._now, self._break_even = key, now, break_even
        self.policy = policy
        self.learnt = Learnt()
        self.breaker = Breaker()
        self.placements = Placements(room if room is not None else bytearray(_PLACEMENT_BYTES))

    def decide(self, view: RequestView, *, version: str, now: float) -> Route:
        """
        Where a request goes.

        Args:
            view: The request.
            version: Its ``anthropic-version``.
            now: Monotonic seconds, for the breaker.
        """
        policy = self.policy
        if policy is None or not policy.types:
            return self._routed(policy, view, version, Known())
        known = Known(at=self._now(), memory=self.placements, break_even=self._break_even)
        found = self._routed(policy, view, version, known)
        if found.arm == "candidate" and not self.breaker.allows(found.model, now=now):
            return fallen_back(found, f"{found.model} is not answering")
        return found

    def stand_in(self, found: Route, view: RequestView, *, version: str) -> Route | None:
        """
        The candidate in place of a baseline that fails; None unless the rule allows it.

        Only a rollout that is done and says so, and only where the conversation is not within a
        tool loop: its baseline failed, which is no reason to break it.
        """
        policy = self.policy
        rule = policy.types.get(found.type) if policy is not None else None
        if policy is None or rule is None or not (rule.done and rule.stand_in):
            return None
        if found.arm != "baseline" or view.in_tool_loop:
            return None
        whole = msgspec.structs.replace(rule, share=1.0, ramped=None)
        forced = msgspec.structs.replace(policy, types={found.type: whole})
        known = Known(at=self._now(), break_even=self._break_even)
        again = self._routed(forced, view, version, known)
        if again.arm != "candidate":
            return None
        return msgspec.structs.replace(again, reason=f"stands in for {found.model}")

    def _routed(
        self, policy: Policy | None, view: RequestView, version: str, known: Known
    ) -> Route:
        return route(policy, view, key=self._key, version=version, learnt=self.learnt, known=known)


def fallen_back(found: Route, reason: str) -> Route:
    """The same request to the model it asked for, with nothing changed but a field of ours."""
    ours = ("metadata", TYPE_IN_METADATA)
    kept = tuple(edit for edit in found.body_edits.changes if edit.path == ours)
    return msgspec.structs.replace(
        found,
        model=found.requested,
        arm="baseline",
        reason=reason,
        body_edits=Edits(kept, found.body_edits.large),
        shape="",
        changes=(),
    )


def body_for(found: Route, body: bytes) -> tuple[Route, bytes]:
    """
    The body to send, and the route that it then takes.

    A change that does not fit is no reason to fail: the request goes on as it came.
    """
    if not found.body_edits:
        return found, body
    try:
        return found, splice(body, found.body_edits)
    except UnfitEdit:
        return fallen_back(found, "its body could not be changed safely"), body
