"""Fields come out typed, with their place in the input, or not at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from suffice.errors import BadOption
from suffice.tasks import Outcome, Runner, Unresolved, extract, using
from suffice.testing import ScriptedModels, answering

TEXT = "ACME Ltd\nInvoice 7\nTotal: EUR 1.234,50\nDue 1 March 2026"


class Invoice(msgspec.Struct):
    number: str
    total: float | None = None
    due: dt.date | None = None
    vat: str | None = None


GOOD = '{"number": "7", "total": 1234.5, "due": "2026-03-01", "vat": null}'


def ask(*said: str, **more: Any) -> tuple[Outcome[Any], ScriptedModels]:
    models = answering(*said)
    with using(Runner(models, ladder=lambda *_: ("claude-haiku-5-5",))):
        return extract.outcome(TEXT, Invoice, **more), models


def test_an_instance_comes_out_with_where_each_value_stands() -> None:
    outcome, models = ask(GOOD)
    assert outcome.value == Invoice("7", 1234.5, dt.date(2026, 3, 1))
    assert {path: span.text for path, span in outcome.details.spans.items()} == {
        "number": "7",
        "total": "1.234,50",
        "due": "1 March 2026",
    }
    assert (outcome.details.missing, outcome.details.unsupported) == (("vat",), ())
    asked = models.asked[0].request
    assert asked["output_config"]["format"]["schema"]["additionalProperties"] is False
    assert asked["messages"] == [{"role": "user", "content": TEXT}]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Here is nothing.", "invalid_json"),
        ('{"number": "7", "total": 12', "invalid_json"),
        ("[]", "invalid_json"),
        ('{"number": "7", "number": "8"}', "invalid_json"),
        ('{"total": 3}', "schema"),
        ('{"number": "7", "due": "soon"}', "schema"),
    ],
)
def test_an_answer_out_of_shape_is_a_typed_outcome_after_one_repair(said: str, reason: str) -> None:
    outcome, models = ask(said)
    assert isinstance(outcome.value, Unresolved)
    assert outcome.value.reason == reason
    assert len(models.asked) == 2


def test_a_repaired_answer_counts() -> None:
    outcome, _ = ask("nothing", GOOD)
    assert outcome.value == Invoice("7", 1234.5, dt.date(2026, 3, 1))


def test_a_value_the_input_does_not_hold_is_told_and_where_asked_for_refused() -> None:
    made_up = GOOD.replace("null", '"CHE-123"')
    outcome, _ = ask(made_up)
    assert outcome.details.unsupported == ("vat",)
    refused, _ = ask(made_up, grounded=True)
    assert isinstance(refused.value, Unresolved)
    assert (refused.value.reason, refused.details) == ("not_in_source", None)
    assert refused.value.detail == "The input does not say the values of vat."


def test_a_pdf_goes_as_a_document_and_is_not_checked_for_places() -> None:
    models = answering(GOOD)
    with using(Runner(models, ladder=lambda *_: ("claude-haiku-5-5",))):
        outcome = extract.outcome(b"%PDF-1.7 ...", Invoice)
    [block] = models.asked[0].request["messages"][0]["content"]
    assert block["type"] == "document"
    assert outcome.details.checked is False


def test_the_schema_and_the_instructions_make_the_prompts_version() -> None:
    plain = extract.job("a", Invoice)
    assert plain.type == extract.job("b", Invoice).type
    assert plain.type != extract.job("a", Invoice, instructions="Sums in cents.").type
    assert plain.type != extract.job("a", {"type": "object", "properties": {}}).type


def test_what_is_no_schema_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(BadOption):
        extract.job("a", int)
