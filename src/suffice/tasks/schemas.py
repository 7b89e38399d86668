"""The shape a caller wants an answer in: as JSON schema for the model, as a typed value for him."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, is_typeddict

import jsonschema_rs
import msgspec

from suffice.errors import BadOption

# Keywords the provider's structured outputs do not take; they are checked here instead, and told
# to the model in words.
_CHECKED_HERE = (
    "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems",
)  # fmt: skip
_LEFT_OUT = frozenset({*_CHECKED_HERE, "title", "default", "examples", "$schema", "$id", "format"})
_INSIDE = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
_KEPT_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "uri", "uuid"})


class Misfit(Exception):
    """
    JSON that is not of the shape.

    Attributes:
        where: The path that does not fit.
    """

    def __init__(self, what: str, *, where: str = "") -> None:
        self.where = where
        super().__init__(f"{where or 'the answer'}: {what}")


class Shape:
    """
    A shape to extract into.

    Args:
        schema: A pydantic model, a dataclass, a msgspec Struct, a TypedDict, or a JSON schema.

    Raises:
        BadOption: It is none of these, or no schema of an object.

    >>> import dataclasses
    >>> @dataclasses.dataclass
    ... class Receipt:
    ...     total: float
    ...     seller: str | None = None
    >>> Shape(Receipt).value({"total": 3, "seller": None})
    Receipt(total=3.0, seller=None)
    """

    def __init__(self, schema: Any) -> None:
        self.schema, self._build = _read(schema)
        if _resolved(self.schema, self.schema).get("type") != "object":
            raise _bad("The schema must describe an object.")
        try:
            self._validator = jsonschema_rs.validator_for(self.schema)
        except (jsonschema_rs.ValidationError, ValueError) as wrong:
            raise _bad(f"The schema cannot be used: {_first_line(wrong)}.") from wrong

    def asked(self) -> dict[str, Any]:
        """The schema as structured outputs take it: every object closed, every field answered."""
        return strict(self.schema)

    def value(self, found: Any) -> Any:
        """
        The typed value of parsed JSON.

        Raises:
            Misfit: It is not of the shape.
        """
        plain = _without_absent(found, self.schema, self.schema)
        error = next(iter(self._validator.iter_errors(plain)), None)
        if error is not None:
            where = ".".join(str(part) for part in error.instance_path)
            raise Misfit(_first_line(error.message), where=where)
        try:
            return self._build(plain)
        except Exception as wrong:  # a user's own validator may raise whatever it likes
            raise Misfit(_first_line(wrong)) from wrong


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """
    A schema as structured outputs take it.

    Objects are closed and all their fields required; a field that was optional may be null.
    What the provider does not check is told in the field's description.

    >>> plain = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
    >>> strict(plain)["properties"]["n"]
    {'anyOf': [{'type': 'integer', 'description': 'minimum: 1'}, {'type': 'null'}]}
    """
    out = {key: value for key, value in schema.items() if key not in _LEFT_OUT}
    if schema.get("format") in _KEPT_FORMATS:
        out["format"] = schema["format"]
    limits = [f"{key}: {schema[key]}" for key in _CHECKED_HERE if key in schema]
    if limits:
        said = [str(out["description"])] if "description" in out else []
        out["description"] = "; ".join([*said, *limits])
    for key in _INSIDE:
        if isinstance(out.get(key), Mapping):
            out[key] = {name: strict(inner) for name, inner in out[key].items()}
    for key in _LISTS:
        if isinstance(out.get(key), list):
            out[key] = [strict(inner) for inner in out[key]]
    if isinstance(out.get("items"), Mapping):
        out["items"] = strict(out["items"])
    if isinstance(out.get("properties"), Mapping):
        required = set(schema.get("required", ()))
        out["properties"] = {
            name: inner if name in required else _nullable(inner)
            for name, inner in out["properties"].items()
        }
        out["required"] = list(out["properties"])
        out["additionalProperties"] = False
    return out


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema.get("anyOf")
    if isinstance(kinds, list):
        known = any(inner.get("type") == "null" for inner in kinds)
        return schema if known else {**schema, "anyOf": [*kinds, {"type": "null"}]}
    if schema.get("type") == "null":
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def _without_absent(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """The value without nulls in the place of fields that may be left out, and may not be null."""
    known = _resolved(schema, root)
    if isinstance(value, list):
        inner = known.get("items")
        return [_without_absent(one, inner, root) for one in value] if inner else value
    if not isinstance(value, dict):
        return value
    fields, required = known.get("properties", {}), set(known.get("required", ()))
    return {
        name: _without_absent(one, fields.get(name, {}), root)
        for name, one in value.items()
        if one is not None or name in required or _takes_null(fields.get(name, {}), root)
    }


def _takes_null(schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    known = _resolved(schema, root)
    kind = known.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind) or not known:
        return True
    return any(
        _takes_null(inner, root) for inner in (*known.get("anyOf", ()), *known.get("oneOf", ()))
    )


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference within the document stands for; of a nullable schema, what is not null."""
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        found: Any = root
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part, {})
        return _resolved(found, root)
    kinds = [inner for inner in schema.get("anyOf", ()) if inner.get("type") != "null"]
    if len(kinds) == 1 and "type" not in schema:
        resolved = _resolved(kinds[0], root)
        return {**resolved, "anyOf": schema["anyOf"]}
    return schema


def _read(schema: Any) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    if isinstance(schema, Mapping):
        return dict(schema), lambda value: value
    if hasattr(schema, "model_json_schema") and hasattr(schema, "model_validate"):
        return schema.model_json_schema(), schema.model_validate
    if _is_struct(schema) or dataclasses.is_dataclass(schema) or is_typeddict(schema):
        kind: Any = schema
        try:
            made = msgspec.json.schema(kind)
        except TypeError as wrong:
            raise _bad(f"{schema!r} cannot be described: {wrong}.") from wrong
        return _numbers(_opened(made)), lambda value: msgspec.convert(value, kind, strict=False)
    raise _bad(f"{schema!r} is no schema.")


def _is_struct(schema: Any) -> bool:
    return isinstance(schema, type) and issubclass(schema, msgspec.Struct)


def _opened(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose top is its own object, not a reference to one."""
    top = _resolved(schema, schema)
    return {**top, "$defs": schema.get("$defs", {})} if top is not schema else schema


def _numbers(schema: Any) -> Any:
    """The schema with exact decimals as the numbers a model writes, not as texts."""
    if isinstance(schema, list):
        return [_numbers(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "string" and schema.get("format") == "decimal":
        return {**schema, "type": "number", "format": "decimal"}
    return {name: _numbers(inner) for name, inner in schema.items()}


def _first_line(wrong: object) -> str:
    return str(wrong).strip().split("\n", 1)[0].rstrip(".")


def _bad(what: str) -> BadOption:
    return BadOption(
        what,
        effect="Nothing was asked.",
        next_step="Give a pydantic model, a dataclass, a Struct, a TypedDict or a JSON schema.",
    )
