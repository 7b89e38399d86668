"""The ready schemas take what a model may say, with exact amounts and real dates."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from suffice.tasks import Runner, Unresolved, extract, using
from suffice.tasks import ready as schemas
from suffice.tasks.schemas import Shape
from suffice.testing import answering


def ask(said: dict[str, Any], schema: Any, text: str = "Nothing much.") -> Any:
    with using(Runner(answering(json.dumps(said)), ladder=lambda *_: ("claude-haiku-5-5",))):
        return extract(text, schema)


@pytest.mark.parametrize("name", schemas.__all__)
def test_every_field_may_be_absent_or_null(name: str) -> None:
    schema = getattr(schemas, name)
    fields = Shape(schema).asked()["properties"]
    assert ask({}, schema) == schema()
    assert ask(dict.fromkeys(fields), schema) == schema()


@pytest.mark.parametrize("name", schemas.__all__)
def test_structured_outputs_get_closed_objects_all_the_way_down(name: str) -> None:
    def objects(schema: Any) -> list[dict[str, Any]]:
        if isinstance(schema, list):
            return [one for inner in schema for one in objects(inner)]
        if not isinstance(schema, dict):
            return []
        found = [one for inner in schema.values() for one in objects(inner)]
        return [*found, schema] if schema.get("type") == "object" else found

    closed = objects(Shape(getattr(schemas, name)).asked())
    assert closed
    assert all(one["additionalProperties"] is False for one in closed)


def test_an_invoice_has_exact_amounts_dates_and_lines() -> None:
    said = {
        "number": "2026-17",
        "date": "2026-03-01",
        "total": 119.99,
        "items": [{"description": "Paper", "quantity": 3, "amount": 119.99}],
    }
    found = ask(said, schemas.Invoice)
    assert (found.total, found.date) == (Decimal("119.99"), dt.date(2026, 3, 1))
    assert found.items == [
        schemas.Item(description="Paper", quantity=Decimal(3), amount=Decimal("119.99"))
    ]


@pytest.mark.parametrize("wrong", [{"total": "much"}, {"date": "soon"}, {"items": [{}]}])
def test_what_does_not_fit_is_no_invoice(wrong: dict[str, Any]) -> None:
    found = ask(wrong, schemas.Invoice)
    assert isinstance(found, Unresolved)
    assert found.reason == "schema"
