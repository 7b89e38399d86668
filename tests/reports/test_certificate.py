"""The rule's certificate, at the settings of a run."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from suffice.errors import BadOption
from suffice.records import Comparison, Verdict
from suffice.reports.certificate import certify, render_certificates

MakeVerdict = Callable[..., Verdict]


def test_a_recorded_run_is_certified_at_its_own_number_of_pairs(verdict: MakeVerdict) -> None:
    (found,) = certify(Comparison(types=(verdict(),)))

    assert (found.rule.pairs, found.limits.margin, found.limits.sequential) == (412, 0.03, False)
    assert found.rule.wrong_switch <= 0.05


def test_a_live_run_is_certified_as_looked_at_after_every_pair(not_yet: MakeVerdict) -> None:
    (found,) = certify(Comparison(types=(not_yet(),), recorded=False))

    assert (found.rule.pairs, found.limits.sequential) == (600, True)
    assert found.rule.wrong_switch == pytest.approx(0.041, abs=0.001)
    assert found.rule.missed_saving == pytest.approx(1 - 0.958, abs=0.001)


def test_decisions_that_share_alpha_keep_the_promise_together(not_yet: MakeVerdict) -> None:
    (found,) = certify(Comparison(types=(not_yet(decisions=5),), recorded=False))

    assert found.limits.decisions == 5
    assert found.rule.wrong_switch_any <= 0.05


def test_each_measure_and_limit_has_its_own_certificate(comparison: Comparison) -> None:
    assert [found.rule.measure.value for found in certify(comparison)] == ["quality", "agreement"]


def test_the_usual_rule_stands_beside_ours(not_yet: MakeVerdict) -> None:
    found = certify(Comparison(types=(not_yet(),), recorded=False))

    text = render_certificates(found, "text")
    assert "4.1% for one decision, exactly on the limit" in text
    assert '"50 cases, 95%": 11.2%' in text


def test_a_target_below_the_floor_is_refused(not_yet: MakeVerdict) -> None:
    with pytest.raises(BadOption):
        certify(Comparison(types=(not_yet(),)), target=0.8)


def test_the_json_names_its_schema_and_holds_chances(not_yet: MakeVerdict) -> None:
    document = json.loads(render_certificates(certify(Comparison(types=(not_yet(),))), "json"))

    assert document["schema"] == "suffice.certificate"
    rows = document["certificates"][0]["rule"]["rows"]
    assert [row["truth"] for row in rows] == pytest.approx([0.85, 0.9, 0.925, 0.95, 0.975])
    assert all(0 <= row["course"]["switch"] <= 1 for row in rows)


def test_the_markdown_is_a_table_of_even_rows(not_yet: MakeVerdict) -> None:
    text = render_certificates(certify(Comparison(types=(not_yet(),))), "md")

    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_another_format_is_refused() -> None:
    with pytest.raises(BadOption):
        render_certificates((), "html")
