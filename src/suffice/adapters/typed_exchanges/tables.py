"""What is added up of exchanges, in tables whose rows of many parts can be added up again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from suffice.adapters.exchanges.segments import literal
from suffice.catalog import Catalog
from suffice.traffic.types import Role

VERSION = 3
DAY_S = 86_400
CELL_S = 300
HOUR_S = 3_600
# How far a median or a 95th of a hundred may be from one of the values that are there.
SPREAD_ERROR = 0.005
_GAMMA = (1 + SPREAD_ERROR) / (1 - SPREAD_ERROR)
_LARGEST_LOG = 700.0
_ZERO_BUCKET = -(2**31)
_USUAL_CACHE_MINIMUM = 4096
MOST_UNITS = 20_000
MOST_SAMPLED = 60
_ROLES = tuple(Role)
_AGENTIC = ", ".join(str(_ROLES.index(role)) for role in (Role.MAIN_LOOP, Role.SUB_AGENT))
PROMPT = "(input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens)"
USED = (
    "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "output_tokens", "thinking_tokens", "web_searches",
)  # fmt: skip
MEASURES = {
    "latency_s": "latency_s",
    "output_tokens": "CASE WHEN usage_known THEN output_tokens END",
    "prompt_tokens": f"CASE WHEN usage_known THEN {PROMPT} END",
}
# DuckDB writes its widest integer into Parquet as a float; a decimal stays exact.
_EXACT = "DECIMAL(38, 0)"
# What is not billed, or is priced one by one, is in no sum of tokens.
_SUMMED = "iterations = '' AND billed"
_NARROW = (
    "n", "ts", "model", "app", "source", '"user"', "agent_id", "is_sidechain", "replayable",
    "response_key", "usage_known", "billed", *USED, "service_tier", "inference_geo", "speed",
    "iterations", "system_key", "tools_key", "latency_s", "type_number", "role", "prefix_tokens",
)  # fmt: skip


def narrow(*, by_user: bool = False) -> str:
    """
    The columns of typed rows that `tables` reads, as SQL.

    Args:
        by_user: Whether users are told apart.
    """
    told_apart = "type_number, role, model, app, source" + ', "user"' * by_user
    derived = (
        f"hash({told_apart}) AS g",
        "coalesce(status, 200) >= 400 OR error IS NOT NULL AS failed",
        "CASE WHEN conversation <> '' THEN hash(conversation) END AS talk",
        "hash(conversation, agent_id) AS spawn",
        f"floor(ts / {DAY_S})::BIGINT AS day",
    )
    return ", ".join((*_NARROW, *derived))


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """
    What of a catalogue says how rows are added up.

    Attributes:
        bands: Prompt tokens beyond which some model bills a dearer band.
        minima: The shortest prompt a model's cache takes, by model.
    """

    bands: tuple[int, ...]
    minima: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, catalog: Catalog) -> Limits:
        """Those of a catalogue."""
        bands = {
            band.above_prompt_tokens
            for facts in catalog.models.values()
            for period in facts.prices
            for band in period.bands
            if band.above_prompt_tokens
        }
        minima = (
            (name, facts.cache_minimum_tokens)
            for name, facts in catalog.models.items()
            if facts.cache_minimum_tokens
        )
        return cls(bands=tuple(sorted(bands)), minima=tuple(sorted(minima)))

    def mark(self) -> str:
        """A name of these limits, and of how tables are made."""
        return blake2b(msgspec.json.encode([VERSION, self]), digest_size=6).hexdigest()

    def band(self) -> str:
        """The number of a row's band, as SQL."""
        return " + ".join(f"({PROMPT} > {limit})::INT" for limit in self.bands) or "0"

    def minimum(self) -> str:
        """The shortest prompt a row's model would cache, as SQL."""
        known = " ".join(f"WHEN {literal(name)} THEN {least}" for name, least in self.minima)
        return f"CASE model {known} ELSE {_USUAL_CACHE_MINIMUM} END" if known else "4096"


def tables(limits: Limits, *, by_user: bool = False) -> Mapping[str, str]:
    """
    Each table's question to rows named ``part`` with the columns of `narrow`.

    Rows of two parts may be put together in any way: counts are added, and what is told apart
    (groups, conversations, spawns) stands by a hash of its name. All but ``groups`` and ``whos``
    say the day; all but these two and ``units`` say the group, by ``g``.

    * ``groups``: type, role, model, application, source, and the user where users are told apart.
    * ``sums``: what is priced alike, and its tokens.
    * ``seen``: calls, failures and the like by hour.
    * ``spreads``: how many calls have a latency, an answer or a prompt of about a size: within
      half a per cent, with the least and the most of them.
    * ``members``: which conversations and spawns the calls are of.
    * ``whos``: these alone.
    * ``cells``: by five minutes, prompts with a fixed beginning that no cache has read.
    * ``singles``: calls that are priced one by one.
    * ``samples``: calls with an answer that can be asked again, as good as drawn: those whose
      numbers' hashes are the least.
    * ``units``: what sessions and spawns of agents used; of many, those whose hash falls into
      a part that is halved until few are left.

    Args:
        limits: Of the catalogue.
        by_user: Whether users are told apart.
    """
    user = '"user"' if by_user else "''"
    talks = "false AS spawned, talk AS who FROM part WHERE talk IS NOT NULL"
    spawns = "true AS spawned, spawn AS who FROM part WHERE agent_id <> '' OR is_sidechain"
    return {
        "groups": f'SELECT DISTINCT g, type_number, role, model, app, source, {user} AS "user" FROM part',  # noqa: E501, S608 - our own columns
        "sums": f"""SELECT g, day, {_priced(limits)} FROM part
            WHERE {_SUMMED} GROUP BY ALL""",  # noqa: S608
        "seen": f"""SELECT g, day, floor(ts / {HOUR_S})::BIGINT AS hour, count(*) AS calls,
            count(*) FILTER (failed) AS errors, count(*) FILTER (replayable) AS replayable,
            count(*) FILTER (replayable AND response_key > 0) AS answered,
            min(ts) AS first, max(ts) AS last FROM part GROUP BY ALL""",  # noqa: S608
        "spreads": " UNION ALL ".join(map(_spread, MEASURES)),
        "members": f"SELECT DISTINCT g, day, {talks} UNION ALL SELECT DISTINCT g, day, {spawns}",
        "whos": f"SELECT DISTINCT {talks} UNION ALL SELECT DISTINCT {spawns}",
        "cells": _cells(limits),
        "singles": """SELECT g, day, ts, billed, iterations FROM part
            WHERE iterations <> '' OR NOT billed""",
        "samples": f"""SELECT * EXCLUDE (drawn), unnest(drawn) AS n FROM (
            SELECT g, day, min_by(n, hash(n), {MOST_SAMPLED}) AS drawn
            FROM part WHERE replayable AND NOT failed GROUP BY ALL)""",  # noqa: S608
        "units": _units(limits),
    }


def _priced(limits: Limits) -> str:
    sums = ", ".join(f"sum({name})::{_EXACT} AS {name}" for name in USED)
    return f"""{limits.band()} AS band, service_tier, inference_geo, speed,
        max({PROMPT}) AS longest, count(*) AS calls, count(*) FILTER (usage_known) AS told,
        {sums}"""


def _spread(name: str) -> str:
    """Masson, Rim & Lee (2019), DDSketch: logarithmic buckets, so that parts can be added."""
    value = f"({MEASURES[name]})::DOUBLE"
    bucket = f"CASE WHEN value > 0 THEN ceil(ln(value) / {math.log(_GAMMA)!r})::INT ELSE {_ZERO_BUCKET} END"  # noqa: E501
    return f"""SELECT * EXCLUDE (value), '{name}' AS measure, {bucket} AS bucket,
        count(*) AS calls, min(value) AS least, max(value) AS most
        FROM (SELECT g, day, {value} AS value FROM part)
        WHERE isfinite(value) GROUP BY ALL"""  # noqa: S608


def _cells(limits: Limits) -> str:
    prefix = "least(prefix_tokens, input_tokens)"
    summed = f"CASE WHEN {_SUMMED} THEN {prefix} ELSE 0 END"
    return f"""SELECT g, day, {limits.band()} AS band, service_tier, inference_geo, speed,
        hash(app, model, system_key, tools_key) AS prompt,
        floor(ts / {CELL_S})::BIGINT AS cell, sum({summed})::{_EXACT} AS prefix,
        min(struct_pack(ts := ts, n := n, prefix := {summed})) AS opening, max(ts) AS last
        FROM part WHERE ts IS NOT NULL AND system_key + tools_key > 0
        AND cache_read_tokens = 0 AND cache_write_5m_tokens = 0 AND cache_write_1h_tokens = 0
        AND {prefix} >= {limits.minimum()} GROUP BY ALL"""  # noqa: S608


def _units(limits: Limits) -> str:
    told = f"{_SUMMED} AND role IN ({_AGENTIC})"
    return f"""WITH told AS (SELECT * FROM part WHERE {told}),
        halved AS (SELECT greatest(0, ceil(log2(greatest(1, count(DISTINCT spawn)) / {MOST_UNITS}))
            )::INT AS level FROM told)
        SELECT spawn AS unit, level, role, model, app, source, day, {_priced(limits)}
        FROM told, halved WHERE spawn % (1::UBIGINT << level) = 0 GROUP BY ALL"""  # noqa: S608


def middle_of(bucket: int, least: float, most: float) -> float:
    """
    The value a bucket of ``spreads`` stands for, within what was really there.

    >>> middle_of(-2**31, 0.0, 0.0), middle_of(1, 1.002, 1.002)
    (0.0, 1.002)
    """
    if bucket == _ZERO_BUCKET:
        return 0.0
    high = math.exp(min(bucket * math.log(_GAMMA), _LARGEST_LOG))
    return min(max(2 * high / (_GAMMA + 1), least), most)
