"""Rules and dashboard speak of figures the gateway really has."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from suffice.gateway.metrics import _HELP, Metrics
from suffice.records import ExchangeRecord, Outcome, Usage
from suffice.reports import monitoring

_NAME = re.compile(r"\bsuffice_[a-z_]+")
_SELECTOR = re.compile(r"\b(suffice_[a-z_]+)\{([^}]*)\}")
_LABEL = re.compile(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')


def expressions() -> list[str]:
    """Every PromQL expression that ships."""
    panels: Any = json.loads(monitoring.dashboard())["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    indented = re.findall(r"expr: \|\n((?:          .*\n)+)", monitoring.rules())
    plain = re.findall(r"expr: ([^|\n].*)", monitoring.rules())
    return [*shown, *indented, *plain]


def served() -> str:
    """What /metrics says after one request, with every other figure set once."""
    metrics = Metrics()
    usage = Usage(input_tokens=5, output_tokens=1, cache_read_tokens=1, cache_write_5m_tokens=1)
    metrics.note(
        ExchangeRecord(ts=0.0, type="triage", status=200, complete=True, usage=usage, ttft_s=0.1),
        overhead_s=0.001,
    )
    for name, (kind, _) in _HELP.items():
        if kind != "histogram" and name not in {"suffice_requests_total", "suffice_attempts_total"}:
            metrics.set(name, 1.0)
    return metrics.render().decode()


def test_every_figure_that_is_asked_for_is_served() -> None:
    told = set(_NAME.findall(served()))

    asked = {name for expression in expressions() for name in _NAME.findall(expression)}

    assert asked - told == set()
    assert len(asked) > 12


def test_every_label_of_requests_that_is_asked_for_is_one_they_have() -> None:
    served_labels = {name for name, _ in _LABEL.findall(served())}
    asked = {
        label
        for expression in expressions()
        for name, selector in _SELECTOR.findall(expression)
        if name.startswith(("suffice_requests", "suffice_attempts", "suffice_tokens"))
        for label, _ in _LABEL.findall(selector)
    }

    assert asked <= served_labels
    assert asked >= {"arm", "outcome", "type"}


def test_every_outcome_that_is_asked_for_exists() -> None:
    asked = {
        outcome
        for expression in expressions()
        for label, value in _LABEL.findall(expression)
        if label == "outcome"
        for outcome in value.split("|")
    }

    assert asked <= {outcome.value for outcome in Outcome}


def test_only_what_nothing_put_right_wakes_somebody() -> None:
    rules = re.findall(
        r"- alert: (\w+)\n(?:.*\n)*?\s+severity: (\w+)", monitoring.rules(), re.MULTILINE
    )

    assert {name for name, severity in rules if severity == "page"} == {
        "SufficeGatewayGone",
        "SufficeRollbackDidNotArrive",
        "SufficeBudgetOverrun",
    }
    assert ("SufficeRolledBack", "message") in rules


@pytest.mark.parametrize("field", ["title", "panels", "schemaVersion", "templating"])
def test_the_dashboard_has_what_an_import_needs(field: str) -> None:
    assert field in json.loads(monitoring.dashboard())


def test_the_dashboards_panels_do_not_lie_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(monitoring.dashboard())["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
