"""Settings -> concrete classes; the one file that chooses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from suffice.catalog import Catalog, load_catalog
from suffice.errors import MissingKey, MissingOwnKey
from suffice.records import Usage, parse_model_spec
from suffice.settings import OWN_KEY, read_prices

if TYPE_CHECKING:
    from suffice.adapters.providers.anthropic import AnthropicModels
    from suffice.adapters.providers.credential import Credential


class SystemClock:
    """The machine's own time, in UTC."""

    def now(self) -> datetime:
        """The time now."""
        return datetime.now(UTC)


def catalog_with(prices: Path | None) -> Catalog:
    """
    The catalog that ships with suffice, with a user's own prices over it.

    Raises:
        UnreadableFile: The prices file cannot be read or is no TOML.
    """
    if prices is None:
        return load_catalog()
    return load_catalog(read_prices(prices))


def credential_for(base_url: str | None, environ: Mapping[str, str]) -> Credential | None:
    """
    The credential the provider's own clients would use; None where an address needs none.

    Raises:
        MissingKey: The address is the provider's own, and the environment holds no credential.
    """
    from suffice.adapters.providers.credential import Credential

    if key := environ.get("ANTHROPIC_API_KEY"):
        return Credential(key, header="x-api-key")
    if token := environ.get("ANTHROPIC_AUTH_TOKEN"):
        return Credential(token, header="authorization")
    if base_url is None or "anthropic.com" in base_url:
        raise MissingKey(
            "ANTHROPIC_API_KEY is not set.",
            effect="Nothing was sent.",
            next_step="Set it, or run `suffice compare --recorded`.",
        )
    return None


def own_credential(environ: Mapping[str, str]) -> Credential | None:
    """
    The key of suffice's own, for calls that no caller asked for; None where there is none.

    It is read from ``SUFFICE_OWN_KEY`` alone: what runs by itself is never paid with a key that
    was set for something else.

    Raises:
        MissingOwnKey: What is set is no key.
    """
    from suffice.adapters.providers.credential import Credential

    key = environ.get(OWN_KEY)
    if not key:
        return None
    try:
        return Credential(key, variable=OWN_KEY)
    except MissingKey as wrong:
        raise MissingOwnKey(
            wrong.what.replace("The API key", OWN_KEY),
            effect=wrong.effect,
            next_step=wrong.next_step,
        ) from wrong


def needed_own_credential(environ: Mapping[str, str], *, what_for: str) -> Credential:
    """
    The key of suffice's own, where nothing can be done without.

    Args:
        environ: Where it stands.
        what_for: What cannot be done without, as the end of a sentence.

    Raises:
        MissingOwnKey: There is none, or what is set is no key.
    """
    found = own_credential(environ)
    if found is None:
        raise MissingOwnKey(
            f"{OWN_KEY} is not set, and {what_for} is paid with no other key.",
            effect="Nothing was sent.",
            next_step=f"Set {OWN_KEY} to a key of its own, best with a spend limit of its own.",
        )
    return found


def live_models(
    *,
    base_url: str | None,
    api_version: str,
    concurrency: int,
    source: str | None,
    environ: Mapping[str, str],
) -> AnthropicModels:
    """
    Whoever answers at an Anthropic-compatible address.

    Raises:
        MissingKey: As `credential_for`.
    """
    from suffice.adapters.providers.anthropic import AnthropicModels, Pace
    from suffice.comparison import note_attempt

    return AnthropicModels(
        credential=credential_for(base_url, environ),
        base_url=base_url or "https://api.anthropic.com",
        version=api_version,
        source=source,
        pace=Pace(concurrency=concurrency),
        on_attempt=note_attempt,
    )


def type_lookup(data: Path) -> Callable[[bytes], str | None]:
    """
    What says of a request's raw body which type it is of, by the types learnt in a data folder.

    None is its word for a shape nobody has seen. What is learnt later is taken up without a
    restart, also where the folder does not exist yet.
    """
    from suffice.adapters.type_lookup import LearntTypes

    return LearntTypes(data)


def task_ladder(policy: Path) -> Callable[[str, str, int], tuple[str, ...]]:
    """
    Which models a ready-made task may ask, the cheapest first.

    Where the policy has a rule for the task's request type, its candidate comes first while it
    has a share, then its baseline. Else it is the prior's tier for that kind of task, and the
    tiers above. A model that is retired, or too small for the prompt, is left out.

    Args:
        policy: The policy in force; need not exist.
    """
    from suffice.adapters.policies import PolicyFiles
    from suffice.decision.ladder_models import models_from_tier

    files, catalog = PolicyFiles(policy), load_catalog()

    def ladder(request_type: str, kind: str, prompt_tokens: int) -> tuple[str, ...]:
        rule = files.load().policy.types.get(request_type)
        if rule is not None:
            first = (rule.candidate,) if rule.candidate and rule.share > 0 else ()
            return (*first, rule.baseline)
        at = SystemClock().now().date()
        return models_from_tier(kind, prompt_tokens=prompt_tokens, catalog=catalog, at=at)

    return ladder


def price_now() -> Callable[[str, Usage], Decimal | None]:
    """Dollars of an answer of a model at today's prices; None where some part has no price."""
    from suffice.errors import PriceUnknown
    from suffice.pricing import cost

    catalog, clock = load_catalog(), SystemClock()

    def price(arm: str, usage: Usage) -> Decimal | None:
        try:
            return cost(usage, parse_model_spec(arm).model, at=clock.now(), catalog=catalog)
        except PriceUnknown:
            return None

    return price
