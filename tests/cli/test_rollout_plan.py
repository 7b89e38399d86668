"""`suffice rollout plan`: dollars of watching from what the type itself cost, with its count."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from suffice.adapters.storage.rollouts import Rollouts
from suffice.catalog import load_catalog
from suffice.cli import main
from suffice.gateway.account_store import Taken, open_account, take_in
from suffice.records import ExchangeRecord, Usage
from suffice.records.rollout_evidence import ShadowPair

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"


def plan(*more: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["rollout", "plan", "triage", "--format", "json", *more])
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.output)
    return told


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty answers of the model the type asks for, and others that say nothing of its price."""
    monkeypatch.chdir(tmp_path)
    now = datetime.now(UTC).timestamp()

    def served(number: int, **more: Any) -> Taken:
        usual: dict[str, Any] = {
            "status": 200,
            "complete": True,
            "arm": "requested",
            "served_model": OPUS,
            "usage": Usage(input_tokens=1_000, output_tokens=100),
        }
        exchange = ExchangeRecord(
            ts=now - 60, id=f"e{number}", session=f"s{number}", type="triage",
            requested_model=OPUS, **{**usual, **more},
        )  # fmt: skip
        return Taken("s", number, number, exchange)

    batch = [
        *(served(number) for number in range(30)),
        served(30, usage=None),
        served(31, arm="candidate", served_model=HAIKU),
        served(32, arm="shadow"),
        served(33, status=529, complete=False),
    ]
    with open_account(Path(".suffice/gateway/account.sqlite")) as connection:
        take_in(connection, batch, upto={"s": ("0", 99)}, catalog=load_catalog(), now=now)
    connection.close()


@pytest.mark.usefixtures("account")
def test_before_any_rollout_a_pair_costs_what_the_types_own_answers_cost() -> None:
    told = plan("--per-day", "2000")

    # 1,000 tokens in and 100 out at $4 and $20 per million.
    assert told["usd_per_pair"] == "0.006"
    assert told["usd_per_pair_source"] == (
        "the mean of 30 answers of claude-opus-5-5 in 30 days (1 more has no known price)"
    )
    assert told["watching_usd_ramp"] == "2.70"


@pytest.mark.usefixtures("account")
def test_once_there_are_shadow_calls_they_say_what_a_pair_costs() -> None:
    with Rollouts.open(Path(".suffice/rollouts.sqlite")) as store:
        store.add_pairs(
            [
                ShadowPair(
                    id=str(number), at=datetime.now(UTC), type="triage", session=str(number),
                    served_by="candidate", probability=1.0, score=1.0, cost_usd=cost,
                )
                for number, cost in enumerate(["0.01", "0.02", None])
            ]
        )  # fmt: skip

    told = plan("--per-day", "2000")

    assert told["usd_per_pair"] == "0.015"
    assert told["usd_per_pair_source"].startswith("the mean of 2 shadow calls in 30 days (1 more")


@pytest.mark.usefixtures("account")
def test_a_price_that_is_given_overrules_what_is_known() -> None:
    told = plan("--per-day", "2000", "--usd-per-pair", "$0.5")

    assert (told["usd_per_pair"], told["usd_per_pair_source"]) == ("0.5", "as given")
    assert told["watching_usd_ramp"] == "225.00"


def test_where_nothing_is_known_no_dollars_are_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    told = plan("--per-day", "2000")

    assert (told["usd_per_pair"], told["watching_usd_per_month"]) == (None, None)


@pytest.mark.usefixtures("account")
def test_a_plan_says_that_batches_watch_for_half_of_it() -> None:
    asked = ["rollout", "plan", "triage", "--per-day", "2000"]

    told = " ".join(CliRunner().invoke(main, asked).output.split())

    assert "half of it with --shadow-batched" in told
