"""A budget holds: before the account knows, after it knows, and where it never will."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from suffice.catalog import load_catalog
from suffice.errors import BadOption
from suffice.gateway.account import Account
from suffice.gateway.budgets import Budget, Budgets, Window, read_figures, refusal
from suffice.gateway.child import take_spool
from suffice.gateway.metrics import Metrics
from suffice.gateway.spool import Spool
from suffice.records import ExchangeRecord, Usage

Make = Callable[..., ExchangeRecord]
CATALOG = load_catalog()
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def budgets(*each: Budget) -> Budgets:
    return Budgets(each, catalog=CATALOG)


def test_a_request_under_its_budget_goes_through(exchange: Make) -> None:
    held = budgets(Budget(name="team", usd=Decimal("6.01")))
    held.note(exchange(), number=1)

    assert held.check(key="k1", type="triage", now=NOON) is None


def test_a_reached_budget_refuses_and_says_which_and_until_when(exchange: Make) -> None:
    held = budgets(Budget(name="team", usd=Decimal(6)))
    held.note(exchange(), number=1)

    state = held.check(key="k1", type="triage", now=NOON)

    assert state is not None
    status, headers, body = refusal(state, request_id="req_1")
    error = msgspec.json.decode(body)
    assert (status, headers["x-should-retry"]) == (402, "false")
    assert error["error"]["type"] == "billing_error"
    assert error["error"]["details"] == {"error_code": "budget_reached", "budget": "team"}
    assert "$6.00 spent" in error["error"]["message"]
    assert "2026-11-23" in error["error"]["message"]


@pytest.mark.parametrize(
    ("key", "type_", "refused"),
    [("k1", "triage", True), ("k2", "triage", False), ("k1", "other", False)],
)
def test_a_budget_is_for_what_it_names(exchange: Make, key: str, type_: str, refused: bool) -> None:
    held = budgets(Budget(name="one", usd=Decimal(1), key="k1", type="triage"))
    held.note(exchange(), number=1)

    assert (held.check(key=key, type=type_, now=NOON) is not None) is refused


def test_spending_of_others_does_not_count(exchange: Make) -> None:
    held = budgets(Budget(name="one", usd=Decimal(1), key="k1"))
    held.note(exchange(key="k2"), number=1)

    assert held.check(key="k1", type="triage", now=NOON) is None


def test_a_new_day_begins_with_nothing_spent_and_a_month_goes_on(exchange: Make) -> None:
    held = budgets(
        Budget(name="day", usd=Decimal(1)), Budget(name="month", usd=Decimal(1), per=Window.MONTH)
    )
    held.note(exchange(), number=1)

    day, month = held.states(NOON + timedelta(days=1))

    assert [day.spent_usd, month.spent_usd] == [Decimal(0), Decimal(6)]


def test_a_soft_budget_tells_and_never_refuses(exchange: Make) -> None:
    held = budgets(Budget(name="soft", usd=Decimal(7), hard=False))
    assert held.states(NOON)[0].soft is False
    held.note(exchange(), number=1)
    assert held.states(NOON)[0].soft is True
    held.note(exchange(), number=2)

    assert held.check(key="k1", type="triage", now=NOON) is None
    assert held.states(NOON)[0].reached is True


def test_the_account_s_figure_takes_the_place_of_the_estimate(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    team = Budget(name="team", usd=Decimal(100))
    held = budgets(team)
    spool = Spool(tmp_path / "spool")
    for _ in range(3):
        spool.offer(exchange())
        held.note(exchange(), number=spool.accepted)
    before = held.states(NOON)[0].spent_usd
    spool.close()
    take_spool(tmp_path / "spool", account, catalog=CATALOG, now=0.0)

    held.reconcile(read_figures(account, [team], writer=spool.writer, now=NOON))

    assert [before, held.states(NOON)[0].spent_usd] == [Decimal(18), Decimal(18)]


def test_other_workers_spending_counts_once_the_account_has_it(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    team = Budget(name="team", usd=Decimal(10))
    held = budgets(team)
    other = Spool(tmp_path / "spool")
    other.offer(exchange())
    other.close()
    take_spool(tmp_path / "spool", account, catalog=CATALOG, now=0.0)
    held.note(exchange(), number=1)

    held.reconcile(read_figures(account, [team], writer="mine", now=NOON))

    state = held.check(key="k9", type="any", now=NOON)
    assert state is not None
    assert state.spent_usd == 12


def test_what_could_not_be_kept_still_counts(account: sqlite3.Connection, exchange: Make) -> None:
    team = Budget(name="team", usd=Decimal(6))
    held = budgets(team)
    held.note(exchange(), number=0)

    held.reconcile(read_figures(account, [team], writer="mine", now=NOON))

    assert held.check(key="k1", type="triage", now=NOON) is not None


def test_a_model_without_a_price_counts_at_the_dearest(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    team = Budget(name="team", usd=Decimal(6))
    held = budgets(team)
    spool = Spool(tmp_path / "spool")
    unknown = exchange(served_model="claude-next-9")
    spool.offer(unknown)
    held.note(unknown, number=1)
    before = held.states(NOON)[0].spent_usd
    spool.close()
    take_spool(tmp_path / "spool", account, catalog=CATALOG, now=0.0)

    held.reconcile(read_figures(account, [team], writer=spool.writer, now=NOON))

    assert held.states(NOON)[0].spent_usd == before > 6


def test_streams_that_are_always_cut_cannot_outrun_a_budget(exchange: Make) -> None:
    held = budgets(Budget(name="team", usd=Decimal("0.02")))
    cut = Usage(input_tokens=0, output_tokens=1, complete=False)
    held.note(exchange(usage=cut, complete=False, deltas=1_000), number=1)

    # A thousand events are at least a thousand tokens, $20 a million.
    assert held.check(key="k1", type="triage", now=NOON) is not None


@pytest.mark.parametrize("usd", ["0", "-1", "NaN", "Infinity"])
def test_a_budget_of_nothing_is_a_mistake(usd: str) -> None:
    with pytest.raises(BadOption):
        budgets(Budget(name="team", usd=Decimal(usd)))


def test_a_worker_s_account_keeps_spool_metrics_and_budgets_in_step(
    tmp_path: Path, exchange: Make
) -> None:
    team = Budget(name="team", usd=Decimal(6))
    spool = Spool(tmp_path / "spool")
    account = Account(
        tmp_path,
        spool=spool,
        metrics=Metrics(tmp_path / "metrics"),
        budgets=budgets(team),
        now=lambda: NOON,
    )
    record = exchange()

    spool.offer(record)
    account.observe(record)
    refused = account.check(key="k1", type="triage")
    account.apply(account.look())

    assert refused is not None
    page = account.render().decode()
    assert 'suffice_budget_remaining_usd{budget="team"} 0' in page
    assert 'suffice_budget_refused_total{budget="team"} 1' in page
    assert 'suffice_budget_soft_alert{budget="team"} 1' in page
    account.close()


def test_an_account_that_falls_behind_costs_no_memory_and_no_dollar(
    account: sqlite3.Connection, exchange: Make
) -> None:
    team = Budget(name="team", usd=Decimal(10**6))
    held = budgets(team)
    for number in range(1, 10_001):
        held.note(exchange(), number=number)

    assert len(held._pending) <= 4096
    assert held.states(NOON)[0].spent_usd == 60_000
    held.reconcile(read_figures(account, [team], writer="mine", now=NOON))
    assert held.states(NOON)[0].spent_usd == 60_000


def test_what_is_never_kept_costs_no_memory(exchange: Make) -> None:
    held = budgets(Budget(name="team", usd=Decimal(10**6)))
    for _ in range(1_000):
        held.note(exchange(), number=0)

    assert len(held._kept_out) == 1
    assert held.states(NOON)[0].spent_usd == 6_000
