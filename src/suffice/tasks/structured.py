"""Answers that are one small JSON object of known fields: how they are asked for, how read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suffice.records import Answer
from suffice.scoring.json_reading import read_json
from suffice.tasks.outcome import Unresolved

REASON: dict[str, Any] = {"type": "string", "description": "One sentence."}


def one_of(labels: Sequence[str], *, or_null: bool) -> dict[str, Any]:
    """
    The schema of a label of a set, as structured outputs take it.

    >>> one_of(["a", "b"], or_null=False)
    {'type': 'string', 'enum': ['a', 'b']}
    """
    chosen = {"type": "string", "enum": list(labels)}
    return {"anyOf": [chosen, {"type": "null"}]} if or_null else chosen


def closed_object(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object with exactly these fields, in this order."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": list(fields),
        "additionalProperties": False,
    }


def json_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The request field that asks for JSON of a schema."""
    return {"format": {"type": "json_schema", "schema": schema}}


def asked_object(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The request field that asks for an object with exactly these fields."""
    return json_of(closed_object(fields))


def read_object(answer: Answer) -> dict[str, Any] | Unresolved:
    """The JSON object an answer consists of, as it stands: nothing in it is repaired."""
    found = read_json(answer.text, repair=False)
    if found.ok and isinstance(found.value, dict):
        return found.value
    why = found.problem or "it is no object"
    return Unresolved(reason="invalid_json", detail=f"No JSON: {why}.", text=answer.text)


def read_fields(
    answer: Answer, kinds: Mapping[str, tuple[type, ...]]
) -> dict[str, Any] | Unresolved:
    """
    The known fields of the object an answer consists of.

    Args:
        answer: What a model said.
        kinds: Field -> the Python types its value may have; more fields are passed over.

    >>> read_fields(Answer(text='{"sure": 1}'), {"sure": (bool,)}).detail
    "'sure' is no bool."
    """
    found = read_object(answer)
    if isinstance(found, Unresolved):
        return found
    for name, allowed in kinds.items():
        if name not in found:
            return _schema(f"{name!r} is missing.", answer)
        if type(found[name]) not in allowed:
            said = " or ".join("null" if one is type(None) else one.__name__ for one in allowed)
            return _schema(f"{name!r} is no {said}.", answer)
    return {name: found[name] for name in kinds}


def _schema(detail: str, answer: Answer) -> Unresolved:
    return Unresolved(reason="schema", detail=detail, text=answer.text)
