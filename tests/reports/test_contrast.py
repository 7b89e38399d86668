"""The page's colours, computed from its own style sheet."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

TEXT, GRAPHIC = 4.5, 3.0  # WCAG 2.2: 1.4.3 and 1.4.11, level AA


def style() -> str:
    return (files("suffice.reports") / "templates" / "report.css").read_text("utf-8")


def colours(scheme: str) -> dict[str, str]:
    pattern = r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);"
    place = 1 if scheme == "light" else 2
    return {found[0]: found[place] for found in re.findall(pattern, style())}


def contrast(one: str, other: str) -> float:
    """
    WCAG's contrast ratio of two colours.

    Source: WCAG 2.2, relative luminance.
    """

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_contrast_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *[
            (ink, ground)
            for ink in ("ink", "mute", "accent", "limit")
            for ground in ("bg", "panel")
        ],
        ("ok", "ok-bg"),
        ("bad", "bad-bg"),
        ("wait", "wait-bg"),
        *[(ink, "panel") for ink in ("ok", "bad", "wait")],
        ("limit", "band"),
    ],
)
def test_text_can_be_read(scheme: str, ink: str, ground: str) -> None:
    palette = colours(scheme)

    assert contrast(palette[ink], palette[ground]) >= TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("line", "ground"),
    [("edge", "panel"), ("edge", "bg"), ("accent", "band"), ("limit", "band"), ("ink", "panel")],
)
def test_lines_and_borders_can_be_seen(scheme: str, line: str, ground: str) -> None:
    palette = colours(scheme)

    assert contrast(palette[line], palette[ground]) >= GRAPHIC


def test_every_colour_in_the_sheet_is_one_of_the_measured() -> None:
    outside = re.sub(r":root \{.*?\n\}", "", style(), count=1, flags=re.DOTALL)

    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", outside) == []


def test_every_variable_used_is_defined() -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", style()))

    assert used <= set(colours("light"))


@pytest.mark.parametrize("query", ["prefers-reduced-motion", "forced-colors", "print", "max-width"])
def test_the_sheet_answers_what_a_reader_may_ask_for(query: str) -> None:
    assert re.search(rf"@media [^{{]*{query}", style())
