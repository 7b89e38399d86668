"""The catalog: our dated data, with a user's own prices laid over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from suffice.catalog.facts import Band, ModelFacts, PricePeriod, Rules, TokenClass, no_price
from suffice.catalog.matching import bare_name, match, nearest
from suffice.catalog.reading import (
    read_factors,
    read_images,
    read_model,
    read_periods,
    read_rules,
)
from suffice.errors import BadPrices

_OVERRIDE_KEYS = {"prices", "tiers", "dated"}


class Catalog(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """
    What is known of models, to be looked up by name.

    Attributes:
        models: By id.
        aliases: Every known name -> id; ids map to themselves.
        rules: What stacks on token prices.
        dated: The day the data was last brought up to date.
    """

    models: dict[str, ModelFacts]
    aliases: dict[str, str]
    rules: Rules
    dated: date

    def knows(self, name: str) -> bool:
        """Whether the catalog has facts of a model; it may still lack its price."""
        return match(name, self.aliases) is not None

    def in_full(self, name: str) -> str:
        """
        A model's name as the provider takes it, settings and run label kept.

        Short names become ids; a name the catalog does not know stays as it is.

        >>> load_catalog().in_full("opus-5-5:effort=low@A"), load_catalog().in_full("my-model")
        ('claude-opus-5-5:effort=low@A', 'my-model')
        """
        bare = bare_name(name)
        found = None if bare in self.aliases else match(name, self.aliases)
        return name if found is None else name.replace(bare, found, 1)

    def find(self, name: str) -> ModelFacts:
        """
        The facts of a model, by id, dated id, alias or short name.

        A run label after ``@`` and settings after ``:`` are cut first.

        Raises:
            PriceUnknown: The catalog knows no such model.

        >>> load_catalog().find("haiku-4-5:thinking=off@A").id
        'claude-haiku-4-5'
        """
        found = match(name, self.aliases)
        if found is None:
            raise no_price(bare_name(name) or repr(name), instead=nearest(name, self.aliases))
        return self.models[found]


def load_catalog(overrides: Mapping[str, Any] | None = None) -> Catalog:
    """
    The catalog of this release, with a user's own prices laid over it.

    Class by class, an overriding price replaces the list price of the same band; what it does
    not name stays at list price. A model we do not know has only the prices it is given.

    Args:
        overrides: A parsed price file: ``[prices."model"]`` tables in the form of our own data,
            and ``[tiers]`` for factors such as a priority commitment's.

    Raises:
        BadPrices: The overrides are no price table.

    >>> ours = load_catalog({"prices": {"claude-haiku-4-5": {"input": "0.90"}}})
    >>> ours.find("claude-haiku-4-5").period(date(2026, 11, 1)).bands[0].usd_per_mtok["input"]
    Decimal('0.90')
    """
    catalog = _package_catalog()
    return _overlaid(catalog, overrides) if overrides else catalog


@cache
def _package_catalog() -> Catalog:
    models_file, prices_file, rules_file = map(_data, ("models", "prices", "rules"))
    images = read_images(rules_file["images"])
    dated: date = prices_file["dated"]
    models: dict[str, ModelFacts] = {}
    aliases: dict[str, str] = {}
    for name, table in models_file["models"].items():
        facts = read_model(name, table, images=images)
        prices = read_periods(name, prices_file["prices"].get(name, []), dated=dated)
        models[name] = msgspec.structs.replace(facts, prices=prices)
        aliases |= dict.fromkeys((name, *table.get("aliases", ())), name)
    return Catalog(models=models, aliases=aliases, rules=read_rules(rules_file), dated=dated)


def _data(name: str) -> dict[str, Any]:
    path = resources.files("suffice.catalog") / "data" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _overlaid(catalog: Catalog, overrides: Mapping[str, Any]) -> Catalog:
    other = sorted(set(overrides) - _OVERRIDE_KEYS)
    prices = overrides.get("prices", {})
    if other or not isinstance(prices, Mapping):
        raise BadPrices(
            f"A price file has no [{other[0]}]." if other else "[prices] is not a table.",
            effect="The file was not used.",
            next_step='Write [prices."MODEL"] tables, and [tiers] if you hold a commitment.',
        )
    models, aliases = dict(catalog.models), dict(catalog.aliases)
    for name, entry in prices.items():
        periods = read_periods(name, entry, dated=catalog.dated, negotiated=True)
        known = match(name, catalog.aliases)
        facts = models[known] if known else _unknown_model(name, dated=catalog.dated)
        models[facts.id] = msgspec.structs.replace(facts, prices=_merged(facts.prices, periods))
        aliases[facts.id] = facts.id
    rules = msgspec.structs.replace(
        catalog.rules, tiers=catalog.rules.tiers | read_factors("tiers", overrides.get("tiers", {}))
    )
    return Catalog(models=models, aliases=aliases, rules=rules, dated=catalog.dated)


def _unknown_model(name: str, *, dated: date) -> ModelFacts:
    return ModelFacts(id=bare_name(name), source="your own price file", as_of=dated)


def _merged(
    listed: tuple[PricePeriod, ...], own: tuple[PricePeriod, ...]
) -> tuple[PricePeriod, ...]:
    """Lay the user's periods over ours: from each one's first day its classes hold."""
    starts = sorted({period.since or date.min for period in (*listed, *own)})
    merged = []
    for start in starts:
        base = _in_force(listed, start)
        over = _in_force(own, start)
        period = base if over is None else over if base is None else _over(base, over)
        if period is not None:
            since = None if start == date.min else start
            merged.append(msgspec.structs.replace(period, since=since))
    return tuple(merged)


def _in_force(periods: tuple[PricePeriod, ...], day: date) -> PricePeriod | None:
    started = [period for period in periods if (period.since or date.min) <= day]
    return started[-1] if started else None


def _over(base: PricePeriod, over: PricePeriod) -> PricePeriod:
    bands: dict[int, dict[TokenClass, Any]] = {}
    for band in (*base.bands, *over.bands):
        bands[band.above_prompt_tokens] = (
            bands.get(band.above_prompt_tokens, {}) | band.usd_per_mtok
        )
    return msgspec.structs.replace(
        over,
        bands=tuple(
            Band(above_prompt_tokens=limit, usd_per_mtok=prices)
            for limit, prices in sorted(bands.items())
        ),
    )
