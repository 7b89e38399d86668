"""
What became of turns that differ in nothing but their words, remembered.

An application sends the same few requests again and again with another text in them. Where user
and assistant have said nothing but plain text, what was said decides nothing but the
conversation's number; which side has the conversation, the rest of the body and the headers that
routing reads decide everything else, and how the body is to change. So the route, and the changed
bytes before and behind the messages, are looked up by them.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

import msgspec

from suffice.errors import UnfitEdit
from suffice.policy.assignment import conversation_number, is_under
from suffice.policy.placements import Memory
from suffice.policy.routing import NOT_IN_SHARE, Route, served_by
from suffice.policy.rules import Policy, TypeRule
from suffice.policy.splice import WORTH_MEASURING, Edits, splice
from suffice.policy.view import RequestView

_MOST_KNOWN = 256
_MOST_SEEN = 4_096
# Stands for the messages while the rest is changed; a body that holds it is not remembered.
_MARK = b'["\\u0000 the messages stand here \\u0000"]'

# Which side has the conversation so far, and whether it is within the share.
_Standing = tuple[Literal["baseline", "candidate"] | None, bool]
# Everything but the messages: the bytes before and behind them, the headers routing reads, and how
# the conversation stands.
_Frame = tuple[bytes, bytes, str, str, str, _Standing]


class PlainTurn(msgspec.Struct, frozen=True, gc=False):
    """
    A turn of a conversation in plain text.

    Attributes:
        number: The conversation's.
        frame: Everything of the request but its messages.
        messages: As they stand in the body.
    """

    number: int
    frame: _Frame
    messages: bytes


class _Known(msgspec.Struct, frozen=True, gc=False):
    """
    A route, but for its conversation.

    Attributes:
        route: Its edits are made already in what follows.
        before: What stands before the messages once changed.
        behind: What stands behind them.
        longest: The longest body for which it was found: what fits is no reason to refuse less.
    """

    route: Route
    before: bytes
    behind: bytes
    longest: int


class PlainTurns:
    """
    Remembers routes of one policy at a time, a few hundred of them.

    Args:
        key: The installation's secret for assignment.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._policy: Policy | None = None
        self._known: dict[_Frame, _Known] = {}
        self._seen: set[int] = set()

    def __len__(self) -> int:
        """How many routes are remembered."""
        return len(self._known)

    def read(
        self, policy: Policy, view: RequestView, *, version: str, memory: Memory | None = None
    ) -> PlainTurn | None:
        """
        The request as a turn of plain text; None where it is none, or must be routed anew.

        Args:
            policy: In force; another one than before, and nothing is remembered any more.
            view: The request.
            version: Its ``anthropic-version``.
            memory: Who remembers which model last answered a conversation.
        """
        if policy is not self._policy:
            self._policy = policy
            self._known.clear()
            self._seen.clear()
        if view.length > WORTH_MEASURING or policy.expires is not None:
            return None
        try:
            kind = view.explicit_type
            if not kind and policy.lookup:
                kind = policy.lookup.get(view.fingerprint)
            rule = policy.types.get(kind) if kind else None
            if kind is None or rule is None or rule.candidate is None:
                return None
            if not view.is_plain_talk:
                return None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        number = conversation_number(self._key, type=kind, parts=view.conversation)
        standing = (
            served_by(rule, view, number=number, memory=memory),
            is_under(number, rule.share),
        )
        if _may_move(rule, standing) or (_may_stay(rule, standing) and view.is_ongoing):
            return None
        before, messages, behind = view.around_messages
        frame = (before, behind, kind, version, view.betas, standing)
        return PlainTurn(number, frame, messages)

    def route(self, turn: PlainTurn, *, learnt: Container[str]) -> Route | None:
        """The turn's route, if one like it is remembered and nothing was learnt against it."""
        known = self._known.get(turn.frame)
        if known is None or len(turn.messages) > known.longest:
            return None
        found, edits = known.route, known.route.body_edits
        if found.shape and found.shape in learnt:
            return None
        if edits:
            whole = known.before + turn.messages + known.behind
            edits = Edits(edits.changes, result=whole)
        return Route(
            model=found.model,
            requested=found.requested,
            type=found.type,
            arm=found.arm,
            reason=found.reason,
            policy_version=found.policy_version,
            body_edits=edits,
            conversation=turn.number,
            served_as=found.served_as,
            shape=found.shape,
            changes=found.changes,
        )

    def note(self, turn: PlainTurn, found: Route) -> None:
        """
        Remember how a turn was routed, once it is seen that there are others like it.

        Only what rests on the frame alone: the candidate where the conversation is its own, else
        the baseline.
        """
        served, is_within = turn.frame[-1]
        is_candidates = served == "candidate" or (served is None and is_within)
        if found.conversation != turn.number or (found.arm == "candidate") is not is_candidates:
            return
        if served != "candidate" and not is_within and found.reason != NOT_IN_SHARE:
            # Why it does not fit may rest on how long it is.
            return
        seen = hash(turn.frame)
        if seen not in self._seen:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen.add(seen)
            return
        changed = _around(turn, found.body_edits)
        if changed is None:
            return
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[turn.frame] = _Known(found, *changed, longest=len(turn.messages))


def _may_move(rule: TypeRule, standing: _Standing) -> bool:
    """Whether what a move costs decides, and with it the words."""
    return standing == ("baseline", True) and rule.guards.ongoing != "stay"


def _may_stay(rule: TypeRule, standing: _Standing) -> bool:
    """Whether the time decides, should a model have spoken already: the share grew since."""
    return standing == (None, True) and rule.ramped is not None


def _around(turn: PlainTurn, edits: Edits) -> tuple[bytes, bytes] | None:
    """What stands before and behind the messages after the edits; None where that is not sure."""
    before, behind = turn.frame[:2]
    if not edits:
        return before, behind
    body = before + turn.messages + behind
    try:
        parts = splice(before + _MARK + behind, edits.changes).split(_MARK)
        is_sure = len(parts) == 2 and turn.messages.join(parts) == splice(body, edits.changes)  # noqa: PLR2004 - before and behind
    except UnfitEdit:
        return None
    return (parts[0], parts[1]) if is_sure else None
