"""From a served request to its evidence, link by link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from suffice.policy.table import AuditLine, Policy, TypeRule
from suffice.records import Comparison, Verdict
from suffice.records.rollout import RolloutEvent
from suffice.reports.untrusted import one_line
from suffice.reports.words import evidence


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """
    One step of a chain.

    Attributes:
        kind: ``request``, ``policy``, ``event``, ``rollout``, ``run`` or ``gap``.
        name: Names it for good, e.g. ``policy 7``.
        says: What it says, in one sentence.
        facts: Further facts by name.
        see: The command that shows all of it; empty where there is none.
        depth: How many links it follows from; None: the one before it, and all that does.
    """

    kind: str
    name: str
    says: str
    facts: dict[str, str] = {}
    see: str = ""
    depth: int | None = None


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """
    One attempt as the account keeps it.

    Attributes:
        ts: Seconds since 1970.
        usd: As decimal text; None where unknown.
    """

    id: str
    request_id: str
    ts: float
    type: str
    requested_model: str
    served_model: str
    arm: str
    reason: str
    policy_version: str
    outcome: str
    answered: bool
    usd: str | None


def request_link(exchange: Exchange) -> Link:
    """What the gateway did with a request, and why."""
    at = datetime.fromtimestamp(exchange.ts, UTC)
    moved = exchange.served_model and exchange.served_model != exchange.requested_model
    to = f"went to {exchange.served_model}" if moved else "went where it asked to"
    facts = {
        "type": exchange.type or "none",
        "arm": exchange.arm,
        "why": exchange.reason or "not said",
        "ended": exchange.outcome + ("" if exchange.answered else ", not the caller's answer"),
        "cost": f"${exchange.usd}" if exchange.usd is not None else "not known",
    }
    return Link(
        kind="request",
        name=exchange.request_id or exchange.id,
        says=f"{at:%Y-%m-%d %H:%M:%S} UTC: asked for {exchange.requested_model}, {to}.",
        facts=facts,
    )


def policy_link(policy: Policy, request_type: str) -> Link:
    """What a version of the policy says of a type, who made it and why."""
    line = policy.audit[-1] if policy.audit else None
    facts: dict[str, str] = {}
    # What else a version changed is explained where that is asked for.
    if line is not None and f"{request_type}:" in line.action:
        facts = {"by": line.by, "changed": line.action, **_why(line)}
    return Link(
        kind="policy",
        name=f"policy {policy.version}",
        says=_rule_text(policy.types.get(request_type), request_type),
        facts=_told(facts),
        see=f"suffice policy show {policy.version}",
    )


def version_link(policy: Policy) -> Link:
    """What a version of the policy changed, who made it and why."""
    line = policy.audit[-1] if policy.audit else None
    changed = line.action if line is not None and line.action else "Nobody wrote what it changed"
    by = {} if line is None else {"by": line.by, "at": f"{line.at:%Y-%m-%d %H:%M:%S} UTC"}
    moved = sum(rule.share > 0 for rule in policy.types.values())
    rules = f"{len(policy.types):,} rule{'s' * (len(policy.types) != 1)}, {moved:,} with a share"
    return Link(
        kind="policy",
        name=f"policy {policy.version}",
        says=f"{one_line(changed)}.",
        facts=_told({**by, **({} if line is None else _why(line)), "holds": rules}),
        see=f"suffice policy show {policy.version}",
    )


def event_link(event: RolloutEvent, *, event_id: int) -> Link:
    """What happened to a rollout."""
    facts = {"by": event.by, "because": event.reason}
    if event.value is not None and event.limit is not None:
        facts["evidence"] = f"{evidence(event.value)} {event.operator} {evidence(event.limit)}"
    return Link(
        kind="event",
        name=f"event {event_id}",
        says=f"{event.at:%Y-%m-%d %H:%M:%S} UTC: {event.sentence}",
        facts=_told(facts),
    )


def run_link(run: str, comparison: Comparison, verdict: Verdict) -> Link:
    """The comparison everything rests on."""
    facts = {
        "pairs": f"{verdict.pairs:,}",
        "bound": "none" if verdict.lower is None else f"{verdict.lower:.4g} >= {verdict.limit:.4g}",
        "risk": f"{100 * verdict.alpha:.4g} % over {verdict.decisions:,} "
        f"decision{'s' * (verdict.decisions != 1)}",
        "scorer": verdict.scorer,
        "cases": comparison.source,
        "prices": comparison.prices_dated,
        "made": comparison.created,
    }
    if verdict.lower is not None and verdict.lower < verdict.limit:
        facts["bound"] = f"{verdict.lower:.4g} < {verdict.limit:.4g}"
    word = verdict.verdict.value.replace("_", " ").capitalize()
    provisional = ", provisional" if verdict.provisional else ""
    # A stored sentence begins with the word itself.
    why = (verdict.sentence or verdict.reason).removeprefix(f"{word}: ")
    return Link(
        kind="run",
        name=f"run {run}",
        says=f"{word}{provisional}: {why}",
        facts=_told(facts),
        see=f"suffice verdict {run}",
    )


def gap_link(name: str, why: str) -> Link:
    """Where the chain cannot be followed, and why."""
    return Link(kind="gap", name=name, says=why)


def chain_json(asked: str, links: Sequence[Link]) -> dict[str, Any]:
    """A chain, for machines."""
    rows = [msgspec.to_builtins(link) for link in links]
    return {"schema": "suffice.chain", "version": 1, "asked": asked, "links": rows}


def chain_text(links: Sequence[Link], *, unicode: bool = True) -> str:
    """A chain, each link under what it follows from."""
    down = "└─" if unicode else "`-"
    lines: list[str] = []
    depth = -1
    for link in links:
        depth = depth + 1 if link.depth is None else link.depth
        indent = "   " * max(depth - 1, 0)
        head = f"{indent}{down} " if depth else ""
        lines.append(f"{head}{one_line(link.name)}  {one_line(link.says)}")
        inner = "   " * depth + "  "
        width = max((len(name) for name in link.facts), default=0)
        lines += [f"{inner}{name:<{width}}  {text}" for name, text in link.facts.items()]
        if link.see:
            lines.append(f"{inner}{link.see}")
    return "\n".join(lines) + "\n"


def _why(line: AuditLine) -> dict[str, str]:
    return {"because": line.reason, "against the evidence": line.overrules}


def _told(facts: Mapping[str, str]) -> dict[str, str]:
    """Facts that say something, each on one line."""
    return {name: one_line(text) for name, text in facts.items() if text}


def _rule_text(rule: TypeRule | None, request_type: str) -> str:
    if rule is None:
        return f"It has no rule for {request_type or 'this type'}: requests go where they ask to."
    if rule.candidate is None:
        return f"{request_type} stays on {rule.baseline}."
    return (
        f"{100 * rule.share:.4g} % of {request_type} goes from {rule.baseline} to {rule.candidate}."
    )
