"""What tells one conversation from another: what its client calls it, else what was said first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from suffice.policy.bodies import Message, Metadata

SESSION_HEADER = "x-suffice-session"
_CLAUDE_CODE_SESSION = "x-claude-code-session-id"
_CLAUDE_CODE_AGENT = "x-claude-code-agent-id"
_SESSION_IN_USER_ID = re.compile(r"(?:^|_)session_([0-9A-Za-z][0-9A-Za-z-]{7,})$")


def named_conversation(
    headers: Mapping[str, str], metadata: Metadata | None
) -> tuple[bytes, ...] | None:
    """
    What the client itself calls a conversation; None where it gives it no name.

    Our own session header, then Claude Code's (with its agent, which is a conversation of its
    own), then a session within ``metadata.user_id``.
    """
    if session := headers.get(SESSION_HEADER):
        return (b"session", session.encode())
    if session := headers.get(_CLAUDE_CODE_SESSION):
        agent = headers.get(_CLAUDE_CODE_AGENT, "")
        return (b"claude-code", session.encode(), agent.encode())
    if metadata and metadata.user_id and (session := _session_in(metadata.user_id)):
        return (b"user-id", session.encode())
    return None


def first_words(messages: Sequence[Message]) -> tuple[bytes, ...]:
    """What was said before a model spoke; the same as text or as blocks, marked or not."""
    words = [b"first"]
    for message in messages:
        if message.get("role") == "assistant":
            break
        content = message.get("content", "")
        if isinstance(content, str):
            words.append(content.encode())
            continue
        for block in content:
            if "text" in block:
                text = msgspec.json.decode(block["text"])
                words.append(text.encode() if isinstance(text, str) else bytes(block["text"]))
            elif "source" in block:
                words.append(bytes(block["source"]))
    return tuple(words)


def _session_in(user_id: str) -> str | None:
    if user_id.startswith("{"):
        try:
            return _SESSION_IN_JSON.decode(user_id).session_id or None
        except msgspec.DecodeError:
            return None
    if "session_" not in user_id:
        return None
    found = _SESSION_IN_USER_ID.search(user_id)
    return found[1] if found else None


class _UserId(msgspec.Struct):
    session_id: str | None = None


_SESSION_IN_JSON = msgspec.json.Decoder(_UserId)
