"""A picture gets a label of the set; what cannot be sent is refused here."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from suffice.errors import BadOption
from suffice.tasks import DOCUMENT_TYPES, Runner, Unresolved, classify_image, using
from suffice.tasks.current import in_background
from suffice.testing import answering, serve, strict_fake
from suffice.wiring import live_models

GIF = b"GIF89a" + struct.pack("<HH", 10, 10) + bytes(10)


def ask(said: str, **more: Any) -> Any:
    with using(Runner(answering(said), ladder=lambda *_: ("claude-haiku-5-5",))):
        return classify_image(GIF, **more)


def test_a_paper_is_told_by_its_type() -> None:
    assert ask("Invoice.") == "invoice"
    assert ask("a cat") == Unresolved(
        reason="out_of_set", detail="'a cat' is no label.", text="a cat"
    )


def test_own_labels_and_several_of_them() -> None:
    assert ask("cat", labels=["cat", "dog"]) == "cat"
    assert ask("cat\ndog", labels=["cat", "dog"], multi=True) == ["cat", "dog"]


def test_the_picture_goes_as_a_block_of_its_kind() -> None:
    [block] = classify_image.job(GIF).request["messages"][0]["content"]
    assert (block["type"], block["source"]["media_type"]) == ("image", "image/gif")


def test_what_is_no_picture_is_refused() -> None:
    for wrong in (b"%PDF-1.7", "a text", b"plain"):
        with pytest.raises(BadOption):
            classify_image.job(wrong)


def test_the_strict_fake_takes_the_request_as_it_is() -> None:
    fake = strict_fake(answers=lambda _body: "invoice")
    with serve(fake) as base_url:
        models = live_models(
            base_url=base_url,
            api_version="2026-10-21",
            concurrency=2,
            source=None,
            environ={"ANTHROPIC_API_KEY": "sk-test"},
        )
        with using(Runner(models, ladder=lambda *_: ("claude-haiku-5-5",))):
            outcome = classify_image.outcome(GIF, DOCUMENT_TYPES)
        in_background(models.aclose())
    assert outcome.value == "invoice"
    assert len(outcome.attempts) == 1
