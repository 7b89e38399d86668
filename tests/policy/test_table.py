"""The policy as a document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from suffice.catalog import load_catalog
from suffice.errors import BadPolicy
from suffice.policy.table import (
    Basis,
    Guards,
    Policy,
    TypeRule,
    diff,
    json_schema,
    lint,
    read_policy,
    shipped_schema,
    write_policy,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PROVEN = Basis(run="runs/1", verdict="switch", pairs=412)
RULE = TypeRule(
    baseline="claude-opus-5-5",
    candidate="claude-haiku-5-5",
    share=0.05,
    ramped=NOON,
    basis=PROVEN,
)
POLICY = Policy(version=3, types={"triage": RULE}, lookup={"ab" * 32: "triage"}, expires=NOON)


def changed(rule: TypeRule = RULE, **fields: Any) -> Policy:
    return Policy(version=4, types={"triage": msgspec.structs.replace(rule, **fields)})


def complaints(policy: Policy) -> list[str]:
    return [finding.says for finding in lint(policy, at=NOON, catalog=load_catalog())]


def test_a_policy_is_read_back_as_it_was_written() -> None:
    assert read_policy(write_policy(POLICY)) == POLICY


def test_the_same_policy_has_the_same_bytes_whatever_the_order_of_its_types() -> None:
    other = msgspec.structs.replace(RULE, share=0.5)
    one = Policy(version=1, types={"a": RULE, "b": other})

    assert write_policy(one) == write_policy(Policy(version=1, types={"b": other, "a": RULE}))


def test_the_schema_that_ships_is_the_records_own_and_takes_a_policy() -> None:
    made = msgspec.json.format(msgspec.json.encode(json_schema()), indent=2) + b"\n"
    # Where the records were changed on purpose, write ``made`` over policy.schema.json.
    assert shipped_schema() == made

    validator = jsonschema_rs.validator_for(json_schema())
    assert validator.is_valid(msgspec.json.decode(write_policy(POLICY)))
    assert not validator.is_valid({"version": 1, "types": {"a": {"baseline": "m", "share": 2}}})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"version": 1, "typos": {}}',
        b'{"version": -1}',
        b'{"version": 1, "schema": "suffice.run"}',
        b'{"version": 1, "types": {"a": {"baseline": "m", "share": 1.5}}}',
        b'{"version": 1, "types": {"a": {"baseline": "no model"}}}',
        b'{"version": 1, "types": {"a": {"baseline": "m", "guards": {"onging": "move"}}}}',
        b'{"version": 1, "expires": "2026-11-22T12:00:00"}',
    ],
)
def test_what_is_no_policy_is_refused(content: bytes) -> None:
    with pytest.raises(BadPolicy, match="cannot be read"):
        read_policy(content)


def test_a_difference_is_a_sentence_about_what_people_set() -> None:
    wider = changed(share=0.25, before=0.05, ramped=NOON + timedelta(days=1))
    wider = msgspec.structs.replace(wider, lookup=POLICY.lookup, expires=NOON)

    assert [line.sentence for line in diff(POLICY, wider)] == ["triage: share 5 % -> 25 %"]


def test_types_that_come_and_go_are_named() -> None:
    told = [line.sentence for line in diff(Policy(version=1), Policy(version=2, types={"a": RULE}))]

    assert told == ["a: 5 % of claude-opus-5-5 to claude-haiku-5-5"]
    gone = diff(Policy(version=1, types={"a": RULE}), Policy(version=2))
    assert [line.sentence for line in gone] == ["a: no longer in the policy"]


def test_guards_and_look_ups_are_compared_one_by_one() -> None:
    old = Policy(version=1, types={"triage": RULE}, lookup={"ab" * 32: "triage"})
    new = changed(guards=Guards(ongoing="move"))

    assert [line.sentence for line in diff(old, new)] == [
        "triage: guards.ongoing stay -> move",
        "requests of shape abababababab: triage -> no type",
    ]


def test_a_sound_policy_has_nothing_said_against_it() -> None:
    assert complaints(changed()) == []


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (changed(candidate="claude-3-5-haiku-20241022"), "was retired on 2026-02-19"),
        (changed(candidate="claude-opus-5-5"), "The candidate is the baseline."),
        (changed(candidate="claude-haiku-5-5@A"), "carries a recorded run's label"),
        (changed(candidate="claude-opus-5-5:thinking=off"), "cannot run without thinking"),
        (changed(candidate=None), "no candidate"),
        (changed(done=True), "done at less than the whole share"),
        (changed(stand_in=True), "only once its rollout is done"),
        (changed(basis=None), "without evidence"),
        (changed(basis=Basis(run="r", verdict="keep")), "move on keep of r"),
        (
            changed(basis=Basis(run="r", verdict="switch", provisional=True)),
            "move on a provisional switch of r",
        ),
        (changed(candidate="some-local-model"), "is not in the catalog"),
        (changed(baseline="claude-sonnet-4-5"), "retires on 2026-11-30, in 8 days"),
        (Policy(version=1, expires=NOON), "It expired at"),
        (Policy(version=1, lookup={"ab" * 32: "triagge"}), "has no rule"),
        (Policy(version=1, types={"t": RULE}, lookup={"xyz": "t"}), "is no fingerprint"),
    ],
)
def test_what_is_wrong_is_said(policy: Policy, says: str) -> None:
    assert any(says in complaint for complaint in complaints(policy))
