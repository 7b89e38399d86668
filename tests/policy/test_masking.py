"""Nothing that opens a door or names a person is kept, and nothing else is harmed."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.policy.masking import mask_json, mask_text
from suffice.policy.sensitive import is_iban, is_plain, longest_iban


@pytest.mark.parametrize(
    ("secret", "mark"),
    [
        ("sk-ant-api03-" + "aB3_" * 20, "[key]"),
        ("sk-proj-" + "a1B2" * 10, "[key]"),
        ("AKIA" + "ABCDEFGH12345678", "[key]"),
        ("ghp_" + "a" * 36, "[key]"),
        ("github_pat_" + "a1" * 20, "[key]"),
        ("glpat-" + "a" * 20, "[key]"),
        ("xoxb-" + "1234567890-abc", "[key]"),
        ("DE89 3704 0044 0532 0130 00", "[iban]"),
        ("npm_" + "a1" * 20, "[key]"),
        ("postgres://bob:hunter2@db.internal/x", "[key]"),
        ("AIza" + "b" * 35, "[key]"),
        ("hf_" + "c" * 34, "[key]"),
        ("sk_live_" + "d" * 24, "[key]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF_123", "[key]"),
        ("sgk-" + "aB3_" * 10, "[key]"),
        ("whsec_" + "aB3/" * 8 + "=", "[key]"),
        ("gsk_" + "a1" * 20, "[key]"),
        ("hvs." + "a1" * 20, "[key]"),
        ("SG." + "a1" * 11 + "." + "b2" * 20, "[key]"),
        ("lin_api_" + "a1" * 15, "[key]"),
        ("GOCSPX-" + "a1" * 14, "[key]"),
        ("https://hooks.slack.com/services/T01234567/B01234567/abcdefABCDEF", "[key]"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "[key]"),
        ("SMTP_PASS=hunter", "[key]"),
        ("Cookie: session=0123456789abcdef", "[key]"),
        ("https://a.blob.core.windows.net/c?sv=1&sig=abc%2F0123456789abcdef%3D", "[key]"),
        ("redis://:hunter2@db/0", "[key]"),
        ("AccountKey=abcd0123+efgh/ijkl==", "[key]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----", "[key]"),
        ("bob.o'neil+tag@mail.example.co.uk", "[email]"),
        ("bob@example.org", "[email]"),
        ("+49 30 1234567", "[phone]"),
        ("+1 (415) 555-2671", "[phone]"),
        ("0049 170 1234567", "[phone]"),
        ("(415) 555-2671", "[phone]"),
        ("415-555-2671", "[phone]"),
        ("4111 1111 1111 1111", "[card]"),
        ("5500-0000-0000-0004", "[card]"),
        ("340000000000009", "[card]"),
    ],
)
def test_secrets_and_persons_are_masked(secret: str, mark: str) -> None:
    masked = mask_text(f"before {secret} after")

    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert mark in masked
    assert secret not in masked


@pytest.mark.parametrize(
    "text",
    [
        "order 4111 1111 1111 1112 of 2026-11-22",
        "at 10:00, 3.14159265358979, 192.168.100.200, version 1.2.3-4",
        "max_tokens: 128000, id msg_01XYZ, tel: none",
        "task-sk-ipped, ask-me-anything-about-it",
        "@decorator, user@localhost, a @ b",
        "first_pass=True, cookie: none, authorization: basic, ?sig=short, MSG. SG.x.y",
        "2026112212345, 550e8400-e29b-41d4-a716-446655440000",
        "total 1,234,567.89 and 100 200 300",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "text", ['password = "hunter2hunter"', "api_key=abcdef123456", "client_secret: s3cr3tvalue"]
)
def test_what_is_called_a_secret_is_one(text: str) -> None:
    masked = mask_text(text)

    assert masked.endswith(("[key]", '[key]"'))


def test_a_secret_after_an_escape_leaves_json_whole() -> None:
    body = {"text": 'first\nbob@example.org\t"+49 30 1234567"'}

    masked = mask_json(msgspec.json.decode(msgspec.json.encode(body)))

    assert masked == {"text": 'first\n[email]\t"[phone]"'}


def test_names_of_fields_are_masked_too() -> None:
    assert mask_json({"bob@example.org": 1}) == {"[email]": 1}


def test_attached_files_are_left_alone() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "4111111111111111"}

    assert mask_json({"source": source}) == {"source": source}


@given(
    st.text(
        alphabet=st.sampled_from('sk-antBearer @.+0123456789()"=:[]keycardphonemail/_\n'),
        max_size=200,
    )
)
@settings(max_examples=200, deadline=None)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_text(text)

    assert mask_text(once) == once


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
        ),
        max_leaves=20,
    )
)
@settings(max_examples=80, deadline=None)
def test_the_shape_of_a_value_is_kept(value: Any) -> None:
    masked = mask_json(value)

    assert type(masked) is type(value)
    if isinstance(value, list):
        assert len(masked) == len(value)


PIECES = st.sampled_from(
    ["jane@example.com", "+49 151 2345678", "030/1234567", "4111111111111111", "hf_", "a" * 20,
     "DE89370400440532013000", "sk-abcdefgh12345678", "\u00e9", "\n", "token: ab12cd34ef", " ", "<",
     "sgk-", "whsec_", "hvs.", "SG.", "a1" * 10, "_PASS=", "cookie: a=", "Authorization: Basic ",
     "hooks.slack.com/services/", "://:", "&sig=",
     "max_tokens", "password=hunter2", "415-555-2671", "Bearer ", "12", "AB", "secret", "eyJ."]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    value=st.dictionaries(
        st.sampled_from(["text", "input_tokens", "password", "x_tokens_details"]),
        st.lists(PIECES, max_size=3).map("".join) | st.integers(),
        max_size=3,
    ),
    ascii_only=st.booleans(),
)
def test_what_is_called_plain_by_its_bytes_holds_nothing_to_mask(
    value: dict[str, Any], ascii_only: bool
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()

    assert not is_plain(body) or mask_json(value) == value


def test_the_usual_request_and_answer_are_plain() -> None:
    assert is_plain(b'{"model":"claude-haiku-4-5","max_tokens":512,"messages":[{"role":"user"}]}')
    assert is_plain(b'{"usage":{"input_tokens":9,"output_tokens_details":{"thinking_tokens":0}}}')


@settings(max_examples=300, deadline=None)
@given(plain=st.from_regex(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{0,40}", fullmatch=True))
def test_the_longest_iban_is_the_longest_beginning_that_is_one(plain: str) -> None:
    lengths = [length for length in range(len(plain) + 1) if is_iban(plain[:length])]

    assert longest_iban(plain) == max(lengths, default=0)


@pytest.mark.parametrize(
    "piece",
    [
        "AA00-",
        "a",
        "@",
        "1",
        "1 ",
        "a@a.",
        "sk-",
        "eyJa.",
        "+1 ",
        "-----BEGIN ",
        "password=",
        "415-",
        "cookie:a=",
        "://:",
        "://:a",
        "_PASS=",
        "SG.",
        "hvs.a",
        "authorization: basic ",
    ],
)
def test_no_text_makes_masking_slow(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    began = time.thread_time()

    mask_text(text)

    assert time.thread_time() - began < 2.0
