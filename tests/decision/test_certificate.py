"""The rule tried on itself at a user's limits."""

from __future__ import annotations

import pytest

from suffice.decision import certificate
from suffice.errors import BadOption
from suffice.records import Limits, Measure

LIVE = Limits(sequential=True)


@pytest.mark.parametrize("limits", [LIVE, Limits()])
@pytest.mark.parametrize("measure", list(Measure))
def test_a_wrong_switch_is_rare_at_every_limit(limits: Limits, measure: Measure) -> None:
    """
    5 % by proof for bets; Tango's test may exceed it by 0.4 %, a simulation by its own error.
    """
    found = certificate(limits, measure=measure, pairs=300)

    exact = found.method == "exact"
    assert found.wrong_switch <= (0.0541 if exact else 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5)


def test_it_stands_beside_the_usual_rule() -> None:
    found = certificate(LIVE)

    assert found.usual_wrong == pytest.approx(0.112, abs=0.0005)
    assert found.usual_missed == pytest.approx(0.459, abs=0.0005)
    assert found.wrong_switch < found.usual_wrong
    assert found.missed_saving < found.usual_missed


def test_five_types_share_the_promise() -> None:
    found = certificate(Limits(sequential=True, decisions=5))

    assert found.wrong_switch_any <= 0.05


def test_rows_go_from_worse_to_better_and_switch_ever_oftener() -> None:
    rows = certificate(Limits(), measure=Measure.QUALITY, pairs=974).rows

    assert [row.truth for row in rows] == sorted(row.truth for row in rows)
    chances = [row.course.switch for row in rows]
    assert chances == sorted(chances)


def test_the_same_limits_give_the_same_certificate() -> None:
    first, again = (certificate(LIVE, measure=Measure.AGREEMENT_CEILING) for _ in range(2))

    assert first == again


def test_what_the_figures_rest_on_is_said() -> None:
    assert "6% of the cases" in certificate(Limits(), measure=Measure.QUALITY).assumes
    assert "94.4%" in certificate(LIVE, measure=Measure.AGREEMENT_CEILING).assumes


def test_impossible_limits_have_no_certificate() -> None:
    with pytest.raises(BadOption):
        certificate(Limits(floor=0.99))
