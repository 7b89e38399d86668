"""From what somebody wants to the next version of the policy, and what the evidence says of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from suffice.catalog import load_catalog
from suffice.errors import BadOption, NotProven
from suffice.policy.difference import diff, in_words
from suffice.policy.rules import AuditLine, Basis, Guards, Policy, TypeRule
from suffice.records import Comparison, Verdict, Word, parse_model_spec


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is to become of one type's rule; None leaves things as they are.

    Attributes:
        type: The request type.
        candidate: The model that is to take a share.
        baseline: For a type that has no rule yet, where no evidence names it.
        share: In 0..1.
        shadow: In 0..1.
        shadow_batched: As in `TypeRule`.
        ongoing: As in `Guards`.
        fingerprints: Requests of these shapes are of this type.
        basis: The evidence.
        done: The rollout is over.
        stand_in: The candidate may answer where the baseline fails.
    """

    type: str
    candidate: str | None = None
    baseline: str | None = None
    share: float | None = None
    shadow: float | None = None
    shadow_batched: bool | None = None
    ongoing: Literal["stay", "move"] | None = None
    fingerprints: tuple[str, ...] = ()
    basis: Basis | None = None
    done: bool | None = None
    stand_in: bool | None = None


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """
    Who wants it and why.

    Attributes:
        at: When.
        by: A person or a program.
        reason: In their own words.
    """

    at: datetime
    by: str = ""
    reason: str = ""

    @property
    def can_overrule(self) -> bool:
        """Whether it is enough to decide against the evidence."""
        return bool(self.by.strip() and self.reason.strip())


def verdict_for(comparison: Comparison, *, type: str, candidate: str | None) -> Verdict:  # noqa: A002
    """
    The stored verdict on a type and a candidate; run labels are not part of a model's name.

    Raises:
        NotProven: The comparison has none, or several and no candidate is named.
    """
    of_type = [row for row in comparison.types if row.type == type]
    wanted = _unlabelled(candidate) if candidate else None
    fitting = [row for row in of_type if wanted in {None, _unlabelled(row.candidate)}]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(_unlabelled(row.candidate) for row in of_type)
    raise NotProven(
        f"The run has {len(fitting) or 'no'} verdict{'s' if fitting else ''} on {type!r}"
        f"{f' and {wanted}' if wanted else ''}.",
        effect="The policy is unchanged.",
        next_step=f"On this type it has: {names}; say which with --to."
        if names
        else "It has no such request type.",
    )


def basis_of(verdict: Verdict, *, run: str, prices_dated: str = "") -> Basis:
    """What a policy keeps of a verdict."""
    return Basis(
        run=run,
        verdict=verdict.verdict.value,
        provisional=verdict.provisional,
        pairs=verdict.pairs,
        lower=verdict.lower,
        limit=verdict.limit,
        prices_dated=prices_dated,
    )


def apply_wish(policy: Policy, wish: Wish, signed: Signature) -> Policy:
    """
    The policy with one wish fulfilled; its version is given when it is published.

    Raises:
        BadOption: The wish is not complete, or changes nothing.
        NotProven: More requests would move than the evidence carries, and nobody has signed
            with a name and a reason.
    """
    old = policy.types.get(wish.type)
    new = _rule(old, wish, at=signed.at)
    overrules = _objection(old, new)
    if overrules and not signed.can_overrule:
        raise NotProven(
            f"{wish.type}: {overrules}",
            effect="The policy is unchanged.",
            next_step="Compare more cases, or give --reason and --by; both are kept for good.",
        )
    lookup = policy.lookup | dict.fromkeys(wish.fingerprints, wish.type)
    changed = msgspec.structs.replace(policy, types={**policy.types, wish.type: new}, lookup=lookup)
    told = "; ".join(line.sentence for line in diff(policy, changed))
    if not told:
        raise BadOption(
            f"{wish.type} is so already: {in_words(new)}.",
            effect="Nothing was published.",
            next_step="suffice policy show",
        )
    line = AuditLine(
        at=signed.at,
        by=signed.by,
        action=told,
        reason=signed.reason,
        run=wish.basis.run if wish.basis else "",
        overrules=overrules or "",
    )
    return msgspec.structs.replace(changed, audit=(line,))


def _rule(old: TypeRule | None, wish: Wish, *, at: datetime) -> TypeRule:
    rule = old or _new_rule(wish)
    if wish.candidate is not None and wish.candidate != rule.candidate:
        # Another model has earned nothing yet: it begins at no share, and without evidence.
        rule = msgspec.structs.replace(
            rule,
            candidate=_unlabelled(wish.candidate),
            share=0.0,
            before=0.0,
            ramped=at,
            basis=None,
            done=False,
            stand_in=False,
        )
    if wish.share is not None and wish.share != rule.share:
        rule = msgspec.structs.replace(
            rule,
            share=wish.share,
            before=rule.share,
            ramped=at,
            done=rule.done and wish.share == 1,
            stand_in=rule.stand_in and wish.share == 1,
        )
    guards = rule.guards
    if wish.ongoing is not None:
        guards = msgspec.structs.replace(guards, ongoing=wish.ongoing)
    return msgspec.structs.replace(
        rule,
        guards=guards,
        shadow=rule.shadow if wish.shadow is None else wish.shadow,
        shadow_batched=(
            rule.shadow_batched if wish.shadow_batched is None else wish.shadow_batched
        ),
        basis=wish.basis or rule.basis,
        done=rule.done if wish.done is None else wish.done,
        stand_in=rule.stand_in if wish.stand_in is None else wish.stand_in,
    )


def _new_rule(wish: Wish) -> TypeRule:
    if wish.baseline is None:
        raise BadOption(
            f"There is no rule for {wish.type!r} yet, and nothing names its baseline.",
            effect="The policy is unchanged.",
            next_step="Give --from-run RUN, or --baseline MODEL.",
        )
    return TypeRule(baseline=_unlabelled(wish.baseline), guards=Guards())


def _objection(old: TypeRule | None, new: TypeRule) -> str | None:
    """What the evidence says against moving more requests than before; None where nothing."""
    before = old.share if old is not None and old.candidate == new.candidate else 0.0
    if new.share <= before:
        return None
    basis = new.basis
    if basis is None:
        return f"nothing is known of {new.candidate} on this type."
    if basis.verdict != Word.SWITCH.value:
        word = basis.verdict.replace("_", " ").capitalize()
        return f"{basis.run} says {word}, not Switch, after {basis.pairs:,} pairs."
    if basis.provisional:
        return f"the Switch of {basis.run} is provisional, and moves nothing by itself."
    return None


def _unlabelled(name: str) -> str:
    """As requests name it: a recorded run's label is no part of that, nor is a short name."""
    plain = msgspec.structs.replace(parse_model_spec(name), label=None).name
    return load_catalog().in_full(plain)
