"""What the policy must say for a rollout to stand where it stands."""

from __future__ import annotations

from datetime import datetime

import msgspec

from suffice.policy.changes import Signature
from suffice.policy.table import AuditLine, Basis, Policy, TypeRule, diff
from suffice.records.rollout import Rollout, WantedShares

# Allocation moves shadow shares a little every day; a version for each would bury the others.
_SHADOW_MOVES = 0.2


def with_rollout(
    policy: Policy, rollout: Rollout, wanted: WantedShares, signed: Signature
) -> Policy | None:
    """
    The policy with a rollout's share; None where it says so already.

    A rule that somebody made of another model is left alone by a rollout that wants nothing.

    Args:
        policy: In force.
        rollout: Where the type stands.
        wanted: The shares that follow from it.
        signed: Who moves it, when, and why.
    """
    old = policy.types.get(rollout.type)
    wants_nothing = wanted.share == wanted.shadow == 0
    if wants_nothing and not _is_its_own(old, rollout):
        return None
    new = _rule(old, rollout, wanted, at=signed.at)
    if old is not None and _same(old, new):
        return None
    changed = msgspec.structs.replace(policy, types={**policy.types, rollout.type: new})
    told = "; ".join(line.sentence for line in diff(policy, changed))
    line = AuditLine(
        at=signed.at,
        by=signed.by,
        action=told or f"{rollout.type}: as its rollout wants it",
        reason=signed.reason,
        run=rollout.basis.run,
        overrules=_overruled(rollout),
    )
    return msgspec.structs.replace(changed, audit=(line,))


def taken_by_hand(policy: Policy, rollout: Rollout, wanted: WantedShares) -> str:
    """
    Why a policy is not what a carried-out rollout left; empty where it gives no less.

    Then somebody took the type back by hand, and no controller may know better.
    """
    rule = policy.types.get(rollout.type)
    if rule is None or not _is_its_own(rule, rollout):
        return f"policy {policy.version} has another rule for {rollout.type}, or none"
    if rule.share < wanted.share:
        return f"policy {policy.version} gives {rollout.type} less than its rollout"
    return ""


def _is_its_own(rule: TypeRule | None, rollout: Rollout) -> bool:
    models = (rollout.baseline, rollout.candidate)
    return rule is not None and (rule.baseline, rule.candidate) == models


def _rule(
    old: TypeRule | None, rollout: Rollout, wanted: WantedShares, *, at: datetime
) -> TypeRule:
    same = _is_its_own(old, rollout)
    rule = old if same and old is not None else _fresh(old, rollout)
    if wanted.share != rule.share or not same:
        rule = msgspec.structs.replace(
            rule, share=wanted.share, before=rule.share if same else 0.0, ramped=at
        )
    kept = rule.basis
    basis = kept if kept is not None and kept.run == rollout.basis.run else _basis(rollout)
    return msgspec.structs.replace(
        rule,
        shadow=wanted.shadow,
        shadow_batched=rollout.shadow_batched,
        done=wanted.done,
        stand_in=rule.stand_in and wanted.share > 0,
        basis=basis,
    )


def _fresh(old: TypeRule | None, rollout: Rollout) -> TypeRule:
    rule = TypeRule(baseline=rollout.baseline, candidate=rollout.candidate)
    if old is None:
        return rule
    # What a person set for the type holds whoever its candidate is.
    return msgspec.structs.replace(rule, guards=old.guards, bodies=old.bodies)


def _basis(rollout: Rollout) -> Basis:
    basis = rollout.basis
    return Basis(
        run=basis.run,
        verdict=basis.verdict,
        provisional=basis.provisional,
        pairs=basis.pairs,
    )


def _same(old: TypeRule, new: TypeRule) -> bool:
    gap = abs(old.shadow - new.shadow)
    near = gap <= _SHADOW_MOVES * old.shadow and (old.shadow > 0) == (new.shadow > 0)
    return msgspec.structs.replace(new, shadow=old.shadow) == old and near


def _overruled(rollout: Rollout) -> str:
    basis = rollout.basis
    if not basis.overruled_by:
        return ""
    return f"{basis.run} says {basis.verdict}; overruled by {basis.overruled_by}"
