"""
Answers real models gave to the project's own cases, read again: nobody is asked.

`python -m tools.record_tasks` made them. A prompt that changes is another request, and has to be
recorded anew.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from suffice.records import Answer, ModelSpec
from suffice.tasks import Batch, Runner, classify, extract, using
from suffice.testing import ScriptedModels

RECORDINGS = Path(__file__).parent / "recordings"
CASES = json.loads((RECORDINGS / "cases.json").read_text())
# Model -> labels right of the 12 tickets.
EXPECTED = {"qwen2.5-coder-1.5b": 11}


def nobody(arm: ModelSpec, _request: dict[str, Any]) -> str:
    raise AssertionError(f"{arm.name} was asked: the recording does not hold this request")


def replaying(model: str, folder: Path) -> tuple[Runner, Batch]:
    """A runner that asks nobody, and a batch that holds a model's answers."""
    copy = folder / "paid.jsonl"
    copy.write_bytes((RECORDINGS / f"{model}.jsonl").read_bytes())
    runner = Runner(
        ScriptedModels(nobody),
        ladder=lambda *_: (model,),
        price=lambda *_: Decimal(1),
        escalate=False,
    )
    return runner, Batch(resume=copy)


def test_every_recording_is_replayed() -> None:
    assert {path.stem for path in RECORDINGS.glob("*.jsonl")} == set(EXPECTED)


@pytest.mark.parametrize("model", EXPECTED)
def test_label_accuracy_is_that_of_the_recording(model: str, tmp_path: Path) -> None:
    runner, batch = replaying(model, tmp_path)
    texts = [case["text"] for case in CASES["tickets"]]
    with using(runner):
        outcomes = classify.map(texts, CASES["labels"], batch=batch)
    pairs = zip(outcomes, CASES["tickets"], strict=True)
    right = sum(outcome.value == case["label"] for outcome, case in pairs)
    print(f"{model}: {right} of {len(texts)} labels")  # noqa: T201 - shown with -s
    assert right == EXPECTED[model]
    assert all(one.reused for outcome in outcomes for one in outcome.attempts)
    assert sum(outcome.usd or 0 for outcome in outcomes) == 0


def test_a_changed_prompt_is_not_replayed_but_asked(tmp_path: Path) -> None:
    runner, batch = replaying(next(iter(EXPECTED)), tmp_path)
    text = CASES["tickets"][0]["text"]
    with using(runner), pytest.raises(AssertionError, match="does not hold this request"):
        classify.map([text], CASES["labels"], instructions="Money is billing.", batch=batch)


def test_fields_a_model_wrote_are_scored_receipt_by_receipt() -> None:
    """
    The receipts' own references, written as a model would, are all right; one slip is one field.
    """
    for number, case in enumerate(CASES["receipts"]):
        said = {**case["fields"], **({"total": 0.5} if number == 0 else {})}
        job = extract.job(case["text"], CASES["schema"])
        value = job.read(Answer(text=json.dumps(said)))
        assert isinstance(value, dict)
        assert sum(value[name] == right for name, right in case["fields"].items()) == (
            2 if number == 0 else 3
        )
        assert job.details(Answer(text=json.dumps(case["fields"]))).unsupported == ()
