"""What is wrong, or looks wrong, with a policy before it is put in force."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from suffice.catalog import Catalog, Lifecycle
from suffice.catalog.capabilities import LATEST_VERSION, capabilities
from suffice.errors import BadOption
from suffice.policy.models import same_model
from suffice.policy.rules import Policy, TypeRule
from suffice.policy.settings import check_settings
from suffice.records import ModelSpec, parse_model_spec

_HEX_DIGITS = 64
_RETIRES_SOON_DAYS = 60


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing to look at.

    Attributes:
        level: An ``error`` is never put in force; a ``warning`` is only said.
        type: The request type; empty where it concerns the whole policy.
        says: What is wrong, as a sentence.
    """

    level: Literal["error", "warning"]
    type: str = ""
    says: str


def lint(policy: Policy, *, at: datetime, catalog: Catalog) -> tuple[Finding, ...]:
    """
    Everything to be said against a policy; errors first within each type.

    Args:
        policy: Already read, so that its form is right.
        at: When it is to be in force.
        catalog: What is known of models, for their lifecycle.
    """
    found = [*_whole(policy, at=at)]
    for name, rule in sorted(policy.types.items()):
        of_type = [*_models(rule, at=at, catalog=catalog), *_shares(rule), *_evidence(rule)]
        found += [
            msgspec.structs.replace(finding, type=name)
            for finding in sorted(of_type, key=lambda finding: finding.level)
        ]
    return tuple(found)


def _whole(policy: Policy, *, at: datetime) -> Iterator[Finding]:
    if policy.is_stale(at):
        yield _error(f"It expired at {policy.expires}: every request goes where it asked to.")
    for shape, name in policy.lookup.items():
        if name not in policy.types:
            near = difflib.get_close_matches(name, policy.types, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            yield _error(f"Requests of shape {shape[:12]} are {name!r}, which has no rule{hint}")
        if len(shape) != _HEX_DIGITS or set(shape) - set("0123456789abcdef"):
            yield _error(f"{shape!r} is no fingerprint: 64 hexadecimal digits are.")


def _models(rule: TypeRule, *, at: datetime, catalog: Catalog) -> Iterator[Finding]:
    baseline = parse_model_spec(rule.baseline)
    candidate = parse_model_spec(rule.candidate) if rule.candidate else None
    for spec in (baseline, candidate):
        if spec is None:
            continue
        if spec.label is not None:
            yield _error(f"{spec.name} carries a recorded run's label; a model has none.")
        yield from _model(spec, at=at, catalog=catalog)
    if candidate and same_model(baseline.model, candidate.model) and not candidate.settings:
        yield _error("The candidate is the baseline.")
    if baseline.settings:
        yield _warning("The baseline's settings are not applied: it gets requests as they come.")


def _model(spec: ModelSpec, *, at: datetime, catalog: Catalog) -> Iterator[Finding]:
    known = catalog.find(spec.model) if catalog.knows(spec.model) else None
    if known is None and not capabilities(spec.model).known:
        yield _warning(f"{spec.model} is not in the catalog: nothing is held against it.")
    whole = catalog.in_full(spec.model)
    if whole != spec.model:
        yield _error(f"{spec.model} is a short name that no provider takes: it is {whole}.")
    if known is not None and known.lifecycle(at.date()) is Lifecycle.RETIRED:
        yield _error(f"{spec.model} was retired on {known.retires}.")
    elif known is not None and known.retires is not None:
        days = (known.retires - at.date()).days
        if days <= _RETIRES_SOON_DAYS:
            yield _warning(f"{spec.model} retires on {known.retires}, in {days} days.")
    try:
        check_settings(spec, version=LATEST_VERSION)
    except BadOption as problem:
        yield _error(problem.what)


def _shares(rule: TypeRule) -> Iterator[Finding]:
    if rule.candidate is None and (rule.share or rule.shadow or rule.done):
        yield _error("It has a share, a shadow or an end, and no candidate.")
    if rule.done and rule.share < 1:
        yield _error("It is done at less than the whole share.")
    if rule.stand_in and not rule.done:
        yield _error("A candidate may stand in for the baseline only once its rollout is done.")
    if rule.share != rule.before and rule.ramped is None:
        yield _warning("Nothing says when its share was last changed.")


def _evidence(rule: TypeRule) -> Iterator[Finding]:
    if not rule.candidate or not rule.share:
        return
    if rule.basis is None:
        yield _warning("Requests move without evidence.")
    elif rule.basis.verdict != "switch" or rule.basis.provisional:
        word = rule.basis.verdict.replace("_", " ") or "no verdict"
        provisional = "a provisional " if rule.basis.provisional else ""
        yield _warning(f"Requests move on {provisional}{word} of {rule.basis.run}.")


def _error(says: str) -> Finding:
    return Finding(level="error", says=says)


def _warning(says: str) -> Finding:
    return Finding(level="warning", says=says)
