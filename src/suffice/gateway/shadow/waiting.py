"""A shadow call made ready to wait for its batch: what it asks, and its masked facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from suffice.errors import SufficeError
from suffice.gateway.bodies import masked_body
from suffice.gateway.shadow.job import Job, pair_of
from suffice.policy.batching import why_not_batched
from suffice.policy.splice import splice
from suffice.records import SentCall

# Far below the provider's bound of 256 MB: what is written down of a batch is encoded in one go,
# and requests would feel more than some milliseconds of it.
_MOST_SENT_BYTES = 4 * 1024 * 1024

Most = Callable[[bytes, str], int | None]


class Headers(NamedTuple):
    """What calls of one batch must have in common."""

    version: str
    betas: str


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """
    A call that is ready to be sent.

    Attributes:
        params: What it asks.
        call: Its masked facts.
        since: When it began to wait, in seconds of the event loop.
        most: What it may cost at most, in 1e-12 dollars; None where nothing bounds it.
    """

    params: bytes
    call: SentCall
    since: float
    most: int | None

    @property
    def size(self) -> int:
        """Bytes it holds."""
        return len(self.params) + len(self.call.pair.request) + len(self.call.pair.served)


def made_ready(job: Job, since: float, *, most: Most) -> Waiting | str:
    """
    What is sent and kept of a call; or why it fits no batch. Takes its time.

    Args:
        job: The call.
        since: When it began to wait.
        most: What a request may cost at most at a model, in 1e-12 dollars.
    """
    try:
        params = splice(job.request, job.shadow.edits)
    except SufficeError:
        return "its body cannot be changed safely"
    why = why_not_batched(params)
    if why:
        return why
    pair = pair_of(job)
    pair = msgspec.structs.replace(
        pair, request=masked_body(pair.request), served=masked_body(pair.served)
    )
    return Waiting(
        params=params,
        call=SentCall(
            pair=pair,
            requested=job.served.route.requested,
            model=job.shadow.model,
            request_bytes=len(params),
        ),
        since=since,
        most=most(params, job.shadow.model),
    )


def headers_of(job: Job) -> Headers:
    """What its batch is sent with."""
    told = job.head.text
    betas = {beta.strip() for beta in told.get("anthropic-beta", "").split(",")} - {""}
    # Those speak of the caller's credential, which does not come along.
    asked = sorted(beta for beta in betas if not beta.startswith("oauth-"))
    return Headers(told.get("anthropic-version", ""), ",".join(asked))


def next_part(waiting: Collection[Waiting], *, most: int) -> list[Waiting]:
    """As many as one batch holds, at least one."""
    part: list[Waiting] = []
    size = 0
    for each in waiting:
        size += len(each.params)
        if part and (len(part) >= most or size > _MOST_SENT_BYTES):
            break
        part.append(each)
    return part


def batch_body(part: Mapping[str, Waiting]) -> bytes:
    """The batch as JSON, each request as its caller wrote it but for what had to be changed."""
    items = (
        b'{"custom_id":"%b","params":%b}' % (id_.encode(), each.params)
        for id_, each in part.items()
    )
    return b'{"requests":[%b]}' % b",".join(items)


def together(waiting: Iterable[Waiting]) -> int:
    """What calls may cost at most together, as far as that is bounded."""
    return sum(each.most or 0 for each in waiting)
