"""`suffice scan` and `suffice data`, as a person types them."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import zstandard
from click.testing import CliRunner, Result

from suffice.adapters.exchanges import Exchanges
from suffice.cli import main


def suffice(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def call(number: int, question: str = "Where is my parcel?", **more: Any) -> dict[str, Any]:
    return {
        "ts": 1_793_491_200 + number,
        "session_id": f"s{number % 2}",
        "request": {
            "model": "claude-opus-5-5",
            "max_tokens": 9,
            "system": "Classify the ticket.",
            "messages": [{"role": "user", "content": question}],
        },
        "response": {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-5-5",
            "content": [{"type": "text", "text": "delivery"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1_000_000, "output_tokens": 0},
        },
        **more,
    }


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(call(n)) + "\n" for n in range(4)), "utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_scan_says_what_it_read_and_what_it_found(log: Path, data: Path) -> None:
    result = suffice("scan", log, "--data", data)

    assert result.exit_code == 0, result.output
    assert f"read   {log}  Anthropic request/response  4 calls\n" in result.stdout
    assert re.search(r"kept   4 calls · 1 day · .* · nothing left this machine", result.stdout)


def test_a_call_that_another_tool_logged_too_is_told_and_not_counted_twice(
    log: Path, data: Path, tmp_path: Path
) -> None:
    told = json.loads(log.read_text("utf-8").splitlines()[0])
    told["response"]["id"] = message = "msg_01XFDUDYJgAACzvnptvVoYEL"
    log.write_text(json.dumps(told), "utf-8")
    spans = tmp_path / "spend.jsonl"
    spend = {"request_id": "own-7", "call_type": "acompletion", "spend": 0.1, "model": "m"}
    answer = {"id": message, "choices": [{"message": {"content": "delivery"}}]}
    spans.write_text(json.dumps(spend | {"api_key": "k", "response": answer}), "utf-8")

    result = suffice("scan", log, spans, "--data", data)

    assert "1 call  (1 known from other tools' logs)\n" in result.stdout, result.output
    assert "kept   1 call " in result.stdout


def test_the_same_file_again_adds_nothing(log: Path, data: Path) -> None:
    suffice("scan", log, "--data", data)

    again = suffice("scan", log, log, "--data", data)

    assert "0 calls  (4 lines read before)" in again.stdout
    with Exchanges.open(data, write=False) as store:
        assert len(store) == 4


def test_the_same_calls_in_another_file_add_nothing(log: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(json.dumps([call(n) for n in range(5)]), "utf-8")
    suffice("scan", log, "--data", data)

    result = suffice("scan", tmp_path / "other.json", "--data", data)

    assert "5 calls  (4 kept already)" in result.stdout


def test_what_cannot_be_tested_or_read_is_counted_and_shown(tmp_path: Path, data: Path) -> None:
    bare = call(1)["response"]
    (tmp_path / "log").write_text(json.dumps(bare) + "\n{oops\n", "utf-8")

    result = suffice("scan", tmp_path / "log", "--data", data)

    assert result.exit_code == 0
    assert "skip   1 call without whole request or answer  SF104" in result.stdout
    assert "skip   1 broken line  SF102\n       line 2:" in result.stdout


def test_strict_stops_but_keeps_what_came_before(tmp_path: Path, data: Path) -> None:
    (tmp_path / "log").write_text(json.dumps(call(1)) + "\n{oops\n", "utf-8")

    result = suffice("scan", tmp_path / "log", "--data", data, "--strict")

    assert (result.exit_code, "SF102" in result.stderr) == (1, True)
    with Exchanges.open(data, write=False) as store:
        assert len(store) == 1


def test_one_unreadable_file_does_not_keep_the_others_from_being_read(
    log: Path, data: Path, tmp_path: Path
) -> None:
    result = suffice("scan", tmp_path / "none.jsonl", log, "--data", data)

    assert result.exit_code == 0
    assert "SF101" in result.stdout
    assert "4 calls" in result.stdout


def test_nothing_usable_is_an_error(tmp_path: Path, data: Path) -> None:
    (tmp_path / "log").write_text('{"weather": "fine"}\n', "utf-8")

    result = suffice("scan", tmp_path / "log", "--data", data)

    assert (result.exit_code, "SF103" in result.stderr) == (1, True)


@pytest.mark.parametrize("option", [("--as", "morse"), ("--mask", "faces"), ("--mask", "+(")])
def test_an_option_nobody_knows_is_refused_before_anything_is_read(
    option: tuple[str, str], log: Path, data: Path
) -> None:
    result = suffice("scan", log, "--data", data, *option)

    assert (result.exit_code, data.exists()) == (2, False)


def test_json_carries_schema_and_counts(log: Path, data: Path) -> None:
    told = json.loads(suffice("scan", log, "--data", data, "--format", "json").stdout)

    assert (told["schema"], told["version"]) == ("suffice.scan", 1)
    assert told["sources"][0]["added"] == told["holdings"]["exchanges"] == 4
    assert told["models"] == [{"model": "claude-opus-5-5", "calls": 4}]


PERSONAL = {
    "email": "jane.doe@example.com",
    "phone": "+49 151 2345678",
    "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "key": "sk-ant-api03-abcDEF0123456789abcDEF",
    "custom": "EMP-4711",
}


def everything_in(folder: Path) -> str:
    """All that can be read out of a data folder: raw bytes, unpacked bodies and every column."""
    told = [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]
    ledger = sqlite3.connect(folder / "ledger.sqlite")
    for table in ("bodies", "marks", "segments", "files", "counters"):
        for row in ledger.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names above
            for cell in row:
                raw = cell if isinstance(cell, bytes) else str(cell).encode()
                packed = raw.startswith(b"\x28\xb5\x2f\xfd")
                told.append((zstandard.decompress(raw) if packed else raw).decode("latin-1"))
    ledger.close()
    with Exchanges.open(folder, write=False) as store:
        for row in store.rows():
            told += [repr(row), repr(store.request(row)), repr(store.response(row))]
    return "\n".join(told)


def test_no_masked_value_is_anywhere_in_the_data_folder(tmp_path: Path, data: Path) -> None:
    said = " ; ".join(PERSONAL.values())
    records = [
        call(
            number,
            f"I am {said}",
            session_id=PERSONAL["email"],
            user_id=value,
            labels={"type": value},
            error=f"failed for {said}",
        )
        for number, value in enumerate(PERSONAL.values())
    ]
    for record in records:
        record["request"]["metadata"] = {"user_id": PERSONAL["email"], PERSONAL["phone"]: said}
        record["request"]["system"] = f"You serve {said}. " * 30
        record["response"]["content"] = [
            {"type": "text", "text": said},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"to": [said]}},
        ]
        record["response"]["id"] += PERSONAL["email"]
    path = tmp_path / f"{PERSONAL['email']}.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")

    result = suffice("scan", path, "--data", data, "--mask", r"+EMP-\d{4}")

    assert result.exit_code == 0, result.output
    kept = everything_in(data)
    assert {kind for kind, value in PERSONAL.items() if value in kept} == set()
    assert {kind for kind in PERSONAL if f"<{kind}:" not in kept} == set()


def test_without_masking_everything_is_kept_as_it_was(tmp_path: Path, data: Path) -> None:
    (tmp_path / "log").write_text(json.dumps(call(1, PERSONAL["email"])), "utf-8")

    suffice("scan", tmp_path / "log", "--data", data, "--mask", "none")

    assert PERSONAL["email"] in everything_in(data)


def test_one_persons_placeholder_is_the_same_in_every_scan(tmp_path: Path, data: Path) -> None:
    for number in (1, 2):
        path = tmp_path / f"{number}.jsonl"
        path.write_text(json.dumps(call(number, f"{PERSONAL['email']}")), "utf-8")
        suffice("scan", path, "--data", data)

    with Exchanges.open(data, write=False) as store:
        one, other = (store.request(row)["messages"] for row in store.rows())

    assert one == other


def test_a_logs_own_dollars_that_do_not_fit_are_explained(tmp_path: Path, data: Path) -> None:
    """A log that adds cached tokens to the input a second time is named as doing so."""
    record = call(1)
    record["response"]["usage"] = {
        "input_tokens": 1_000,
        "cache_read_input_tokens": 9_000,
        "output_tokens": 100,
    }
    from datetime import UTC, datetime

    from suffice.catalog import load_catalog
    from suffice.pricing import cost
    from suffice.records import Usage

    twice = cost(
        Usage(input_tokens=10_000, cache_read_tokens=9_000, output_tokens=100),
        "claude-opus-5-5",
        at=datetime.fromtimestamp(record["ts"], UTC),
        catalog=load_catalog(),
    )
    (tmp_path / "log").write_text(json.dumps({**record, "cost_usd": str(twice)}), "utf-8")

    result = suffice("scan", tmp_path / "log", "--data", data)

    assert "note   SF118" in result.stdout
    assert "cache tokens counted twice" in result.stdout


def test_dollars_that_fit_are_passed_over_in_silence(tmp_path: Path, data: Path) -> None:
    from datetime import UTC, datetime

    from suffice.catalog import load_catalog
    from suffice.pricing import cost
    from suffice.records import Usage

    at = datetime.fromtimestamp(call(1)["ts"], UTC)
    usage = Usage(input_tokens=1_000_000)
    fits = cost(usage, "claude-opus-5-5", at=at, catalog=load_catalog())
    (tmp_path / "log").write_text(json.dumps(call(1, cost_usd=float(fits))), "utf-8")

    assert "SF118" not in suffice("scan", tmp_path / "log", "--data", data).stdout


def test_data_shows_deletes_and_keeps_within_bounds(log: Path, data: Path) -> None:
    suffice("scan", log, "--data", data)

    shown = suffice("data", "show", "--data", data).stdout
    deleted = suffice("data", "delete", "--session", "s1", "--data", data).stdout
    told = json.loads(suffice("data", "show", "--data", data, "--format", "json").stdout)
    kept = suffice("data", "keep", "--size", "1KB", "--data", data).stdout

    assert shown.startswith("4 exchanges in ")
    assert deleted.startswith("2 exchanges deleted")
    assert told["exchanges"] == 2
    assert kept.startswith("2 exchanges deleted")


def test_a_masked_user_is_deleted_by_the_name_that_was_masked(tmp_path: Path, data: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        json.dumps(call(1, user=PERSONAL["email"])) + "\n" + json.dumps(call(2)), "utf-8"
    )
    suffice("scan", log, "--data", data)

    result = suffice("data", "delete", "--user", PERSONAL["email"], "--data", data)

    assert result.stdout.startswith("1 exchange deleted")


@pytest.mark.parametrize("words", [("delete",), ("keep",), ("keep", "--size", "big")])
def test_a_deletion_that_names_nothing_is_refused(
    words: tuple[str, ...], log: Path, data: Path
) -> None:
    suffice("scan", log, "--data", data)

    assert suffice("data", *words, "--data", data).exit_code == 2


def test_deleting_where_nothing_is_makes_no_folder(data: Path) -> None:
    result = suffice("data", "delete", "--session", "x", "--data", data)

    assert (result.exit_code, data.exists()) == (1, False)


def spans(number: int) -> dict[str, Any]:
    """One OTLP document that is one line and holds many calls."""
    said = [
        {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1"}},
    ]
    listed = [
        {"traceId": f"t{number}", "spanId": f"s{span}", "name": "chat", "attributes": said}
        for span in range(40)
    ]
    return {"resourceSpans": [{"scopeSpans": [{"spans": listed}]}]}


@pytest.mark.parametrize(
    ("fail_at", "in_lines", "skips"),
    [(39, True, False), (20_399, True, True), (20_399, False, False)],
    ids=["at the beginning", "when a part is kept", "within one document"],
)
def test_a_scan_stopped_anywhere_loses_nothing_when_it_goes_on(
    fail_at: int,
    in_lines: bool,
    skips: bool,
    tmp_path: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C between any two exchanges; also within a line of many, or one document of all."""
    log = tmp_path / "spans.jsonl"
    records = [json.dumps(spans(number)) for number in range(510)]
    log.write_text("\n".join(records) if in_lines else f"[\n{', '.join(records)}]", "utf-8")
    keep, taken = Exchanges._is_added, [0]

    def interrupted(store: Exchanges, *one: Any) -> bool:
        taken[0] += 1
        if taken[0] == fail_at:
            raise KeyboardInterrupt
        return keep(store, *one)

    monkeypatch.setattr(Exchanges, "_is_added", interrupted)
    assert suffice("scan", log, "--data", data).exit_code == 130
    monkeypatch.setattr(Exchanges, "_is_added", keep)
    again = suffice("scan", log, "--data", data)

    assert ("lines read before" in again.stdout) == skips
    with Exchanges.open(data, write=False) as store:
        ids = [row.id for row in store.rows()]
    assert len(ids) == len(set(ids)) == 510 * 40
