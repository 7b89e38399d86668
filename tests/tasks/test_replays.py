"""
Answers real models gave to the project's own cases, read again: nobody is asked.

`python -m tools.record_tasks` made them. A prompt that changes is another request, and has to be
recorded anew.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tools.record_tasks import CaseSet, case_sets

from suffice.records import Answer, ModelSpec
from suffice.tasks import Batch, Outcome, Runner, Unresolved, classify, extract, using
from suffice.tasks.batch import run_all
from suffice.tasks.current import in_background
from suffice.tasks.docstrings.splicing import without_docstrings
from suffice.testing import ScriptedModels

RECORDINGS = Path(__file__).parent / "recordings"
SETS = case_sets()
QWEN, SMOL = "qwen2.5-coder-1.5b", "smollm2-135m"


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


def recorded(model: str) -> dict[str, list[Answer]]:
    """The answers of a model, by the key of their job."""
    found: dict[str, list[Answer]] = {}
    for line in (RECORDINGS / f"{model}.jsonl").read_bytes().splitlines():
        row = msgspec.json.decode(line)
        found.setdefault(row["key"], []).append(msgspec.convert(row["answer"], Answer))
    return found


def replayed(model: str, name: str, folder: Path) -> dict[str, Outcome[Any]]:
    """What became of each case of a set that a model was asked, by its id."""
    one, known = SETS[name], recorded(model)
    asked = {
        case.id: job for case, job in zip(one.cases, one.jobs(), strict=True) if job.key in known
    }
    runner, batch = replaying(model, folder)
    outcomes = in_background(run_all(runner, list(asked.values()), batch))
    assert all(call.reused for outcome in outcomes for call in outcome.attempts)
    assert sum(outcome.usd or 0 for outcome in outcomes) == 0
    return dict(zip(asked, outcomes, strict=True))


def is_right(value: Any, expected: Any) -> bool:
    """Whether a value is the expected one, in all that says."""
    if isinstance(value, Unresolved):
        return False
    if isinstance(expected, Mapping):
        said = value if isinstance(value, Mapping) else msgspec.structs.asdict(value)
        return all(said.get(name) == wanted for name, wanted in expected.items())
    telling = [name for name in ("agent", "intent", "rule") if hasattr(value, name)]
    return bool((getattr(value, telling[0]) if telling else value) == expected)


def told(one: CaseSet, outcomes: Mapping[str, Outcome[Any]]) -> str:
    """How a model did on a set, in one line."""
    expected = {case.id: case.expected for case in one.cases}
    graded = {name: o for name, o in outcomes.items() if expected[name] is not msgspec.UNSET}
    right = sum(is_right(outcome.value, expected[name]) for name, outcome in graded.items())
    reasons = Counter(o.value.reason for o in outcomes.values() if isinstance(o.value, Unresolved))
    taken = len(outcomes) - reasons.total()
    second = sum(
        len(o.attempts) > 1 and not isinstance(o.value, Unresolved) for o in outcomes.values()
    )
    parts = [f"{len(outcomes)} asked", f"{taken} taken"]
    parts += [f"{second} of them when asked twice"] if second else []
    parts += [f"{right} right"] if graded else []
    return ", ".join([*parts, *(f"{count} {reason}" for reason, count in sorted(reasons.items()))])


EXPECTED = {
    (QWEN, "tickets"): "12 asked, 12 taken, 11 right",
    (QWEN, "receipts"): "8 asked, 8 taken, 1 of them when asked twice, 6 right",
    (QWEN, "complaints"): "5 asked, 3 taken, 3 right, 2 schema",
    (QWEN, "calls"): "6 asked, 2 taken, 1 of them when asked twice, 1 right, 4 schema",
    (QWEN, "routes"): "7 asked, 6 taken, 1 of them when asked twice, 4 right, 1 invalid_json",
    (QWEN, "gate"): "6 asked, 6 taken, 2 right",
    (QWEN, "articles"): "3 asked, 1 taken, 1 length, 1 not_in_source",
    (QWEN, "headlines"): "2 asked, 0 taken, 2 length",
    (QWEN, "messages"): "5 asked, 4 taken, 3 of them when asked twice, 4 right, 1 not_in_source",
    (QWEN, "functions"): "4 asked, 3 taken, 1 schema",
    (SMOL, "tickets"): "12 asked, 0 taken, 0 right, 5 cut, 7 out_of_set",
    (SMOL, "complaints"): "1 asked, 0 taken, 0 right, 1 invalid_json",
    (SMOL, "routes"): "3 asked, 0 taken, 0 right, 1 cut, 2 invalid_json",
    (SMOL, "gate"): "1 asked, 0 taken, 0 right, 1 invalid_json",
}


def test_every_recording_is_replayed() -> None:
    models = {path.stem for path in RECORDINGS.glob("*.jsonl")}
    assert models == {model for model, _ in EXPECTED}
    for model in models:
        keys = {job.key for one in SETS.values() for job in one.jobs()}
        assert set(recorded(model)) <= keys


@pytest.mark.parametrize(("model", "name"), EXPECTED)
def test_a_set_comes_out_as_it_was_recorded(model: str, name: str, tmp_path: Path) -> None:
    found = told(SETS[name], replayed(model, name, tmp_path))
    print(f"{model} {name} ({SETS[name].task}): {found}")  # noqa: T201 - shown with -s
    assert found == EXPECTED[model, name]


def test_the_page_says_what_was_recorded() -> None:
    page = (Path(__file__).parents[2] / "docs" / "tasks" / "index.md").read_text("utf-8")
    table = page.partition("| cases | Qwen2.5-Coder-1.5B | SmolLM2-135M |")[2].partition("\n\n")[0]
    cells = [row.split("|")[2:4] for row in table.splitlines()[2:]]
    said = [
        (model, *figures)
        for row in cells
        for model, cell in zip((QWEN, SMOL), row, strict=True)
        for figures in re.findall(r"(\d+) of (\d+) taken(?:, (\d+) right)?", cell)
    ]
    found = [
        (model, *re.findall(r"(\d+) taken", told), *re.findall(r"(\d+) asked", told), right)
        for (model, _), told in EXPECTED.items()
        for right in re.findall(r"(\d+) right", told) or [""]
    ]
    right = [(m, taken, asked, "" if taken == "0" else r) for m, taken, asked, r in found]
    assert sorted(said) == sorted(right)


def test_a_changed_prompt_is_not_replayed_but_asked(tmp_path: Path) -> None:
    runner, batch = replaying(QWEN, tmp_path)
    tickets = SETS["tickets"]
    labels = tickets.arguments["labels"]
    with using(runner), pytest.raises(AssertionError, match="does not hold this request"):
        classify.map([tickets.cases[0].input], labels, instructions="Money.", batch=batch)


def test_fields_come_out_of_receipts_with_their_place(tmp_path: Path) -> None:
    outcome = replayed(QWEN, "receipts", tmp_path)["r05"]
    assert outcome.value == {"seller": "Bäckerei Sommer", "date": "2026-09-12", "total": 4.2}
    assert {path: span.text for path, span in outcome.details.spans.items()} == {
        "seller": "Bäckerei Sommer",
        "date": "12.09.2026",
        "total": "4,20",
    }


def test_a_date_that_a_model_made_up_is_named_and_refused_where_that_is_asked(
    tmp_path: Path,
) -> None:
    """
    The cinema's receipt has no date; the model gave it one.
    """
    outcome = replayed(QWEN, "receipts", tmp_path)["r06"]
    assert isinstance(outcome.value, dict)
    assert outcome.value["date"] == "2023-10-15"
    assert outcome.details.unsupported == ("date",)

    receipts = SETS["receipts"]
    job = extract.job(receipts.cases[5].input, receipts.arguments["schema"], grounded=True)
    refused = job.read(recorded(QWEN)[job.key][-1])
    assert isinstance(refused, Unresolved)
    assert refused.detail == "The input does not say the values of date."


def test_an_order_number_of_another_pattern_is_no_field(tmp_path: Path) -> None:
    """
    The customer wrote "bk 5512", and so did the model; the schema asks for BK-5512.
    """
    outcome = replayed(QWEN, "complaints", tmp_path)["c04"]
    assert isinstance(outcome.value, Unresolved)
    assert (outcome.value.reason, len(outcome.attempts)) == ("schema", 2)
    assert "bk 5512" in outcome.value.detail


def test_a_model_without_tool_calls_writes_them_out_and_that_is_no_choice() -> None:
    jobs = SETS["calls"].jobs()
    first = [job.read(recorded(QWEN)[job.key][0]) for job in jobs]
    in_words = [one for one in first if isinstance(one, Unresolved)]
    assert {one.detail for one in in_words} == {"A tool was called in words, not with a tool call."}
    assert len(in_words) == 5  # all but the poem, which calls for no tool


def test_whoever_asks_for_another_agent_gets_none_of_that_name(tmp_path: Path) -> None:
    for outcome in replayed(QWEN, "routes", tmp_path).values():
        assert isinstance(outcome.value, Unresolved) or outcome.value.agent in {
            None,
            *SETS["routes"].arguments["agents"],
        }


def test_an_excuse_is_no_summary(tmp_path: Path) -> None:
    """
    Told that there were too many sentences, the model excused itself in one.
    """
    outcomes = replayed(QWEN, "articles", tmp_path)
    refused, taken = outcomes["s01"].value, outcomes["s03"]
    assert isinstance(refused, Unresolved)
    assert refused.text == "I'm sorry, but I cannot summarize the given text as requested."
    assert refused.detail == "It does not speak of the text."
    assert isinstance(taken.value, str)
    assert (taken.details.sentences, taken.details.words) == (2, 19)
    assert taken.details.shared == pytest.approx(0.4)


def test_cleaned_messages_keep_their_figures(tmp_path: Path) -> None:
    messages = {case.id: case.input for case in SETS["messages"].cases}
    for name, outcome in replayed(QWEN, "messages", tmp_path).items():
        if not isinstance(outcome.value, Unresolved):
            assert sorted(re.findall(r"\d+", outcome.value.text)) == sorted(
                re.findall(r"\d+", messages[name])
            )


def test_documented_code_is_the_same_code(tmp_path: Path) -> None:
    sources = {case.id: case.input for case in SETS["functions"].cases}
    outcomes = replayed(QWEN, "functions", tmp_path)
    written = {
        name: outcome.value
        for name, outcome in outcomes.items()
        if not isinstance(outcome.value, Unresolved)
    }
    assert written
    for name, source in written.items():
        assert ast.get_docstring(ast.parse(source).body[0])
        assert without_docstrings(ast.parse(source)) == without_docstrings(ast.parse(sources[name]))


def test_fields_are_scored_one_by_one() -> None:
    """
    The receipts' own references, written as a model would, are all right; one slip is one field.
    """
    receipts = SETS["receipts"]
    for number, (case, job) in enumerate(zip(receipts.cases, receipts.jobs(), strict=True)):
        said = {**case.expected, **({"total": 0.5} if number == 0 else {})}
        value = job.read(Answer(text=json.dumps(said)))
        assert isinstance(value, dict)
        assert sum(value[name] == right for name, right in case.expected.items()) == (
            2 if number == 0 else 3
        )
        true = job.details(Answer(text=json.dumps(case.expected)))
        assert true.unsupported == ()
