"""What ships for Prometheus and Grafana: alert rules and a dashboard, as the files they are."""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def rules() -> str:
    """
    Alert rules, as Prometheus reads them.

    >>> rules().splitlines()[4]
    'groups:'
    """
    return _file("rules.yml")


@functools.cache
def dashboard() -> str:
    """
    A dashboard, as Grafana imports it.

    >>> dashboard().splitlines()[1].strip()
    '"title": "suffice",'
    """
    return _file("dashboard.json")


def _file(name: str) -> str:
    return (resources.files("suffice.reports.monitoring") / name).read_text(encoding="utf-8")
