"""A week in production: agreement, spend, errors, savings and what changed, as one document."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from suffice.records.rollout import RolloutState
from suffice.reports.rollouts import WORDS
from suffice.reports.sums import adding_up, decimals_of, dollars
from suffice.reports.untrusted import one_line
from suffice.reports.week import TypeWeek, Week
from suffice.reports.words import count, usd_text
from suffice.statistics.proportions import wilson_interval


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """
    A part of the document, the same on every surface.

    Attributes:
        title: Of the part.
        says: One sentence that answers it.
        headings: Of its table; those from ``figures_from`` on are figures.
        rows: Cells as text.
        figures_from: Where figures begin.
        empty: What is said where there is no row.
        note: What the figures rest on.
    """

    title: str
    says: str = ""
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    figures_from: int = 1
    empty: str = "Nothing."
    note: str = ""


def title(week: Week) -> str:
    """
    What the report is called.

    >>> from datetime import date
    >>> title(Week(first=date(2026, 11, 16), last=date(2026, 11, 22)))
    'suffice, 16 to 22 November 2026'
    """
    first = f"{week.first.day}"
    if (week.first.year, week.first.month) != (week.last.year, week.last.month):
        first += f" {week.first:%B}"
    if week.first.year != week.last.year:
        first += f" {week.first.year}"
    return f"suffice, {first} to {week.last.day} {week.last:%B %Y}"


def headline(week: Week) -> str:
    """The week in one sentence."""
    savings, spent = _Savings(week), _Spending(week)
    back = sum(event.kind == "rolled_back" for event in week.events)
    aborted = sum(event.kind == "aborted" for event in week.events)
    taken_back = [
        count(number, noun) for number, noun in ((back, "rollback"), (aborted, "abort")) if number
    ]
    parts = [
        f"spent {spent.text(sum(spent.now))}"
        if week.has_account
        else "no gateway keeps an account here",
        f"took {savings.text(sum(savings.taken))} of savings" if week.has_account else "",
        f"watching and proving cost {savings.text(savings.cost)}",
        " and ".join(taken_back) or "nothing was taken back",
    ]
    told = "; ".join(part for part in parts if part)
    return f"{told[0].upper()}{told[1:]}."


def sections(week: Week) -> tuple[Section, ...]:
    """The document's parts, in the order of their weight."""
    return (_agreement(week), _savings(week), _spend(week), _error_rates(week), _changes(week))


def weekly_json(week: Week) -> dict[str, Any]:
    """The figures, for machines."""
    plain: dict[str, Any] = msgspec.to_builtins(week)
    totals = {
        "spent_usd": str(_sum(row.usd for row in week.spent)),
        "taken_usd": str(_taken(week)),
        "taken_basis": "list",
        "watching_and_proving_usd": str(_proving(week)),
    }
    return {"schema": "suffice.weekly", "version": 1, "title": title(week), **plain, **totals}


def _agreement(week: Week) -> Section:
    low = [row for row in week.types if row.pairs and row.score / row.pairs < row.fine_at]
    says = ""
    if week.types:
        says = (
            f"{count(len(low), 'type')} of {len(week.types)} agreed less often than is fine."
            if low
            else f"{'The one' if len(week.types) == 1 else f'All {len(week.types):,}'} "
            f"rolled-out type{'s' * (len(week.types) > 1)} agreed as often as is fine."
            if all(row.pairs for row in week.types)
            else "Some types had no scored pair, so nobody can say."
        )
    unwatched = [
        one_line(row.type)
        for row in week.types
        if not row.prompt_watched and row.state is not RolloutState.ROLLED_BACK
    ]
    if unwatched:
        says += f" Prompt edits are not watched of {', '.join(unwatched)}: no single one was known."
    return Section(
        title="Agreement",
        says=says,
        headings=("request type", "candidate", "state", "share", "agreement", "95 % bounds",
                  "fine at", "week before", "no score"),
        figures_from=3,
        rows=tuple(
            (
                one_line(row.type),
                one_line(row.candidate.removeprefix("claude-")),
                WORDS[row.state],
                "-" if row.share is None else f"{100 * row.share:.4g} %",
                _rate(row.score, row.pairs),
                _bounds(row.score, row.pairs),
                f"{100 * row.fine_at:.4g} %",
                _rate(row.score_before, row.pairs_before) if row.pairs_before else "-",
                f"{row.missing:,}",
            )
            for row in week.types
        ),
        empty="No type was rolled out.",
        note="Scored pairs of the week: both models' answers to the same production request, at "
        "most one a conversation.",
    )  # fmt: skip


class _Savings:
    """What was taken and what that cost, as shown: rounded so that everything adds up."""

    def __init__(self, week: Week) -> None:
        taken = [Decimal(row.usd) for row in week.taken]
        costs = [*(Decimal(row.watching_usd) for row in week.types), Decimal(week.proving_usd)]
        self._decimals = decimals_of([*taken, *costs])
        self.taken = adding_up(taken, decimals=self._decimals)
        *self.watching, self.comparisons = adding_up(costs, decimals=self._decimals)
        self.cost = sum(self.watching, self.comparisons)

    def text(self, amount: Decimal | int) -> str:
        return dollars(Decimal(amount), decimals=self._decimals)


class _Spending:
    """What models cost, this week and the one before, as shown."""

    def __init__(self, week: Week) -> None:
        now, before = (
            [Decimal(getattr(row, name)) for row in week.spent] for name in ("usd", "usd_before")
        )
        self._decimals = decimals_of([*now, *before])
        self.now = adding_up(now, decimals=self._decimals)
        self.before = adding_up(before, decimals=self._decimals)

    def text(self, amount: Decimal | int) -> str:
        return dollars(Decimal(amount), decimals=self._decimals)


def _savings(week: Week) -> Section:
    shown = _Savings(week)
    rows = [
        (one_line(row.type), "taken, at list price", shown.text(usd))
        for row, usd in zip(week.taken, shown.taken, strict=True)
    ]
    for row in week.proven:
        if row.requests:
            saving = Decimal(str(row.usd_per_answer)) * row.requests
            told = f"{usd_text(str(saving))} over {row.requests:,} requests"
        else:
            told = f"{usd_text(str(row.usd_per_answer))} an answer"
        rows.append((one_line(row.type), f"proven, not taken ({one_line(row.run)})", told))
    rows += [
        (one_line(row.type), "cost of watching", shown.text(usd) + _unpriced(row))
        for row, usd in zip(week.types, shown.watching, strict=True)
        if Decimal(row.watching_usd) or row.unpriced_pairs
    ]
    if Decimal(week.proving_usd):
        rows.append(("all types", "cost of comparisons", shown.text(shown.comparisons)))
    taken = sum(shown.taken)
    return Section(
        title="Savings",
        says=f"Taken {shown.text(taken)}, less {shown.text(shown.cost)} for proving and watching: "
        f"{shown.text(taken - shown.cost)} net."
        if week.has_account
        else "",
        headings=("request type", "which savings", "dollars"),
        figures_from=2,
        rows=tuple(rows),
        empty="Nothing was taken, and nothing cost anything.",
        note="Taken: the requested model's list price of the same answers less the served one's; "
        "it is not matched to the bill yet. Proven: as measured in the comparison.",
    )


def _spend(week: Week) -> Section:
    shown = _Spending(week)
    unpriced = sum(row.unpriced for row in week.spent)
    without = f"; {count(unpriced, 'attempt')} without a known price" if unpriced else ""
    return Section(
        title="Spend by model",
        says=f"{shown.text(sum(shown.now))}, {shown.text(sum(shown.before))} the week before"
        f"{without}."
        if week.spent
        else "",
        headings=("model", "attempts", "spent", "week before", "without a price"),
        rows=tuple(
            (
                one_line(row.model or "unknown"),
                f"{row.requests:,}",
                shown.text(usd),
                shown.text(usd_before),
                f"{row.unpriced:,}",
            )
            for row, usd, usd_before in zip(week.spent, shown.now, shown.before, strict=True)
        ),
        empty="Nothing went through the gateway."
        if week.has_account
        else "No gateway keeps an account here.",
    )


def _error_rates(week: Week) -> Section:
    return Section(
        title="Errors by arm",
        headings=("request type", "arm", "attempts", "errors", "rate", "95 % bounds"),
        figures_from=2,
        rows=tuple(
            (
                one_line(row.type or "no type"),
                row.arm,
                f"{row.attempts:,}",
                f"{row.errors:,}",
                _rate(row.errors, row.attempts),
                _bounds(row.errors, row.attempts),
            )
            for row in week.errors
        ),
        empty="Nothing went through the gateway.",
        note="Attempts that gave the caller no model's answer; overload and rate limits included.",
    )


def _changes(week: Week) -> Section:
    told = [
        (event.at, one_line(event.type), one_line(event.sentence), event.by, event.reason)
        for event in week.events
    ]
    # What rollouts did is told by their events; here is what people did to the policy itself.
    told += [
        (change.at, f"policy {change.version}", one_line(change.action), change.by, change.reason)
        for change in week.changes
    ]
    told.sort(key=lambda row: row[0])
    return Section(
        title="What changed, and why",
        headings=("when (UTC)", "what", "what happened", "by", "why"),
        figures_from=5,
        rows=tuple(
            (f"{at:%Y-%m-%d %H:%M}", what, sentence, one_line(by or "-"), one_line(why or "-"))
            for at, what, sentence, by, why in told
        ),
        empty="Nothing changed.",
    )


def _rate(hits: float, seen: int) -> str:
    return f"{100 * hits / seen:.1f} % of {seen:,}" if seen else "nothing seen"


def _bounds(hits: float, seen: int) -> str:
    if not seen:
        return "-"
    low, high = wilson_interval(round(hits), seen)
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def _unpriced(row: TypeWeek) -> str:
    return f" and {count(row.unpriced_pairs, 'call')} without a price" if row.unpriced_pairs else ""


def _taken(week: Week) -> Decimal:
    return _sum(row.usd for row in week.taken)


def _proving(week: Week) -> Decimal:
    return _sum(row.watching_usd for row in week.types) + Decimal(week.proving_usd)


def _sum(amounts: Sequence[str] | Any) -> Decimal:
    return sum((Decimal(amount) for amount in amounts), Decimal(0))
