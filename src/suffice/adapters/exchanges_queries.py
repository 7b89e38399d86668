"""Questions to a store's metadata, answered by DuckDB: sums that are priced, spreads, samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from suffice.adapters.exchange_types import TypedExchanges, quiet
from suffice.adapters.exchanges import Exchanges
from suffice.adapters.exchanges.segments import literal
from suffice.adapters.kept_answers import KeptAnswers
from suffice.catalog import Catalog
from suffice.errors import PriceUnknown
from suffice.pricing import cost
from suffice.records import Answer, Case
from suffice.records.usage import Usage
from suffice.traffic.ranking import Counted, Known, Seen
from suffice.traffic.types import Role

_CACHE_S = 300
_HOURS = 24
_ROLES = tuple(role.value for role in Role)
_PROMPT = "(input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens)"
_USABLE = "replayable AND coalesce(status, 200) < 400 AND error IS NULL"
_BY = {"type": "type_number", "model": "model", "app": "app", "source": "source", "user": '"user"'}
_SUMS = (
    "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "output_tokens", "thinking_tokens", "web_searches",
)  # fmt: skip


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which exchanges are looked at, and by what they are told apart.

    Attributes:
        since: Seconds since 1970; None: from the first one.
        until: Seconds since 1970, itself not looked at; None: to the last one.
        by: ``type``, ``model``, ``app``, ``source`` or ``user``.
        only: Columns of text and what must stand in them, such as ``model``.
    """

    since: float | None = None
    until: float | None = None
    by: str = "type"
    only: tuple[tuple[str, str], ...] = ()

    def condition(self) -> str:
        """
        As DuckDB reads it.

        >>> print(Wanted(since=5.0, only=(("model", "m"),)).condition())
        ts >= 5.0 AND "model" = 'm'
        """
        said = [f"ts >= {literal(self.since)}"] if self.since is not None else []
        said += [f"ts < {literal(self.until)}"] if self.until is not None else []
        said += [f'"{column}" = {literal(value)}' for column, value in self.only]
        return " AND ".join(said) or "true"

    @property
    def is_part(self) -> bool:
        """Whether not all exchanges are looked at."""
        return self.condition() != "true"


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
        self.kept = KeptAnswers(typed.path)

    def counted(self, wanted: Wanted) -> list[Counted]:
        """Sums of exchanges that are priced alike."""
        bands = sorted(
            {
                band.above_prompt_tokens
                for facts in self._catalog.models.values()
                for period in facts.prices
                for band in period.bands
                if band.above_prompt_tokens
            }
        )
        band = " + ".join(f"({_PROMPT} > {limit})::INT" for limit in bands) or "0"
        sums = ", ".join(f"sum({name})::HUGEINT" for name in _SUMS)
        group = _BY[wanted.by]
        sql = f"""
            SELECT {group}, role, model, floor(ts / 86400)::BIGINT AS day,
                {band} AS band, service_tier, inference_geo, speed,
                max({_PROMPT}), count(*), count(*) FILTER (usage_known), {sums}
            FROM {self._typed.sql()}
            WHERE {wanted.condition()} AND iterations = '' AND billed
            GROUP BY ALL"""  # noqa: S608 - our own columns and numbers
        rows = self._rows(sql, wanted)
        saved = self._cacheable(wanted)
        found = [self._counted(row, wanted, saved) for row in rows]
        return found + list(self._one_by_one(wanted))

    def seen(self, wanted: Wanted) -> dict[str, Seen]:
        """
        What is not dollars: by group, and by role under ``role:...``.

        Sessions and spawns are told apart by 64 bits of their names; medians are approximate.
        """
        span = f"""SELECT (min(ts) + max(ts)) / 2 FROM {self._typed.sql()}
            WHERE {wanted.condition()}"""  # noqa: S608
        found: dict[str, Seen] = {}
        middle = self._rows(span, wanted)[0][0] or 0.0
        for group, prefix in ((self._group(wanted), ""), ("role", "role:")):
            hours: defaultdict[Any, list[int]] = defaultdict(lambda: [0] * _HOURS)
            for name, hour, calls in self._rows(self._hours_sql(group, wanted), wanted):
                hours[name][hour] = calls
            for name, *values in self._rows(self._seen_sql(group, wanted, middle), wanted):
                label = prefix + _ROLES[name] if prefix else str(name)
                found[label] = _seen(values, hours[name])
        return found

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
        with quiet() as duck:
            chosen = sorted(row[0] for row in duck.execute(sql).fetchall())[:most]
        yield from (case for _, case in self._cases(dict.fromkeys(chosen, name)))

    def samples(self, names: Sequence[str], *, wanted: Wanted, most: int) -> dict[str, list[Case]]:
        """
        Some exchanges of each of these types as cases, all types in one pass.

        Always the same ones, and as good as drawn: those whose numbers' hashes are the least.

        Args:
            names: The types.
            wanted: Which exchanges.
            most: At most so many of each.
        """
        place = {name: number for number, name in enumerate(names)}
        listed = [entry for entry in self._typed.entries.values() if entry.name in place]
        if not listed:
            return {}
        places = ", ".join(f"({one.number}, {place[one.name]})" for one in listed)
        sql = f"""SELECT place, min_by(n, hash(n), {most}) FROM {self._typed.sql()}
            JOIN (VALUES {places}) AS asked(type_number, place) USING (type_number)
            WHERE {_USABLE} AND {wanted.condition()} GROUP BY place"""  # noqa: S608
        with quiet() as duck:
            rows = duck.execute(sql).fetchall()
        found: dict[str, list[Case]] = {name: [] for name in names}
        for name, case in self._cases({n: names[where] for where, chosen in rows for n in chosen}):
            found[name].append(case)
        return found

    def _cases(self, chosen: Mapping[int, str]) -> Iterator[tuple[str, Case]]:
        """Exchanges by number, each with its type, in their order."""
        if not chosen:
            return
        for row in self._store.rows(where=f"n IN ({','.join(map(str, chosen))})"):
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
            case = Case(
                id=row.id,
                type=chosen[row.n],
                request=self._store.request(row),
                group=row.session or None,
                answers=answers,
            )
            yield chosen[row.n], case

    def _group(self, wanted: Wanted) -> str:
        return self._name_sql() if wanted.by == "type" else _BY[wanted.by]

    def _name_sql(self) -> str:
        """The type's name for each number, several versions under one name."""
        cases = " ".join(
            f"WHEN {entry.number} THEN {literal(entry.name)}"
            for entry in self._typed.entries.values()
        )
        return f"CASE type_number {cases} ELSE '' END" if cases else "''"

    def _label(self, value: Any, wanted: Wanted) -> str:
        if wanted.by == "type":
            return self._typed.entries[value].name
        return str(value or "not told")

    def _counted(
        self, row: tuple[Any, ...], wanted: Wanted, saved: dict[tuple[Any, ...], tuple[int, int]]
    ) -> Counted:
        (group, role, model, day, _, tier, geo, speed, longest, calls, told, *sums) = row
        hit = saved.pop((group, role, model), (0, 0))
        return Counted(
            type=self._label(group, wanted),
            role=_ROLES[role],
            model=model,
            day=None if day is None else _day(day * 86400),
            prompt_tokens=int(longest),
            service_tier=tier,
            inference_geo=geo,
            speed=speed,
            calls=calls,
            told=told,
            cacheable=hit[0],
            cache_filling=hit[1],
            **dict(zip(_SUMS, map(_whole, sums), strict=True)),
        )

    def _one_by_one(self, wanted: Wanted) -> Iterator[Counted]:
        """Exchanges of several model calls, and unbilled ones, each with its own dollars."""
        sql = f"""SELECT {_BY[wanted.by]}, role, model, ts, billed, iterations
            FROM {self._typed.sql()}
            WHERE {wanted.condition()} AND (iterations <> '' OR NOT billed)"""  # noqa: S608
        rows = self._rows(sql, wanted)
        for group, role, model, ts, billed, iterations in rows:
            usd, told = Decimal(0), 1
            if billed:
                usage = msgspec.json.decode(iterations, type=Usage)
                try:
                    usd = cost(usage, model, at=_day(ts or 0), catalog=self._catalog)
                except PriceUnknown:
                    told = 0
            yield Counted(
                type=self._label(group, wanted),
                role=_ROLES[role],
                model=model,
                day=None if ts is None else _day(ts),
                calls=1,
                told=told,
                extra_usd=usd,
            )

    def _cacheable(self, wanted: Wanted) -> dict[tuple[Any, ...], tuple[int, int]]:
        """By group, role and model: prompt tokens a five-minute cache would read, and write."""
        minima = " ".join(
            f"WHEN {literal(name)} THEN {facts.cache_minimum_tokens}"
            for name, facts in sorted(self._catalog.models.items())
            if facts.cache_minimum_tokens
        )
        minimum = f"CASE model {minima} ELSE 4096 END" if minima else "4096"
        sql = f"""
            WITH fresh AS (
                SELECT {_BY[wanted.by]} AS grouped, role, model,
                    least(prefix_tokens, input_tokens) AS prefix, ts - lag(ts) OVER (
                        PARTITION BY app, model, system_key, tools_key ORDER BY ts) AS gap
                FROM {self._typed.sql()}
                WHERE {wanted.condition()} AND ts IS NOT NULL AND system_key + tools_key > 0
                    AND cache_read_tokens = 0 AND cache_write_5m_tokens = 0
                    AND cache_write_1h_tokens = 0
                    AND least(prefix_tokens, input_tokens) >= {minimum})
            SELECT grouped, role, model,
                coalesce(sum(prefix) FILTER (gap < {_CACHE_S}), 0)::HUGEINT,
                coalesce(sum(prefix) FILTER (gap IS NULL OR gap >= {_CACHE_S}), 0)::HUGEINT
            FROM fresh GROUP BY ALL"""  # noqa: S608
        return {
            (group, role, model): (int(hit), int(miss))
            for group, role, model, hit, miss in self._rows(sql, wanted)
        }

    def _rows(self, sql: str, wanted: Wanted) -> list[Any]:
        """An answer of DuckDB's; what is asked of all exchanges is asked once and kept."""

        def find() -> list[Any]:
            with quiet() as duck:
                return duck.execute(sql).fetchall()

        return find() if wanted.is_part else self.kept.rows(sql, find)

    def _hours_sql(self, group: str, wanted: Wanted) -> str:
        return f"""SELECT {group} AS grouped, floor(ts / 3600)::BIGINT % {_HOURS} AS hour, count(*)
            FROM {self._typed.sql()} WHERE {wanted.condition()} AND ts IS NOT NULL
            GROUP BY grouped, hour"""  # noqa: S608

    def _seen_sql(self, group: str, wanted: Wanted, middle: float) -> str:
        spread = ", ".join(
            f"approx_quantile({name}, [0.5, 0.95])"
            for name in (
                "latency_s",
                "CASE WHEN usage_known THEN output_tokens END",
                f"CASE WHEN usage_known THEN {_PROMPT} END",
            )
        )
        return f"""SELECT {group} AS grouped,
            count(DISTINCT hash(conversation)) FILTER (conversation <> ''),
            count(DISTINCT hash(conversation, agent_id)) FILTER (agent_id <> '' OR is_sidechain),
            count(*) FILTER (coalesce(status, 200) >= 400 OR error IS NOT NULL),
            count(*) FILTER (replayable), count(*) FILTER (replayable AND response_key > 0),
            min(ts), max(ts), {spread}, count(*) FILTER (ts < {literal(middle)}),
            count(*) FILTER (ts >= {literal(middle)})
            FROM {self._typed.sql()} WHERE {wanted.condition()} GROUP BY grouped"""  # noqa: S608


def _seen(values: list[Any], hours: list[int]) -> Seen:
    sessions, spawns, errors, replayable, answered, first, last, *rest = values
    spreads, (earlier, later) = rest[:3], rest[3:]
    pairs = [None if not pair else (float(pair[0]), float(pair[1])) for pair in spreads]
    return Seen(
        sessions=sessions,
        spawns=spawns,
        errors=errors,
        replayable=replayable,
        answered=answered,
        first=first,
        last=last,
        latency_s=pairs[0],
        output_tokens=pairs[1],
        prompt_tokens=pairs[2],
        by_hour=tuple(hours),
        earlier=earlier,
        later=later,
    )


def _whole(total: Any) -> Any:
    return int(total or 0)


def _day(ts: float) -> date:
    return datetime.fromtimestamp(ts, UTC).date()
