"""`suffice types` over a store of logged exchanges."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from click.testing import CliRunner, Result

from suffice.adapters.exchanges import Exchanges
from suffice.cli import main
from suffice.records import LoggedExchange, Usage

_START = 1_793_500_000.0
_LABELS = ("billing", "refund", "other")


def _ticket(number: int) -> LoggedExchange:
    return LoggedExchange(
        source="anthropic",
        id=f"ticket-{number}",
        ts=_START + 600 * number,
        request={
            "system": f"Sort the support ticket.\nTicket {number} of the day\nLabels: billing, refund",
            "messages": [{"role": "user", "content": f"Where is order {number}?"}],
            "max_tokens": 20,
        },
        response_text=_LABELS[number % 3],
        model="claude-opus-5-5",
        usage=Usage(input_tokens=1_000, output_tokens=100),
        latency_s=1.0,
        session=f"s{number // 2}",
        status=200,
    )


def _step(number: int, *, agent: str = "") -> LoggedExchange:
    return LoggedExchange(
        source="claude-code",
        id=f"step-{agent}-{number}",
        ts=_START + number,
        request={"messages": [{"role": "user", "content": "go on"}]},
        response_text="done",
        model="claude-opus-5-5",
        usage=Usage(cache_read_tokens=100_000, output_tokens=1_000),
        session="coding",
        agent_id=agent,
        is_sidechain=bool(agent),
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty tickets, and a coding session with two sub-agents."""
    folder = tmp_path / "data"
    with Exchanges.open(folder) as store:
        store.add(_ticket(number) for number in range(40))
        store.add(_step(number) for number in range(10))
        store.add(_step(number, agent=agent) for agent in ("x", "y") for number in range(5))
    return folder


def _run(data: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(main, ["types", "--data", str(data), *arguments])
    assert result.exit_code == 0, result.output
    return result


def test_types_are_listed_dearest_first_with_what_can_check_them(data: Path) -> None:
    found = json.loads(_run(data, "--format", "json").stdout)

    rows = {row["type"]: row for row in found["types"]}
    assert found["schema"] == "suffice.types"
    # 20 steps of 100,000 cached tokens at $0.20 a million and 1,000 written ones at $20.
    assert found["spend_usd"] == "1.04"
    assert found["types"][0]["type"] == "claude-code-main-loop"
    assert rows["sort-support-ticket"]["calls"] == 40
    assert rows["sort-support-ticket"]["checkable_by"] == "label"
    assert rows["claude-code-sub-agent"]["seen"]["replayable"] == 0


def test_sub_agents_are_told_from_main_loops(data: Path) -> None:
    said = _run(data, "--agents").stdout

    assert "sub-agent     10 calls in 2 spawns, $0.40, $0.20 a spawn" in said
    assert "main loop     10 calls in 1 session, $0.40, $0.40 a session" in said


def test_every_exchange_is_assigned_by_its_own_id(data: Path, tmp_path: Path) -> None:
    _run(data, "--assignments", str(tmp_path / "a.jsonl"))

    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert len(lines) == 60
    assert {"id": "ticket-7", "type": "sort-support-ticket"} in lines


def test_a_drawn_sample_is_a_cases_file_that_compare_takes(data: Path, tmp_path: Path) -> None:
    """
    One case per session, with the answers the log paid for, and no answer of anybody else.
    """
    cases = tmp_path / "cases.jsonl"
    said = _run(data, "sample", "sort-support-ticket", "-o", str(cases)).stdout

    compared = CliRunner().invoke(
        main,
        ["compare", str(cases), "--recorded", "--baseline", "claude-opus-5-5",
         "--to", "claude-opus-5-5@B", "--format", "json"],
    )  # fmt: skip
    groups = [json.loads(line)["group"] for line in cases.read_text().splitlines()]
    assert "drew  20 cases of sort-support-ticket" in said
    assert "20 answers of claude-opus-5-5 already paid for" in said
    assert "20 of the same session" in said
    assert len(set(groups)) == 20
    assert "The file has: claude-opus-5-5" in compared.output


def test_the_same_seed_draws_the_same_sample(data: Path, tmp_path: Path) -> None:
    drawn = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        path = tmp_path / name
        _run(data, "sample", "sort-support-ticket", "-o", str(path), "--seed", seed)
        drawn.append(path.read_bytes())

    assert drawn[0] == drawn[1] != drawn[2]


def test_a_type_of_transcripts_can_be_ranked_and_not_drawn(data: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main,
        [
            "types",
            "--data",
            str(data),
            "sample",
            "claude-code-main-loop",
            "-o",
            str(tmp_path / "c"),
        ],
    )

    assert result.exit_code == 1
    assert "SF104" in result.stderr


def test_a_renamed_type_keeps_its_name_when_more_logs_come(data: Path) -> None:
    _run(data, "rename", "sort-support-ticket", "triage", "--by", "ann", "--reason", "our word")
    with Exchanges.open(data) as store:
        store.add([_ticket(99)])

    rows = json.loads(_run(data, "--format", "json").stdout)["types"]

    assert {row["type"]: row["calls"] for row in rows}["triage"] == 41


def test_calls_without_a_prompt_are_split_only_when_somebody_asks(tmp_path: Path) -> None:
    plain = [
        LoggedExchange(
            source="anthropic",
            id=f"{verb}-{number}",
            request={"messages": [{"role": "user", "content": f"{verb} this:\nword {number}"}]},
            response_text="ok",
            model="claude-opus-5-5",
            usage=Usage(output_tokens=10),
        )
        for verb in ("Translate", "Shorten")
        for number in range(20)
    ]
    data = tmp_path / "data"
    with Exchanges.open(data) as store:
        store.add(plain)

    said = _run(data).stdout
    _run(data, "split", "without-a-prompt")

    assert "found  1 request type," in said
    assert "suffice types split without-a-prompt" in said
    calls = {
        row["type"]: row["calls"]
        for row in json.loads(_run(data, "--format", "json").stdout)["types"]
    }
    assert sorted(calls.values()) == [20, 20]


def test_only_what_came_since_a_day_is_counted(data: Path) -> None:
    found = json.loads(_run(data, "--since", "2026-11-02", "--format", "json").stdout)

    # Tickets come every ten minutes from 02:26:40 on the first of November; none is of the second.
    assert found["calls"] == 0


def test_every_format_can_be_read_back(data: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(_run(data, "--format", "csv").stdout)))
    page = _run(data, "--format", "html").stdout
    markdown = _run(data, "--format", "md").stdout

    assert {row["type"]: row["calls"] for row in rows}["sort-support-ticket"] == "40"
    assert "<script src" not in page
    assert "sort-support-ticket" in page
    assert "| sort-support-ticket | 40 |" in markdown


def test_no_format_sends_a_terminal_what_a_log_says_to_it(data: Path) -> None:
    hostile = "\x1b]0;yours\x07\x1b[2J\u202e=1+1"
    with Exchanges.open(data) as store:
        store.add(
            msgspec.structs.replace(_ticket(number), model=hostile) for number in range(40, 90)
        )

    told = {form: _run(data, "--format", form).stdout for form in ("text", "csv", "md", "html")}
    commands = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")

    assert [form for form, said in told.items() if commands.search(said)] == []
    assert "⟨U+001B⟩[2J⟨U+202E⟩=1+1" in told["csv"]


def test_a_scan_ends_with_the_types_it_found(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(
        "".join(
            json.dumps(
                {
                    "request": {
                        "model": "claude-opus-5-5",
                        "max_tokens": 9,
                        "system": f"Sort the ticket.\nToday is {n}.",
                        "messages": [{"role": "user", "content": f"order {n}"}],
                    },
                    "response": {
                        "id": f"msg_{n}",
                        "type": "message",
                        "role": "assistant",
                        "model": "claude-opus-5-5",
                        "content": [{"type": "text", "text": "ab"[n % 2]}],
                        "stop_reason": "end_turn",
                        "usage": {"input_tokens": 50, "output_tokens": 4},
                    },
                }
            )
            + "\n"
            for n in range(40)
        )
    )

    result = CliRunner().invoke(main, ["scan", str(log), "--data", str(tmp_path / "data")])

    assert result.exit_code == 0, result.output
    assert "sort-ticket-today" in result.stdout
    # The next command finds the same folder, which is not the usual one.
    assert (
        f"Next  suffice compare sort-ticket-today --to claude-haiku-5-5 --budget 2 --data {tmp_path / 'data'}"
        in result.stdout
    )


def test_a_store_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["types", "--data", str(tmp_path / "none")])

    assert result.exit_code == 1
    assert "suffice scan" in result.stderr


def test_a_hostile_prompt_is_escaped_everywhere(tmp_path: Path) -> None:
    evil = LoggedExchange(
        source="anthropic",
        id="evil",
        request={"system": "x", "messages": [{"role": "user", "content": "hi"}]},
        labels={"type": "<script>alert(1)</script>\x1b[2J"},
        model="claude-opus-5-5",
        usage=Usage(output_tokens=5),
    )
    with Exchanges.open(tmp_path / "data") as store:
        store.add([evil])

    assert "<script>alert" not in _run(tmp_path / "data", "--format", "html").stdout
    assert "\x1b" not in _run(tmp_path / "data").stdout


def test_the_text_says_when_how_fast_and_how_often_types_are_asked(data: Path) -> None:
    said = _run(data).stdout.splitlines()

    (how,) = (line for line in said if line.startswith("  sort-support-ticket") and "1,000" in line)
    # 40 tickets of 20 sessions, one second each, 20 in each half of the time.
    assert re.split(r"\s{2,}", how.strip())[:7] == [
        "sort-support-ticket", "20", "0", "1.0…1.0", "1,000…1,000", "100…100", "20→20",
    ]  # fmt: skip
    assert any("label: 40 answers are one of 3 labels" in line for line in said)
    assert max(len(line) for line in said if not line.startswith("Next")) <= 100


@pytest.mark.parametrize(
    ("words", "calls"),
    [
        (("--model", "claude-opus-5-5"), 60),
        (("--model", "claude-haiku-5-5"), 0),
        (("--source", "claude-code"), 20),
        (("--session", "s3"), 2),
        (("--until", "2026-11-01T04:26:40"), 32),
        (("--since", "2026-11-01T04:26:40", "--source", "anthropic"), 28),
        (("--user", "o'neil"), 0),
    ],
)
def test_a_part_of_the_exchanges_can_be_looked_at(
    data: Path, words: tuple[str, ...], calls: int
) -> None:
    assert json.loads(_run(data, *words, "--format", "json").stdout)["calls"] == calls


def test_tables_are_written_as_parquet_too(data: Path, tmp_path: Path) -> None:
    types, each = tmp_path / "types.parquet", tmp_path / "each.parquet"

    _run(data, "-o", str(types), "-o", str(tmp_path / "t.html"), "--assignments", str(each))

    with duckdb.connect() as duck:
        rows = duck.execute(
            "SELECT calls, spend_usd, known, checkable_by FROM read_parquet(?) WHERE type LIKE 'sort%'",
            [str(types)],
        ).fetchall()
        named = duck.execute(
            "SELECT type, count(DISTINCT id) FROM read_parquet(?) GROUP BY 1 ORDER BY 1",
            [str(each)],
        ).fetchall()
    assert rows == [(40, 0.24, True, "label")]
    assert named == [
        ("claude-code-main-loop", 10), ("claude-code-sub-agent", 10), ("sort-support-ticket", 40),
    ]  # fmt: skip
    assert (tmp_path / "t.html").read_text().startswith("<!doctype html>")


def test_a_file_whose_name_says_no_format_is_refused_before_anything_is_read(
    tmp_path: Path,
) -> None:
    result = CliRunner().invoke(main, ["types", "--data", str(tmp_path), "-o", "types.xlsx"])

    assert result.exit_code == 2
    assert ".parquet" in result.stderr


def test_agents_are_told_by_session_and_spawn_and_where_long_prompts_bite(tmp_path: Path) -> None:
    long = [
        msgspec.structs.replace(
            _step(number), id=f"long-{number}", session=f"session-{number % 4}",
            usage=Usage(cache_read_tokens=150_000 * (number % 4), output_tokens=1_000),
        )
        for number in range(8)
    ]  # fmt: skip
    with Exchanges.open(tmp_path) as store:
        store.add(long)

    said = _run(tmp_path, "--agents").stdout

    # Cached tokens at $0.20 a million and output at $20: $0.02 a step, and $0.03 for each 150,000.
    assert "main loop     8 calls in 4 sessions, $0.52, $0.13 a session" in said
    assert "half of the sessions cost $0.10 or less, 95 of a hundred $0.16 or less" in said
    assert "6 of 8 calls have prompts over 100K tokens" in said
    # 1,800,000 at $0.05 and 6,000 at $2.50 in the band of long prompts.
    assert "6 of 8 calls over 100K tokens: $0.10 there, in its dearer band" in " ".join(
        said.split()
    )


def test_the_folder_may_be_named_after_the_subcommand_or_by_a_variable(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = CliRunner().invoke(
        main, ["types", "rename", "sort-support-ticket", "triage", "--data", str(data)]
    )
    monkeypatch.setenv("SUFFICE_DATA", str(data))
    shown = CliRunner().invoke(main, ["types"])
    kept = CliRunner().invoke(main, ["data", "show"])

    assert after.stdout.endswith(f"Next  suffice types --data {data}\n")
    assert "triage" in shown.stdout
    assert "60 exchanges" in kept.stdout


def _turn(number: int, *, task: int) -> LoggedExchange:
    """A step of an agent that names no session: its conversation goes on from the same task."""
    turns: list[dict[str, Any]] = [{"role": "user", "content": f"task {task}"}]
    for step in range(number):
        turns += [
            {"role": "assistant", "content": f"step {step}"},
            {"role": "user", "content": "go on"},
        ]
    return LoggedExchange(
        source="anthropic",
        id=f"task-{task}-{number}",
        ts=_START + number,
        request={
            "system": "You work on tasks.",
            "tools": [{"name": "run", "input_schema": {"type": "object"}}],
            "messages": turns,
        },
        response_text="step",
        model="claude-opus-5-5",
        usage=Usage(input_tokens=100, output_tokens=10),
    )


def test_conversations_are_found_by_how_they_begin_where_no_session_names_them(
    tmp_path: Path,
) -> None:
    with Exchanges.open(tmp_path / "data") as store:
        store.add(_turn(number, task=task) for task in range(6) for number in range(5))

    said = _run(tmp_path / "data", "--agents").stdout
    cases = tmp_path / "cases.jsonl"
    drawn = _run(tmp_path / "data", "sample", "work-tasks", "-o", str(cases)).stdout

    assert "main loop     30 calls in 6 sessions" in said
    assert "drew  6 cases" in drawn
    assert "24 of the same session" in drawn


def _names(data: Path) -> set[str]:
    return {row["type"] for row in json.loads(_run(data, "--format", "json").stdout)["types"]}


def test_every_change_can_be_taken_back_and_stays_on_record(data: Path) -> None:
    """
    Also of types that no prompt was learnt of: callers' own tags, and transcripts.
    """
    before = _names(data)
    _run(data, "rename", "claude-code-main-loop", "coding", "--by", "ann", "--reason", "our word")
    _run(data, "merge", "sort-support-ticket", "coding")
    changed = _names(data)

    undone = [_run(data, "undo", "--by", "bob").stdout.splitlines()[0] for _ in range(2)]
    shown = _run(data, "show", "claude-code-main-loop").stdout

    assert changed == {"coding", "claude-code-sub-agent"}
    assert undone == [
        "undo  merge sort-support-ticket coding",
        "undo  rename claude-code-main-loop coding",
    ]
    assert _names(data) == before
    assert "rename claude-code-main-loop coding ann our word" in shown
    again = CliRunner().invoke(main, ["types", "--data", str(data), "undo"])
    assert (again.exit_code, "no change to take back" in again.stderr) == (2, True)


def test_a_type_is_shown_with_a_mark_where_its_prompts_differ(data: Path) -> None:
    assert _run(data, "show", "sort-support-ticket").stdout.splitlines() == [
        "version 1 of 1, learnt from 40 requests",
        "  Sort the support ticket.",
        "  Ticket * of the day",
        "  Labels: billing, refund",
    ]


def test_calls_without_tools_in_an_agents_session_are_housekeeping(tmp_path: Path) -> None:
    """
    Titles and topics on the side are decided per call; a sub-agent is known by its header's id.
    """
    tools = {"tools": [{"name": "run", "input_schema": {"type": "object"}}]}
    turns = [{"role": role, "content": "go on"} for role in ("user", "assistant", "user")]
    agent = LoggedExchange(
        source="anthropic", request={"system": "Work.", "messages": turns, **tools},
        response_text="ok", model="claude-opus-5-5", usage=Usage(output_tokens=1_000), session="s",
    )  # fmt: skip
    title = msgspec.structs.replace(
        agent, request={"system": "Write a title.", "messages": turns[:1]}
    )
    kinds = {
        "loop": (agent, 10),
        "title": (title, 3),
        "spawn": (msgspec.structs.replace(agent, agent_id="a1"), 4),
        "alone": (msgspec.structs.replace(title, session="other"), 2),
    }
    with Exchanges.open(tmp_path / "data") as store:
        store.add(
            msgspec.structs.replace(one, id=f"{name}-{number}", ts=_START + number)
            for name, (one, many) in kinds.items()
            for number in range(many)
        )

    rows = json.loads(_run(tmp_path / "data", "--format", "json").stdout)["agents"]

    assert {row["role"]: (row["calls"], row["unit"], row["units"]) for row in rows} == {
        "main loop": (10, "session", 1),
        "housekeeping": (3, "call", 3),
        "sub-agent": (4, "spawn", 1),
        "call": (2, "call", 2),
    }


def test_the_page_shows_hours_of_the_day_agents_and_what_would_have_to_be_true(data: Path) -> None:
    page = _run(data, "--format", "html").stdout

    bars = re.findall(r"<title>(\d\d:00 \d+ calls?)</title>", page)
    assert len(bars) == 3 * 24
    # Forty tickets every ten minutes from 02:26:40 on: four in the first hour's rest.
    assert "02:00 4 calls" in bars
    assert '<th scope="row">sub-agent</th>' in page
    assert "2 spawns" in page
    assert "<li>claude-haiku-5-5: if every call suffices there" in page
    assert page.count("<script") == 1  # the data, which nothing runs
