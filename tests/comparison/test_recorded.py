"""Recorded answers become evidence, each case where it belongs."""

from __future__ import annotations

from suffice.api import chooser
from suffice.comparison.recorded import RecordedRun
from suffice.comparison.showing import Showcase
from suffice.records import Answer, Case


def _case(number: int, label: str, *, drawn_for: str = "") -> Case:
    return Case(
        id=f"c{number}",
        type="t",
        request={"messages": [{"role": "user", "content": f"text {number}"}]},
        meta={"extra_class": drawn_for} if drawn_for else {},
        answers={"big": Answer(text=label), "small": Answer(text=label)},
    )


def test_a_case_drawn_for_a_class_feeds_that_classs_gate_and_nothing_else() -> None:
    main = [_case(n, "billing" if n % 20 else "refund") for n in range(100)]
    extra = [_case(n, "refund", drawn_for="refund") for n in range(100, 131)]
    run = RecordedRun(
        "big",
        ("small",),
        choose=chooser("label", baseline="big", price=lambda _arm, _usage: None),
        showcase=Showcase(),
    )

    for case in (*main, *extra):
        run.add(case)
    (evidence,) = run.finish()

    assert (evidence.cases, len(evidence.agreement)) == (100, 100)
    assert evidence.classes["refund"] == (5, 5)
    assert evidence.extra_classes == {"refund": (31, 31)}
