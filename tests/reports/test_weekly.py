"""The weekly report says the same on every surface, and no figure without its count."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import msgspec
import pytest

from suffice.records.rollout import RolloutEvent, RolloutState
from suffice.reports.week import Change, Errors, Proven, Spent, Taken, TypeWeek, Week
from suffice.reports.weekly import headline, sections, title, weekly_json
from suffice.reports.weekly_surfaces import weekly_html, weekly_markdown, weekly_text

AT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@pytest.fixture
def week() -> Week:
    return Week(
        first=date(2026, 11, 16),
        last=date(2026, 11, 22),
        types=(
            TypeWeek(
                type="triage",
                baseline="claude-opus-5-5",
                candidate="claude-haiku-5-5",
                state=RolloutState.ADVANCING,
                share=0.25,
                pairs=200,
                score=194.0,
                missing=3,
                pairs_before=100,
                score_before=98.0,
                fine_at=0.95,
                watching_usd="1.50",
                unpriced_pairs=2,
            ),
        ),
        spent=(
            Spent(model="claude-opus-5-5", requests=900, usd="90", usd_before="120", unpriced=0),
            Spent(model="claude-haiku-5-5", requests=300, usd="3", usd_before="0", unpriced=1),
        ),
        errors=(Errors(type="triage", arm="candidate", attempts=300, errors=3),),
        taken=(Taken(type="triage", usd="40.25"),),
        proven=(
            Proven(
                type="mail",
                candidate="claude-haiku-5-5",
                usd_per_answer=0.01,
                requests=500,
                run="r2",
            ),
        ),
        proving_usd="2.50",
        events=(
            RolloutEvent(
                at=AT,
                type="triage",
                kind="advanced",
                sentence="Moved to 25 %: 150 pairs >= 150.",
                state=RolloutState.ADVANCING,
            ),
        ),
        changes=(
            Change(at=AT, version=3, by="Ada", action="mail: share 0 % -> 5 %", reason="a trial"),
        ),
    )


def test_the_headline_nets_what_was_taken_against_what_proving_cost(week: Week) -> None:
    assert headline(week) == (
        "Spent $93.00; took $40.25 of savings; watching and proving cost $4.00; "
        "nothing was taken back."
    )
    savings = sections(week)[1]
    assert savings.says == "Taken $40.25, less $4.00 for proving and watching: $36.25 net."


def test_what_went_back_by_itself_is_told_apart_from_what_people_took_back(week: Week) -> None:
    kinds = ("rolled_back", "aborted", "rolled_back", "advanced")
    events = tuple(msgspec.structs.replace(week.events[0], kind=kind) for kind in kinds)

    assert headline(msgspec.structs.replace(week, events=events)).endswith(
        "; 2 rollbacks and 1 abort."
    )


def test_savings_are_never_shown_without_saying_which(week: Week) -> None:
    rows = {(row[0], row[1]): row[2] for row in sections(week)[1].rows}

    assert rows == {
        ("triage", "taken, at list price"): "$40.25",
        ("mail", "proven, not taken (r2)"): "$5.00 over 500 requests",
        ("triage", "cost of watching"): "$1.50 and 2 calls without a price",
        ("all types", "cost of comparisons"): "$2.50",
    }


def test_a_loss_is_said_to_be_one(week: Week) -> None:
    lossy = msgspec.structs.replace(week, taken=(Taken(type="triage", usd="-1"),))

    assert "-$5.00 net" in sections(lossy)[1].says


def test_every_sum_is_what_the_figures_beside_it_add_up_to(week: Week) -> None:
    """
    Sixths of a cent everywhere: each figure rounded by itself would add up to something else.
    """
    odd = msgspec.structs.replace(
        week,
        taken=tuple(Taken(type=name, usd="0.335") for name in "abc"),
        types=(msgspec.structs.replace(week.types[0], watching_usd="0.115"),),
        proving_usd="0.115",
        spent=tuple(
            Spent(model=name, requests=1, usd="0.335", usd_before="0.115", unpriced=0)
            for name in "abc"
        ),
    )

    _, savings, spend, *_ = sections(odd)

    figures = [Decimal(row[2].split()[0][1:]) for row in savings.rows if "proven" not in row[1]]
    taken, cost = sum(figures[:3]), sum(figures[3:])
    assert savings.says == (
        f"Taken ${taken}, less ${cost} for proving and watching: ${taken - cost} net."
    )
    assert headline(odd).startswith(f"Spent ${taken}; took ${taken} of savings")
    now, before = (sum(Decimal(row[column][1:]) for row in spend.rows) for column in (2, 3))
    assert spend.says == f"${now}, ${before} the week before."
    assert (taken, cost) == (Decimal("1.01"), Decimal("0.23"))


def test_agreement_stands_with_its_count_its_bounds_and_the_week_before(week: Week) -> None:
    [row] = sections(week)[0].rows

    assert row[4:8] == ("97.0 % of 200", "93.6 to 98.6 %", "95 %", "98.0 % of 100")


def test_every_percentage_of_something_counted_stands_with_its_count(week: Week) -> None:
    """
    A rate is followed by "of N"; bounds, shares and limits are no rates.
    """
    for section in sections(week):
        for row in section.rows:
            for heading, cell in zip(section.headings, row, strict=True):
                if heading in {"agreement", "rate", "week before"} and "%" in cell:
                    assert re.search(r"% of [\d,]+$", cell)


def test_the_text_fits_a_hundred_columns_and_loses_no_word(week: Week) -> None:
    long = msgspec.structs.replace(
        week,
        types=(
            msgspec.structs.replace(
                week.types[0], state=RolloutState.DEGRADED, prompt_watched=False, score=100.0
            ),
        ),
        changes=(msgspec.structs.replace(week.changes[0], reason="because " * 30),),
    )

    text = weekly_text(long)

    assert max(map(len, text.splitlines())) <= 100
    assert text.count("because") == 30


def test_surfaces_say_the_same(week: Week) -> None:
    text, markdown, html = weekly_text(week), weekly_markdown(week), weekly_html(week)

    for told in ("97.0 % of 200", "$40.25", "Moved to 25 %", "a trial", title(week)):
        assert told in text
        assert told in markdown
        assert told in html


def test_nothing_a_name_holds_becomes_markup(week: Week) -> None:
    evil = "</script><b>|x|\n# y\x1b[2J"
    hostile = msgspec.structs.replace(
        week,
        taken=(Taken(type=evil, usd="1"),),
        types=(msgspec.structs.replace(week.types[0], type=evil),),
        changes=(msgspec.structs.replace(week.changes[0], by=evil, reason=evil),),
    )

    html = weekly_html(hostile)
    markdown = weekly_markdown(hostile)

    assert html.count("</script>") == 1
    assert "<b>|x|" not in html
    assert "\x1b" not in html + markdown + weekly_text(hostile)
    assert not re.search(r"^# y", markdown, re.MULTILINE)
    assert "\\|x\\|" in markdown


def test_the_page_fetches_nothing_and_runs_nothing(week: Week) -> None:
    html = weekly_html(week)

    assert "default-src 'none'" in unescape(html)
    assert re.findall(r"<script[^>]*>", html) == ['<script type="application/json" id="data">']
    assert not re.search(r"(?:src|href)=\"https?:", html)
    raw = re.search(r'id="data">(.*)</script>', html)
    assert raw is not None
    assert json.loads(raw[1])["schema"] == "suffice.weekly"


def test_machines_get_dollars_as_text_with_their_basis(week: Week) -> None:
    told = weekly_json(week)

    assert (told["taken_usd"], told["taken_basis"]) == ("40.25", "list")
    assert told["watching_and_proving_usd"] == "4.00"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 11, 16), date(2026, 11, 22), "suffice, 16 to 22 November 2026"),
        (date(2026, 11, 27), date(2026, 12, 3), "suffice, 27 November to 3 December 2026"),
        (date(2026, 12, 28), date(2027, 1, 3), "suffice, 28 December 2026 to 3 January 2027"),
    ],
)
def test_the_title_names_the_days(first: date, last: date, said: str) -> None:
    assert title(Week(first=first, last=last)) == said


def test_a_week_without_anything_is_short_and_true() -> None:
    empty = Week(first=date(2026, 11, 16), last=date(2026, 11, 22), has_account=False)

    text = weekly_text(empty)

    assert "No type was rolled out." in text
    assert "No gateway keeps an account here." in text
    assert "$0.00 of savings" not in text
