"""Where in a reasoned answer the answer itself stands, before any scorer reads it."""

from __future__ import annotations

import re
from typing import Any

from suffice.scoring.json_reading import read_json

ANSWER_KEYS = ("answer", "final_answer", "finalanswer", "result", "value", "solution", "output")
_KEY = re.compile(rf'"(?:{"|".join(ANSWER_KEYS)})"\s*:', re.IGNORECASE)
_FIELD = re.compile(r'"(?:final_?)?answer"\s*:\s*("(?:[^"\\]|\\.)*"|[^,}\n]+)', re.IGNORECASE)
_HASHES = re.compile(r"####[ \t]*([^\n]+)")
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_SAID = re.compile(
    r"(?:answer|result|solution|output)(?:[ \t]+is|[ \t]*[:=])[ \t]*([^\n]+?)(?=[.!?]\s|\n|\Z)",
    re.IGNORECASE,
)


def answer_field(text: str) -> tuple[Any, str] | None:
    r"""
    The marked answer in a text and the mark that shows it; None where nothing is marked.

    In this order: the answer field of a JSON object (``answer``, ``final_answer``, ``result``,
    ``value``, ``solution``, ``output``), ``#### x``, ``\boxed{x}``, the last ``answer is x`` or
    ``Answer: x``.

    >>> answer_field('{"reasoning": "16 - 7 = 9", "answer": "18"}')
    ('18', 'field answer')
    >>> answer_field("so 16 - 7 = 9.\n#### 9")
    ('9', '####')
    """
    if "{" in text and _KEY.search(text) is not None:
        found = _json_field(text)
        if found is not None:
            return found
    for mark, pattern in (("####", _HASHES), ("\\boxed", _BOXED), ("answer is", _SAID)):
        said = pattern.findall(text)
        if said:
            return said[-1].strip(), mark
    return None


def _json_field(text: str) -> tuple[Any, str] | None:
    value = read_json(text).value
    if isinstance(value, dict):
        lowered = {str(key).casefold(): inner for key, inner in value.items()}
        for key in ANSWER_KEYS:
            if key in lowered:
                return lowered[key], f"field {key}"
    # Too broken even to be repaired; the field may still stand out.
    loose = _FIELD.findall(text)
    return (loose[-1].strip().strip('"'), "field answer") if loose else None
