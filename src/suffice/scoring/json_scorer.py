"""JSON answers: valid, of the asked shape, and how many of their fields agree."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from suffice.errors import BadOption
from suffice.records import Answer, Case, Reference, Score
from suffice.scoring.answer_field import ANSWER_KEYS
from suffice.scoring.json_compare import JsonRules, compare_json
from suffice.scoring.json_reading import JsonReading, read_json
from suffice.scoring.reading import (
    as_text,
    clipped,
    scorer_failed,
    target_unparseable,
    unparseable,
    unusable,
)

_REMEMBERED = 20_000
_REMEMBERED_CHARS = 2_000


class JsonScorer:
    """
    The share of fields that agree; 0 and counted where the answer is no JSON of the asked shape.

    The shape is the schema of the request's ``output_config.format``, or the one given.

    Args:
        rules: When two fields agree.
        schema: A JSON schema every answer must satisfy, whatever its request says.
        strict: Whether an answer that had to be repaired is a failed one (it would have failed
            in production too); otherwise it is only flagged ``repaired``.

    Raises:
        BadOption: The schema is none.
    """

    def __init__(
        self,
        rules: JsonRules | None = None,
        *,
        schema: dict[str, Any] | None = None,
        strict: bool = True,
    ) -> None:
        self._rules = rules or JsonRules()
        self._strict = strict
        self._validators: dict[str, Any] = {}
        self._readings: dict[str, JsonReading] = {}
        self._schema = schema
        if schema is not None:
            try:
                self._validator(schema)
            except ValueError as wrong:
                raise BadOption(
                    f"The schema is not valid: {wrong}".splitlines()[0],
                    effect="Nothing was scored.",
                    next_step="Correct the schema.",
                ) from wrong

    @property
    def name(self) -> str:
        """See `ports.Scorer.name`."""
        return "json"

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        """See `ports.Scorer.score`."""
        failed = unusable(answer, target)
        if failed is not None:
            return failed
        mine = self._read(answer.text)
        problem = self._problem(mine) or self._misfit(mine, case)
        if isinstance(problem, Score):
            return problem
        if problem:
            return unparseable(problem, flags=mine.flags)
        right = self._target(target)
        if problem := self._problem(right):
            return target_unparseable(problem)
        return self._compare(mine, right, against_answer=isinstance(target, Answer))

    def _compare(self, mine: JsonReading, right: JsonReading, *, against_answer: bool) -> Score:
        left = mine.value if against_answer else _unwrapped(mine.value, right.value)
        difference = compare_json(left, right.value, rules=self._rules)
        fields = "1 field" if difference.total == 1 else f"{difference.total} fields"
        if difference.matched == difference.total:
            reason = "all fields agree" if difference.total > 1 else "the same value"
        else:
            named = ", ".join(difference.paths[:3])
            reason = f"{difference.matched} of {fields} agree; different: {clipped(named)}"
        flags = (*mine.flags, "in_order") if difference.in_order else mine.flags
        return Score(value=difference.score, reason=reason, paths=difference.paths, flags=flags)

    def _read(self, text: str) -> JsonReading:
        known = self._readings.get(text)
        if known is None:
            known = read_json(text)
            if len(text) <= _REMEMBERED_CHARS:
                if len(self._readings) >= _REMEMBERED:
                    self._readings.clear()
                self._readings[text] = known
        return known

    def _target(self, target: Answer | Reference) -> JsonReading:
        if isinstance(target, Answer):
            return self._read(target.text)
        if not isinstance(target.value, str):
            return JsonReading(target.value)
        reading = self._read(target.value)
        return reading if reading.ok else JsonReading(target.value)

    def _problem(self, reading: JsonReading) -> str:
        if reading.ok and self._strict and "repaired" in reading.flags:
            return "valid JSON only after repair"
        return reading.problem

    def _misfit(self, reading: JsonReading, case: Case) -> str | Score:
        schema = self._schema if self._schema is not None else schema_of(case.request)
        if schema is None:
            return ""
        try:
            validator = self._validator(schema)
        except ValueError as wrong:
            return scorer_failed(f"the request's own schema is not valid: {wrong}".splitlines()[0])
        error = next(validator.iter_errors(reading.value), None)
        if error is None:
            return ""
        where = ".".join(str(part) for part in error.instance_path) or "the whole"
        return f"does not fit the schema at {clipped(where)}: {clipped(error.message)}"

    def _validator(self, schema: dict[str, Any]) -> Any:
        key = as_text(schema)
        if key not in self._validators:
            if len(self._validators) >= _REMEMBERED:
                self._validators.clear()
            # Offline: a "$ref" to an address in somebody's schema must never be fetched.
            self._validators[key] = jsonschema_rs.validator_for(schema, offline=True)
        return self._validators[key]


def schema_of(request: dict[str, Any]) -> dict[str, Any] | None:
    """
    The JSON schema a request asks its answer to satisfy; None where it asks for none.

    >>> form = {"type": "json_schema", "schema": {"type": "object"}}
    >>> schema_of({"output_config": {"format": form}})
    {'type': 'object'}
    """
    config = request.get("output_config")
    form = config.get("format") if isinstance(config, dict) else None
    form = form if isinstance(form, dict) else request.get("output_format")
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        return None
    schema = form.get("schema")
    return schema if isinstance(schema, dict) else None


def _unwrapped(value: Any, reference: Any) -> Any:
    """The answer field of an object, where the reference is no object itself."""
    if not isinstance(value, dict) or isinstance(reference, dict):
        return value
    named = [key for key in value if key.casefold() in ANSWER_KEYS]
    if len(named) == 1:
        return value[named[0]]
    return next(iter(value.values())) if len(value) == 1 else value
