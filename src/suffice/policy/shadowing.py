"""
Which requests a second model answers unseen, and what it is asked.

Before a type's candidate has a share, it answers copies of what the baseline served; afterwards
the baseline answers copies of what the candidate served. At most one call of a session is drawn.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

import msgspec

from suffice.policy.assignment import in_shadow
from suffice.policy.models import spec_of
from suffice.policy.routing import Known, Route, route
from suffice.policy.rules import Policy, TypeRule
from suffice.policy.splice import Edit, Edits
from suffice.policy.view import TYPE_IN_METADATA, RequestView

_NO_REQUEST = b""
_DEEPEST = 8


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """
    A shadow call that is to be made.

    Attributes:
        model: The model that answers unseen.
        served_by: Whose answer the caller gets.
        rule: What drew it.
        conversation: The session's number.
        probability: With what chance the call was drawn.
        has_session: Whether the client itself named the session.
        edits: What makes the request's copy fit the other model, without streaming.
        why_not: Why the drawn call cannot be made; empty where it can.
    """

    model: str
    served_by: Literal["baseline", "candidate"]
    rule: TypeRule
    conversation: int
    probability: float
    has_session: bool
    edits: Edits = Edits()
    why_not: str = ""


def shadow_of(
    policy: Policy,
    view: RequestView,
    found: Route,
    *,
    key: bytes,
    version: str,
    learnt: Container[str] = (),
) -> Shadow | None:
    """
    The shadow call that belongs to a served request; None where none was drawn.

    Args:
        policy: That routed it.
        view: The request as the client sent it.
        found: How it was served in the end.
        key: As in `suffice.policy.routing.route`.
        version: The request's ``anthropic-version``.
        learnt: As in `suffice.policy.routing.route`.

    Raises:
        msgspec.DecodeError: The request is not as requests are.
    """
    rule, number = policy.types.get(found.type), found.conversation
    if rule is None or rule.candidate is None or number is None or not rule.shadow:
        return None
    served_by: Literal["baseline", "candidate"] = "candidate" if rule.share else "baseline"
    if found.arm != served_by or not in_shadow(number, _NO_REQUEST, share=rule.shadow, key=key):
        return None
    chance = _chance_at_this_depth(view, number)
    if not chance:
        return None
    drawn = Shadow(
        model=spec_of(rule.candidate if served_by == "baseline" else rule.baseline).model,
        served_by=served_by,
        rule=rule,
        conversation=number,
        probability=rule.shadow * chance,
        has_session=view.has_session,
    )
    if view.history.thinking:
        return msgspec.structs.replace(drawn, why_not="holds thinking of the model that served it")
    edits = _own(view)
    if served_by == "baseline":
        other = route(
            policy.wholly_moved(found.type),
            view,
            key=key,
            version=version,
            learnt=learnt,
            known=Known(type_of=lambda _body: found.type),
        )
        if other.arm != "candidate":
            return msgspec.structs.replace(drawn, why_not=other.reason)
        edits = other.body_edits
    return msgspec.structs.replace(drawn, edits=_whole_answer(edits, view))


def _chance_at_this_depth(view: RequestView, number: int) -> float:
    """
    With what chance a session's one call is the one at this depth; 0.0 where it is not.

    A session of one call has that one. Agents' sessions would otherwise only ever show their
    first step: half of them wait for the second, a quarter for the third, and so on.
    """
    if not (view.has_tools and view.has_session):
        return 1.0
    depth = sum(message.get("role") == "assistant" for message in view.messages)
    # The lowest bits: assignment and drawing look at the highest ones, or hash anew.
    wanted = min((~number & (number + 1)).bit_length() - 1, _DEEPEST)
    return 0.5 ** (wanted + 1) if depth == wanted else 0.0


def _own(view: RequestView) -> Edits:
    """The client's own request, without what is meant for us."""
    ours = (Edit(("metadata", TYPE_IN_METADATA), "drop"),) if view.has_metadata_type else ()
    return Edits(ours, view.large_parts)


def _whole_answer(edits: Edits, view: RequestView) -> Edits:
    """Nobody waits for the first word, and one whole message is easier to compare."""
    if not view.stream:
        return edits
    return Edits((*edits.changes, Edit(("stream",), "drop")), edits.large)
