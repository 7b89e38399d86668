"""Questions to a store's metadata: sums that are priced, spreads, samples, of all its parts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import floor
from typing import Any

import msgspec

from suffice.adapters.exchanges import Exchanges, StoredExchange, connect
from suffice.adapters.exchanges.segments import literal, read_rows
from suffice.adapters.typed_exchanges.kept_answers import KeptAnswers
from suffice.adapters.typed_exchanges.members import added_members, members
from suffice.adapters.typed_exchanges.merged import SAMPLED, Merged, Wanted
from suffice.adapters.typed_exchanges.priced_alike import ALIKE, ROLES, SUMMED, counted_of, day_of
from suffice.adapters.typed_exchanges.store import TypedExchanges
from suffice.adapters.typed_exchanges.tables import (
    CELL_S,
    HOUR_S,
    MOST_SAMPLED,
    Limits,
    middle_of,
)
from suffice.catalog import Catalog
from suffice.errors import PriceUnknown
from suffice.pricing import cost
from suffice.records import Answer, Case
from suffice.records.usage import Usage
from suffice.traffic.ranking import Counted, Known, Seen

__all__ = ["Questions", "Wanted"]

_HOURS = 24
_USABLE = "replayable AND coalesce(status, 200) < 400 AND error IS NULL"
_GROUPS = {"type": "type", "model": "model", "app": "app", "source": "source", "user": '"user"'}
_APART = (*_GROUPS.values(), "role")
_SIZES = """CREATE TEMP TABLE IF NOT EXISTS sizes AS SELECT g, measure, bucket,
    sum(calls) AS calls, min(least) AS least, max(most) AS most FROM all_spreads GROUP BY ALL"""
_KEYS = len(ALIKE.split(", "))
_QUANTILES = (0.5, 0.95)


class Questions:
    """
    Everything that is asked of a store with types.

    Args:
        store: The exchanges.
        typed: Their types.
        catalog: Where price bands begin.

    Attributes:
        kept: Answers about all exchanges, as long as these and their types stay the same.
    """

    def __init__(self, store: Exchanges, typed: TypedExchanges, catalog: Catalog) -> None:
        self._store = store
        self._typed = typed
        self._catalog = catalog
        self._limits = Limits.of(catalog)
        self._merged: tuple[Wanted, Merged] | None = None
        self.kept = KeptAnswers(typed.path)

    def counted(self, wanted: Wanted) -> list[Counted]:
        """Sums of exchanges that are priced alike."""
        sql = f"""
            SELECT {_GROUPS[wanted.by]} AS grouped, {ALIKE}, {SUMMED}
            FROM sums GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - our own columns
        rows = self._rows(sql, wanted)
        saved = self._cacheable(wanted)
        found = [
            counted_of(row, of_type=_label(group), cached=saved.get((group, *row[:_KEYS]), (0, 0)))
            for group, *row in rows
        ]
        return found + list(self._one_by_one(wanted))

    def seen(self, wanted: Wanted) -> dict[str, Seen]:
        """
        What is not dollars: by group, and by role under ``role:...``.

        Sessions and spawns are told apart by 64 bits of their names; medians are within half a
        per cent of a value that is there. All else is exact.
        """
        found: dict[str, Seen] = {}
        for group, prefix in ((_GROUPS[wanted.by], ""), ("role", "role:")):
            hours: defaultdict[Any, list[int]] = defaultdict(lambda: [0] * _HOURS)
            for name, hour, calls in self._rows(_hours_sql(group), wanted):
                hours[name][hour] = calls
            members = dict_of(self._found(f"members {group}", wanted, self._members(group, wanted)))
            spreads = self._spreads(group, wanted)
            halves = self._halves(group, wanted)
            for name, *values in self._rows(_seen_sql(group), wanted):
                label = prefix + ROLES[name] if prefix else _label(name)
                sessions, spawns = members.get(name, (0, 0))
                errors, replayable, answered, first, last = values
                earlier, later = halves.get(name, (0, 0))
                found[label] = Seen(
                    sessions=sessions,
                    spawns=spawns,
                    errors=errors,
                    replayable=replayable,
                    answered=answered,
                    first=first,
                    last=last,
                    by_hour=tuple(hours[name]),
                    earlier=earlier,
                    later=later,
                    **spreads.get(name, {}),
                )
        return found

    def _members(self, group: str, wanted: Wanted) -> Callable[[], list[Any]]:
        def find() -> list[Any]:
            merged = self._merged_of(wanted)
            whole = not (wanted.is_part or wanted.reads_rows)
            return added_members(merged, group, self._typed) if whole else members(merged, group)

        return find

    def _spreads(self, group: str, wanted: Wanted) -> dict[Any, dict[str, tuple[float, float]]]:
        """By group and measure, the median and the 95th of a hundred."""
        places = ", ".join(
            f"min({{'at': bucket, 'least': least, 'most': most}}) "
            f"FILTER (upto > floor({share} * (calls - 1)))"
            for share in _QUANTILES
        )
        sql = f"""
            WITH held AS (SELECT {group} AS grouped, measure, bucket, sum(calls) AS here,
                min(least) AS least, max(most) AS most
                FROM sizes JOIN told USING (g) GROUP BY ALL),
            ranked AS (SELECT *, sum(here) OVER (part ORDER BY bucket) AS upto,
                sum(here) OVER part AS calls FROM held
                WINDOW part AS (PARTITION BY grouped, measure))
            SELECT grouped, measure, {places} FROM ranked GROUP BY ALL"""  # noqa: S608

        def find() -> list[Any]:
            duck = self._merged_of(wanted).duck
            return duck.execute(_SIZES).execute(sql).fetchall()

        found: defaultdict[Any, dict[str, tuple[float, float]]] = defaultdict(dict)
        for name, measure, *buckets in self._found(sql, wanted, find):
            values = [middle_of(one["at"], one["least"], one["most"]) for one in buckets]
            low, high = values if measure == "latency_s" else map(_rounded, values)
            found[name][measure] = (low, high)
        return found

    def _halves(self, group: str, wanted: Wanted) -> dict[Any, tuple[int, int]]:
        """Calls of each group in the first and in the second half of the time looked at."""
        place = _APART.index(group)
        counts: defaultdict[Any, Counter[str]] = defaultdict(Counter)
        for *names, earlier, later in self._found(
            f"halves by {wanted.by}", wanted, lambda: _halves(self._merged_of(wanted), wanted.by)
        ):
            counts[names[place]].update(earlier=int(earlier or 0), later=int(later or 0))
        return {name: (both["earlier"], both["later"]) for name, both in counts.items()}

    def known(self) -> dict[str, Known]:
        """What the index says of each type, by its name."""
        versions: defaultdict[str, list[Any]] = defaultdict(list)
        for entry in self._typed.entries.values():
            versions[entry.name].append(entry)
        return {
            name: Known(
                versions=len(entries),
                related=next((entry.related for entry in entries if entry.related != name), ""),
                known=all(entry.known for entry in entries),
                catch_all=any(self._is_catch_all(entry.key) for entry in entries),
            )
            for name, entries in versions.items()
        }

    def _is_catch_all(self, key: str) -> bool:
        template = self._typed.index.template(key)
        unsplit = key not in self._typed.index.split_keys
        return template is not None and unsplit and not any(template.units)

    def cases(
        self, name: str, *, wanted: Wanted, most: int, seed: int = 0, random: bool = True
    ) -> Iterator[Case]:
        """
        A type's exchanges as cases with the answer the log holds, under its model's name.

        Where the log tells when a call was sent, ``meta`` holds that as ``ts``.

        Args:
            name: The type.
            wanted: From when on.
            most: At most so many, a simple random sample where there are more.
            seed: Draws it.
            random: False takes the first ones.
        """
        numbers = [e.number for e in self._typed.entries.values() if e.name == name]
        if not numbers:
            return
        among = ",".join(map(str, numbers))
        sample = f"USING SAMPLE reservoir({most} ROWS) REPEATABLE ({seed})" if random else ""
        sql = f"""SELECT n FROM (SELECT n FROM {self._typed.sql()}
            WHERE type_number IN ({among}) AND {_USABLE}
            AND {wanted.condition()}) {sample}"""  # noqa: S608
        with connect() as duck:
            chosen = sorted(row[0] for row in duck.execute(sql).fetchall())[:most]
        yield from (case for _, case in self._cases(dict.fromkeys(chosen, name)))

    def samples(self, names: Sequence[str], *, wanted: Wanted, most: int) -> dict[str, list[Case]]:
        """
        Some exchanges of each of these types as cases, all types in one pass.

        Always the same ones, and as good as drawn: those whose numbers' hashes are the least.

        Args:
            names: The types.
            wanted: Which exchanges.
            most: At most so many of each, and at most `MOST_SAMPLED`.
        """
        sql = "SELECT type, min_by(n, hash(n), ?) FROM samples GROUP BY 1"
        merged = self._merged_of(wanted)
        rows = merged.duck.execute(sql, [min(most, MOST_SAMPLED)]).fetchall()
        found: dict[str, list[Case]] = {name: [] for name in names}
        drawn = {n: name for name, chosen in rows if name in found for n in chosen}
        held = read_rows([folder / SAMPLED for _, folder in merged.kept], where=_among(drawn))
        cut = dict(drawn)
        for row in held:
            found[cut.pop(row.n)].append(self._case(row, drawn[row.n]))
        for name, case in self._cases(cut):
            found[name].append(case)
        return found

    def _cases(self, chosen: Mapping[int, str]) -> Iterator[tuple[str, Case]]:
        """Exchanges by number, each with its type, in their order."""
        if chosen:
            for row in self._store.rows(where=_among(chosen)):
                yield chosen[row.n], self._case(row, chosen[row.n])

    def _case(self, row: StoredExchange, name: str) -> Case:
        text, blocks = self._store.response(row)
        model = row.model or row.requested_model
        answers = {}
        if (text or blocks) and model:
            answers[model] = Answer(
                text=text,
                blocks=blocks or None,
                stop_reason=row.stop_reason,
                usage=row.usage,
                latency_s=row.latency_s,
                served_model=row.model or None,
            )
        return Case(
            id=row.id,
            type=name,
            request=self._store.request(row),
            group=row.session or None,
            meta={} if row.ts is None else {"ts": row.ts},
            answers=answers,
        )

    def _one_by_one(self, wanted: Wanted) -> Iterator[Counted]:
        """Exchanges of several model calls, and unbilled ones, each with its own dollars."""
        sql = f"""SELECT {_GROUPS[wanted.by]}, role, model, ts, billed, iterations
            FROM singles"""  # noqa: S608 - our own columns
        for group, role, model, ts, billed, iterations in self._rows(sql, wanted):
            usd, told = Decimal(0), 1
            if billed:
                usage = msgspec.json.decode(iterations, type=Usage)
                try:
                    usd = cost(usage, model, at=day_of(ts or 0), catalog=self._catalog)
                except PriceUnknown:
                    told = 0
            yield Counted(
                type=_label(group),
                role=ROLES[role],
                model=model,
                day=None if ts is None else day_of(ts),
                calls=1,
                told=told,
                extra_usd=usd,
            )

    def _cacheable(self, wanted: Wanted) -> dict[Any, tuple[int, int]]:
        """
        By what is priced alike: prompt tokens a five-minute cache would read, and write.

        Within five minutes of the clock only the first call may find nothing in a cache.
        """
        sql = f"""
            WITH held AS (SELECT {_GROUPS[wanted.by]} AS grouped, {ALIKE}, prompt, cell,
                sum(prefix) AS prefix, min(opening) AS opening, max(last) AS last
                FROM cells GROUP BY ALL),
            openings AS (SELECT prompt, cell, min(opening) AS opening, max(last) AS last
                FROM held GROUP BY prompt, cell),
            filling AS (SELECT opening, prompt, cell, coalesce(opening.ts - lag(last) OVER (
                PARTITION BY prompt ORDER BY cell) >= {CELL_S}, true) AS fills FROM openings),
            told AS (SELECT held.*, CASE WHEN fills AND held.opening = filling.opening
                THEN held.opening.prefix ELSE 0 END AS filled
                FROM held JOIN filling USING (prompt, cell))
            SELECT grouped, {ALIKE}, sum(prefix - filled)::HUGEINT, sum(filled)::HUGEINT
            FROM told GROUP BY ALL"""  # noqa: S608 - our own columns
        return {
            tuple(alike): (int(hit), int(miss)) for *alike, hit, miss in self._rows(sql, wanted)
        }

    def _merged_of(self, wanted: Wanted) -> Merged:
        """The tables of what is wanted; those asked for last stay open."""
        if self._merged is None or self._merged[0] != wanted:
            self._merged = wanted, Merged(self._typed, self._limits, wanted)
        return self._merged[1]

    def _rows(self, sql: str, wanted: Wanted) -> list[Any]:
        """An answer of DuckDB's; what is asked of all exchanges is asked once and kept."""
        return self._found(
            sql, wanted, lambda: self._merged_of(wanted).duck.execute(sql).fetchall()
        )

    def _found(self, question: str, wanted: Wanted, find: Callable[[], list[Any]]) -> list[Any]:
        if wanted.is_part:
            return find()
        return self.kept.rows(f"{self._limits.mark()} {question}", find)


def _halves(merged: Merged, by: str) -> list[Any]:
    """Calls before the middle of the time looked at, and after; by all that tells groups apart."""
    told_apart = (name if name != _GROUPS["user"] or by == "user" else "''" for name in _APART)
    (first, last), *_ = merged.duck.execute("SELECT min(first), max(last) FROM seen").fetchall()
    if first is None:
        return []
    middle, apart = (first + last) / 2, ", ".join(told_apart)
    hour = floor(middle / HOUR_S)
    begin = float(hour * HOUR_S)
    whole = f"""SELECT {apart}, (sum(calls) FILTER (hour < {hour}))::BIGINT,
        (sum(calls) FILTER (hour > {hour}))::BIGINT FROM seen GROUP BY ALL"""  # noqa: S608 - our own columns
    within = f"""SELECT {apart}, count(*) FILTER (ts < {literal(middle)}),
        count(*) FILTER (ts >= {literal(middle)})"""
    return [
        *merged.duck.execute(whole).fetchall(),
        *merged.between(begin, begin + HOUR_S, within),
    ]


def _hours_sql(group: str) -> str:
    hour = f"((hour % {_HOURS}) + {_HOURS}) % {_HOURS}"
    return f"""SELECT {group} AS grouped, {hour}, sum(calls)::BIGINT
        FROM seen WHERE hour IS NOT NULL GROUP BY 1, 2"""  # noqa: S608


def _seen_sql(group: str) -> str:
    return f"""SELECT {group} AS grouped, sum(errors)::BIGINT, sum(replayable)::BIGINT,
        sum(answered)::BIGINT, min(first), max(last)
        FROM seen GROUP BY 1"""  # noqa: S608


def dict_of(rows: Iterable[Sequence[Any]]) -> dict[Any, tuple[Any, ...]]:
    """Rows by their first column."""
    return {name: tuple(rest) for name, *rest in rows}


def _among(numbers: Iterable[int]) -> str:
    return f"n IN ({','.join(map(str, numbers)) or 'NULL'})"


def _label(value: Any) -> str:
    return str(value or "not told")


def _rounded(tokens: float) -> float:
    """Tokens are whole."""
    return float(round(tokens))
