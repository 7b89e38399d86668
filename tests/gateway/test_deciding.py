"""Deciding fails open: whatever goes wrong there, a request goes where it asked to, and it shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from suffice.gateway.deciding import Decider, fallen_back
from suffice.policy.rules import Policy, TypeRule
from suffice.policy.splice import Edit, Edits
from suffice.policy.view import RequestView, view_request

BIG, SMALL = "claude-opus-5-5", "claude-haiku-5-5"
RULE = TypeRule(baseline=BIG, candidate=f"{SMALL}:effort=low", share=1.0)
POLICY = Policy(version=7, types={"triage": RULE})
ASK = {"model": BIG, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def view(headers: dict[str, str] | None = None) -> RequestView:
    found = view_request(headers or {}, msgspec.json.encode(ASK))
    assert found is not None
    return found


def decider(**changes: Any) -> Decider:
    usual: dict[str, Any] = {"key": b"k", "now": lambda: datetime.now(UTC), "policy": POLICY}
    return Decider(**{**usual, **changes})


def test_a_mistake_in_deciding_is_told_and_the_request_goes_where_it_asked() -> None:
    told: list[Exception] = []

    def broken(_body: bytes) -> str:
        raise ZeroDivisionError

    found = decider(type_of=broken, on_fault=told.append).decide(
        view(), version="2023-06-01", now=0.0
    )

    assert (found.model, found.arm, found.reason) == (BIG, "requested", "deciding failed")
    assert [type(fault) for fault in told] == [ZeroDivisionError]


def test_a_mistake_in_changing_a_body_is_told_and_the_body_goes_as_it_came() -> None:
    told: list[Exception] = []
    deciding = decider(on_fault=told.append)
    found = deciding.decide(view({"x-suffice-type": "triage"}), version="2023-06-01", now=0.0)
    odd = msgspec.structs.replace(found, body_edits=Edits((Edit((), "drop"),)))

    sent, body = deciding.changed(odd, b'{"model":"a"}')

    assert (sent.model, sent.arm, body) == (BIG, "baseline", b'{"model":"a"}')
    assert len(told) == 1


def test_without_an_assignment_key_nothing_is_routed_and_the_reason_says_so() -> None:
    deciding = decider(key=None)

    found = deciding.decide(view({"x-suffice-type": "triage"}), version="2023-06-01", now=0.0)

    assert (found.model, found.type) == (BIG, "triage")
    assert found.reason == deciding.trouble == "the assignment key cannot be read"


@pytest.mark.parametrize(
    ("headers", "kind"), [({}, "learnt"), ({"x-suffice-type": "triage"}, "triage")]
)
def test_the_learnt_types_are_asked_only_where_nobody_names_one(
    headers: dict[str, str], kind: str
) -> None:
    asked: list[bytes] = []

    def type_of(body: bytes) -> str:
        asked.append(body)
        return "learnt"

    for policy in (POLICY, None):
        found = decider(type_of=type_of, policy=policy).decide(
            view(headers), version="2023-06-01", now=0.0
        )
        assert found.type == kind

    assert len(asked) == (2 if kind == "learnt" else 0)


def test_a_conversation_is_remembered_by_the_candidate_with_its_settings() -> None:
    found = decider().decide(view({"x-suffice-type": "triage"}), version="2023-06-01", now=0.0)

    assert (found.model, found.served_as) == (SMALL, f"{SMALL}:effort=low")
    assert fallen_back(found, "it failed").served_as == BIG
