"""Verdicts for the machines of a build."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.records import Comparison, Verdict
from suffice.reports import render

MakeVerdict = Callable[..., Verdict]


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  (we wrote it a line ago)


def test_keep_fails_not_yet_is_skipped_and_switch_passes(comparison: Comparison) -> None:
    suites = parsed(render(comparison, "junit"))

    cases = suites.findall(".//testcase")
    assert [[child.tag for child in case] for case in cases] == [
        ["system-out"],
        ["failure", "system-out"],
        ["skipped", "system-out"],
    ]
    assert (suites.get("tests"), suites.get("failures"), suites.get("skipped")) == ("3", "1", "1")


def test_a_failure_carries_its_reason_its_sentence_and_its_counts(keep: MakeVerdict) -> None:
    suites = parsed(render(Comparison(types=(keep(),)), "junit"))

    failure = suites.find(".//failure")
    assert failure is not None
    assert failure.get("type") == "worse"
    assert (failure.get("message") or "").startswith("Worse on 21 more of 260")
    assert "260 pairs" in (failure.text or "")


@given(st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_whatever_the_texts_say_the_xml_is_whole(text: str) -> None:
    row = {"type": text, "sentence": text + "]]>\x00\ud800", "reason": text, "source": text}
    verdict = _keep_called(row)

    rendered = render(Comparison(types=(verdict,), source=text), "junit")

    assert len(parsed(rendered).findall(".//failure")) == 1


def _keep_called(texts: dict[str, str]) -> Verdict:
    from suffice.records import Measure, Word

    return Verdict(
        type=texts["type"],
        baseline="b",
        candidate="c",
        pairs=9,
        measure=Measure.QUALITY,
        estimate=-0.5,
        agreement=None,
        noise_floor=None,
        lower=-0.6,
        upper=-0.4,
        limit=-0.03,
        verdict=Word.KEEP,
        reason=texts["reason"],
        sentence=texts["sentence"],
    )


def test_annotations_are_errors_warnings_and_notices_with_counts(comparison: Comparison) -> None:
    lines = render(comparison, "github").splitlines()

    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::notice"]
    assert "260 pairs" in lines[0]
    assert "86.1%25" in lines[1]


@pytest.mark.parametrize(
    "name", ["a\n::set-output name=x::y", "a,line=3", "a:b", "100%0A", "a\r\n::error::b"]
)
def test_a_type_cannot_start_a_command_of_the_build(keep: MakeVerdict, name: str) -> None:
    text = render(Comparison(types=(keep(type=name, sentence=name),)), "github")

    assert len(text.splitlines()) == 1
    title = text.split("::")[1]
    assert title.startswith("error title=")
    assert "," not in title


def test_more_annotations_than_github_shows_end_with_a_count(keep: MakeVerdict) -> None:
    rows = tuple(keep(type=f"t{number}") for number in range(25))

    lines = render(Comparison(types=rows), "github").splitlines()

    assert len(lines) == 10
    assert lines[-1].startswith("::error title=Keep%3A 16 more::")
