"""What one version of the policy changes of another, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from suffice.policy.rules import Policy, TypeRule

_SHARES = frozenset({"share", "before", "shadow", "bodies"})
# These follow from the others, or say the same in other words.
_UNTOLD = frozenset({"before", "ramped"})


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that changed.

    Attributes:
        type: The request type; empty where it concerns the whole policy.
        field: E.g. ``share`` or ``guards.ongoing``.
        before: Its value as JSON would say it; None where absent.
        after: Likewise.
        sentence: For people.
    """

    type: str = ""
    field: str
    before: Any = None
    after: Any = None
    sentence: str


def diff(old: Policy, new: Policy) -> tuple[Difference, ...]:
    """
    What changed, in the order of the types' names; empty where nothing did.

    >>> rule = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=0.05)
    >>> wider = msgspec.structs.replace(rule, share=0.25)
    >>> before, after = (Policy(version=n, types={"triage": r}) for n, r in ((1, rule), (2, wider)))
    >>> diff(before, after)[0].sentence
    'triage: share 5 % -> 25 %'
    """
    names = sorted(old.types.keys() | new.types.keys())
    return (
        *(
            line
            for name in names
            for line in _of_type(name, old.types.get(name), new.types.get(name))
        ),
        *_of_lookup(old, new),
        *_of_field("", "expires", _plain(old.expires), _plain(new.expires)),
    )


def _of_type(name: str, old: TypeRule | None, new: TypeRule | None) -> Iterator[Difference]:
    if new is None:
        yield Difference(
            type=name, field="", before=_plain(old), sentence=f"{name}: no longer in the policy"
        )
    elif old is None:
        yield Difference(
            type=name, field="", after=_plain(new), sentence=f"{name}: {in_words(new)}"
        )
    else:
        before, after = _flat(old), _flat(new)
        for field in dict.fromkeys((*before, *after)):
            if field not in _UNTOLD:
                yield from _of_field(name, field, before.get(field), after.get(field))


def _of_lookup(old: Policy, new: Policy) -> Iterator[Difference]:
    for shape in sorted(old.lookup.keys() | new.lookup.keys()):
        before, after = old.lookup.get(shape), new.lookup.get(shape)
        if before != after:
            yield Difference(
                type=after or before or "",
                field=f"lookup.{shape}",
                before=before,
                after=after,
                sentence=f"requests of shape {shape[:12]}: {before or 'no type'} -> "
                f"{after or 'no type'}",
            )


def _of_field(name: str, field: str, before: Any, after: Any) -> Iterator[Difference]:
    if before != after:
        told = f"{field} {_told(field, before)} -> {_told(field, after)}"
        yield Difference(
            type=name,
            field=field,
            before=before,
            after=after,
            sentence=f"{name}: {told}" if name else told,
        )


def in_words(rule: TypeRule) -> str:
    """
    Where a rule sends its requests.

    >>> in_words(TypeRule(baseline="claude-opus-5-5"))
    'claude-opus-5-5, nobody else'

    What is shadowed is what the candidate serves; as long as that is nothing, what the baseline
    does.

    >>> in_words(TypeRule(baseline="opus", candidate="haiku", share=0.25, shadow=0.2))
    '25 % of opus to haiku, 20 % of that shadowed'
    >>> in_words(TypeRule(baseline="opus", candidate="haiku", shadow=0.05, shadow_batched=True))
    '0 % of opus to haiku, 5 % of it shadowed by batch'
    """
    if rule.candidate is None:
        return f"{rule.baseline}, nobody else"
    watched = "that" if rule.share else "it"
    by = " by batch" if rule.shadow_batched else ""
    shadow = f", {_percent(rule.shadow)} of {watched} shadowed{by}" if rule.shadow else ""
    return f"{_percent(rule.share)} of {rule.baseline} to {rule.candidate}{shadow}"


def _flat(rule: TypeRule) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for field, value in msgspec.to_builtins(rule).items():
        if isinstance(value, dict):
            flat |= {f"{field}.{inner}": below for inner, below in value.items()}
        else:
            flat[field] = value
    return flat


def _told(field: str, value: Any) -> str:
    if value is None:
        return "none"
    if field in _SHARES:
        return _percent(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
