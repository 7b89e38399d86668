"""The gate says yes or no with the rule that says so, and a failure is never taken for a no."""

from __future__ import annotations

import json
from typing import Any

import pytest

from suffice.errors import BadOption
from suffice.tasks import Escalation, Runner, Unresolved, needs_escalation, using
from suffice.testing import answering

RULES = {"legal": "It speaks of lawyers.", "money": "It asks for more than $500 back."}


def ask(said: Any, rules: Any = RULES) -> Any:
    models = answering(said if isinstance(said, str) else json.dumps(said))
    with using(Runner(models, ladder=lambda *_: ("claude-haiku-5-5",))):
        return needs_escalation("You hear from my lawyer.", rules)


def test_a_yes_names_its_rule_and_a_no_names_none() -> None:
    yes = ask({"reason": "A lawyer.", "rule": "Legal", "needed": True})
    assert yes == Escalation(needed=True, rule="legal", reason="A lawyer.")
    no = ask({"reason": "Nothing applies.", "rule": None, "needed": False})
    assert no == Escalation(needed=False, rule=None, reason="Nothing applies.")


def test_rules_without_names_are_numbered() -> None:
    found = ask({"reason": "", "rule": "rule 2", "needed": True}, ["one thing", "another"])
    assert found.rule == "rule 2"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"reason": "", "rule": None, "needed": True}, "schema"),
        ({"reason": "", "rule": "legal", "needed": False}, "schema"),
        ({"reason": "", "rule": "legal", "needed": "yes"}, "schema"),
        ({"reason": "", "rule": "weather", "needed": True}, "out_of_set"),
        ("no", "invalid_json"),
    ],
)
def test_a_contradiction_is_no_answer(said: Any, reason: str) -> None:
    found = ask(said)
    assert isinstance(found, Unresolved)
    assert found.reason == reason


def test_neither_a_no_nor_a_failure_can_be_read_without_asking_for_it() -> None:
    no = ask({"reason": "", "rule": None, "needed": False})
    with pytest.raises(TypeError):
        bool(no)
    assert not hasattr(ask("nonsense"), "needed")


@pytest.mark.parametrize("rules", [[], "a text", ["one", " "], {"": "a rule"}])
def test_what_are_no_rules_is_refused(rules: Any) -> None:
    with pytest.raises(BadOption):
        needs_escalation.job("query", rules)
