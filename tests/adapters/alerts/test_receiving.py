"""The receiver the documentation shows takes what is sent, once, and nothing else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suffice.adapters.alerts.signing import signature, signing_key

SECRET = "whsec_c3VmZmljZS10ZXN0LXNpZ25pbmcta2V5"
BODY = b'{"type":"rollout.rolled_back"}'
_PAGE = Path(__file__).parents[3] / "docs" / "alerts.md"

Accepted = Callable[[dict[str, str], bytes, str, set[str]], bool]


@pytest.fixture
def accepted() -> Accepted:
    """The function as it stands on the page."""
    [program] = re.findall(r"```python\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(program, str(_PAGE), "exec"), names)  # noqa: S102 - our own page
    found: Accepted = names["accepted"]
    return found


def sent(*, late_s: int = 0, name: str = "msg_1") -> dict[str, str]:
    """Headers as the sender makes them."""
    moment = int(time.time()) - late_s
    made = signature(signing_key(SECRET, named="S"), message_id=name, timestamp=moment, body=BODY)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(moment),
        "webhook-signature": made,
    }


def test_a_message_is_taken_once(accepted: Accepted) -> None:
    seen: set[str] = set()
    message = sent()

    assert [accepted(message, BODY, SECRET, seen) for _ in range(2)] == [True, False]
    assert accepted(sent(name="msg_2"), BODY, SECRET, seen)


def test_a_message_of_old_is_not_taken_again(accepted: Accepted) -> None:
    assert not accepted(sent(late_s=600), BODY, SECRET, set())
    assert not accepted(sent(late_s=-600), BODY, SECRET, set())


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "1700000000"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "\u00e9"},
    ],
)
def test_what_was_changed_is_not_taken(accepted: Accepted, changed: dict[str, str]) -> None:
    assert not accepted(sent() | changed, BODY, SECRET, set())


def test_another_body_or_secret_is_not_taken(accepted: Accepted) -> None:
    assert not accepted(sent(), BODY + b" ", SECRET, set())
    assert not accepted(sent(), BODY, "whsec_" + "QUFB" * 8, set())


def test_one_of_two_signatures_is_enough(accepted: Accepted) -> None:
    message = sent()
    message["webhook-signature"] = "v1,AAAA " + message["webhook-signature"]

    assert accepted(message, BODY, SECRET, set())
