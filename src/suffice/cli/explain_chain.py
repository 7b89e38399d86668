"""Why a request went where it went: from the account to the policy, the rollout, the run."""

from __future__ import annotations

import re

import click

from suffice.adapters.controlling.arm_windows import Account
from suffice.adapters.policies import PolicyFiles
from suffice.adapters.storage import read_result
from suffice.adapters.storage.rollouts import Happened, Rollouts
from suffice.cli.console import results, speaks_unicode
from suffice.cli.money_text import json_text
from suffice.cli.rollout_proofs import model_name
from suffice.cli.rollout_world import Places
from suffice.cli.stored_run import find_run
from suffice.errors import BadOption, BadPolicy, StorageError, UnreadableFile
from suffice.policy.table import Policy
from suffice.reports.chains import (
    Link,
    chain_json,
    chain_text,
    event_link,
    gap_link,
    policy_link,
    request_link,
    run_link,
)

_EVENT = re.compile(r"(?:suffice-evt-|event[ :]?|evt-)(\d{1,18})(?:-\d+)?\Z")


def explain_chain(asked: str, places: Places, *, form: str) -> None:
    """
    Walk from what was asked for to its evidence.

    Args:
        asked: A request's id, an event, or a type.
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
    found = _EVENT.match(asked)
    if found is not None:
        return _from_event(int(found[1]), places)
    policy = PolicyFiles(places.policy).load().policy
    happened = _events(places, asked)
    if asked in policy.types or happened:
        return [*_from_policy(policy, asked, happened)]
    return _from_request(asked, places)


def _from_request(asked: str, places: Places) -> list[Link]:
    account = Account.open(places.account)
    attempts = []
    if account is not None:
        try:
            attempts = account.attempts(asked)
        finally:
            account.close()
    if not attempts:
        raise BadOption(
            f"Nothing here is called {asked!r}.",
            effect="Nothing is explained.",
            next_step="Give an SF code, a request type, the request-id of an answer, or event N.",
        )
    last = attempts[-1]
    links = [request_link(one) for one in attempts]
    if not last.policy_version:
        return [*links, gap_link("no policy", "No policy was in force, so nothing moved it.")]
    number = int(last.policy_version)
    try:
        policy = PolicyFiles(places.policy).version(number)
    except (UnreadableFile, BadPolicy) as error:
        return [*links, gap_link(f"policy {number}", error.what)]
    happened = [
        one
        for one in _events(places, last.type)
        if one.event.policy_version is not None and 0 < one.event.policy_version <= number
    ]
    return [*links, *_from_policy(policy, last.type, happened)]


def _from_event(number: int, places: Places) -> list[Link]:
    happened = [one for one in _events(places, None) if one.id == number]
    if not happened:
        raise BadOption(
            f"There is no event {number}.",
            effect="Nothing is explained.",
            next_step="suffice rollout status TYPE shows a type's events.",
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
    if rule.basis is None:
        why = f"Nobody gave any evidence for {rule.candidate}."
        return [*links, gap_link("no evidence", why)]
    return [*links, _run(rule.basis.run, request_type, rule.candidate)]


def _run(run: str, request_type: str, candidate: str) -> Link:
    try:
        comparison = read_result(find_run(run))
    except StorageError as error:
        return gap_link(f"run {run}", f"It is not kept here any more: {error.what}")
    for verdict in comparison.types:
        if verdict.type == request_type and model_name(verdict.candidate) == candidate:
            return run_link(run, comparison, verdict)
    return gap_link(f"run {run}", f"It has no verdict on {request_type} and {candidate}.")


def _events(places: Places, request_type: str | None) -> list[Happened]:
    if not places.store.exists():
        return []
    with Rollouts.open(places.store, write=False) as store:
        return store.events(request_type=request_type)
