"""Conversations the strict fake holds, so that a request brings only what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from suffice.testing.admission import Problem, invalid

_LIFE = timedelta(minutes=5)
# What a thread keeps from its beginning: a later request leaves it out or says the same.
_KEPT = ("model", "system", "tools")


class _Held(msgspec.Struct, kw_only=True):
    body: dict[str, Any]
    expires_at: datetime
    continued: bool = False


class Threads:
    """
    The threads of one fake, by the id of their newest answer.

    Args:
        now: The clock; a thread is forgotten five minutes after its last request.
    """

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._held: dict[str, _Held] = {}

    def whole(self, body: dict[str, Any]) -> dict[str, Any]:
        """
        A request with what its thread holds; the request itself where it has none.

        Raises:
            Problem: The thread cannot be continued by it.
        """
        thread = body.get("thread")
        if thread is None:
            return body
        kind = thread.get("type") if isinstance(thread, Mapping) else None
        if kind == "create":
            return body
        if kind != "continue" or not isinstance(thread.get("previous_message_id"), str):
            raise invalid("thread: Input should be a 'create' or a 'continue'")
        held = self._find(thread["previous_message_id"])
        changed = [
            field for field in _KEPT if field in body and body[field] != held.body.get(field)
        ]
        if changed:
            raise invalid(
                f"{', '.join(changed)}: differs from the value stored with the thread",
                code="thread_fingerprint_mismatch",
            )
        if held.continued:
            raise invalid(
                "previous_message_id has already been continued", code="thread_already_continued"
            )
        kept = {field: held.body[field] for field in _KEPT if field in held.body}
        return {**body, **kept, "messages": [*held.body["messages"], *body.get("messages", ())]}

    def keep(self, whole: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        """Hold a conversation with its newest answer, if its request asked for that."""
        thread = whole.get("thread")
        if thread is None or message["stop_reason"] == "refusal":
            return
        if thread["type"] == "continue":
            self._held[thread["previous_message_id"]].continued = True
        said = {"role": "assistant", "content": message["content"]}
        self._held[message["id"]] = _Held(
            body={**whole, "messages": [*whole["messages"], said]},
            expires_at=self._now() + _LIFE,
        )

    def _find(self, id_: str) -> _Held:
        held = self._held.get(id_)
        if held is None or self._now() >= held.expires_at:
            raise Problem(
                404,
                "not_found_error",
                f"No thread was found for {id_}",
                code="thread_not_found",
            )
        return held
