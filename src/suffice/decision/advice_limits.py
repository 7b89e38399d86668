"""Hard limits an advice must respect: what is on sale, what fits, what a model refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from suffice.catalog import Catalog, Lifecycle, ModelFacts, TokenClass
from suffice.catalog.capabilities import Capabilities, capabilities, cell
from suffice.decision.decision_flow import TIERS, Tier
from suffice.errors import PriceUnknown
from suffice.records import parse_model_spec

_REFUSALS: tuple[tuple[str, str], ...] = (
    ("prefill", "a last message from the assistant (prefill)"),
    ("forced_tool_choice", "tool_choice any or tool"),
    ("structured_outputs", "output_config.format and strict tools"),
    ("inference_geo", "inference_geo"),
    ("system_messages", "system messages in mid-conversation"),
    ("compaction", "compaction"),
    ("task_budgets", "task budgets"),
    ("dynamic_web_tools", "web tools with dynamic filtering"),
    ("programmatic_tools", "programmatic tool calling"),
    ("browser_toolset", "the browser toolset"),
)


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """
    One limit of a model, held against what was asked.

    Attributes:
        name: ``context``, ``price_band``, ``output``, ``cache_minimum`` or ``retirement``.
        limit: In tokens; None for a date.
        asked: What was asked, in tokens; None where nothing was.
        holds: Whether what was asked stays inside; None where nothing was asked.
        detail: One sentence.
    """

    name: str
    limit: int | None = None
    asked: int | None = None
    holds: bool | None = None
    detail: str


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """The models of each tier on one day, the one to try first in front."""

    catalog: Catalog
    at: date
    tiers: Mapping[Tier, tuple[str, ...]]

    def model(self, tier: Tier) -> ModelFacts | None:
        """The tier's first model on sale; None where none is."""
        for name in self.tiers[tier]:
            facts = self.catalog.find(name)
            if on_sale(facts, self.at):
                return facts
        return None

    def facts(self, arm: str) -> ModelFacts | None:
        """The facts of an arm's model; None where the catalog does not know it."""
        name = parse_model_spec(arm).model
        return self.catalog.find(name) if self.catalog.knows(name) else None

    def tier_of(self, facts: ModelFacts) -> Tier | None:
        """The tier of a model; None for one outside the table."""
        ids = {tier: {self.catalog.find(name).id for name in self.tiers[tier]} for tier in TIERS}
        return next((tier for tier in TIERS if facts.id in ids[tier]), None)

    def obstacle(self, facts: ModelFacts, context_tokens: int) -> str:
        """Why a model cannot be advised on this day for prompts of this size; empty if it can."""
        if facts.lifecycle(self.at) is Lifecycle.RETIRED:
            return f"it was retired on {facts.retires}"
        if not on_sale(facts, self.at):
            return f"it is on sale from {facts.released} only"
        if facts.context_tokens is not None and context_tokens > facts.context_tokens:
            return (
                f"a prompt of {context_tokens:,} tokens is longer than its window "
                f"of {facts.context_tokens:,}"
            )
        return ""


def on_sale(facts: ModelFacts, day: date) -> bool:
    """Whether a model is released and not retired on a day."""
    released = facts.released is None or facts.released <= day
    return released and facts.lifecycle(day) is not Lifecycle.RETIRED


def limits_of(facts: ModelFacts, *, context_tokens: int, at: date) -> tuple[Limit, ...]:
    """Every limit known of a model; those that are unknown are left out, never invented."""
    limits = []
    if facts.context_tokens is not None:
        limits.append(
            Limit(
                name="context",
                limit=facts.context_tokens,
                asked=context_tokens,
                holds=context_tokens <= facts.context_tokens,
                detail=f"{context_tokens:,} of {facts.context_tokens:,} tokens, "
                "prompt and answer together.",
            )
        )
    limits.extend(_band_limits(facts, context_tokens=context_tokens, at=at))
    if facts.max_output_tokens is not None:
        limits.append(
            Limit(
                name="output",
                limit=facts.max_output_tokens,
                detail=f"An answer has at most {facts.max_output_tokens:,} tokens"
                + (
                    ", thinking included; it thinks by default."
                    if facts.thinking_by_default
                    else "."
                ),
            )
        )
    if facts.cache_minimum_tokens is not None:
        enough = context_tokens >= facts.cache_minimum_tokens
        limits.append(
            Limit(
                name="cache_minimum",
                limit=facts.cache_minimum_tokens,
                asked=context_tokens,
                holds=enough,
                detail=f"Prefixes under {facts.cache_minimum_tokens:,} tokens are never cached"
                + ("." if enough else ": caching cannot help here."),
            )
        )
    return (*limits, *_retirement(facts, at=at))


def _band_limits(facts: ModelFacts, *, context_tokens: int, at: date) -> list[Limit]:
    try:
        bands = facts.period(at).bands
    except PriceUnknown:
        return []
    base = bands[0].usd_per_mtok.get(TokenClass.INPUT)
    limits = []
    for band in bands[1:]:
        dearer = band.usd_per_mtok.get(TokenClass.INPUT)
        if base and dearer:
            limits.append(
                Limit(
                    name="price_band",
                    limit=band.above_prompt_tokens,
                    asked=context_tokens,
                    holds=context_tokens <= band.above_prompt_tokens,
                    detail=f"Above {band.above_prompt_tokens:,} prompt tokens the whole request "
                    f"costs {(dearer / base).normalize():f} times as much.",
                )
            )
    return limits


def _retirement(facts: ModelFacts, *, at: date) -> list[Limit]:
    if facts.retires is not None:
        days = (facts.retires - at).days
        detail = f"It retires on {facts.retires}, in {days:,} days; {facts.successor} follows it."
        return [Limit(name="retirement", holds=False, detail=detail)]
    if facts.retires_not_before is not None and facts.retires_not_before <= at:
        detail = (
            f"Its promise not to retire before {facts.retires_not_before} has run out; "
            "a date may be announced any day."
        )
        return [Limit(name="retirement", holds=False, detail=detail)]
    return []


def refusals_of(model: str) -> tuple[str, ...]:
    """
    What a request to this model must not hold, under the latest API version.

    >>> "inference_geo" in refusals_of("claude-haiku-4-5")
    True
    >>> refusals_of("some-local-model")
    ()
    """
    found = capabilities(model)
    if not found.known:
        return ()
    words = [
        text for name, text in _REFUSALS if not getattr(found, name) and _is_stated(model, name)
    ]
    return (*_sampling(found), *_thinking(found), *words)


def _is_stated(model: str, feature: str) -> bool:
    """A refusal that was only assumed is not told as a fact."""
    known = cell(model, feature)
    return known is not None and known.confidence != "L"


def _sampling(found: Capabilities) -> list[str]:
    return ["temperature, top_p, top_k"] if found.sampling == "none" else []


def _thinking(found: Capabilities) -> list[str]:
    refused = []
    if found.thinking is not None:
        refused = [
            f"thinking {name}"
            for name in ("adaptive", "enabled", "disabled")
            if name not in found.thinking
        ]
    if found.effort == ():
        refused.append("output_config.effort")
    if found.fast_mode == "no":
        refused.append("speed fast")
    return refused
