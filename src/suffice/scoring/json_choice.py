"""How JSON answers of one type are best compared: which keys, and against what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from suffice.scoring.answer_field import ANSWER_KEYS
from suffice.scoring.json_compare import JsonRules
from suffice.scoring.json_reading import read_json
from suffice.scoring.json_scorer import JsonScorer
from suffice.scoring.learnt import Sample, spread

_MOST = 0.9
_PROSE_WORDS = 12
_THOUGHTS = frozenset(
    {
        "analysis",
        "chain_of_thought",
        "explanation",
        "justification",
        "rationale",
        "reasoning",
        "steps",
        "thinking",
        "thought",
        "thoughts",
    }
)


class JsonChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What `choose_scorer` needs to know of a type whose answers are JSON."""

    scorer: JsonScorer | None
    reason: str
    literal: bool = False
    measure_reference: bool = False
    provisional: str = ""


def choose_json(sample: Sample) -> JsonChoice | None:
    """None where the answers are no JSON, or their JSON holds nothing but free text."""
    texts = sample.some_texts
    readings = [read_json(text) for text in texts]
    # A bracket in a sentence is no JSON answer; an object with a sentence around it is.
    values = [
        reading.value
        for reading in readings
        if isinstance(reading.value, dict)
        or (isinstance(reading.value, list) and "embedded" not in reading.flags)
    ]
    if not texts or len(values) < _MOST * len(texts):
        return None
    objects = [value for value in values if isinstance(value, dict)]
    if len(objects) < _MOST * len(values):
        return JsonChoice(
            scorer=JsonScorer(),
            reason="the answers are JSON",
            measure_reference=_all_json(sample.references),
        )
    return _choose_objects(sample, objects)


def _choose_objects(sample: Sample, objects: Sequence[dict[str, Any]]) -> JsonChoice | None:
    keys = set(objects[0]).union(*objects)
    shared = set(objects[0]).intersection(*objects)
    shape = _shape(len(objects), keys, shared)
    references = sample.references
    if references and _all_json(references):
        asked = {key for value in references for key in _object(value)}
        fields = tuple(sorted(asked)) if asked and asked < keys else ()
        return JsonChoice(
            scorer=JsonScorer(JsonRules(fields=fields)),
            reason=f"{shape}, as is the reference"
            + (f"; compared: {', '.join(fields)}" if fields else ""),
            measure_reference=True,
        )
    named = [key for key in shared if key.casefold() in ANSWER_KEYS]
    if references and named:
        return JsonChoice(
            scorer=None,
            literal=True,
            reason=f"{shape}; the field {named[0]} is compared, as a value",
            measure_reference=True,
        )
    prose = {key for key in keys if _is_prose(objects, key)}
    if prose >= keys:
        return None
    if not prose:
        return JsonChoice(scorer=JsonScorer(), reason=shape)
    listed = ", ".join(sorted(prose))
    unread = sorted(key for key in prose if key.casefold() not in _THOUGHTS)
    return JsonChoice(
        scorer=JsonScorer(JsonRules(ignore=tuple(sorted(prose)))),
        reason=f"{shape}; {listed} {'is' if len(prose) == 1 else 'are'} free text and not compared",
        provisional=f"the free text of {', '.join(unread)} is not compared" if unread else "",
    )


def _shape(count: int, keys: set[str], shared: set[str]) -> str:
    if keys == shared:
        noun = "key" if len(keys) == 1 else "keys"
        return f"every answer is a JSON object with the same {len(keys)} {noun}"
    return f"{count} answers are JSON objects that share {len(shared)} of {len(keys)} keys"


def _all_json(references: Sequence[Any]) -> bool:
    return bool(references) and all(
        isinstance(value, dict | list) or bool(_object(value)) for value in spread(references)
    )


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = read_json(value, repair=False).value
    return value if isinstance(value, dict) else {}


def _is_prose(objects: Sequence[dict[str, Any]], key: str) -> bool:
    """Whether a field holds sentences: a dozen words and more on average."""
    texts = [value[key] for value in objects if isinstance(value.get(key), str)]
    if not texts or len(texts) < len(objects) / 2:
        return False
    return sum(len(text.split()) for text in texts) >= _PROSE_WORDS * len(texts)
