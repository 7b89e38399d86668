"""`suffice explain` walks from a served request to the comparison it rests on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from suffice.adapters.storage import RunInfo
from suffice.catalog import load_catalog
from suffice.cli import main
from suffice.gateway.account_store import Taken, open_account, take_in
from suffice.records import Comparison, ExchangeRecord, Measure, Usage, Verdict, Word


def suffice(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run, a rollout by it, and two answers: one before the policy, one by it."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".suffice" / "runs" / "r1"
    folder.mkdir(parents=True)
    verdict = Verdict(
        type="triage", baseline="claude-opus-5-5@A", candidate="claude-haiku-5-5", pairs=412,
        measure=Measure.AGREEMENT, estimate=0.97, agreement=0.97, noise_floor=None, lower=0.95,
        upper=0.99, limit=0.9, verdict=Word.SWITCH, reason="as_good", sentence="It agrees.",
    )  # fmt: skip
    comparison = Comparison(types=(verdict,), source="cases.jsonl", created="2026-11-21T00:00:00Z")
    (folder / "result.json").write_bytes(msgspec.json.encode(comparison))
    (folder / "run.json").write_bytes(msgspec.json.encode(RunInfo(run_id="r1")))
    assert suffice("rollout", "start", "triage", "--by", "Ada").exit_code == 0
    connection = open_account(tmp_path / ".suffice" / "gateway" / "account.sqlite")
    usual = ExchangeRecord(
        ts=datetime(2026, 11, 22, 9, tzinfo=UTC).timestamp(),
        id="e1",
        request_id="req_moved",
        type="triage",
        requested_model="claude-opus-5-5",
        served_model="claude-haiku-5-5",
        arm="candidate",
        reason="in the share of 5 %",
        policy_version="1",
        status=200,
        complete=True,
        usage=Usage(input_tokens=100, output_tokens=10),
    )
    plain = msgspec.structs.replace(
        usual, id="e2", request_id="req_plain", arm="requested", policy_version="", reason="no type"
    )
    batch = [Taken("s", 1, 1, usual), Taken("s", 2, 2, plain)]
    take_in(connection, batch, upto={"s": ("0", 9)}, catalog=load_catalog(), now=0.0)
    connection.close()
    return tmp_path


def chain(asked: str) -> list[tuple[str, str]]:
    result = suffice("explain", asked, "--format", "json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert (told["schema"], told["version"], told["asked"]) == ("suffice.chain", 1, asked)
    return [(link["kind"], link["name"]) for link in told["links"]]


def test_a_moved_request_leads_to_its_policy_its_rollout_and_its_run(here: Path) -> None:
    assert chain("req_moved") == [
        ("request", "req_moved"),
        ("policy", "policy 1"),
        ("event", "event 1"),
        ("run", "run r1"),
    ]
    text = suffice("explain", "req_moved").output
    for told in ("in the share of 5 %", "Switch: It agrees.", "0.95 >= 0.9", "cases.jsonl", "412"):
        assert told in text


def test_a_request_is_explained_by_the_policy_of_its_time(here: Path) -> None:
    suffice("rollout", "abort", "triage", "--by", "Ada")

    assert ("policy", "policy 1") in chain("req_moved")
    assert ("policy", "policy 2") in chain("triage")


def test_a_request_leads_to_the_event_that_put_its_share_in_force(here: Path) -> None:
    """
    A hold moves nothing: it carries the same policy as the start before it.
    """
    assert suffice("rollout", "hold", "triage", "--by", "Ada").exit_code == 0

    assert ("event", "event 1") in chain("req_moved")
    assert ("event", "event 2") in chain("triage")


def test_a_request_nothing_moved_says_so(here: Path) -> None:
    assert chain("req_plain") == [("request", "req_plain"), ("gap", "no policy")]


def test_a_type_and_an_event_lead_to_the_same_run(here: Path) -> None:
    assert chain("triage")[-1] == ("run", "run r1")
    assert chain("event:1") == [
        ("event", "event 1"),
        ("policy", "policy 1"),
        ("run", "run r1"),
    ]
    assert chain("suffice-evt-1-20261122090000") == chain("event:1")


def test_a_run_that_is_gone_is_a_gap_not_an_error(here: Path) -> None:
    (here / ".suffice" / "runs" / "r1" / "result.json").unlink()

    assert chain("triage")[-1] == ("gap", "run r1")


@pytest.mark.parametrize("asked", ["policy:1", "policy 1", "policy:current"])
def test_a_version_of_the_policy_leads_to_its_events_and_their_runs(here: Path, asked: str) -> None:
    assert chain(asked) == [("policy", "policy 1"), ("event", "event 1"), ("run", "run r1")]
    text = suffice("explain", asked).output
    assert text.startswith("policy 1  triage: ")
    assert "\n└─ event 1  " in text
    assert "\n   └─ run r1  Switch" in text


def test_a_version_somebody_made_by_hand_tells_who_and_leads_to_what_it_rests_on(
    here: Path,
) -> None:
    signed = ("--by", "Ben", "--reason", "the shop is closed")
    assert suffice("policy", "set", "triage", "--share", "0", *signed).exit_code == 0

    assert chain("policy:2") == [("policy", "policy 2"), ("run", "run r1")]
    text = suffice("explain", "policy:current").output
    assert "Ben" in text
    assert "the shop is closed" in text


def test_without_a_policy_that_is_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert chain("policy:current") == [("gap", "policy 0")]


@pytest.mark.parametrize(
    "route", ["triage -> haiku-5-5", "triage->claude-haiku-5-5", "triage → claude-opus-5-5"]
)
def test_a_route_leads_where_its_type_does(here: Path, route: str) -> None:
    assert chain(route) == chain("triage")


def test_a_type_nothing_moves_leads_to_the_comparison_that_says_why(here: Path) -> None:
    run = here / ".suffice" / "runs" / "r1" / "result.json"
    comparison = msgspec.json.decode(run.read_bytes(), type=Comparison)
    keep = msgspec.structs.replace(
        comparison.types[0], type="mail", verdict=Word.KEEP, sentence="It lost nine."
    )
    run.write_bytes(
        msgspec.json.encode(msgspec.structs.replace(comparison, types=(*comparison.types, keep)))
    )

    assert chain("mail") == [("policy", "policy 1"), ("run", "run r1")]
    assert "Keep: It lost nine." in suffice("explain", "mail").output


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("req_unknown", "policy:current"),
        ("triag", "There is triage."),
        ("event:99", "numbered up to 1"),
        ("policy:9", "Versions 1 to 1 are kept"),
        ("triage -> sonnet-5-5", "There is triage -> haiku-5-5 and triage -> opus-5-5."),
        ("triag -> haiku-5-5", "There is triage."),
    ],
)
def test_what_nobody_knows_is_refused_with_what_can_be_asked(
    here: Path, asked: str, says: str
) -> None:
    result = suffice("explain", asked)

    assert (result.exit_code, "SF005" in result.stderr) == (2, True)
    assert says in result.stderr
