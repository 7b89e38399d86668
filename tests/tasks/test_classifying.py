"""A text gets a label of the set, or a reason why not; never a guess."""

from __future__ import annotations

import enum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.errors import BadOption
from suffice.tasks import Runner, Unresolved, classify, using
from suffice.testing import answering


class Topic(enum.Enum):
    BILLING = "billing"
    DELIVERY = "delivery"


def ask(said: str, labels: Any = ("billing", "delivery"), **more: Any) -> Any:
    with using(Runner(answering(said), ladder=lambda *_: ("claude-haiku-5-5",))):
        return classify("My card was charged twice.", labels, **more)


@pytest.mark.parametrize(
    "said",
    ["billing", "Billing.", "**billing**", "Label: billing", '{"label": "billing"}', '"billing"'],
)
def test_a_label_is_read_whatever_is_written_around_it(said: str) -> None:
    assert ask(said) == "billing"


@pytest.mark.parametrize(
    "said", ["It is about billing, I think, or delivery.", "refund", "{}", "🙂"]
)
def test_an_answer_outside_the_set_is_no_label(said: str) -> None:
    found = ask(said)
    assert isinstance(found, Unresolved)
    assert (found.reason, found.text) == ("out_of_set", said)


def test_labels_may_be_an_enum_a_literal_or_a_mapping() -> None:
    assert ask("delivery", Topic) is Topic.DELIVERY
    assert ask("billing", Literal["billing", "delivery"]) == "billing"
    assert ask("billing", {"billing": "money", "delivery": "parcels"}) == "billing"


def test_several_labels_may_apply_or_none() -> None:
    assert ask("billing\ndelivery\nbilling", multi=True) == ["billing", "delivery"]
    assert ask("-", multi=True) == []
    assert ask("billing\nweather", multi=True).reason == "out_of_set"


def test_the_prompt_holds_descriptions_instructions_and_examples() -> None:
    job = classify.job(
        "text",
        {"billing": "money", "delivery": "parcels"},
        instructions="Refunds are billing.",
        examples=[("Where is it?", "delivery")],
    )
    for part in (
        "- billing: money",
        "Refunds are billing.",
        "Example text:\nWhere is it?\nAnswer:\ndelivery",
    ):
        assert part in job.prompt
    assert job.request["messages"] == [{"role": "user", "content": "text"}]


def test_whatever_makes_the_prompt_makes_its_version_and_the_text_does_not() -> None:
    plain = classify.job("one", ["a", "b"])
    assert plain.type == classify.job("two", ["a", "b"]).type
    others = [
        classify.job("one", ["a", "c"]),
        classify.job("one", ["a", "b"], instructions="x"),
        classify.job("one", ["a", "b"], examples=[("t", "a")]),
        classify.job("one", ["a", "b"], multi=True),
    ]
    assert len({job.type for job in (plain, *others)}) == 5


@pytest.mark.parametrize(
    ("labels", "more"),
    [
        (["one"], {}),
        ("billing", {}),
        (["a", "A."], {}),
        (["a", ""], {}),
        ([1, 2], {}),
        (7, {}),
        (["a", "b"], {"examples": [("text", "c")]}),
    ],
)
def test_what_is_no_set_of_labels_is_refused_before_anybody_is_asked(
    labels: Any, more: Any
) -> None:
    with pytest.raises(BadOption):
        ask("a", labels, **more)


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(BadOption):
        classify.job("  ", ["a", "b"])


@given(st.text(max_size=80), st.booleans())
def test_whatever_a_model_says_the_outcome_is_of_the_set_or_unresolved(
    said: str, multi: bool
) -> None:
    found = ask(said, multi=multi)
    values = found if isinstance(found, list) else [found]
    for value in values:
        assert isinstance(value, Unresolved) or value in {"billing", "delivery"}
