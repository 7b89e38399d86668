"""
`POST /v1/suffice/feedback`: what somebody thought of an answer. The upstream never hears of it.

It is written to a small private file beside requests and taken in by the monitor; a flood is
refused, so it fills no disk.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from typing_extensions import override

from suffice.gateway.answers import error, reply
from suffice.gateway.callers import has_room
from suffice.gateway.heads import RequestHead
from suffice.gateway.house import House
from suffice.gateway.relay import Relay
from suffice.gateway.whole_files import put_whole
from suffice.policy.masking import mask_text
from suffice.records import Feedback

if TYPE_CHECKING:
    from suffice.gateway.client import ClientConnection

OWN = b"/v1/suffice/"
FEEDBACK = OWN + b"feedback"
_SUFFIX = ".json"
_MOST_BYTES = 16 * 1024
_MOST_FILES = 10_000
_LOOK_S = 5.0
# A name is its moment, whose it is, and what makes it the only one.
_PARTS, _WHOSE_BYTES = 3, 4


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    request_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    good: bool
    note: Annotated[str, msgspec.Meta(max_length=4_000)] = ""


class FeedbackFolder:
    """
    Keeps what was said until the monitor takes it in, one file each.

    Args:
        folder: Made when first needed.
        most_files: Beyond it nothing more is taken until some were read; nobody gets more of them
            than he leaves to others.
    """

    def __init__(self, folder: Path, *, most_files: int = _MOST_FILES) -> None:
        self.folder = folder
        self._most_files = most_files
        self._held: Counter[str] = Counter()
        self._looked_at = float("-inf")

    def leave(self, found: Feedback, *, caller: str) -> bool:
        """
        Keep a word; False where there is no room or no disk for it. Blocks.

        Args:
            found: What was said.
            caller: Who said it; `STRANGER` for all whom nobody knows.
        """
        now = time.monotonic()
        if now - self._looked_at > _LOOK_S:
            self._looked_at = now
            names = (file.name.split("-") for file in self.folder.glob(f"*{_SUFFIX}"))
            self._held = Counter(parts[1] for parts in names if len(parts) == _PARTS)
        whose = blake2b(caller.encode(), digest_size=_WHOSE_BYTES).hexdigest()
        # Names sort by time: of two words on one answer the later one holds.
        name = f"{time.time_ns():020d}-{whose}-{secrets.token_hex(4)}{_SUFFIX}"
        if not has_room(self._held, whose, most=self._most_files) or not put_whole(
            self.folder / name, msgspec.json.encode(found)
        ):
            return False
        self._held[whose] += 1
        return True


class FeedbackTurn(Relay):
    """A request to the gateway's own part of the API; the upstream hears nothing of it."""

    def __init__(self, client: ClientConnection, head: RequestHead, house: House) -> None:
        super().__init__(client, head, house)
        self._body = b""
        self._refused = self._gone = False
        self._keeping: asyncio.Task[None] | None = None

    @override
    def begin(self) -> None:
        """Nothing is asked of anybody."""

    @override
    def body(self, data: bytes) -> None:
        """Hold a piece of the body, up to a bound that any word fits into."""
        if self._refused:
            return
        self._body += data
        if len(self._body) > _MOST_BYTES:
            self._refused = True
            message = f"feedback takes at most {_MOST_BYTES:,} bytes."
            self.client.refuse(error(413, message, reason="feedback", close=True))

    @override
    def body_complete(self) -> None:
        """Keep what was said, beside requests."""
        said = self._read()
        if said is not None:
            # Masking and writing take their time.
            self._keeping = self.house.loop.create_task(self._keep(said))

    @override
    def client_gone(self) -> None:
        """Nobody waits for the answer; the word is kept all the same."""
        self._gone = True

    def _read(self) -> _Said | None:
        if self.head.path != FEEDBACK:
            self._answer(error(404, "there is nothing here.", reason="feedback"))
        elif self.method != b"POST":
            self._answer(error(405, "feedback is posted.", reason="feedback"))
        elif not self.head.fields.get(b"content-type", b"").startswith(b"application/json"):
            # A page in a browser cannot send that to another address without asking first.
            self._answer(error(400, "feedback is application/json.", reason="feedback"))
        else:
            try:
                return _DECODER.decode(self._body)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                wanted = 'feedback is {"request_id": "req_...", "good": true, "note": "..."}.'
                self._answer(error(400, wanted, reason="feedback"))
        return None

    async def _keep(self, said: _Said) -> None:
        by = self.key.id if self.key is not None else ""
        at = self.house.now().timestamp()
        caller = by or self.house.callers.known(self.house.books.key_of(self.head))
        found = Feedback(request_id=said.request_id, good=said.good, at=at, note=said.note, by=by)
        kept = await asyncio.to_thread(_kept, self.house.feedback, found, caller=caller)
        if self._gone:
            return
        if kept:
            body = msgspec.json.encode({"request_id": said.request_id, "good": said.good})
            self._answer(reply(200, body))
        else:
            self._answer(error(503, "feedback cannot be kept now.", reason="feedback"))

    def _answer(self, answer: bytes) -> None:
        self.client.write(answer)
        self.client.answered(whole_request=True)


def _kept(folder: FeedbackFolder | None, found: Feedback, *, caller: str) -> bool:
    if folder is None:
        return False
    masked = msgspec.structs.replace(found, note=mask_text(found.note))
    return folder.leave(masked, caller=caller)


_DECODER = msgspec.json.Decoder(_Said)
