"""What a request says, as text."""

from __future__ import annotations

import re
from typing import Any

from suffice.scoring.reading import as_text

_OPTION = re.compile(r"^\s*\(?([A-Z])[).:]\s+\S", re.MULTILINE)


def text_of(content: Any) -> str:
    r"""
    The text of a message's content: a string, or text blocks joined.

    >>> text_of([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}])
    'a\nb'
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [block.get("text") for block in content if isinstance(block, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def last_user_text(request: dict[str, Any]) -> str:
    """The last user turn of a request, as text; empty where there is none."""
    messages = request.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            return text_of(message.get("content"))
    return ""


def conversation(request: dict[str, Any]) -> str:
    """A request as a person would read it: system prompt, then the turns."""
    lines = [text_of(request.get("system"))]
    messages = request.get("messages")
    lines.extend(
        f"[{message.get('role', '')}]\n{_shown(message.get('content'))}"
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, dict)
    )
    return "\n\n".join(line for line in lines if line)


def _shown(content: Any) -> str:
    """As `text_of`, with a word in place of what is no text."""
    if not isinstance(content, list):
        return text_of(content)
    blocks = [block for block in content if isinstance(block, dict)]
    return "\n".join(
        str(block.get("text", "")) if block.get("type") == "text" else _in_words(block)
        for block in blocks
    )


def _in_words(block: dict[str, Any]) -> str:
    match block.get("type"):
        case "tool_use":
            return f"[calls {block.get('name')} with {as_text(block.get('input'))}]"
        case "tool_result":
            return f"[tool result] {text_of(block.get('content'))}"
        case kind:
            return f"[{kind}, not shown]"


def lettered_options(text: str) -> int:
    r"""
    How many lettered options, from A on, a question offers; 0 where it offers fewer than two.

    >>> lettered_options("Which?\nA. red\nB. green\nC. blue\nAnswer:")
    3
    """
    count = 0
    for letter in _OPTION.findall(text):
        if ord(letter) == ord("A") + count:
            count += 1
        elif letter == "A":
            count = 1
    return count if count > 1 else 0
