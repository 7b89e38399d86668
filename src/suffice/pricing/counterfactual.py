"""
What the same answer would have cost on another model, whose tokenizer may count otherwise.

Tokens seen on one model must not be priced at another's rate: two tokenizers are in use, and the
newer one counts up to a third more. A count measured on the other model settles it; without one
there is only a ratio with an interval, and the result says so.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

import msgspec

from suffice.catalog import Catalog, ModelFacts, Rules
from suffice.pricing.dollars import cost
from suffice.records import Iteration, Usage

_PROMPT_FIELDS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
)


class Basis(enum.StrEnum):
    """Where another model's token count comes from."""

    MEASURED = "measured"
    SAME_TOKENIZER = "same_tokenizer"
    RATIO = "ratio"


class TokenRatio(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens the other model counts per token seen, with the interval it lies in."""

    basis: Basis
    likely: Fraction
    low: Fraction
    high: Fraction


class Counterfactual(msgspec.Struct, frozen=True, kw_only=True):
    """
    What another model would have cost.

    Attributes:
        model: The other model.
        usd: At the likeliest count of tokens.
        low_usd: At the lower end of the interval.
        high_usd: At the upper end; all three are equal where nothing is guessed.
        prompt_basis: Where the prompt's count comes from.
        output_basis: Where the output's count comes from; never certain unless it was run.
        remarks: What a reader must know of the figure.
    """

    model: str
    usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    prompt_basis: Basis
    output_basis: Basis
    remarks: tuple[str, ...] = ()


def token_ratio(counted_by: ModelFacts, target: ModelFacts, rules: Rules) -> TokenRatio:
    """
    How many tokens ``target`` counts per token that ``counted_by`` counted, for plain text.

    >>> from suffice.catalog import load_catalog
    >>> catalog = load_catalog()
    >>> old, new = catalog.find("claude-haiku-4-5"), catalog.find("claude-haiku-5-5")
    >>> ratio = token_ratio(old, new, catalog.rules)
    >>> f"{float(ratio.likely):.2f}, {float(ratio.low):.2f} to {float(ratio.high):.2f}"
    '1.30, 1.00 to 1.35'
    """
    likely, low, high = map(
        Fraction, (rules.new_per_old, rules.new_per_old_low, rules.new_per_old_high)
    )
    one = Fraction(1)
    match (counted_by.tokenizer, target.tokenizer):
        case (None, _) | (_, None):
            if counted_by.id == target.id:
                return TokenRatio(basis=Basis.SAME_TOKENIZER, likely=one, low=one, high=one)
            # Nothing is known of one of them: either direction is possible.
            return TokenRatio(basis=Basis.RATIO, likely=one, low=1 / high, high=high)
        case ("old", "new"):
            return TokenRatio(basis=Basis.RATIO, likely=likely, low=low, high=high)
        case ("new", "old"):
            return TokenRatio(basis=Basis.RATIO, likely=1 / likely, low=1 / high, high=1 / low)
        case _:
            return TokenRatio(basis=Basis.SAME_TOKENIZER, likely=one, low=one, high=one)


def counterfactual_cost(
    usage: Usage,
    *,
    served_by: str,
    model: str,
    at: date | datetime,
    catalog: Catalog,
    measured_prompt_tokens: int | None = None,
    measured_output_tokens: int | None = None,
) -> Counterfactual:
    """
    What an answer would have cost on another model.

    Args:
        usage: As counted by ``served_by``.
        served_by: The model that answered.
        model: The model that might have.
        at: The day whose prices hold.
        catalog: Where prices and tokenizers are.
        measured_prompt_tokens: The same request's whole prompt as ``model`` counts it.
        measured_output_tokens: What ``model`` wrote when it was run on the same request.

    Raises:
        PriceUnknown: As `cost`.
    """
    seen_on, target = catalog.find(served_by), catalog.find(model)
    text = token_ratio(seen_on, target, catalog.rules)
    prompt = _measured(measured_prompt_tokens, usage.prompt_tokens) or text
    output = _measured(measured_output_tokens, usage.output_tokens) or text
    priceable, remarks = _as_sent_to(target, usage)

    def dollars(
        end: Callable[[TokenRatio], Fraction], rounded: Callable[[int, Fraction], int]
    ) -> Decimal:
        moved = _recounted(priceable, end(prompt), end(output), served_by=seen_on.id, to=rounded)
        return cost(moved, target.id, at=at, catalog=catalog)

    return Counterfactual(
        model=target.id,
        usd=dollars(lambda ratio: ratio.likely, _half_up),
        low_usd=dollars(lambda ratio: ratio.low, _down),
        high_usd=dollars(lambda ratio: ratio.high, _up),
        prompt_basis=prompt.basis,
        output_basis=output.basis,
        remarks=(*_caveats(seen_on, target, prompt=prompt, output=output), *remarks),
    )


def counterfactual_usd(
    usage: Usage, *, served_by: str, model: str, at: date | datetime, catalog: Catalog
) -> Decimal:
    """
    The likely dollars of `counterfactual_cost` alone, for a third of its work.

    Raises:
        PriceUnknown: As `cost`.
    """
    seen_on, target = catalog.find(served_by), catalog.find(model)
    ratio = token_ratio(seen_on, target, catalog.rules).likely
    priceable, _ = _as_sent_to(target, usage)
    moved = _recounted(priceable, ratio, ratio, served_by=seen_on.id, to=_half_up)
    return cost(moved, target.id, at=at, catalog=catalog)


def recounted_tokens(tokens: int, ratio: TokenRatio) -> int:
    """
    A count of one model as the other would likely count it.

    >>> third = Fraction(10, 13)
    >>> ratio = TokenRatio(basis=Basis.RATIO, likely=third, low=third, high=third)
    >>> recounted_tokens(50_000, ratio)
    38462
    """
    return _half_up(tokens, ratio.likely)


def _measured(measured: int | None, seen: int) -> TokenRatio | None:
    if measured is None or seen == 0:
        return None
    ratio = Fraction(measured, seen)
    return TokenRatio(basis=Basis.MEASURED, likely=ratio, low=ratio, high=ratio)


# In whole numbers: a product of fractions costs twenty times as much, for each class of tokens.


def _half_up(tokens: int, ratio: Fraction) -> int:
    return (2 * tokens * ratio.numerator + ratio.denominator) // (2 * ratio.denominator)


def _down(tokens: int, ratio: Fraction) -> int:
    return tokens * ratio.numerator // ratio.denominator


def _up(tokens: int, ratio: Fraction) -> int:
    return -(-tokens * ratio.numerator // ratio.denominator)


def _recounted(
    usage: Usage,
    prompt: Fraction,
    output: Fraction,
    *,
    served_by: str,
    to: Callable[[int, Fraction], int],
) -> Usage:
    """The usage as the other model would count it; calls to a third model stay as they are."""
    # The running total is rounded, not each class, so that the classes add up to the whole.
    totals = [to(seen, prompt) for seen in accumulate(getattr(usage, f) for f in _PROMPT_FIELDS)]
    classes = (total - before for total, before in zip(totals, [0, *totals], strict=False))
    iterations = tuple(
        each
        if each.model not in {None, served_by}
        else Iteration(
            kind=each.kind, usage=_recounted(each.usage, prompt, output, served_by=served_by, to=to)
        )
        for each in usage.iterations
    )
    return msgspec.structs.replace(
        usage,
        output_tokens=to(usage.output_tokens, output),
        iterations=iterations,
        **dict(zip(_PROMPT_FIELDS, classes, strict=True)),
    )


def _as_sent_to(target: ModelFacts, usage: Usage) -> tuple[Usage, tuple[str, ...]]:
    if usage.speed == "fast" and target.fast_multiplier is None:
        remark = f"{target.name} has no fast mode; priced at standard speed."
        return msgspec.structs.replace(usage, speed="standard"), (remark,)
    return usage, ()


def _caveats(
    seen_on: ModelFacts, target: ModelFacts, *, prompt: TokenRatio, output: TokenRatio
) -> tuple[str, ...]:
    remarks = []
    if prompt.basis is Basis.RATIO:
        remarks.append(ratio_remark(seen_on, target, prompt))
    if output.basis is not Basis.MEASURED and seen_on.id != target.id:
        remarks.append(
            f"How much {target.name} writes is not known until it is run; taken as as long."
        )
        if target.thinking_by_default and not seen_on.thinking_by_default:
            remarks.append(f"{target.name} thinks by default, which is billed as output.")
    return tuple(remarks)


def ratio_remark(seen_on: ModelFacts, target: ModelFacts, ratio: TokenRatio) -> str:
    """One sentence on two models that count the same text differently."""
    if seen_on.tokenizer is None or target.tokenizer is None:
        return f"How {target.name} counts tokens beside {seen_on.name} is not known."
    return (
        f"{target.name} counts the same text as about {float(ratio.likely):.2f} times the tokens "
        f"of {seen_on.name} ({float(ratio.low):.2f} to {float(ratio.high):.2f})."
    )
