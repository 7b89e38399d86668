"""Credentials are found by their beginnings, names and commands; what only looks alike is left."""

from __future__ import annotations

import json
import random
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.policy.credentials import find_keys, is_secret_name, long_runs
from suffice.policy.masking import mask_json, mask_text
from suffice.policy.sensitive import is_plain
from suffice.policy.vendors import HASHES, MARKS, NEAR, OTHERS, RUNS

_DRAWN = random.Random(7)


def drawn(signs: int, *, of: str = string.ascii_letters + string.digits) -> str:
    """A made-up secret, which has a digit and both cases."""
    return "".join(_DRAWN.choice(of) for _ in range(signs - 3)) + "7aB"


BASE64 = string.ascii_letters + string.digits + "+/"
HEX = "0123456789abcdef"
AWS = drawn(40, of=BASE64)
AWS_ID = "AKIA" + "ABCDEFGH12345678"
DISCORD = "MTIzNDU2Nzg5MDEyMzQ1Njc4." + drawn(6) + "." + drawn(27)
TELEGRAM = "AA" + drawn(33)
TWILIO = "0123456789abcdef" * 2
HOOK = drawn(68)
PEM = "\n".join(drawn(64, of=BASE64) for _ in range(3))
PLACES = {
    "AWS, a row of CSV": (f"bob,{AWS_ID},{AWS}", AWS),
    "AWS, lines apart": (f"id {AWS_ID}\nand it goes with\n{AWS}\n", AWS),
    "AWS, before its id": (f"{AWS} for {AWS_ID}", AWS),
    "AWS, by its name": (f"aws configure set aws_secret_access_key {AWS}", AWS),
    "AWS, XML": (f"<SecretAccessKey>{AWS}</SecretAccessKey>", AWS),
    "AWS, a long session": (f"AWS_SESSION_TOKEN={drawn(1200, of=BASE64)}end", "end"),
    "curl": ("curl -s -u bob:hunter2 https://x.example", "hunter2"),
    "curl, in quotes": ("curl --user 'bob:hunter two' https://x.example", "hunter two"),
    "curl, glued": ("curl -ubob:hunter https://x.example", "hunter"),
    "curl, over lines": ("curl https://x.example \\\n  -u bob:hunter", "hunter"),
    "netrc": ("machine x.example login bob password hunter", "hunter"),
    "netrc, over lines": ("machine x.example\n  login bob\n  password hunter\n", "hunter"),
    "pgpass": ("db.example:5432:app:bob:hunter", "hunter"),
    "mysql": ("mysql -u root -phunter app", "-phunter"),
    "sshpass": ("sshpass -p hunter ssh bob@db", "hunter"),
    "docker": ("docker login -u bob -p hunter", "hunter"),
    "docker's file": ('{"auths": {"x": {"auth": "Ym9iOmh1bnRlcjJo"}}}', "Ym9iOmh1bnRlcjJo"),
    "npmrc": ("//r.example/:_auth=Ym9iOmh1bnRlcjI=", "Ym9iOmh1bnRlcjI"),
    "Twilio": (f"Client('AC{TWILIO}', '{TWILIO[::-1]}')", TWILIO[::-1]),
    "Twilio, a key": (f"SK{TWILIO}", TWILIO),
    "Discord": (f"client.run('{DISCORD}')", DISCORD[10:]),
    "Discord, a hook": (f"https://discord.com/api/v10/webhooks/123456789012345678/{HOOK}", HOOK),
    "Teams": (f"https://a.webhook.office.com/webhookb2/{HOOK}@{HOOK}/Incoming/{HOOK}", HOOK),
    "Telegram": (f"TELEGRAM_TOKEN=123456789:{TELEGRAM}", TELEGRAM),
    "Telegram, an address": (f"https://api.telegram.org/bot123456789:{TELEGRAM}/x", TELEGRAM),
    "Google, a service account": (
        json.dumps({"private_key": f"-----BEGIN PRIVATE KEY-----\n{PEM}"}),
        PEM[70:120],
    ),
    "PGP": (f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{PEM}", PEM[70:120]),
    "PuTTY": (f"Private-Lines: 3\n{PEM}\nPrivate-MAC: 00", PEM[70:120]),
    "Azure, storage": (f"AccountName=x;AccountKey={drawn(83, of=BASE64)}zzz==;", "zzz=="),
    "Azure, a client": ("secret of it: " + drawn(3) + "8Q~" + HOOK[:34], HOOK[5:30]),
    "Azure, SQL": ("Server=x;User ID=bob;Password=Hunter#Two!;", "Hunter#Two!"),
    "a database, with an @": ("postgresql://bob:p@ss:word@db:5432/x", "ss:word"),
    "an environment": ("PGPASSWORD=hunter psql", "hunter"),
    "settings": ("DB_PASSWORD = 'hunters'", "hunters"),
    "YAML": ("db_password: hunters", "hunters"),
    "a text within a text": (r"{\"password\": \"hunters\"}", "hunters"),
    "an option": ("tool --api-key abc123def456", "abc123def456"),
    "a hash": ("root:$6$abcdefgh$" + HOOK, HOOK),
    "bcrypt": ("$2b$12$" + HOOK[:53], HOOK[:53]),
    "S3, signed": (f"https://b.s3.amazonaws.com/k?X-Amz-Signature={TWILIO}", TWILIO),
    "digest": (f'Authorization: Digest username="b", response="{TWILIO}"', TWILIO),
    "Docker Hub": ("dckr_pat_" + HOOK[:27], HOOK[:27]),
    "Slack, an app": ("xapp-1-A0123456789-0123456789012-" + TWILIO * 2, TWILIO),
    "GitLab, a runner": ("glrt-" + HOOK[:20], HOOK[:20]),
    "Hugging Face, an organisation": ("api_org_" + "aB" * 17, "aB" * 17),
    "a JWT behind a name": ("x_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF", "eyJzdWIiOiIxIn0"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_masked_wherever_it_is_written(place: str) -> None:
    text, secret = PLACES[place]

    assert secret in text
    assert secret not in mask_text(text)


@pytest.mark.parametrize("place", PLACES)
def test_a_body_with_a_secret_is_never_plain(place: str) -> None:
    assert not is_plain(json.dumps({"content": PLACES[place][0]}).encode())


@pytest.mark.parametrize(
    "text",
    [
        "commit e4afb61e6a01ab3294ef28a4d17a9c36d62b14e1, 0123456789abcdef0123456789abcdef",
        "550e8400-e29b-41d4-a716-446655440000 and sha256:" + "0123456789abcdef" * 4,
        "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAAAAUA" * 40,
        "password = get_password(user), secret: Optional[str], token=self.token",
        "password = settings.password; api_key=api_key, auth_token=auth_token",
        "DB_PASS=${DB_PASS} tool --password $PASSWORD --token TOKEN",
        "PWD=/home/bob OLDPWD=/root, pwd: ./here",
        "machine learning, login with password authentication",
        "curl -sSL https://x.example/a:b -o out; git push -u origin main:main",
        "docker run -p 8080:80 nginx, mysql -p app",
        "api_key: YOUR-API-KEY, password: string, client_secret: <secret>",
        "input_tokens: usage.cache_write_1h_tokens, cost is $2 or $5",
        "AKIA is a prefix of AWS, AC is a current and Q~ is nothing",
        "task_discovery-of_patterns-in_path, risk-averse, hf_space, npm_config_registry",
    ],
)
def test_what_only_looks_alike_is_left(text: str) -> None:
    assert mask_text(text) == text


def test_what_was_masked_or_refers_elsewhere_is_left() -> None:
    text = "password=[key] api_key=<key:abcdefghij> DB_PASSWORD=${SECRET_OF_DB}"

    assert mask_text(text) == text


def test_a_field_is_secret_by_its_name_in_any_spelling() -> None:
    fields = {"SecretAccessKey": "x", "db-password": "x", "refreshToken": "x", "passwordHint": "x"}

    assert mask_json(fields) == {**dict.fromkeys(fields, "[key]"), "passwordHint": "x"}


def test_a_name_without_end_is_no_secret() -> None:
    assert not is_secret_name("a" * 1_000_000 + "_password")


def test_a_letter_that_grows_when_small_moves_no_place() -> None:
    text = "\u0130\u0130\u0130\u0130 password = 'hunters' \u0130"

    assert [text[start:end] for start, end in find_keys(text)] == ["hunters"]


@settings(max_examples=200, deadline=None)
@given(data=st.text(alphabet="aB3_- .\n\u00e9", max_size=80))
def test_long_runs_are_those_of_a_pattern(data: str) -> None:
    import re

    found = re.findall(rb"[A-Za-z0-9_-]{15,}", data.encode())

    assert long_runs(data.encode()) == b" ".join(found)


SIGNS = sorted(
    {sign for table in (RUNS, MARKS, HASHES, OTHERS) for sign, _ in table}
    | {sign for sign, _, _ in NEAR}
    | {"password", "secret", "api_key", "token", "cookie:", "curl -u a:", "mysql -p", "machine a"}
)


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("tail", ["", "-", "=aaaaaaaa", "0" * 32 + " "])
def test_no_sign_however_often_makes_long_texts_slow(sign: str, tail: str) -> None:
    text = (sign + tail) * (60_000 // len(sign + tail))
    began = time.process_time()

    mask_text(text)

    assert time.process_time() - began < 0.5
