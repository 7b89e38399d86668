"""`suffice tasks`: listed, called, and proved; what was proved is what the tasks then follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from suffice.cli import main
from suffice.tasks import Runner, classify, using
from suffice.tasks.shelf import TASKS
from suffice.testing import answering, serve, strict_fake
from suffice.wiring import task_ladder

BIG, SMALL = "claude-opus-5-5", "claude-haiku-5-5"
LABELS = ["billing", "delivery", "other"]
ARMS = ("--baseline", BIG, "--to", SMALL, "--recorded")
Write = Callable[..., str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "SUFFICE_POLICY", "SUFFICE_PRICES"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def tasks(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(main, ["tasks", *arguments])


def tickets(path: Path, *, count: int = 150, wrong: int = 0) -> str:
    """Cases whose baseline is right, and whose candidate is wrong in some."""
    lines: list[dict[str, Any]] = []
    for number in range(count):
        label = LABELS[number % 3]
        said = "other" if number < wrong and label != "other" else label
        lines.append(
            {
                "text": f"ticket {number} on {label}",
                "reference": label,
                "outputs": {BIG: label, SMALL: f"Label: {said}"},
            }
        )
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return str(path)


def test_the_list_names_every_task_with_its_prior() -> None:
    read = json.loads(tasks("list", "--format", "json").stdout)
    assert (read["schema"], read["version"]) == ("suffice.tasks", 1)
    assert [one["name"] for one in read["tasks"]] == list(TASKS)
    assert read["tasks"][0]["prior"] == SMALL
    assert read["tasks"][0]["measured"] == []


def test_what_is_proved_is_listed_set_as_policy_and_then_followed(folder: Path) -> None:
    labels = ("--labels", ",".join(LABELS))
    done = tasks("prove", "classify", tickets(folder / "cases.jsonl"), *ARMS, *labels)
    assert done.exit_code == 0, done.output

    with using(Runner(answering("billing"), ladder=lambda *_: (BIG,))):
        request_type = classify.outcome("any text", LABELS).type
    assert request_type in done.stdout

    [row] = json.loads(tasks("list", "--format", "json").stdout)["tasks"][0]["measured"]
    assert (row["type"], row["verdict"], row["pairs"]) == (request_type, "switch", 150)
    advised = CliRunner().invoke(main, ["advise", "--format", "json"]).stdout
    assert json.loads(advised)["tasks"][0]["measured"] == [row]

    ladder = task_ladder(folder / ".suffice" / "policy.json")
    assert ladder("classify/another0", "analysis", 100)[0] != SMALL
    published = CliRunner().invoke(
        main, ["policy", "set", request_type, "--share", "1", "--from-run", row["run"]]
    )
    assert published.exit_code == 0, published.output
    assert ladder(request_type, "analysis", 100) == (SMALL, BIG)

    models = answering("billing")
    with using(Runner(models, ladder=ladder)):
        assert classify("my card", LABELS) == "billing"
    assert [asked.model for asked in models.asked] == [SMALL]


def test_a_model_that_is_not_as_good_is_kept_out(folder: Path) -> None:
    labels = ("--labels", ",".join(LABELS))
    done = tasks("prove", "classify", tickets(folder / "c.jsonl", wrong=75), *ARMS, *labels)
    assert done.exit_code == 11, done.output
    assert "KEEP" in done.stdout


def test_other_labels_or_instructions_are_another_request_type(folder: Path) -> None:
    cases = tickets(folder / "c.jsonl")
    found = set()
    for more in ((), ("--with", "instructions=Money is billing.")):
        done = tasks(
            "prove", "classify", cases, *ARMS, "--labels", "billing,delivery,other", *more,
            "--format", "json",
        )  # fmt: skip
        found.add(json.loads(done.stdout)["types"][0]["type"])
    assert len(found) == 2


def test_labels_may_come_from_the_references_and_it_says_so(folder: Path) -> None:
    done = tasks("prove", "classify", tickets(folder / "c.jsonl"), *ARMS)
    assert done.exit_code == 0
    assert "the 3 the references name are taken (billing, delivery, other)" in done.stderr


def test_extraction_is_scored_by_its_fields_and_held_to_its_schema(folder: Path) -> None:
    lines = []
    for number in range(120):
        good = json.dumps({"seller": f"Shop {number}", "total": number + 0.5})
        bad = json.dumps({"seller": f"Shop {number}", "total": "much"})
        lines.append(
            {
                "text": f"Shop {number} TOTAL {number}.50",
                "reference": {"seller": f"Shop {number}", "total": number + 0.5},
                "outputs": {BIG: good, SMALL: bad if number % 2 else good},
            }
        )
    (folder / "r.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    done = tasks("prove", "extract", "r.jsonl", *ARMS, "--schema", "Receipt", "--format", "json")
    [row] = json.loads(done.stdout)["types"]
    assert (done.exit_code, row["verdict"]) == (11, "keep")
    assert "60 unparseable" in tasks(
        "prove", "extract", "r.jsonl", *ARMS, "--schema", "Receipt"
    ).stdout  # fmt: skip


def test_summaries_are_scored_by_length_and_source_and_the_verdict_is_provisional(
    folder: Path,
) -> None:
    lines = [
        {
            "text": f"Acme sold {number} units. It rained.",
            "outputs": {BIG: f"Acme sold {number} units.", SMALL: f"Acme sold {number + 1} units."},
        }
        for number in range(100, 220)
    ]
    (folder / "s.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    done = tasks(
        "prove", "summarize", "s.jsonl", *ARMS, "--with", "sentences=1", "--format", "json"
    )
    [row] = json.loads(done.stdout)["types"]
    assert (row["verdict"], row["provisional"]) == ("keep", True)
    assert "not whether the text is apt" in done.stderr


DOCSTRING = (
    '{"summary": "Add one.", "description": "", "parameters": {"n": "Any."}, "returns": "It."}'
)
AGENTS = (
    '{"a": {"description": "parcels", "model": "m"}, "b": {"description": "money", "model": "m"}}'
)


@pytest.mark.parametrize(
    ("task", "given", "written", "said"),
    [
        ("classify", "Where is it?", ["labels=money,parcels"], "parcels"),
        ("extract", "TOTAL 3", ["schema=Receipt"], '{"total": 3}'),
        ("summarize", "It rained in Lyon.", ["words=3"], "It rained."),
        ("route_request", "Where?", [f"agents={AGENTS}"], '{"reason": "So.", "agent": "a"}'),
        (
            "needs_escalation",
            "Thanks!",
            ['rules=["It threatens."]'],
            '{"reason": "No.", "rule": null, "needed": false}',
        ),
        (
            "choose_tool",
            "Where is it?",
            ['tools=[{"name": "find", "description": "finds"}]'],
            '[{"type": "tool_use", "id": "toolu_1", "name": "find", "input": {}}]',
        ),
        (
            "clean_text",
            "um  i want it back",
            ["intents=refund, delay"],
            '{"intent": "refund", "text": "I want it back."}',
        ),
        ("write_docstring", "def after(n): return n + 1", ["style=numpy"], DOCSTRING),
    ],
)
def test_every_answer_to_every_task_is_scored(
    folder: Path, task: str, given: str, written: list[str], said: str
) -> None:
    lines = [{"text": given, "outputs": {BIG: said, SMALL: said}} for _ in range(4)]
    (folder / "c.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    arguments = [word for one in written for word in ("--with", one)]
    done = tasks("prove", task, "c.jsonl", *ARMS, *arguments, "--format", "json")
    [row] = json.loads(done.stdout)["types"]
    assert row["pairs"] == 4, done.stderr


def test_the_kept_cases_are_compared_by_the_tasks_own_scorer(folder: Path) -> None:
    lines = [
        {"text": "TOTAL 3", "outputs": {BIG: '{"total": 3}', SMALL: '{"total": "3 EUR"}'}}
        for _ in range(40)
    ]
    (folder / "c.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    proved = tasks("prove", "extract", "c.jsonl", *ARMS, "--schema", "Receipt", "--format", "json")
    [kept] = (folder / ".suffice" / "tasks").glob("*.jsonl")
    again = CliRunner().invoke(main, ["compare", str(kept), *ARMS, "--format", "json"])
    first, second = (json.loads(done.stdout)["types"][0] for done in (proved, again))
    assert first["scorer"] == second["scorer"] == "suffice.tasks.grading:TaskScorer"
    assert first["verdict"] == second["verdict"]


def test_a_line_may_name_a_file_that_holds_its_text(folder: Path) -> None:
    for number in range(4):
        (folder / f"{number}.txt").write_text(f"parcel {number}")
    lines = [
        {"file": f"{number}.txt", "outputs": {BIG: "a", SMALL: "a"}, "reference": "a"}
        for number in range(4)
    ]
    (folder / "c.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    done = tasks("prove", "classify", "c.jsonl", *ARMS, "--labels", "a,b", "--format", "json")
    assert json.loads(done.stdout)["types"][0]["pairs"] == 4
    [kept] = (folder / ".suffice" / "tasks").glob("*.jsonl")
    requests = [json.loads(line)["request"] for line in kept.read_text().splitlines()]
    assert requests[3]["messages"] == [{"role": "user", "content": "parcel 3"}]


def test_lines_that_are_no_case_are_told_and_left_out(folder: Path) -> None:
    cases = Path(tickets(folder / "c.jsonl"))
    more = '\n{"text": " "}\nnot json\n{"text": 5}\n{"text": "x", "meta": 5}\n{"n": 5}\n'
    cases.write_text(cases.read_text() + more)
    done = tasks("prove", "classify", str(cases), *ARMS, "--labels", ",".join(LABELS))
    assert done.exit_code == 0
    assert "150 cases of classify/" in done.stderr
    assert "4 lines are no case of it: line 151: There is no text to classify." in done.stderr
    assert "line 152 is no JSON object" in done.stderr
    assert tasks(
        "prove", "classify", str(cases), *ARMS, "--labels", ",".join(LABELS), "--strict"
    ).exit_code == 2  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("prove", "poem", "c.jsonl", *ARMS), "no task 'poem'"),
        (("prove", "extract", "c.jsonl", *ARMS), "extract needs schema"),
        (("prove", "extract", "c.jsonl", *ARMS, "--schema", "Poem"), "no ready schema 'Poem'"),
        (("prove", "classify", "c.jsonl", *ARMS, "--with", "colour=red"), "no 'colour'. Nothing"),
        (("prove", "classify", "c.jsonl", *ARMS, "--with", "multi"), "no NAME=VALUE"),
        (("prove", "summarize", "c.jsonl", *ARMS, "--with", "sentences=two"), "must be a whole"),
        (("prove", "route_request", "c.jsonl", *ARMS, "--with", "agents=5"), "cannot be called"),
        (("prove", "clean_text", "c.jsonl", *ARMS, "--with", "rewrite=5"), "no word for rewrite"),
        (("prove", "classify", "c.jsonl", *ARMS, "--with", "labels=no.such:THING"), "be loaded"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_there_is(
    folder: Path, arguments: tuple[str, ...], told: str
) -> None:
    tickets(folder / "c.jsonl")
    done = tasks(*arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_task_is_called_and_tells_its_calls(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
    (folder / "mail.txt").write_text("My card was charged twice.")
    with serve(strict_fake(answers=lambda _: "billing")) as base_url:
        at = ("--base-url", base_url)
        plain = tasks("run", "classify", "mail.txt", "--labels", "billing,delivery", *at)
        told = tasks(
            "run", "classify", "charged twice", "--labels", "billing,delivery", *at,
            "--format", "json",
        )  # fmt: skip
        lost = tasks("run", "classify", "charged twice", "--labels", "good,bad", *at)
    assert (plain.exit_code, plain.stdout) == (0, "billing\n")
    document = json.loads(told.stdout)
    assert (document["value"], document["model"], document["unresolved"]) == (
        "billing",
        SMALL,
        None,
    )
    assert float(document["usd"]) > 0
    assert lost.exit_code == 1
    assert lost.stdout.startswith("No answer (out_of_set): 'billing' is no label.")


def test_what_rules_answer_asks_nobody_and_is_no_case(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
    done = tasks("run", "clean_text", "Write to  ann@example.com.", "--format", "json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["value"]["emails"]) == (0, ["ann@example.com"])
    (folder / "t.jsonl").write_text('{"text": "It is fine."}')
    none = tasks("prove", "clean_text", "t.jsonl", *ARMS)
    assert none.exit_code != 0
    assert "There is no case of clean_text" in none.stderr


def test_a_live_proof_asks_within_its_budget_and_names_the_same_type(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
    lines = [
        json.dumps({"text": f"ticket {n} on {LABELS[n % 3]}", "reference": LABELS[n % 3]})
        for n in range(90)
    ]
    (folder / "live.jsonl").write_text("\n".join(lines))
    fake = strict_fake(answers=lambda body: body["messages"][0]["content"].rpartition(" ")[2])
    with serve(fake) as base_url:
        done = tasks(
            "prove", "classify", "live.jsonl", "--baseline", BIG, "--to", SMALL, "--yes",
            "--budget", "5", "--base-url", base_url, "--labels", ",".join(LABELS),
            "--format", "json", "--margin", "10",
        )  # fmt: skip
    assert done.exit_code == 0, done.output
    [row] = json.loads(done.stdout)["types"]
    assert row["type"] == classify.job("x", LABELS).type
    assert row["verdict"] == "switch"


def test_a_proof_that_is_broken_off_goes_on_with_the_same_scorer(folder: Path) -> None:
    from suffice.cli.compare_live import _resume_line
    from suffice.cli.compare_options import Options

    options = Options(
        cases=Path("c.jsonl"), baseline=BIG, candidates=(SMALL,), scorer="label", judge=None
    )
    assert _resume_line(options, Path("run")) == (
        f"suffice compare c.jsonl --baseline {BIG} --to {SMALL} --scorer label --resume --save run"
    )


@pytest.mark.parametrize("task", ["classify", "extract"])
def test_a_misspelt_file_name_is_no_text(folder: Path, task: str) -> None:
    (folder / "message.txt").write_text("My card was charged twice.")
    given = ("--with", 'labels=["a", "b"]') if task == "classify" else ("--schema", "Receipt")
    done = tasks("run", task, "mesage.txt", *given)
    assert done.exit_code == 1
    assert "mesage.txt cannot be read" in done.stderr


def test_a_pdf_is_no_text_for_a_task_that_takes_texts(folder: Path) -> None:
    (folder / "message.pdf").write_bytes(b"%PDF-1.7")
    done = tasks("run", "classify", "message.pdf", "--labels", "a,b")
    assert done.exit_code == 2
    assert "classify takes a text; this is a PDF" in done.stderr
    assert "extract takes" in done.stderr
