"""Each place gets an alert in its own form."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suffice.adapters.alerts.mail import EmailSender
from suffice.adapters.alerts.senders import (
    LogSender,
    PagerDutySender,
    SlackSender,
    WebhookSender,
    pagerduty_body,
    slack_body,
)
from suffice.adapters.alerts.sending import NotDelivered, wants
from suffice.errors import BadSettings
from suffice.records.alert import (
    Alert,
    EmailTarget,
    LogTarget,
    PagerDutyTarget,
    SlackTarget,
    WebhookTarget,
)

SECRET = "whsec_c3VmZmljZS10ZXN0LXNpZ25pbmcta2V5"


def letter(content: bytes) -> Any:
    return email.message_from_bytes(content, policy=email.policy.default)


def test_a_webhook_is_signed_over_the_bytes_that_arrive(receiver: Any, rolled_back: Alert) -> None:
    target = WebhookTarget(url=receiver.url, secret_env="S")
    sender = WebhookSender("hook", target, {"S": SECRET}, now=lambda: 1_795_336_200.4)

    sender.send(rolled_back)

    [(headers, body)] = receiver.requests
    signed = b"evt_7.1795336200." + body
    expected = base64.b64encode(
        hmac.new(b"suffice-test-signing-key", signed, hashlib.sha256).digest()
    )
    assert headers["webhook-signature"] == f"v1,{expected.decode()}"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("evt_7", "1795336200")
    told = json.loads(body)
    assert told["type"] == "rollout.rolled_back"
    assert told["timestamp"] == "2026-11-22T08:30:00+00:00"
    assert told["data"]["facts"] == {"pairs": "63"}


@pytest.mark.parametrize(
    ("status", "again"), [(302, False), (400, False), (408, True), (429, True), (503, True)]
)
def test_only_what_may_succeed_later_is_tried_again(
    receiver: Any, rolled_back: Alert, status: int, again: bool
) -> None:
    receiver.answers = [status]

    with pytest.raises(NotDelivered) as failed:
        SlackSender("team", SlackTarget(url_env="U"), {"U": receiver.url}).send(rolled_back)

    assert failed.value.again is again
    assert len(receiver.requests) == 1


def test_an_address_that_is_a_secret_is_in_no_message(rolled_back: Alert) -> None:
    for url in ("http://127.0.0.1:1/T0/secret", "http://[secret", "secret"):
        with pytest.raises(NotDelivered) as failed:
            SlackSender("team", SlackTarget(url_env="U"), {"U": url}).send(rolled_back)
        assert "secret" not in str(failed.value)
        assert failed.value.__suppress_context__


def test_slack_shows_a_name_as_it_is_and_obeys_nothing_in_it(rolled_back: Alert) -> None:
    told = msgspec.structs.replace(rolled_back, sentence="<!here> & *triage* fell")

    body = slack_body(told)

    assert body["text"] == "&lt;!here&gt; &amp; *triage* fell"
    assert {part["text"]["type"] for part in body["blocks"] if "text" in part} == {"plain_text"}


def test_a_pager_is_opened_and_closed_by_one_key(receiver: Any, rolled_back: Alert) -> None:
    sender = PagerDutySender(
        "duty", PagerDutyTarget(key_env="K", url=receiver.url), {"K": "r" * 32}
    )
    page = msgspec.structs.replace(rolled_back, level="page")

    sender.send(page)
    sender.send(msgspec.structs.replace(page, id="evt_8", resolves=True))

    opened, closed = (json.loads(body) for _, body in receiver.requests)
    assert opened["routing_key"] == "r" * 32
    assert (opened["event_action"], closed["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == closed["dedup_key"] == "suffice:triage:1"
    assert opened["payload"]["severity"] == "critical"
    assert opened["payload"].keys() >= {"summary", "source", "severity"}


def test_a_key_is_never_longer_than_a_pager_takes(rolled_back: Alert) -> None:
    long = msgspec.structs.replace(rolled_back, dedup_key="k" * 400, sentence="s" * 4000)

    body = pagerduty_body(long)

    assert len(body["dedup_key"]) == 255
    assert len(body["payload"]["summary"]) == 1024


def test_a_pager_wants_pages_and_a_log_wants_everything(tmp_path: Path, rolled_back: Alert) -> None:
    pager = PagerDutySender("duty", PagerDutyTarget(key_env="K"), {"K": "r"})
    log = LogSender("file", LogTarget(path=str(tmp_path / "a.jsonl")))

    assert (wants(pager, rolled_back), wants(log, rolled_back)) == (False, True)
    assert wants(pager, msgspec.structs.replace(rolled_back, level="page"))


def test_the_log_is_one_json_line_an_alert(tmp_path: Path, rolled_back: Alert) -> None:
    log = LogSender("file", LogTarget(path=str(tmp_path / "new" / "a.jsonl")))

    log.send(rolled_back)
    log.send(rolled_back)

    lines = (tmp_path / "new" / "a.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["evt_7", "evt_7"]


def test_a_mail_goes_over_tls_with_a_password_and_says_what_happened(
    serve_mail: Callable[..., Any], certificate: Path, rolled_back: Alert
) -> None:
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate)
    box = serve_mail(theirs)
    target = EmailTarget(
        host="localhost", port=box.port, sender="s@example.com", to=("a@example.com",),
        user="me", password_env="P",
    )  # fmt: skip
    trust = ssl.create_default_context(cafile=certificate)

    EmailSender("mail", target, {"P": "pw"}, trust=trust).send(rolled_back)

    [content] = box.letters
    mail = letter(content)
    assert mail["subject"] == rolled_back.sentence
    assert "pairs: 63" in mail.get_content()
    before = box.commands[: box.commands.index("STARTTLS")]
    assert not any(command.startswith("AUTH") for command in before)
    assert any(command.startswith("AUTH") for command in box.commands)


def test_a_server_with_a_certificate_nobody_believes_gets_no_password(
    serve_mail: Callable[..., Any], certificate: Path, rolled_back: Alert
) -> None:
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate)
    box = serve_mail(theirs)
    target = EmailTarget(
        host="localhost", port=box.port, sender="s@example.com", to=("a@example.com",),
        user="me", password_env="P",
    )  # fmt: skip

    with pytest.raises(NotDelivered):
        EmailSender("mail", target, {"P": "pw"}).send(rolled_back)

    assert not any(command.startswith("AUTH") for command in box.commands)
    assert box.letters == []


def test_a_server_that_offers_no_tls_gets_nothing(
    serve_mail: Callable[..., Any], rolled_back: Alert
) -> None:
    box = serve_mail()
    target = EmailTarget(host="127.0.0.1", port=box.port, sender="s@e.com", to=("a@e.com",))

    with pytest.raises(NotDelivered):
        EmailSender("mail", target, {}).send(rolled_back)

    assert box.letters == []


@pytest.mark.parametrize(
    ("kind", "over"), [("rollout.recovered", True), ("rollout.started", False)]
)
def test_a_mail_says_over_only_of_what_was_a_trouble(
    serve_mail: Callable[..., Any], rolled_back: Alert, kind: str, over: bool
) -> None:
    box = serve_mail()
    target = EmailTarget(
        host="127.0.0.1", port=box.port, tls="none", sender="s@e.com", to=("a@e.com",)
    )

    EmailSender("mail", target, {}).send(
        msgspec.structs.replace(rolled_back, kind=kind, resolves=True)
    )

    assert letter(box.letters[0])["subject"].startswith("Over: ") is over


@pytest.mark.parametrize(("answer", "again"), [("451 later", True), ("550 no", False)])
def test_a_mail_server_says_whether_to_come_again(
    serve_mail: Callable[..., Any], rolled_back: Alert, answer: str, again: bool
) -> None:
    box = serve_mail()
    box.answer = answer
    target = EmailTarget(
        host="127.0.0.1", port=box.port, tls="none", sender="s@e.com", to=("a@e.com",)
    )

    with pytest.raises(NotDelivered) as failed:
        EmailSender("mail", target, {}).send(rolled_back)

    assert failed.value.again is again


def test_a_line_end_in_a_sentence_makes_no_header(
    serve_mail: Callable[..., Any], rolled_back: Alert
) -> None:
    box = serve_mail()
    target = EmailTarget(
        host="127.0.0.1", port=box.port, tls="none", sender="s@e.com", to=("a@e.com",)
    )
    told = msgspec.structs.replace(rolled_back, sentence="triage\r\nBcc: all@e.com\r\n\r\nhello")

    EmailSender("mail", target, {}).send(told)

    [content] = box.letters
    mail = letter(content)
    assert mail["bcc"] is None
    assert mail["subject"].startswith("triage Bcc:")


def test_a_place_without_its_secret_is_refused_by_the_variables_name() -> None:
    with pytest.raises(BadSettings, match=r"alerts\.team: U is not set"):
        SlackSender("team", SlackTarget(url_env="U"), {})


def test_a_webhook_needs_one_address() -> None:
    with pytest.raises(BadSettings, match="one of url and url_env"):
        WebhookSender("hook", WebhookTarget(secret_env="S"), {"S": SECRET}, now=lambda: 0.0)
