"""`suffice report --weekly` out of a real account, a real store and real runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from suffice.adapters.storage import RunInfo, create_run
from suffice.adapters.storage.rollouts import Rollouts
from suffice.catalog import load_catalog
from suffice.cli import main
from suffice.gateway.account_store import Taken, open_account, take_in
from suffice.monitor import Start, command, start
from suffice.records import (
    Comparison,
    CostDifference,
    ExchangeRecord,
    Interval,
    Measure,
    Usage,
    Verdict,
    Word,
)
from suffice.records.rollout import Requalification, RolloutBasis, RolloutState
from suffice.records.rollout_evidence import ShadowPair

WEDNESDAY = datetime(2026, 11, 18, 9, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def suffice(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def production(here: Path) -> Path:
    """A rollout with five pairs, and an account with two answers of a million tokens each."""
    wish = Start(
        type="triage",
        baseline="claude-opus-5-5",
        candidate="claude-haiku-5-5",
        basis=RolloutBasis(run="r1", verdict="switch", pairs=412),
    )
    stepped = start(wish, now=WEDNESDAY)
    with Rollouts.open(here / ".suffice" / "rollouts.sqlite") as store:
        store.begin(stepped.rollout, stepped.events, after=None)
        store.add_pairs(
            [
                ShadowPair(
                    id=str(n), at=WEDNESDAY, type="triage", session=str(n), served_by="candidate",
                    probability=1.0, score=float(n > 0), cost_usd="0.20",
                )
                for n in range(5)
            ]
        )  # fmt: skip
    connection = open_account(here / ".suffice" / "gateway" / "account.sqlite")
    usual = {
        "ts": WEDNESDAY.timestamp(),
        "type": "triage",
        "requested_model": "claude-opus-5-5",
        "status": 200,
        "complete": True,
        "usage": Usage(input_tokens=50_000, output_tokens=1_000),
    }
    batch = [
        ExchangeRecord(id="a", served_model="claude-haiku-5-5", arm="candidate", **usual),  # type: ignore[arg-type]
        ExchangeRecord(id="b", served_model="claude-opus-5-5", arm="baseline", **usual),  # type: ignore[arg-type]
        ExchangeRecord(id="c", **{**usual, "status": 500, "usage": None, "arm": "candidate"}),  # type: ignore[arg-type]
    ]
    taken = [Taken("s", place, place, one) for place, one in enumerate(batch)]
    take_in(connection, taken, upto={"s": ("0", 9)}, catalog=load_catalog(), now=0.0)
    connection.close()
    return here


def test_what_fell_in_production_is_no_proven_saving(production: Path) -> None:
    """Its Switch is what the fall refuted; where a person took it back, the Switch still stands."""
    cost = CostDifference(
        pairs=412, baseline_usd=2.0, candidate_usd=1.0,
        saving_usd=Interval(estimate=1.0, lower=0.9, upper=1.1), saving_share=0.5,
    )  # fmt: skip
    verdict = Verdict(
        type="triage", baseline="claude-opus-5-5", candidate="claude-haiku-5-5", pairs=412,
        measure=Measure.AGREEMENT, estimate=0.97, agreement=0.97, noise_floor=None, lower=0.95,
        upper=0.99, limit=0.9, verdict=Word.SWITCH, reason="as_good", cost=cost,
    )  # fmt: skip
    with create_run(production / ".suffice" / "runs" / "r1", RunInfo(run_id="r1")) as folder:
        folder.write_result(Comparison(types=(verdict,), created=WEDNESDAY.isoformat()))
    words = ("report", "--weekly", "--until", "2026-11-22")

    def taken_back(rollbacks: int) -> Result:
        past = Requalification(rollbacks=rollbacks, run="r1", alpha=0.025)
        with Rollouts.open(production / ".suffice" / "rollouts.sqlite") as store:
            kept = store.get("triage")
            assert kept is not None
            back = msgspec.structs.replace(
                kept.rollout, state=RolloutState.ROLLED_BACK, requalification=past
            )
            store.save(back, (), after=kept.rollout.version)
        return suffice(*words)

    assert "proven, not taken (r1)" in taken_back(rollbacks=0).stdout
    assert "proven, not taken" not in taken_back(rollbacks=1).stdout


def test_a_type_stands_as_it_did_at_the_weeks_end(production: Path) -> None:
    with Rollouts.open(production / ".suffice" / "rollouts.sqlite") as store:
        kept = store.get("triage")
        assert kept is not None
        aborted = command(
            kept.rollout, "abort", by="Ada", reason="", now=WEDNESDAY + timedelta(days=7)
        )
        store.save(aborted.rollout, aborted.events, after=kept.rollout.version)

    def states(until: str) -> list[str]:
        result = suffice("report", "--weekly", "--until", until, "--format", "json")
        return [row["state"] for row in json.loads(result.output)["types"]]

    assert [states(day) for day in ("2026-11-15", "2026-11-22", "2026-11-29")] == [
        [],
        ["advancing"],
        ["rolled_back"],
    ]


def test_the_week_adds_up(production: Path) -> None:
    result = suffice("report", "--weekly", "--until", "2026-11-22", "--format", "json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    [triage] = told["types"]
    assert (triage["pairs"], triage["score"], triage["watching_usd"]) == (5, 4.0, "1.00")
    by_model = {row["model"]: float(row["usd"]) for row in told["spent"]}
    [taken] = told["taken"]
    assert by_model["claude-opus-5-5"] > by_model["claude-haiku-5-5"] > 0
    saved = by_model["claude-opus-5-5"] - by_model["claude-haiku-5-5"]
    assert float(taken["usd"]) == pytest.approx(saved)
    arms = {row["arm"]: (row["attempts"], row["errors"]) for row in told["errors"]}
    assert arms == {"candidate": (2, 1), "baseline": (1, 0)}
    assert [event["kind"] for event in told["events"]] == ["started"]


def test_a_week_of_many_pairs_is_counted_to_its_end(production: Path) -> None:
    many = [
        ShadowPair(
            id=f"m{n}", at=WEDNESDAY, type="triage", session=f"m{n}", served_by="candidate",
            probability=1.0, score=1.0,
        )
        for n in range(100_000)
    ]  # fmt: skip
    with Rollouts.open(production / ".suffice" / "rollouts.sqlite") as store:
        store.add_pairs(many)

    result = suffice("report", "--weekly", "--until", "2026-11-22", "--format", "json")
    [found] = json.loads(result.output)["types"]

    assert found["pairs"] == 100_005


def test_another_week_is_another_report(production: Path) -> None:
    result = suffice("report", "--weekly", "--until", "2026-11-29", "--format", "json")

    told = json.loads(result.output)
    assert (told["types"][0]["pairs"], told["types"][0]["pairs_before"]) == (0, 5)
    assert told["events"] == []
    assert float(told["spent"][0]["usd"]) == 0 < float(told["spent"][0]["usd_before"])


def test_files_are_written_by_their_endings(production: Path) -> None:
    result = suffice("report", "--weekly", "--until", "2026-11-22", "-o", "w.html", "-o", "w.md")

    assert result.exit_code == 0, result.output
    assert (production / "w.html").read_text().startswith("<!doctype html>")
    assert (production / "w.md").read_text().startswith("# suffice, 16 to 22 November 2026")
    assert suffice("report", "--weekly", "-o", "w.pdf").exit_code == 2


def test_mail_without_an_address_says_how_to_name_one(production: Path) -> None:
    result = suffice("report", "--weekly", "--send")

    assert (result.exit_code, 'kind = "email"' in result.output) == (1, True)


def test_a_report_must_be_named(here: Path) -> None:
    assert suffice("report").exit_code == 2
