"""`suffice feedback`: a word counts only on an answer that is known, and it says where."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from suffice.adapters.storage.rollouts import Rollouts
from suffice.catalog import load_catalog
from suffice.cli import main
from suffice.gateway.account_store import Taken, open_account, take_in
from suffice.gateway.segments import pack
from suffice.records import ExchangeRecord

STORE = Path(".suffice/rollouts.sqlite")
GATEWAY = Path(".suffice/gateway")


def say(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["feedback", *arguments])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account with an answer of a rollout's candidate, and one of no rollout."""
    monkeypatch.chdir(tmp_path)
    connection = open_account(GATEWAY / "account.sqlite")
    moved = ExchangeRecord(
        ts=0.0, status=200, id="e1", request_id="req_1", message_id="msg_1", type="triage",
        arm="candidate", reason="in the share of 5 %", served_model="claude-haiku-5-5",
        answered=True,
    )  # fmt: skip
    plain = msgspec.structs.replace(
        moved, id="e2", request_id="req_2", message_id="msg_2", arm="requested", reason="no rule"
    )
    batch = [Taken("s", 1, 1, moved), Taken("s", 2, 2, plain)]
    take_in(connection, batch, upto={"s": ("0", 9)}, catalog=load_catalog(), now=0.0)
    connection.close()
    return tmp_path


def ratings(*request_ids: str) -> dict[str, bool]:
    with Rollouts.open(STORE, write=False) as store:
        return store.ratings(request_ids)


def test_it_is_kept_at_the_model_that_answered_and_the_last_word_holds(here: Path) -> None:
    first = say("req_1", "good")
    say("req_1", "bad", "--by", "Ada", "--note", "wrong queue")

    assert first.output == (
        "kept: req_1 was good; it counts at claude-haiku-5-5, the candidate of triage\n"
    )
    assert ratings("req_1") == {"req_1": False}


def test_an_answer_is_known_by_its_messages_id_too(here: Path) -> None:
    result = say("msg_1", "bad", "--format", "json")

    told = json.loads(result.output)
    assert (told["request_id"], told["known"], told["arm"]) == ("req_1", True, "candidate")
    assert ratings("req_1", "msg_1") == {"req_1": False}


def test_a_word_on_an_answer_of_no_rollout_says_that_it_moves_nothing(here: Path) -> None:
    assert "no rollout counts it: it was served as the requested of triage (no rule)" in (
        say("req_2", "bad").output
    )


@pytest.mark.parametrize("name", ["nosuch", " ", "x" * 300])
def test_an_answer_nobody_knows_is_refused_and_no_store_is_made(here: Path, name: str) -> None:
    result = say(name, "bad")

    assert (result.exit_code, "SF005" in result.stderr) == (2, True)
    assert "has no answer" in result.stderr
    assert not STORE.exists()


def test_without_an_account_that_is_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = say("req_1", "bad")

    assert (result.exit_code, "There is no account" in result.stderr) == (2, True)


def test_where_the_account_is_behind_the_word_is_left_to_the_monitor(
    here: Path,
) -> None:
    spool = GATEWAY / "spool"
    spool.mkdir()
    record = ExchangeRecord(ts=0.0, status=200, id="e3", request_id="req_3", answered=True)
    (spool / "0.000001.spool").write_bytes(pack(1, msgspec.json.encode(record)))

    result = say("req_3", "bad", "--note", "ask bob@example.org")

    assert (result.exit_code, "the account is behind" in result.output) == (0, True)
    [left] = (GATEWAY / "feedback").glob("*.json")
    assert json.loads(left.read_text())["note"] == "ask [email]"
