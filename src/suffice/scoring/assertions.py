"""Assertions that came with a case, in promptfoo's form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import msgspec

from suffice.records import Answer, Case, Reference, Score
from suffice.scoring.json_compare import compare_json
from suffice.scoring.json_reading import read_json
from suffice.scoring.reading import as_text, clipped, scorer_failed, unusable

_LONGEST_MATCHED = 100_000
_LONGEST_PATTERN = 1_000


class Unsupported(ValueError):
    """An assertion that cannot be checked here."""


class Checked(msgspec.Struct, frozen=True):
    """One assertion: whether it holds, and what it was, in words."""

    holds: bool
    said: str


def _equals(text: str, value: Any) -> bool:
    if isinstance(value, dict | list):
        reading = read_json(text, repair=False)
        difference = compare_json(reading.value, value) if reading.ok else None
        return difference is not None and difference.matched == difference.total
    return text.strip() == as_text(value).strip()


def _contains_json(text: str, value: Any) -> bool:
    reading = read_json(text, repair=False)
    return reading.ok and isinstance(reading.value, dict | list) and _fits(reading.value, value)


def _is_json(text: str, value: Any) -> bool:
    reading = read_json(text, repair=False)
    return reading.ok and not reading.flags and _fits(reading.value, value)


def _fits(found: Any, schema: Any) -> bool:
    if schema is None or schema == "":
        return True
    if isinstance(schema, str):
        schema = read_json(schema, repair=False).value
    if not isinstance(schema, dict):
        raise Unsupported("its schema is no JSON object")
    try:
        return bool(jsonschema_rs.validator_for(schema, offline=True).is_valid(found))
    except ValueError as wrong:
        raise Unsupported(f"its schema is not valid: {clipped(str(wrong))}") from wrong


def _regex(text: str, value: Any) -> bool:
    pattern = as_text(value)
    if len(pattern) > _LONGEST_PATTERN or len(text) > _LONGEST_MATCHED:
        raise Unsupported("its pattern or the answer is too long to be searched safely")
    try:
        return re.search(pattern, text) is not None
    except re.error as wrong:
        raise Unsupported(f"its pattern is not valid: {wrong}") from wrong


def _many(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [as_text(part) for part in value] if isinstance(value, list) else [as_text(value)]


_CHECKS: dict[str, Callable[[str, Any], bool]] = {
    "equals": _equals,
    "contains": lambda text, value: as_text(value) in text,
    "icontains": lambda text, value: as_text(value).casefold() in text.casefold(),
    "contains-all": lambda text, value: all(part in text for part in _many(value)),
    "contains-any": lambda text, value: any(part in text for part in _many(value)),
    "icontains-all": lambda text, value: all(
        part.casefold() in text.casefold() for part in _many(value)
    ),
    "icontains-any": lambda text, value: any(
        part.casefold() in text.casefold() for part in _many(value)
    ),
    "starts-with": lambda text, value: text.startswith(as_text(value)),
    "ends-with": lambda text, value: text.endswith(as_text(value)),
    "regex": _regex,
    "is-json": _is_json,
    "contains-json": _contains_json,
}

SUPPORTED = (*_CHECKS, "latency")


def check(assertion: dict[str, Any], answer: Answer) -> Checked:
    """
    Whether an answer meets one assertion.

    Supported: ``equals``, ``contains``, ``icontains``, ``contains-all``, ``contains-any`` (and
    with ``i``), ``starts-with``, ``ends-with``, ``regex``, ``is-json``, ``contains-json``,
    ``latency``, and each with ``not-`` before it.

    Raises:
        Unsupported: Any other kind (scripts and model-graded ones among them), or a broken value.

    >>> check({"type": "icontains", "value": "paris"}, Answer(text="It is Paris."))
    Checked(holds=True, said='icontains “paris”')
    """
    kind = str(assertion.get("type", ""))
    negated = kind.startswith("not-")
    plain = kind.removeprefix("not-")
    value = assertion.get("value")
    if plain == "latency":
        holds = _fast_enough(answer, assertion.get("threshold"))
    elif plain in _CHECKS:
        holds = _CHECKS[plain](answer.text, value)
    else:
        raise Unsupported("this kind cannot be checked here")
    said = kind if value is None else f"{kind} “{clipped(as_text(value), limit=40)}”"
    return Checked(holds != negated, said)


def _fast_enough(answer: Answer, threshold_ms: Any) -> bool:
    if answer.latency_s is None or not isinstance(threshold_ms, int | float):
        raise Unsupported("no latency was recorded, or no threshold given")
    return answer.latency_s * 1000 <= threshold_ms


class AssertionScorer:
    """
    The weighted share of a case's own assertions that an answer meets.

    The target is not looked at. An assertion that cannot be checked makes the case one the
    scorer failed on, named by its kind: counted as missing, never passed over.
    """

    @property
    def name(self) -> str:
        """See `ports.Scorer.name`."""
        return "assertions"

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        """See `ports.Scorer.score`."""
        # A failed target does not matter: only the answer is looked at.
        failed = unusable(answer, target if isinstance(target, Reference) else Reference(None))
        if failed is not None:
            return failed
        if not case.assertions:
            return scorer_failed("the case has no assertions")
        met = total = 0.0
        broken: list[str] = []
        for assertion in case.assertions:
            try:
                checked = check(assertion, answer)
            except Unsupported as unsupported:
                return scorer_failed(f"assertion {assertion.get('type')}: {unsupported}")
            weight = assertion.get("weight", 1)
            weight = float(weight) if isinstance(weight, int | float) and weight >= 0 else 1.0
            total += weight
            met += weight * checked.holds
            if not checked.holds:
                broken.append(checked.said)
        value = met / total if total else 1.0
        reason = f"not met: {clipped('; '.join(broken), limit=120)}" if broken else "all are met"
        return Score(value=value, reason=reason, paths=tuple(broken[:40]))
