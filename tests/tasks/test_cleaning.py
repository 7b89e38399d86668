"""Rules find what rules can find, a model does the rest, and which is which is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.errors import BadOption
from suffice.tasks import Cleaned, Runner, Unresolved, clean_text, using
from suffice.tasks.cleaning import tidied
from suffice.tasks.contacts import e164, emails, phones
from suffice.tasks.days import days, languages, month_names
from suffice.testing import ScriptedModels, answering

MESSY = "um so i want want my money back!!!! order 4711 from 3 March 2026, ann@Example.com"
GOOD = "I want my money back! Order 4711 from 3 March 2026, ann@example.com"


def ask(text: str, said: Any = None, **more: Any) -> tuple[Any, ScriptedModels]:
    models = answering(said if isinstance(said, str) else json.dumps(said))
    with using(Runner(models, ladder=lambda *_: ("claude-haiku-5-5",))):
        return clean_text.outcome(text, **more), models


def test_nobody_is_asked_where_rules_do() -> None:
    outcome, models = ask("Write  to a@b.example,\r\n\r\n\r\n by 2026-03-01.")
    assert outcome.value.text == "Write to a@b.example,\n\nby 2026-03-01."
    assert (outcome.value.by_model, outcome.value.intent) == ((), None)
    assert (models.asked, outcome.attempts, outcome.usd) == ([], (), 0)


def test_the_models_part_is_told_apart_from_the_rules() -> None:
    outcome, models = ask(MESSY, {"intent": "Refund", "text": GOOD}, intents=["refund", "other"])
    found = outcome.value
    assert (found.text, found.intent, found.by_model) == (GOOD, "refund", ("intent", "text"))
    assert found.emails == ("ann@example.com",)
    assert [day.iso for day in found.dates] == ["2026-03-03"]
    assert found.signs[:3] == ("filler words", "a word twice", "signs in a row")
    assert len(models.asked) == 1


def test_only_what_is_needed_is_asked_for() -> None:
    def fields(text: str, **more: Any) -> list[str]:
        job = clean_text.job(text, **more)
        return list(job.request["output_config"]["format"]["schema"]["properties"])

    assert fields("Fine.", intents=["a", "b"]) == ["intent"]
    assert fields(MESSY, intents=["a", "b"]) == ["intent", "text"]
    assert fields(MESSY, intents=["a", "b"], rewrite="never") == ["intent"]
    assert clean_text.job(MESSY, rewrite="never").known is not None
    assert clean_text.job("Fine.", rewrite="always").known is None


@pytest.mark.parametrize(
    "said",
    [
        GOOD.replace("4711", "4712"),
        GOOD.replace("4711", ""),
        GOOD + " 4711",
        GOOD.replace("ann@", "anne@"),
        GOOD + " Write to eve@evil.example.",
        " ",
    ],
)
def test_a_rewriting_that_changes_a_figure_or_an_address_is_no_answer(said: str) -> None:
    outcome, models = ask(MESSY, {"text": said})
    assert isinstance(outcome.value, Unresolved)
    assert outcome.value.reason == "not_in_source"
    assert len(models.asked) == 2


def test_a_text_given_back_as_it_was_is_told_so_once_and_then_taken() -> None:
    models = answering(json.dumps({"text": MESSY}), json.dumps({"text": GOOD}))
    with using(Runner(models, ladder=lambda *_: ("claude-haiku-5-5",))):
        outcome = clean_text.outcome(MESSY)
    doubted = outcome.attempts[0].doubted
    assert doubted is not None
    assert doubted.detail.startswith("The text still has filler words, a word twice, signs in")
    assert isinstance(outcome.value, Cleaned)
    assert outcome.value.text == GOOD

    outcome, models = ask(MESSY, {"text": MESSY})
    assert (outcome.value.by_model, len(models.asked)) == (("text",), 2)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("no", "invalid_json"),
        ({"intent": "weather", "text": GOOD}, "out_of_set"),
        ({"intent": "refund"}, "schema"),
        ({"intent": 1, "text": GOOD}, "schema"),
    ],
)
def test_an_answer_of_another_form_is_no_answer(said: Any, reason: str) -> None:
    assert ask(MESSY, said, intents=["refund", "other"])[0].value.reason == reason


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("", {}),
        (" \u200b\n", {}),
        ("x", {"intents": ["one"]}),
        ("x", {"region": "XX"}),
        ("x", {"region": "de"}),
        ("x", {"rewrite": "maybe"}),
    ],
)
def test_misuse_is_refused_before_anybody_is_asked(text: str, more: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        clean_text.job(text, **more)


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+49 (0)30 901820", None, ["+4930901820"]),
        ("Tel.: 030/901820", "DE", ["+4930901820"]),
        ("call 030 901820", None, [None]),
        ("(212) 555-0123 or 212.555.0123", "US", ["+12125550123"]),
        ("1-800-555-0199", "US", ["+18005550199"]),
        ("011 44 20 7946 0018", "US", ["+442079460018"]),
        ("0044 20 7946 0018", "DE", ["+442079460018"]),
        ("06 12 34 56 78", "FR", ["+33612345678"]),
        ("8 (495) 123-45-67", "RU", ["+74951234567"]),
        ("06 1 234 5678", "HU", ["+3612345678"]),
        ("+39 06 1234 5678", None, ["+390612345678"]),
        ("+999 1234567", None, [None]),
        ("+1 23", None, []),
        ("Invoice 20260301, order 1234567890", "US", []),
        ("IBAN DE89 3704 0044 0532 0130 00", "DE", []),
        ("4111 1111 1111 1111", "US", []),
        ("from 192.168.100.200 on 2026-03-01 or 01.03.2026", "DE", []),
        ("$1,234,567.89 and 1234567%", "US", []),
    ],
)
def test_numbers_are_telephone_numbers_only_where_they_look_like_it(
    text: str, region: str | None, expected: list[str | None]
) -> None:
    assert [one.e164 for one in phones(text, region=region)] == expected


def test_a_number_without_its_area_code_is_not_guessed() -> None:
    assert e164("901820", region="DE") is None
    assert e164("555-0123", region="US") is None
    assert e164("030 901820", region=None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b+c@sub.example.org.", ("a.b+c@sub.example.org",)),
        ("<mailto:x@y.example> X@Y.EXAMPLE", ("x@y.example", "X@y.example")),
        ("a@b, a@b.c, @x.example, a..b@x.example, a@-x.example", ()),
        ("user@example.com@evil.example", ()),
    ],
)
def test_addresses_are_found_whole_or_not_at_all(text: str, expected: tuple[str, ...]) -> None:
    assert emails(text) == expected


@pytest.mark.parametrize(
    ("text", "more", "expected"),
    [
        ("2026-03-01T10:00", {}, ["2026-03-01"]),
        ("1.3.2026", {}, ["2026-03-01"]),
        ("03/04/2026", {}, [None]),
        ("03/04/2026", {"day_first": True}, ["2026-04-03"]),
        ("03/04/2026", {"day_first": False}, ["2026-03-04"]),
        ("03/13/2026", {"day_first": True}, ["2026-03-13"]),
        ("04/04/2026", {}, ["2026-04-04"]),
        (
            "1st of May, 2026; Sept. 3rd, 2026; MAY 4 2026",
            {},
            ["2026-05-01", "2026-09-03", "2026-05-04"],
        ),
        (
            "3. März 2026, 1er févr. 2026, 3 de mar. de 2026, 1º de maio de 2026, 3 marca 2026 r.",
            {},
            ["2026-03-03", "2026-02-01", "2026-03-03", "2026-05-01", "2026-03-03"],
        ),
        (
            "3.Dezember 2026; 3. 4. 2026; 4 gennaio 2026",
            {},
            ["2026-12-03", "2026-04-03", "2026-01-04"],
        ),
        (
            "3 decembre 2026, 3 MÄRZ 2026, 3 apr\u0131l 2026",
            {},
            ["2026-12-03", "2026-03-03", "2026-04-03"],
        ),
        ("3-Mar-26, 3/Mrz/26, 3-mrt-2026", {}, ["2026-03-03", "2026-03-03", "2026-03-03"]),
        ("März 3, 2026; 3 Mar 26; 3-Mar/26; 3 marzipan 2026", {}, []),
        ("29 February 2026, 31/31/2026, 2026-13-01", {}, []),
        ("version 1.2.3, 1.2.2026.4, may 2026, 3 March", {}, []),
    ],
)
def test_dates_are_days_or_stay_undecided(
    text: str, more: dict[str, Any], expected: list[str | None]
) -> None:
    assert [day.iso for day in days(text, **more)] == expected


def test_no_name_of_a_month_stands_for_two_of_them() -> None:
    numbers: dict[str, set[int]] = {}
    for months in month_names().values():
        assert len(months) == 12
        for number, names in enumerate(months, 1):
            for name in names:
                numbers.setdefault(name, set()).add(number)
    assert [name for name, found in numbers.items() if len(found) > 1] == []
    assert len(languages()) == 8


WRITTEN = {
    "en": ("{day} {month} {year}", "{month} {day}, {year}", "{day}th of {month}, {year}"),
    "de": ("{day}. {month} {year}", "{day}.{month} {year}"),
    "fr": ("{day} {month} {year}", "{day}er {month} {year}"),
    "es": ("{day} de {month} de {year}", "{day} {month} {year}", "{day} de {month} del {year}"),
    "it": ("{day} {month} {year}", "{day}° {month} {year}"),
    "nl": ("{day} {month} {year}", "{day}-{month}-{year}"),
    "pt": ("{day} de {month} de {year}", "{day}º de {month} de {year}"),
    "pl": ("{day} {month} {year} r.", "{day} {month} {year}"),
}


@given(
    st.dates(min_value=date(1000, 1, 1)),
    st.sampled_from([(one, form) for one, forms in WRITTEN.items() for form in forms]),
    st.sampled_from([str, str.upper, str.title, "{}.".format]),
    st.data(),
)
def test_any_day_is_read_as_it_is_written_in_each_language(
    day: date, written: tuple[str, str], style: Callable[[str], str], data: st.DataObject
) -> None:
    language, form = written
    name = data.draw(st.sampled_from(month_names()[language][day.month - 1]))
    said = form.format(day=day.day, month=style(name), year=day.year)
    assert [one.iso for one in days(f"bla {said}, bla")] == [day.isoformat()]


@given(st.text(max_size=200))
def test_tidying_twice_is_tidying_once_and_rules_never_fail(text: str) -> None:
    once = tidied(text)
    assert tidied(once) == once
    emails(text)
    days(text)
    assert all(one.written in text for one in phones(text, region="US"))
