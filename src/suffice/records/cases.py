"""A case, and a model's answer to it."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from suffice.records.usage import Usage


class FailureKind(enum.StrEnum):
    """
    Why there is no usable answer or no score.

    The first three are the model's doing and score 0 for its arm; the last two
    are nobody's answer and are missing.
    """

    REFUSAL = "refusal"
    CUT = "cut"
    UNPARSEABLE = "unparseable"
    TRANSPORT = "transport"
    SCORER = "scorer"

    @property
    def is_missing(self) -> bool:
        """Whether the pair is left out and counted, rather than scored 0."""
        return self in {FailureKind.TRANSPORT, FailureKind.SCORER}


class Failure(msgspec.Struct, frozen=True):
    """A failure as a value: counted, shown, never silently a score."""

    kind: FailureKind
    message: str = ""


# gc=False on what is made a million times: none of these can be part of a circle.
class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    What one model returned for one case.

    Attributes:
        text: All text blocks joined; empty for a pure tool call.
        blocks: The content blocks as the provider sent them; None where only text was recorded.
        stop_reason: The provider's own word; None where not recorded.
        usage: None where not recorded.
        latency_s: Seconds from sending to the last byte; None where not recorded.
        failure: Set where the answer is not usable.
        served_model: The model named in the response; None where not recorded.
        request_id: The provider's id of the exchange; None where not recorded.
    """

    text: str = ""
    blocks: tuple[dict[str, Any], ...] | None = None
    stop_reason: str | None = None
    usage: Usage | None = None
    latency_s: float | None = None
    failure: Failure | None = None
    served_model: str | None = None
    request_id: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One request chosen for a comparison, with whatever is already known of its answers.

    Attributes:
        id: Unique within its file.
        type: The request type.
        request: The Anthropic request body without ``model``; empty where only grades exist.
        reference: The right answer; None where unknown.
        group: Session or customer; at most one case of a group counts.
        meta: Anything else the file says of the case.
        answers: Recorded answers by arm name (see `ModelSpec.name`).
        outcomes: Grades already given, by arm name, each in [0, 1].
        assertions: Checks that came with the case (promptfoo's form).
        line: Where in its file the case stands, from 1; 0 where it has no line.
    """

    id: str
    type: str
    request: dict[str, Any] = {}
    reference: Any = None
    group: str | None = None
    meta: dict[str, Any] = {}
    answers: dict[str, Answer] = {}
    outcomes: dict[str, float] = {}
    assertions: tuple[dict[str, Any], ...] = ()
    line: int = 0


class BrokenCase(msgspec.Struct, frozen=True):
    """A line that is no case: where it stands and why."""

    line: int
    reason: str
