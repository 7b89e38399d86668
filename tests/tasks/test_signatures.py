"""What a type checker knows of a task's value; mypy reads this file, and pytest runs it."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
from typing import Any, Literal, assert_type

from suffice.tasks import Outcome, Runner, Unresolved, classify, extract, using
from suffice.tasks.ready import Receipt
from suffice.testing import answering


class Topic(enum.Enum):
    BILLING = "billing"
    DELIVERY = "delivery"


@dataclasses.dataclass
class Total:
    total: float


def saying(text: str) -> Any:
    return using(Runner(answering(text), ladder=lambda *_: ("claude-haiku-5-5",)))


def test_a_label_of_an_enum_is_that_enum() -> None:
    with saying("billing"):
        assert_type(classify("text", Topic), Topic | Unresolved)
        assert_type(classify("text", Topic, multi=True), list[Topic] | Unresolved)
        assert_type(classify.outcome("text", Topic), Outcome[Topic])
        assert_type(classify.map(["text"], Topic), list[Outcome[Topic]])
        assert_type(asyncio.run(classify.aio("text", Topic)), Topic | Unresolved)
        assert classify("text", Topic) is Topic.BILLING


def test_a_label_of_texts_is_a_text() -> None:
    with saying("a"):
        assert_type(classify("text", ["a", "b"]), str | Unresolved)
        assert_type(classify("text", {"a": "one", "b": "two"}), str | Unresolved)
        assert_type(classify("text", ["a", "b"], multi=True), list[str] | Unresolved)
        assert_type(classify.outcome("text", ["a", "b"], model="m").value, str | Unresolved)
        assert classify("text", Literal["a", "b"]) == "a"


def test_what_is_extracted_is_an_instance_of_the_schema() -> None:
    with saying('{"total": 5}'):
        assert_type(extract("TOTAL 5", Total), Total | Unresolved)
        assert_type(extract("TOTAL 5", Receipt), Receipt | Unresolved)
        assert_type(extract.outcome("TOTAL 5", Total), Outcome[Total])
        assert_type(extract.map(["TOTAL 5"], Total), list[Outcome[Total]])
        assert_type(asyncio.run(extract.aio("TOTAL 5", Total)), Total | Unresolved)
        assert extract("TOTAL 5", Total) == Total(total=5)


def test_the_failure_is_what_is_left_once_the_value_is_known() -> None:
    with saying("no idea"):
        found = classify("text", Topic)
    if not isinstance(found, Unresolved):
        assert_type(found, Topic)
    assert isinstance(found, Unresolved)
    assert found.reason == "out_of_set"
