"""The ranking of types as one HTML page: no script, no network, nothing untrusted unescaped."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from decimal import Decimal

import jinja2
from markupsafe import Markup

from suffice.reports.templating import content_policy, template_text, templates_with
from suffice.reports.text_table import Page
from suffice.reports.types_data import types_json
from suffice.reports.types_detail import LEVERS, dear_text, short_spread
from suffice.reports.types_text import checkable, share_text, when
from suffice.reports.untrusted import encodable, script_safe
from suffice.reports.words import count, usd_text
from suffice.traffic.ranking import Ranking, UpperLimit

_PLOT_WIDTH, _PLOT_HEIGHT = 720, 120
_HOUR_WIDTH, _HOUR_HEIGHT = 5, 24


def types_html(ranking: Ranking, *, top: int) -> str:
    """
    The ranking as a page that needs nothing else; the raw JSON stands in it for machines.

    Args:
        ranking: What to show.
        top: So many types have a row; the JSON holds all.
    """
    style = template_text("report.css")
    html = _template().render(
        ranking=ranking,
        rows=ranking.types[:top],
        hidden=len(ranking.types) - min(top, len(ranking.types)),
        policy=content_policy(style),
        style=Markup(style),  # noqa: S704  (our own package data)
        when=when(ranking),
        bars=_bars(ranking.daily),
        width=_PLOT_WIDTH,
        height=_PLOT_HEIGHT,
        conditions=_conditions(ranking),
        most=max((row.share or 0.0 for row in ranking.types), default=0.0) or 1.0,
        raw=Markup(script_safe(types_json(ranking))),  # noqa: S704  (escaped for it)
    )
    return encodable(html)


def _bars(daily: Sequence[tuple[str, str]]) -> list[tuple[float, float, float, float, str]]:
    """One bar a day: x, y, width, height and what it says."""
    most = max((Decimal(usd) for _, usd in daily), default=Decimal(0))
    if not most:
        return []
    step = _PLOT_WIDTH / len(daily)
    found = []
    for place, (day, usd) in enumerate(daily):
        tall = round(float(Decimal(usd) / most) * _PLOT_HEIGHT, 1)
        said = f"{day}: {usd_text(usd)}"
        at = round(place * step, 1)
        found.append((at, round(_PLOT_HEIGHT - tall, 1), round(step * 0.8, 1), tall, said))
    return found


def _conditions(ranking: Ranking) -> list[tuple[str, str]]:
    """What each upper limit supposes, once."""
    found = {one.by: one.holds_if for row in ranking.types for one in row.savings}
    return sorted(found.items(), key=lambda one: (one[0] in LEVERS, one[0]))


def _hours(by_hour: Sequence[int]) -> list[tuple[int, float, float, str]]:
    """One bar an hour of the day: x, y, height and what it says."""
    most = max(by_hour, default=0)
    if not most:
        return []
    return [
        (
            hour * _HOUR_WIDTH,
            round(_HOUR_HEIGHT * (1 - calls / most), 1),
            round(_HOUR_HEIGHT * calls / most, 1),
            f"{hour:02d}:00 {count(calls, 'call')}",
        )
        for hour, calls in enumerate(by_hour)
    ]


def _spread(pair: tuple[float, float] | None) -> str:
    return short_spread(pair, Page(_PLOT_WIDTH, unicode=True))


def _dear(one: UpperLimit, ranking: Ranking, calls: int) -> str:
    return dear_text(one, ranking, calls=calls)


@functools.cache
def _template() -> jinja2.Template:
    templates = templates_with(
        {
            "count": count,
            "usd": usd_text,
            "share": share_text,
            "checkable": checkable,
            "hours": _hours,
            "spread": _spread,
            "dear": _dear,
        }
    )
    return templates.get_template("types.html.j2")
