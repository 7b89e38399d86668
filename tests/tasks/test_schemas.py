"""A caller's shape becomes a schema for the model, and the model's JSON the caller's own type."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, Literal, TypedDict

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.errors import BadOption
from suffice.tasks.schemas import Misfit, Shape, strict


class Line(msgspec.Struct):
    what: str
    price: float


class Invoice(msgspec.Struct):
    number: str
    due: dt.date | None = None
    lines: list[Line] = []
    currency: Literal["EUR", "CHF"] = "EUR"


@dataclasses.dataclass
class Contact:
    name: str
    email: str | None = None


class Address(TypedDict):
    street: str
    city: str


class LikePydantic:
    """What this project needs of a pydantic model: two class methods."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}

    @classmethod
    def model_validate(cls, value: dict[str, Any]) -> LikePydantic:
        if value["name"] == "nobody":
            raise ValueError("nobody is no name\nand more lines")
        return cls(**value)


def test_each_kind_of_shape_gives_its_own_type() -> None:
    invoice = Shape(Invoice).value(
        {
            "number": "7",
            "due": "2026-03-01",
            "lines": [{"what": "x", "price": 2}],
            "currency": "CHF",
        }
    )
    assert invoice == Invoice("7", dt.date(2026, 3, 1), [Line("x", 2.0)], "CHF")
    assert Shape(Contact).value({"name": "Ada", "email": None}) == Contact("Ada")
    assert Shape(Address).value({"street": "a", "city": "b"}) == {"street": "a", "city": "b"}
    assert Shape(LikePydantic).value({"name": "Ada"}).name == "Ada"


def test_a_null_stands_for_a_field_that_is_left_out() -> None:
    plain = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "required": ["a"],
    }
    assert Shape(plain).value({"a": "x", "b": None}) == {"a": "x"}
    with pytest.raises(Misfit):
        Shape(plain).value({"a": None, "b": 1})


def test_a_misfit_names_its_place() -> None:
    with pytest.raises(Misfit, match=r"lines\.0\.price") as misfit:
        Shape(Invoice).value({"number": "7", "lines": [{"what": "x", "price": "dear"}]})
    assert misfit.value.where == "lines.0.price"
    with pytest.raises(Misfit, match=r"nobody is no name$"):
        Shape(LikePydantic).value({"name": "nobody"})


def test_every_object_is_closed_and_every_field_answered() -> None:
    asked = Shape(Invoice).asked()
    line = asked["$defs"]["Line"]
    assert (asked["additionalProperties"], line["additionalProperties"]) == (False, False)
    assert asked["required"] == ["number", "due", "lines", "currency"]
    assert {"type": "null"} in asked["properties"]["currency"]["anyOf"]


def test_limits_the_provider_does_not_check_are_told_in_words_and_checked_here() -> None:
    plain = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 1, "description": "How many"}},
        "required": ["n"],
    }
    assert strict(plain)["properties"]["n"] == {
        "type": "integer",
        "description": "How many; minimum: 1",
    }
    with pytest.raises(Misfit):
        Shape(plain).value({"n": 0})


@pytest.mark.parametrize(
    "schema", [int, "text", {"type": "string"}, {"type": "nonsense"}, object(), []]
)
def test_what_is_no_shape_of_an_object_is_refused(schema: Any) -> None:
    with pytest.raises(BadOption):
        Shape(schema)


_LEAF = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 0},
        {"type": "boolean"},
        {"enum": ["a", "b"]},
    ]
)


@st.composite
def _objects(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    inner = _LEAF if depth == 0 else _LEAF | _objects(depth=depth - 1)
    fields = draw(st.dictionaries(st.sampled_from("abcd"), inner, min_size=1, max_size=3))
    required = draw(st.lists(st.sampled_from(sorted(fields)), unique=True))
    return {"type": "object", "properties": fields, "required": required}


@given(_objects())
def test_whatever_fits_the_strict_schema_without_nulls_fits_the_callers_own(
    plain: dict[str, Any],
) -> None:
    asked = strict(plain)
    filled = _filled(asked)
    assert jsonschema_rs.is_valid(asked, filled)
    assert Shape(plain).value(filled) == filled


def _filled(schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        return _filled(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "object":
            return {name: _filled(inner) for name, inner in schema["properties"].items()}
        case "integer":
            return 3
        case "boolean":
            return True
        case _:
            return "text"
