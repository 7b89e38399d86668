"""One try at an answer, as whoever keeps the accounts is told of it."""

from __future__ import annotations

import msgspec

from suffice.adapters.providers.faults import Fault
from suffice.records import Answer, ModelSpec, Usage


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """
    One try at an answer, told to whoever keeps the accounts.

    Attributes:
        arm: The arm's whole name.
        case_id: The case.
        number: From 1.
        outcome: ``answered``, ``retried`` or ``failed``.
        reason: Why there was no answer; empty where there was one.
        status: The HTTP status; None where none was received.
        may_be_billed: The provider did the work, or may have.
        usage: What was told of it; None where nothing was, though it may be billed.
    """

    arm: str
    case_id: str
    number: int
    outcome: str
    reason: str = ""
    status: int | None = None
    may_be_billed: bool
    usage: Usage | None = None


def attempt_of(
    outcome: Answer | Fault, *, arm: ModelSpec, case_id: str, number: int, again: bool
) -> Attempt:
    """The record of a try, by what came of it."""
    if isinstance(outcome, Answer):
        return Attempt(
            arm=arm.name,
            case_id=case_id,
            number=number,
            outcome="answered",
            status=200,
            may_be_billed=True,
            usage=outcome.usage,
        )
    return Attempt(
        arm=arm.name,
        case_id=case_id,
        number=number,
        outcome="retried" if again else "failed",
        reason=outcome.reason,
        status=outcome.status,
        may_be_billed=outcome.may_be_billed,
        usage=outcome.partial.usage if outcome.partial else None,
    )
