"""The policy in force, applied to one request; with what refusals and failures have taught."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from suffice.errors import UnfitEdit
from suffice.gateway.breaker import Breaker
from suffice.gateway.memory import Learnt, Room, open_room
from suffice.policy.placements import Placements
from suffice.policy.plain_turns import PlainTurns
from suffice.policy.routing import BreakEven, Known, Route, route
from suffice.policy.rules import Policy
from suffice.policy.shadowing import Shadow, shadow_of
from suffice.policy.splice import Edits, splice
from suffice.policy.view import TYPE_IN_METADATA, RequestView

_DAY_S = 86_400


class Decider:
    """
    Decides where requests go.

    Args:
        key: The installation's secret for assignment; None where it cannot be had: then every
            request goes where it asks to.
        now: The clock, asked only where a rule speaks of time.
        break_even: Prices the move of a warm prefix; None: such a prefix never moves.
        policy: In force; None: every request goes where it asks to.
        room: What workers remember together; its own if not given.
        type_of: A request's body -> its type, asked only where neither the client nor the policy
            names one.
        on_fault: Told of a mistake of our own that made a request go where it asked to.
    """

    def __init__(
        self,
        *,
        key: bytes | None,
        now: Callable[[], datetime],
        break_even: BreakEven | None = None,
        policy: Policy | None = None,
        room: Room | None = None,
        type_of: Callable[[bytes], str | None] | None = None,
        on_fault: Callable[[Exception], None] | None = None,
    ) -> None:
        self._key, self._now, self._break_even = key, now, break_even
        self._type_of, self._on_fault = type_of, on_fault
        self._plain_turns = PlainTurns(key or b"")
        self.policy = policy
        held = room or open_room()
        self.learnt = Learnt(held.learnt, today=lambda: int(now().timestamp() // _DAY_S))
        self.breaker = Breaker(held.health)
        self.placements = Placements(held.placements)

    @property
    def trouble(self) -> str:
        """Why nothing is routed whatever the policy says; empty where all is well."""
        return "" if self._key is not None else "the assignment key cannot be read"

    def decide(self, view: RequestView, *, version: str, now: float) -> Route:
        """
        Where a request goes; never raises.

        Args:
            view: The request.
            version: Its ``anthropic-version``.
            now: Monotonic seconds, for the breaker.
        """
        try:
            return self._decided(view, version=version, now=now)
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with us, the client is served
            self._tell(fault)
            return Route(model=view.model, requested=view.model, reason="deciding failed")

    def changed(self, found: Route, body: bytes) -> tuple[Route, bytes]:
        """
        The body to send, and the route that it then takes; never raises.

        A change that does not fit is no reason to fail: the request goes on as it came.
        """
        if not found.body_edits:
            return found, body
        try:
            return found, splice(body, found.body_edits)
        except UnfitEdit:
            pass
        except Exception as fault:  # noqa: BLE001 - as in decide
            self._tell(fault)
        return fallen_back(found, "its body could not be changed safely"), body

    def _tell(self, fault: Exception) -> None:
        if self._on_fault is not None:
            self._on_fault(fault)

    def _decided(self, view: RequestView, *, version: str, now: float) -> Route:
        policy = self.policy
        if policy is None or not policy.types or self._key is None:
            return self._routed(policy, view, version, Known(type_of=self._type_of))
        turn = self._plain_turns.read(policy, view, version=version, memory=self.placements)
        found = None if turn is None else self._plain_turns.route(turn, learnt=self.learnt)
        if found is None:
            known = Known(
                at=self._now(),
                memory=self.placements,
                break_even=self._break_even,
                type_of=self._type_of,
            )
            found = self._routed(policy, view, version, known)
            if turn is not None:
                self._plain_turns.note(turn, found)
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
        known = Known(at=self._now(), break_even=self._break_even, type_of=lambda _body: found.type)
        try:
            again = self._routed(policy.wholly_moved(found.type), view, version, known)
        except Exception as fault:  # noqa: BLE001 - as in decide
            self._tell(fault)
            return None
        if again.arm != "candidate":
            return None
        return msgspec.structs.replace(again, reason=f"stands in for {found.model}")

    def shadow_of(self, view: RequestView, found: Route, *, version: str) -> Shadow | None:
        """The shadow call of a request served so; None where there is none."""
        policy, key = self.policy, self._key
        rule = policy.types.get(found.type) if policy is not None else None
        if policy is None or key is None or rule is None or not rule.shadow:
            return None
        return shadow_of(policy, view, found, key=key, version=version, learnt=self.learnt)

    def _routed(
        self, policy: Policy | None, view: RequestView, version: str, known: Known
    ) -> Route:
        if self._key is None:
            found = route(None, view, key=b"", version=version, known=known)
            return msgspec.structs.replace(found, reason=self.trouble)
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
        served_as=found.requested,
        shape="",
        changes=(),
    )
