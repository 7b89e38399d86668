"""Metrics add up over workers, stay bounded, and name nobody."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from suffice.catalog import load_catalog
from suffice.gateway.child import take_spool
from suffice.gateway.metrics import Metrics, Snapshot, rendered
from suffice.gateway.rollup_figures import RollupFigures
from suffice.gateway.spool import Spool
from suffice.records import ExchangeRecord

Make = Callable[..., ExchangeRecord]
LINE = re.compile(rb'[a-z_]+(\{([a-z_]+="([^"\\\n]|\\[\\"n])*",?)*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)')


def value(page: bytes, start: str) -> float:
    """The one sample whose line begins so."""
    (line,) = [each for each in page.decode().splitlines() if each.startswith(start)]
    return float(line.rpartition(" ")[2])


def test_an_answer_is_counted_by_type_models_arm_and_outcome(exchange: Make) -> None:
    metrics = Metrics()
    metrics.note(exchange(arm="candidate", served_model="claude-haiku-5-5"))

    labels = (
        'type="triage",requested_model="claude-opus-5-5",served_model="claude-haiku-5-5",'
        'arm="candidate",outcome="ok"'
    )
    assert f"suffice_requests_total{{{labels}}} 1" in metrics.render().decode()


def test_an_attempt_nobody_saw_is_an_attempt_and_no_request(exchange: Make) -> None:
    metrics = Metrics()
    metrics.note(exchange(answered=False, status=529))

    page = metrics.render().decode()
    assert 'suffice_attempts_total{type="triage"' in page
    assert "suffice_requests_total{" not in page


def test_workers_figures_add_up(tmp_path: Path, exchange: Make) -> None:
    first, second = Metrics(tmp_path, worker="1"), Metrics(tmp_path, worker="2")
    for metrics in (first, second, second):
        metrics.note(exchange(ttft_s=0.3), overhead_s=0.00015)
    second.save()

    page = first.render()

    assert value(page, "suffice_requests_total") == 3
    assert value(page, "suffice_overhead_seconds_count") == 3
    assert value(page, 'suffice_time_to_first_token_seconds_bucket{le="0.5"}') == 3
    assert value(page, 'suffice_time_to_first_token_seconds_bucket{le="0.25"}') == 0


def test_a_worker_that_is_started_again_counts_on(tmp_path: Path, exchange: Make) -> None:
    before = Metrics(tmp_path, worker="1")
    before.note(exchange())
    before.save()

    after = Metrics(tmp_path, worker="1")
    after.note(exchange())
    after.save()

    assert value(after.render(), "suffice_requests_total") == 2
    assert value(Metrics(tmp_path, worker="2").render(), "suffice_requests_total") == 2


def test_a_harmed_file_of_another_worker_is_no_matter(tmp_path: Path, exchange: Make) -> None:
    (tmp_path / "2.metrics").write_bytes(b"{ torn")
    metrics = Metrics(tmp_path, worker="1")
    metrics.note(exchange())

    assert value(metrics.render(), "suffice_requests_total") == 1


def test_types_beyond_the_bound_are_other_and_the_policy_s_have_names(exchange: Make) -> None:
    metrics = Metrics(types=["decided"], top=3)
    for kind in ("a", "b", "c", "d", "decided", "x" * 500):
        metrics.note(exchange(type=kind))

    found = set(re.findall(r'suffice_requests_total\{type="([^"]*)"', metrics.render().decode()))
    assert found == {"decided", "a", "b", "other"}


def test_who_is_refused_uses_up_no_names(exchange: Make) -> None:
    """
    Else a stranger would make everybody's types ``other``.
    """
    metrics = Metrics(top=5)
    for number in range(60):
        metrics.note(
            exchange(type=f"t{number}", requested_model=f"m{number}", served_model="", status=401)
        )
    metrics.note(exchange())

    page = metrics.render().decode()
    assert 'type="triage",requested_model="claude-opus-5-5"' in page
    assert "t1" not in page
    assert value(page.encode(), 'suffice_requests_total{type="other"') == 60


def test_a_thousand_invented_models_are_one_label(exchange: Make) -> None:
    metrics = Metrics()
    for number in range(1000):
        metrics.note(exchange(requested_model=f"made-up-{number}"))

    assert len(metrics.render().splitlines()) < 200


def test_no_session_key_or_request_is_ever_a_label(exchange: Make) -> None:
    metrics = Metrics()
    metrics.note(exchange(session="sess-77", key="0123456789abcdef", request_id="req_77"))

    page = metrics.render().decode()
    assert not [each for each in ("sess-77", "0123456789abcdef", "req_77") if each in page]


def test_every_line_is_one_that_prometheus_reads(exchange: Make) -> None:
    metrics = Metrics()
    metrics.note(exchange(type='we"ird\\\n', ttft_s=1.0), overhead_s=3.0)
    metrics.set("suffice_rollout_weight_ratio", float("nan"), {"type": "t", "kind": "set"})

    for line in metrics.render().splitlines():
        assert line.startswith((b"# HELP ", b"# TYPE ")) or LINE.fullmatch(line), line


def test_buckets_are_cumulative_and_end_with_all(exchange: Make) -> None:
    metrics = Metrics()
    for seconds in (0.00001, 0.0003, 5.0):
        metrics.note(exchange(), overhead_s=seconds)

    page = metrics.render()
    assert value(page, 'suffice_overhead_seconds_bucket{le="0.0005"}') == 2
    assert value(page, 'suffice_overhead_seconds_bucket{le="+Inf"}') == 3


def test_of_a_budget_the_least_that_any_worker_sees_is_shown(tmp_path: Path) -> None:
    other, own = Metrics(tmp_path, worker="2"), Metrics(tmp_path, worker="1")
    other.set("suffice_budget_remaining_usd", 1.5, {"budget": "team"})
    other.save()
    own.set("suffice_budget_remaining_usd", 4.0, {"budget": "team"})

    assert value(own.render(), "suffice_budget_remaining_usd") == 1.5


def test_dollars_come_from_the_account_exactly(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spool = Spool(tmp_path / "spool")
    spool.offer(exchange())
    spool.offer(exchange(arm="candidate", requested_model="claude-opus-4-8"))
    spool.close()
    take_spool(tmp_path / "spool", account, catalog=load_catalog(), now=0.0)

    page = rendered(RollupFigures().snapshot(account))

    assert page.decode().count("suffice_cost_usd_total{") == 2
    assert value(page, 'suffice_saved_usd_total{type="triage",basis="list"}') == 1.5


def test_a_type_of_the_account_keeps_its_name(account: sqlite3.Connection) -> None:
    figures = RollupFigures(top=1)
    row = "INSERT INTO rollups VALUES ('2026-11-2{}', '{}', 'k', 'm', 'm', 'requested', 1,1,0,0,0,0,0,0,0,0, 1000000000000, 0, 0)"
    account.execute(row.format(1, "first"))
    before = rendered(figures.snapshot(account))
    account.execute(row.format(0, "older-but-later"))

    after = rendered(figures.snapshot(account))

    assert b'type="first"' in before
    assert b'type="first"' in after
    assert b'type="other"' in after


def test_nothing_is_an_empty_page_not_an_error() -> None:
    assert rendered(Snapshot()) == b"\n"
