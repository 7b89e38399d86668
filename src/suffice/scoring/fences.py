"""Fenced blocks of Markdown, found line by line so that no text can take long."""

from __future__ import annotations

_FENCE = "```"


def fenced_blocks(text: str) -> list[tuple[str, str]]:
    r"""
    Language and content of each fenced block; a block left open runs to the end.

    >>> fenced_blocks("Here:\n```json\n{}\n```\nand\n```\nx")
    [('json', '{}'), ('', 'x')]
    """
    if _FENCE not in text:
        return []
    blocks: list[tuple[str, str]] = []
    language: str | None = None
    body: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith(_FENCE) and language is None:
            word = stripped.strip("`").split(maxsplit=1)
            language, body = word[0].casefold() if word else "", []
        elif stripped.startswith(_FENCE):
            blocks.append((language or "", "\n".join(body)))
            language = None
        elif language is not None:
            body.append(line)
    if language is not None and body:
        blocks.append((language, "\n".join(body)))
    return blocks
