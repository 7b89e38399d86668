"""The single-file HTML report."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import time
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from suffice.records import BandPoint, Comparison, ShownCase, Verdict
from suffice.reports import parse_json, render

MakeVerdict = Callable[..., Verdict]
MakeCase = Callable[..., ShownCase]

VOID = {"meta", "wbr", "input", "br", "line", "circle", "polygon", "polyline", "col"}
EVIL = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]><svg onload=alert(1)>",
    "<!--",
    "<style>*{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "</title></details></body>",
]


class Page(HTMLParser):
    """What a browser would build: tags, attributes, text outside of data and style."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.data = ""
        self.wrong: list[str] = []
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    @override
    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    @override
    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.data += data
        elif inside != "style":
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def test_the_page_is_well_formed(comparison: Comparison) -> None:
    page = Page(render(comparison, "html"))

    assert (page.wrong, page.open) == ([], [])


def test_the_raw_comparison_stands_in_the_page_for_machines(comparison: Comparison) -> None:
    page = Page(render(comparison, "html"))

    assert parse_json(page.data) == comparison


def test_nothing_is_fetched_and_no_script_runs(comparison: Comparison) -> None:
    page = Page(render(comparison, "html"))

    assert page.values("src") == []
    assert [link for link in page.values("href") if not link.startswith("#")] == []
    assert page.values("type").count("application/json") == page.tags.count("script") == 1
    assert [name for _, name, _ in page.attributes if name.startswith("on")] == []
    assert page.values("style") == []
    assert "@import" not in render(comparison, "html")
    assert "url(" not in render(comparison, "html")


def test_the_security_policy_allows_the_one_style_sheet_and_nothing_else(
    comparison: Comparison,
) -> None:
    text = render(comparison, "html")
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    assert Page(text).values("content")[0] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_a_case_or_a_model_says_is_shown_as_text(
    evil: str, keep: MakeVerdict, case: MakeCase
) -> None:
    plain = Comparison(
        types=(keep(type="t"), keep(type="u")),
        shown=(case(type="t"),),
        source="s",
        notes=("n",),
    )
    row = keep(type=evil, sentence=evil, scorer=evil, notes=(evil,), cost_note=evil, candidate=evil)
    shown = case(
        type=evil, candidate=evil, case_id=evil, prompt=evil, reference=evil, reason=evil,
        baseline_text=evil + " and more words here", candidate_text=evil + " but more words here",
        paths=(evil,),
    )  # fmt: skip
    attacked = Comparison(types=(row, keep(type="u")), shown=(shown,), source=evil, notes=(evil,))
    page, before = Page(render(attacked, "html")), Page(render(plain, "html"))

    assert set(page.tags) <= set(before.tags) | {"small", "p", "wbr"}
    assert page.tags.count("script") == 1
    assert {name for _, name, _ in page.attributes} == {name for _, name, _ in before.attributes}
    assert (page.wrong, page.open) == ([], [])
    assert " ".join(evil.split()) in " ".join(page.text.split())
    assert parse_json(page.data) == attacked


@given(st.text(max_size=40))
@settings(max_examples=30, deadline=None)
def test_any_text_at_all_leaves_the_page_whole(text: str) -> None:
    row = ShownCase(type=text, baseline="b", candidate="c", case_id=text, outcome="lost")
    page = Page(render(Comparison(source=text, notes=(text,), shown=(row,)), "html"))

    assert (page.wrong, page.open) == ([], [])


def test_characters_that_hide_or_reorder_text_are_written_out(
    keep: MakeVerdict, case: MakeCase
) -> None:
    shown = case(type="invoice-extract", prompt="pay \u202etxt.exe\u200b \x1b[0m \U000e0041")
    text = render(Comparison(types=(keep(),), shown=(shown,)), "html")

    assert "pay ⟨U+202E⟩txt.exe⟨U+200B⟩ ⟨U+001B⟩[0m ⟨U+E0041⟩" in text
    assert not set("\u202e\u200b\x1b\U000e0041") & set(text)


def test_half_a_surrogate_pair_does_not_stop_the_report(keep: MakeVerdict, case: MakeCase) -> None:
    shown = case(type="invoice-extract", prompt="a\ud800b")

    assert "a⟨U+D800⟩b" in render(Comparison(types=(keep(),), shown=(shown,)), "html")


def test_every_picture_has_a_role_and_a_sentence(comparison: Comparison) -> None:
    text = render(comparison, "html")

    pictures = re.findall(r"<svg class=\"(?:band|strip)\"[^>]*>", text)
    assert len(pictures) == 3 + 3
    for picture in pictures:
        assert re.search(r'role="img" aria-label="[^"]{20,}\."', picture)


def test_the_band_tells_in_words_how_it_narrowed_and_is_also_a_table(not_yet: MakeVerdict) -> None:
    text = html.unescape(render(Comparison(types=(not_yet(),)), "html"))

    assert "The range of plausible agreement narrows from" in text
    assert "after 88 pairs; the limit is 90%." in text
    assert len(re.findall(r'<tr><td class="r">\d+</td>', text)) == 11


def test_a_wild_first_bound_does_not_leave_the_picture(verdict: MakeVerdict) -> None:
    band = (BandPoint(2, 0.5, -1.0, 1.0), BandPoint(400, -0.007, -0.023, 0.008))
    text = render(Comparison(types=(verdict(band=band),)), "html")

    heights = [float(y) for y in re.findall(r"[\d.]+,(-?[\d.]+)", text.split("polygon")[1][:400])]
    assert max(map(abs, heights)) <= 4 * 200


def test_lost_cases_stand_worst_first_with_the_differing_words_marked(
    keep: MakeVerdict, case: MakeCase
) -> None:
    mild = case(type="invoice-extract", case_id="mild", weight=0.2)
    worst = case(type="invoice-extract", case_id="worst", weight=1.0)
    text = render(Comparison(types=(keep(),), shown=(mild, worst)), "html")

    assert text.index("case <bdi>worst") < text.index("case <bdi>mild")
    assert "<del>bug</del><ins>billing</ins>" in text


def test_long_texts_are_folded_and_whole(keep: MakeVerdict, case: MakeCase) -> None:
    long = "word " * 3000
    shown = case(type="invoice-extract", prompt=long + "the end")
    text = render(Comparison(types=(keep(),), shown=(shown,)), "html")

    assert "15,007 characters" in text
    assert "word word the end</div></details>" in text


def test_no_lost_case_still_says_what_loss_is_possible(verdict: MakeVerdict) -> None:
    text = render(
        Comparison(types=(verdict(pairs=240, lost=0, both=240, won=0, neither=0),)), "html"
    )

    assert "None lost in 240. That still allows a true loss rate up to 1.2%" in text


def test_one_type_has_no_index_and_its_verdict_is_the_heading(verdict: MakeVerdict) -> None:
    page = Page(render(Comparison(types=(verdict(),)), "html"))

    assert page.tags.count("h1") == 1
    assert "caption" not in page.tags
    assert "Switch ticket-triage to claude-haiku-4-5" in page.text


def test_every_link_in_the_page_has_its_target(comparison: Comparison) -> None:
    page = Page(render(comparison, "html"))

    assert {link[1:] for link in page.values("href")} <= set(page.values("id"))
    assert len(page.values("id")) == len(set(page.values("id")))


def test_a_thousand_types_make_a_page_in_seconds(verdict: MakeVerdict) -> None:
    band = tuple(BandPoint(n, -0.01, -0.01 - 0.3 / n, 0.3 / n) for n in range(10, 400, 10))
    rows = tuple(verdict(type=f"t{number}", band=band) for number in range(1000))
    started = time.thread_time()

    text = render(Comparison(types=rows), "html")

    assert time.thread_time() - started < 20
    assert len(text) < 20_000_000
    assert text.count('<details class="type is-ok">') == 1000
