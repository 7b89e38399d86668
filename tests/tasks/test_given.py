"""A slip in a call is told before anybody is asked, with what to do about it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from suffice import tasks
from suffice.errors import BadOption, InputError, MissingKey, SufficeError, UsageError
from suffice.tasks import Batch, Runner, using
from suffice.tasks.shelf import TASKS
from suffice.testing import answering

GOOD: dict[str, dict[str, Any]] = {
    "classify": {"labels": ["a", "b"]},
    "extract": {"schema": {"type": "object"}},
    "classify_image": {},
    "summarize": {},
    "route_request": {"agents": {n: {"description": "d", "model": "m"} for n in "ab"}},
    "needs_escalation": {"rules": ["r"]},
    "choose_tool": {"tools": [{"name": "t", "description": "d"}]},
    "clean_text": {},
    "write_docstring": {},
}


class Nothing(enum.Enum):
    """No labels."""


def refused(call: Callable[[], Any]) -> SufficeError:
    models = answering("a")
    with using(Runner(models, ladder=lambda *_: ("m",))), pytest.raises(SufficeError) as wrong:
        call()
    assert models.asked == []
    assert wrong.value.what
    assert wrong.value.effect
    assert wrong.value.next_step
    return wrong.value


@pytest.mark.parametrize("name", [n for n, task in TASKS.items() if task.takes == "text"])
@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        (b"bytes", ".decode("),
        (Path("file.txt"), ".read_text()"),
        (["several", "texts"], ".map("),
        (None, "Give a text."),
        (7, "Give a text."),
    ],
)
def test_what_is_no_text_is_refused_with_its_remedy(name: str, given: Any, remedy: str) -> None:
    wrong = refused(lambda: getattr(tasks, name)(given, **GOOD[name]))
    assert isinstance(wrong, UsageError)
    assert "must be a text; this is" in wrong.what
    assert remedy in wrong.next_step


@pytest.mark.parametrize("name", TASKS)
def test_every_task_refuses_an_empty_input_and_says_what_to_do(name: str) -> None:
    assert isinstance(refused(lambda: getattr(tasks, name)("  ", **GOOD[name])), UsageError)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("inputs", ["one text", b"bytes", Path("file"), None, 3])
def test_one_input_is_no_batch(name: str, inputs: Any) -> None:
    wrong = refused(lambda: getattr(tasks, name).map(inputs, **GOOD[name]))
    assert "map takes several inputs" in wrong.what


@pytest.mark.parametrize(
    "call",
    [
        lambda: tasks.classify("x", []),
        lambda: tasks.classify("x", Nothing),
        lambda: tasks.classify("x", None),
        lambda: tasks.classify("x", ["a", "b"], examples=["a"]),  # type: ignore[list-item]
        lambda: tasks.classify("x", ["a", "b"], instructions=5),  # type: ignore[call-overload]
        lambda: tasks.classify("x", ["a", "b"], model=5),  # type: ignore[call-overload]
        lambda: tasks.summarize("x", words="5"),  # type: ignore[arg-type]
        lambda: tasks.summarize("x", words=True),
        lambda: tasks.summarize("x", sentences=0),
        lambda: tasks.summarize("x", style="haiku"),  # type: ignore[arg-type]
        lambda: tasks.summarize("x", piece_bytes=1),
        lambda: tasks.clean_text("x", rewrite="maybe"),  # type: ignore[arg-type]
        lambda: tasks.clean_text("x", region="Germany"),
        lambda: tasks.route_request("x", []),
        lambda: tasks.route_request("x", {"a": {"description": "d", "model": "m"}}),
        lambda: tasks.choose_tool("x", GOOD["choose_tool"]["tools"][0]),
        lambda: tasks.choose_tool("x", ["weather"]),  # type: ignore[list-item]
        lambda: tasks.extract("receipt.pdf", {"type": "object"}),
        lambda: tasks.extract(b"\xff\xfe", {"type": "object"}),
        lambda: tasks.extract(3, {"type": "object"}),
        lambda: tasks.classify_image("scan.png"),
        lambda: tasks.classify_image(b"no picture"),
        lambda: tasks.classify_image(b"%PDF-1.7"),
        lambda: tasks.classify_image("https://pictures.example/1.png"),
        lambda: tasks.write_docstring("def f(:"),
        lambda: Batch(concurrency=0),
        lambda: Batch(budget_usd=0.5),  # type: ignore[arg-type]
        lambda: Batch(budget_usd=Decimal(0)),
    ],
)
def test_misuse_says_what_is_wrong_its_effect_and_the_next_step(call: Callable[[], Any]) -> None:
    assert isinstance(refused(call), BadOption)


def test_a_file_that_is_not_there_says_so() -> None:
    wrong = refused(lambda: tasks.extract(Path("no/such.pdf"), {"type": "object"}))
    assert isinstance(wrong, InputError)


def test_a_misspelt_argument_is_pythons_own_error() -> None:
    with pytest.raises(TypeError, match=r"classify\(\) got an unexpected keyword argument 'multy'"):
        tasks.classify.job("x", ["a", "b"], multy=True)


def test_a_slip_is_told_before_a_key_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadOption):
        tasks.classify("x", [])
    with pytest.raises(MissingKey, match="ANTHROPIC_API_KEY") as missing:
        tasks.classify("x", ["a", "b"])
    assert "Runner" in missing.value.next_step
    assert "compare" not in missing.value.next_step


def test_a_file_of_paid_answers_may_be_named_by_a_text(tmp_path: Path) -> None:
    models = answering("a")
    with using(Runner(models, ladder=lambda *_: ("m",))):
        for _ in range(2):
            tasks.classify.map(["x"], ["a", "b"], batch=Batch(resume=str(tmp_path / "paid.jsonl")))
    assert len(models.asked) == 1
