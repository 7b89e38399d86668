"""One drawn shadow call: what it asks, and what is known of its pair before it is answered."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from suffice.gateway.attempt import Attempt
from suffice.gateway.bodies import opened_body, whole_message
from suffice.gateway.heads import RequestHead
from suffice.policy.shadowing import Shadow
from suffice.records import ShadowAnswers


@dataclass(slots=True, kw_only=True)
class Job:
    """
    A call that waits to be made.

    Attributes:
        shadow: What was drawn.
        name: Names the pair.
        head: The client's, with its credential.
        request: The client's body.
        served: The attempt whose answer the client got.
        answer: That answer's body, as it came.
    """

    shadow: Shadow
    name: str
    head: RequestHead
    request: bytes
    served: Attempt
    answer: bytes

    @property
    def type(self) -> str:
        """The request type."""
        return self.served.route.type

    @property
    def size(self) -> int:
        """Bytes it holds."""
        return len(self.request) + len(self.answer)


def pair_of(job: Job) -> ShadowAnswers:
    """The pair without the other model's answer, not masked yet; takes its time."""
    shadow, served = job.shadow, job.served
    given = opened_body(job.answer, served.encoding)
    if given is not None and served.streamed:
        given = whole_message(given)
    return ShadowAnswers(
        id=job.name,
        at=served.at,
        type=served.route.type,
        session=f"{shadow.conversation:016x}",
        served_by=shadow.served_by,
        probability=shadow.probability,
        request_id=served.request_id,
        baseline=shadow.rule.baseline,
        candidate=shadow.rule.candidate or "",
        policy_version=served.route.policy_version,
        request=job.request,
        served=given or b"",
        why_missing="" if given is not None else "the served answer cannot be read",
    )


def answered(
    pair: ShadowAnswers, shadow: bytes | None, *, status: int, why: str = "", unbilled: bool = False
) -> ShadowAnswers:
    """
    The pair with what became of its shadow call.

    Args:
        pair: As `pair_of` returns it.
        shadow: The answer, opened; None where there is none.
        status: Its HTTP status.
        why: Why there is no answer.
        unbilled: The provider bills nothing for it.
    """
    missing = why or ("" if shadow is not None else "the answer cannot be read")
    return msgspec.structs.replace(
        pair,
        shadow=shadow,
        shadow_status=status,
        why_missing=pair.why_missing or missing,
        unbilled=unbilled,
    )
