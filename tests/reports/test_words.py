"""Numbers into words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.decision.explanation import round_up
from suffice.records import Gate, GateState, Measure, Verdict
from suffice.reports import words

MakeVerdict = Callable[..., Verdict]


@given(st.integers(0, 10**7))
def test_a_forecast_is_rounded_as_the_sentences_round_it(more: int) -> None:
    assert words.about(more) == round_up(more)


@given(st.floats(0.5, 1), st.floats(0.5, 1))
def test_the_figure_never_contradicts_its_side_of_the_limit(lower: float, limit: float) -> None:
    row = Verdict(
        type="t", baseline="b", candidate="c", pairs=9, measure=Measure.QUALITY, estimate=0.0,
        agreement=None, noise_floor=None, lower=-lower, upper=0.0, limit=-limit,
        verdict="keep", reason="r",  # type: ignore[arg-type]
    )  # fmt: skip
    shown, held = float(words.figure(-lower, row, unit=False)), round(-limit * 100, 4)

    if abs(lower - limit) > 1e-5:
        assert (shown >= held) == (-lower >= -limit)


def test_a_verdict_without_a_sentence_gets_one_from_its_figures(verdict: MakeVerdict) -> None:
    said = words.sentence(verdict(sentence=""))

    assert said == (
        "-0.7 points over 412 pairs; bounds -2.3 to +0.8 points, limit -3 points."
        " It saves $3.19 per 1,000 answers (75%, $3.10 to $3.30, measured on 412 pairs)."
    )


def test_a_withheld_gate_is_part_of_that_sentence(verdict: MakeVerdict) -> None:
    gate = Gate(name="missing", state=GateState.WITHHELD, detail="9 of 412 pairs are missing.")

    assert words.sentence(verdict(sentence="", gates=(gate,))).endswith(gate.detail)


def test_a_noise_floor_is_told_with_the_count_behind_it(verdict: MakeVerdict) -> None:
    ceiling = verdict(
        measure=Measure.AGREEMENT_CEILING, pairs=226, noise_floor=0.917, noise_floor_pairs=None
    )

    assert words.noise_floor(ceiling) == "91.7% of 226 pairs"
    assert words.noise_floor(verdict()) == "97.8% of 60 pairs"


@pytest.mark.parametrize(
    ("cost", "told"), [(0.00212, "saves $2.12 per 1,000"), (-0.001, "costs $1.00 more per 1,000")]
)
def test_a_candidate_that_costs_more_is_not_said_to_save(
    verdict: MakeVerdict, cost: float, told: str
) -> None:
    from msgspec.structs import replace

    from suffice.records import Interval

    known = verdict().cost
    assert known is not None

    changed = replace(known, saving_usd=Interval(cost, cost, cost))

    assert words.saving(changed).startswith(told)


def test_a_model_with_settings_keeps_its_colon_in_the_failures() -> None:
    assert words.failures({"claude-opus-5-5:effort=low:cut": 2}) == (
        "claude-opus-5-5:effort=low 2 cut"
    )


def test_showing_a_report_does_not_load_the_statistics() -> None:
    code = "import suffice.reports, sys; sys.exit('scipy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
