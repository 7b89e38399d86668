"""Masking: what is found, what is left alone, and that placeholders are stable and keyed."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.errors import BadOption
from suffice.policy.sensitive import KINDS, is_card
from suffice.records import LoggedExchange
from suffice.traffic.redaction import Masking, Redactor, read_masking

SECRET = b"k" * 32


def masked(text: str, *, masking: Masking | None = None) -> str:
    return Redactor(masking or Masking(), secret=SECRET).text(text)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "jane.doe+x@mail.example.co.uk"),
        ("email", "jürgen@müller.de"),
        ("email", "o'hara@example.com"),
        ("phone", "+49 151 2345678"),
        ("phone", "+1 (555) 234-1234"),
        ("phone", "(555) 234-1234"),
        ("phone", "555-234-1234"),
        ("phone", "0151/23456789"),
        ("phone", "01 23 45 67 89"),
        ("phone", "0044 20 7946 0958"),
        ("card", "4111 1111 1111 1111"),
        ("card", "5500-0000-0000-0004"),
        ("card", "378282246310005"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432"),
        ("iban", "FR14 2004 1010 0505 0001 3M02 606"),
        ("key", "sk-ant-api03-abcDEF0123456789abcDEF"),
        ("key", "ghp_abcdefghij0123456789ABCDEFGHIJ"),
        ("key", "AKIAIOSFODNN7EXAMPLE"),
        ("key", "xoxb-123456789012-abcdefghij"),
        ("key", "AIzaSyA0123456789abcdefghijklmnopqrstuv"),
        ("key", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
    ],
)
def test_what_is_personal_or_secret_is_masked(kind: str, value: str) -> None:
    text = masked(f"Take {value}, please.")

    assert re.fullmatch(rf"Take <{kind}:[a-p]{{10}}>, please\.", text)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("api_key = 'ab12cd34ef'", "ab12cd34ef"),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ('{"password": "hunter2hunter2"}', "hunter2hunter2"),
        ("postgres://bob:hunter2@db.internal/x", "hunter2"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIabc123\n-----END RSA PRIVATE KEY-----",
            "MIIabc123",
        ),
    ],
)
def test_a_secret_is_known_by_what_stands_before_it(text: str, secret: str) -> None:
    assert secret not in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 10:00:00",
        "It took 1700000000000 ms, or 12345678 tokens.",
        "uuid 550e8400-e29b-41d4-a716-446655440000",
        "version 1.2.3.4 at 10.0.0.1:8080",
        "max_tokens: 12000000, token: required",
        "Order 0012345678 of $1,234,567.89",
        "4111 1111 1111 1112 fails Luhn",
        "DE89 3704 0044 0532 0130 01 fails its check digits",
        "an @mention and a@b",
        "pi is 3.14159265358979",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert masked(text) == text


def test_one_value_has_one_placeholder_however_it_is_written() -> None:
    assert masked("+49 151 2345678") == masked("+49-151-2345678")
    assert masked("Jane@Example.com") == masked("jane@example.com")
    assert masked("jane@example.com") != masked("john@example.com")


def test_another_key_gives_other_placeholders() -> None:
    other = Redactor(Masking(), secret=b"x" * 32)

    assert masked("jane@example.com") != other.text("jane@example.com")


def test_masking_twice_changes_nothing() -> None:
    once = masked("Jane <jane@example.com>, +49 151 2345678, api_key=ab12cd34ef")

    assert masked(once) == once


def test_everything_of_an_exchange_is_masked() -> None:
    mail = "jane@example.com"
    exchange = LoggedExchange(
        source="anthropic",
        id=mail,
        request={
            "system": mail,
            "messages": [{"role": "user", "content": [{"type": "text", "text": f"I am {mail}"}]}],
            mail: {"deep": [mail, 4111111111111111]},
        },
        response_text=mail,
        response_blocks=({"type": "tool_use", "input": {"to": mail}},),
        error=mail,
        session=mail,
        user=mail,
        labels={mail: mail},
        app=mail,
    )

    kept = Redactor(Masking(), secret=SECRET).exchange(exchange)

    assert "jane" not in repr(kept)
    assert "4111111111111111" not in repr(kept)
    assert kept.source == "anthropic"


def test_none_changes_nothing() -> None:
    exchange = LoggedExchange(source="x", response_text="jane@example.com")

    assert Redactor(read_masking(["none"]), secret=SECRET).exchange(exchange) is exchange


def test_only_the_kinds_asked_for_are_masked() -> None:
    text = masked("jane@example.com, +49 151 2345678", masking=read_masking(["phone"]))

    assert text.startswith("jane@example.com, <phone:")


def test_a_pattern_of_ones_own_adds_to_the_usual_kinds() -> None:
    masking = read_masking([r"+E-\d{3}"])

    assert masking.kinds == KINDS
    assert masked("E-123", masking=masking).startswith("<custom:")


@pytest.mark.parametrize("option", ["emails", "none,email", "+(", "+x*", "+"])
def test_what_cannot_be_masked_is_refused(option: str) -> None:
    with pytest.raises(BadOption):
        read_masking([option])


def test_what_was_masked_is_counted() -> None:
    redactor = Redactor(Masking(), secret=SECRET)
    redactor.text("a@example.com and b@example.com")

    assert redactor.found == {"email": 2}


def test_a_card_needs_an_issuer_a_length_and_luhns_sum() -> None:
    assert is_card("4242424242424242")
    assert not is_card("1000000000000008")
    assert not is_card("42424242")


HOSTILE = [
    "a@" * 50_000,
    "1-" * 50_000,
    "+" * 100_000,
    "DE89" * 25_000,
    "a.b-" * 25_000 + "@x.",
    "x@" + "a." * 50_000,
    "-----BEGIN " * 9_000,
    "eyJ" * 33_000,
    "secret=" * 14_000,
    "sk-" * 33_000,
    "://" + "a:" * 50_000 + "@",
    "bearer " * 14_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:6])
def test_no_text_takes_more_than_its_length_deserves(text: str) -> None:
    begun = time.thread_time()
    masked(text)

    assert time.thread_time() - begun < 1.0


PIECES = st.sampled_from(
    ["jane@example.com", "+49 151 2345678", "4111111111111111", "DE89370400440532013000",
     "sk-abcdefgh12345678", " ", ",", "\n", "x", "<", ":", "é", "\ud83d"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(PIECES, max_size=8))
def test_no_value_set_apart_by_blanks_survives(pieces: list[str]) -> None:
    text = " ".join(pieces)

    kept = masked(text)

    assert not [one for one in ("jane@", "2345678", "41111111", "0532", "sk-abc") if one in kept]
    assert masked(kept) == kept


def test_a_member_that_is_called_secret_goes_whatever_it_looks_like() -> None:
    redactor = Redactor(Masking(), secret=SECRET)

    masked = redactor.value({"input": {"password": "x", "passwordHint": "x"}})

    assert masked["input"]["password"].startswith("<key:")
    assert masked["input"]["passwordHint"] == "x"
    assert redactor.value(masked) == masked
    assert redactor.found == {"key": 1}


def test_where_keys_are_kept_a_name_hides_nothing() -> None:
    redactor = Redactor(Masking(kinds=("email",)), secret=SECRET)

    assert redactor.value({"password": "x"}) == {"password": "x"}
