"""Why a request went where it went: from the account to the policy, the rollout, the run."""

from __future__ import annotations

import difflib
import re
from contextlib import closing

import click
import msgspec

from suffice.adapters.controlling.arm_windows import Account
from suffice.adapters.policies import PolicyFiles
from suffice.adapters.storage import read_result
from suffice.adapters.storage.rollouts import Happened, Rollouts
from suffice.cli.console import results, speaks_unicode
from suffice.cli.money_text import json_text, short_name
from suffice.cli.rollout_proofs import kept_proofs, model_name
from suffice.cli.rollout_world import Places
from suffice.cli.stored_run import find_run
from suffice.errors import BadOption, BadPolicy, StorageError, UnreadableFile
from suffice.policy.table import Policy, TypeRule
from suffice.reports.chains import (
    Link,
    chain_json,
    chain_text,
    event_link,
    gap_link,
    policy_link,
    request_link,
    run_link,
    version_link,
)

_EVENT = re.compile(r"(?:suffice-evt-|event[ :]?|evt-)(\d{1,18})(?:-\d+)?\Z")
_POLICY = re.compile(r"policy[ :]?(\d{1,9}|current)\Z")
_ROUTE = re.compile(r"(?P<type>.+?)\s*(?:->|→)\s*(?P<model>\S+)\Z")


def explain_chain(asked: str, places: Places, *, form: str) -> None:
    """
    Walk from what was asked for to its evidence.

    Args:
        asked: A request's id, an event, a type, a route, or a version of the policy.
        places: Where account, policy and rollouts lie.
        form: ``text``, ``md`` or ``json``.

    Raises:
        BadOption: It is nothing that is known here.
        StorageError: Something cannot be read.
    """
    links = chain_of(asked, places)
    if form == "json":
        click.echo(json_text(chain_json(asked, links)), nl=False)
        return
    text = chain_text(links, unicode=speaks_unicode(results()))
    click.echo(f"```text\n{text}```" if form == "md" else text, nl=form == "md")


def chain_of(asked: str, places: Places) -> list[Link]:
    """
    The links, what was asked for first.

    Raises:
        BadOption: It is nothing that is known here.
    """
    if found := _EVENT.match(asked):
        return _from_event(int(found[1]), places)
    if found := _POLICY.match(asked):
        return _from_version(found[1], places)
    if found := _ROUTE.match(asked):
        return _from_route(found["type"], found["model"], places)
    return _from_type(asked, places) or _from_request(asked, places)


def _from_type(request_type: str, places: Places) -> list[Link]:
    """Where a type goes, and what that rests on; empty where nobody knows such a type."""
    policy = PolicyFiles(places.policy).load().policy
    happened = _events(places, request_type)
    proofs = [proof for proof in kept_proofs() if proof.verdict.type == request_type]
    if request_type not in policy.types and not happened and not proofs:
        return []
    links = _from_policy(policy, request_type, happened)
    if not any(link.kind in {"run", "gap"} for link in links) and proofs:
        # Nothing moves it; the latest comparison says why not, or what it waits for.
        newest = max(proofs, key=lambda proof: proof.created)
        links.append(_run(newest.run, request_type, model_name(newest.verdict.candidate)))
    return links


def _from_route(request_type: str, model: str, places: Places) -> list[Link]:
    """A type's way to one model."""
    links = _from_type(request_type, places)
    if not links:
        raise _nothing(request_type, places)
    rule = PolicyFiles(places.policy).load().policy.types.get(request_type)
    routes = [] if rule is None else [name for name in (rule.candidate, rule.baseline) if name]
    if short_name(model) not in {short_name(name) for name in routes}:
        ways = " and ".join(f"{request_type} -> {short_name(name)}" for name in routes)
        raise BadOption(
            f"No route leads from {request_type} to {model}.",
            effect="Nothing is explained.",
            next_step=f"There is {ways}." if ways else f"No rule moves {request_type}.",
        )
    return links


def _from_version(asked: str, places: Places) -> list[Link]:
    """A version of the policy: what it changed, which events made it, which runs they rest on."""
    files = PolicyFiles(places.policy)
    loaded = files.load()
    number = loaded.policy.version if asked == "current" else int(asked)
    if number == 0:
        why = loaded.problem or "No policy is in force; requests go where they ask to."
        return [gap_link("policy 0", why)]
    try:
        policy = files.version(number)
    except UnreadableFile as error:
        raise BadOption(
            error.what, effect="Nothing is explained.", next_step=error.next_step
        ) from error
    links = [version_link(policy)]
    for request_type in _changed(files, policy):
        made = [one for one in _events(places, request_type) if one.event.policy_version == number]
        links += [_at(1, event_link(one.event, event_id=one.id)) for one in made]
        rule = policy.types.get(request_type)
        if rule is not None and rule.candidate is not None:
            links.append(_at(1 + bool(made), _evidence(rule, request_type, rule.candidate)))
    return links


def _changed(files: PolicyFiles, policy: Policy) -> list[str]:
    """The types a version treats otherwise than the one before it."""
    try:
        before = files.version(policy.version - 1).types
    except (UnreadableFile, BadPolicy):
        before = {}
    names = sorted(policy.types.keys() | before.keys())
    return [name for name in names if policy.types.get(name) != before.get(name)]


def _at(depth: int, link: Link) -> Link:
    return msgspec.structs.replace(link, depth=depth)


def _from_request(asked: str, places: Places) -> list[Link]:
    account = Account.open(places.account)
    attempts = []
    if account is not None:
        with closing(account):
            attempts = account.attempts(asked)
    if not attempts:
        raise _nothing(asked, places)
    last = attempts[-1]
    links = [request_link(one) for one in attempts]
    if not last.policy_version:
        return [*links, gap_link("no policy", "No policy was in force, so nothing moved it.")]
    number = int(last.policy_version)
    try:
        policy = PolicyFiles(places.policy).version(number)
    except (UnreadableFile, BadPolicy) as error:
        return [*links, gap_link(f"policy {number}", error.what)]
    return [*links, *_from_policy(policy, last.type, _made_it(places, last.type, number))]


def _made_it(places: Places, request_type: str, number: int) -> list[Happened]:
    """The event that put a type where it stood in a version: what followed moved nothing."""
    happened = [
        one
        for one in _events(places, request_type)
        if 0 < (one.event.policy_version or 0) <= number
    ]
    latest = max((one.event.policy_version or 0 for one in happened), default=0)
    return [one for one in happened if one.event.policy_version == latest][:1]


def _from_event(number: int, places: Places) -> list[Link]:
    happened = [one for one in _events(places, None) if one.id == number]
    if not happened:
        known = [one.id for one in _events(places, None)]
        raise BadOption(
            f"There is no event {number}.",
            effect="Nothing is explained.",
            next_step=f"They are numbered up to {known[-1]}; suffice rollout status shows them."
            if known
            else "Nothing was ever rolled out.",
        )
    one = happened[0]
    version = one.event.policy_version
    if not version:
        return [event_link(one.event, event_id=one.id)]
    policy = PolicyFiles(places.policy).version(version)
    return [
        event_link(one.event, event_id=one.id),
        *_from_policy(policy, one.event.type, []),
    ]


def _from_policy(policy: Policy, request_type: str, happened: list[Happened]) -> list[Link]:
    links = [policy_link(policy, request_type)]
    if happened:
        links.append(event_link(happened[-1].event, event_id=happened[-1].id))
    rule = policy.types.get(request_type)
    if rule is None or rule.candidate is None:
        return links
    return [*links, _evidence(rule, request_type, rule.candidate)]


def _evidence(rule: TypeRule, request_type: str, candidate: str) -> Link:
    if rule.basis is None:
        return gap_link("no evidence", f"Nobody gave any evidence for {candidate}.")
    return _run(rule.basis.run, request_type, candidate)


def _run(run: str, request_type: str, candidate: str) -> Link:
    try:
        comparison = read_result(find_run(run))
    except StorageError as error:
        return gap_link(f"run {run}", f"It is not kept here any more: {error.what}")
    for verdict in comparison.types:
        if verdict.type == request_type and model_name(verdict.candidate) == candidate:
            return run_link(run, comparison, verdict)
    return gap_link(f"run {run}", f"It has no verdict on {request_type} and {candidate}.")


def _nothing(asked: str, places: Places) -> BadOption:
    """Nobody knows it; the nearest that somebody does, and what can be asked at all."""
    names = sorted({
        *PolicyFiles(places.policy).load().policy.types,
        *(one.event.type for one in _events(places, None)),
        *(proof.verdict.type for proof in kept_proofs()),
    })  # fmt: skip
    near = difflib.get_close_matches(asked, names, n=3, cutoff=0.5)
    return BadOption(
        f"Nothing here is called {asked!r}.",
        effect="Nothing is explained.",
        next_step=f"There is {', '.join(near)}."
        if near
        else "Give an SF code, a request type, TYPE -> MODEL, the request-id of an answer, "
        "event:N, policy:N or policy:current.",
    )


def _events(places: Places, request_type: str | None) -> list[Happened]:
    if not places.store.exists():
        return []
    with Rollouts.open(places.store, write=False) as store:
        return store.events(request_type=request_type)
