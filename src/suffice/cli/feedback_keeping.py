"""What somebody said of an answer, kept where that answer is known."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from suffice.adapters.controlling.arm_windows import Account
from suffice.adapters.storage.rollouts import Rating
from suffice.cli.money_text import json_text
from suffice.cli.rollout_world import Places, now, opened
from suffice.errors import BadOption, StorageError
from suffice.gateway.child import SPOOL
from suffice.gateway.feedback import FeedbackFolder
from suffice.gateway.segments import segments
from suffice.policy.masking import mask_text
from suffice.policy.routing import IN_SHARE, NOT_IN_SHARE
from suffice.records.feedback import FEEDBACK_FOLDER, Feedback
from suffice.reports.chains import Exchange

_LONGEST = 200
# Whose words they are where callers are told apart.
_OPERATOR = "the command line"
# A worker writes what it served after a fifth of a second, and the account is written every half.
_USUAL_S, _LONGEST_WAIT_S, _LOOK_EVERY_S = 1.5, 3.0, 0.25


class Said(NamedTuple):
    """A word on an answer, as the command line has it."""

    request_id: str
    good: bool
    by: str
    note: str

    @property
    def word(self) -> str:
        """As it was said."""
        return "good" if self.good else "bad"


def keep(places: Places, said: Said, *, form: str) -> None:
    """
    Keep it with the answer it is about.

    An answer of the last seconds may not be in the account yet. It is waited for; where the account
    is behind, the word is left to the monitor, which counts it once the answer is known.

    Raises:
        BadOption: Nobody knows such an answer here.
        StorageError: Account or store cannot be used.
    """
    if not said.request_id or len(said.request_id) > _LONGEST:
        raise _no_such_answer(said, places)
    at = now()
    answer = _answer(places, said.request_id)
    if answer is None:
        if not _waiting(places):
            raise _no_such_answer(said, places)
        _leave(places, said, at)
        counted = (
            "the account is behind and does not know it yet: the monitor counts it as soon as it "
            "does, within ten minutes, or not at all"
        )
    else:
        # Whichever of its ids it was called by, the monitor looks for this one.
        rating = Rating(
            answer.request_id, at, good=said.good, by=said.by, note=mask_text(said.note)
        )
        with opened(places, write=True) as world:
            world.store.rate(rating)
        counted = _counted(answer)
    if form == "json":
        click.echo(json_text({**_document(said, answer, at), "says": counted}), nl=False)
    else:
        click.echo(f"kept: {said.request_id} was {said.word}; {counted}")


def _document(said: Said, answer: Exchange | None, at: datetime) -> dict[str, Any]:
    return {
        "schema": "suffice.feedback",
        "version": 1,
        "request_id": said.request_id if answer is None else answer.request_id,
        "at": at,
        "good": said.good,
        "by": said.by,
        "note": mask_text(said.note),
        "known": answer is not None,
        "type": "" if answer is None else answer.type,
        "arm": "" if answer is None else answer.arm,
    }


def _answer(places: Places, name: str) -> Exchange | None:
    """The attempt the caller got, by any of its ids; waited for as long as it may be on its way."""
    began = time.monotonic()
    while True:
        account = Account.open(places.account)
        attempts = []
        if account is not None:
            with closing(account):
                attempts = account.attempts(name)
        found = [one for one in attempts if one.answered and one.request_id]
        waited = time.monotonic() - began
        on_its_way = _spool_is_there(places) and (
            waited < _USUAL_S or (waited < _LONGEST_WAIT_S and _waiting(places))
        )
        if found or not on_its_way:
            return found[-1] if found else None
        time.sleep(_LOOK_EVERY_S)


def _spool_is_there(places: Places) -> bool:
    """A gateway that serves, or ended badly, has a segment open."""
    return bool(segments(places.data / SPOOL))


def _waiting(places: Places) -> bool:
    """Whether the spool holds what the account has not."""
    found = segments(places.data / SPOOL)
    account = Account.open(places.account)
    if account is None:
        return any(_size(path) for path in found)
    with closing(account):
        return any(_size(path) > account.taken_up_to(path.name) for path in found)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _leave(places: Places, said: Said, at: datetime) -> None:
    word = Feedback(
        request_id=said.request_id,
        good=said.good,
        at=at.timestamp(),
        note=mask_text(said.note),
        by=said.by,
    )
    if not FeedbackFolder(places.data / FEEDBACK_FOLDER).leave(word, caller=_OPERATOR):
        raise StorageError(
            f"{places.data / FEEDBACK_FOLDER} takes nothing more.",
            effect="Nothing was kept.",
            next_step="Make room, or let a monitor take in what waits there.",
        )


def _counted(answer: Exchange) -> str:
    where = f"the {answer.arm} of {answer.type}"
    if answer.reason.startswith(IN_SHARE) or answer.reason == NOT_IN_SHARE:
        return f"it counts at {answer.served_model}, {where}"
    why = f"it was served as {where} ({answer.reason})" if answer.type else "it is of no type"
    return f"no rollout counts it: {why}"


def _no_such_answer(said: Said, places: Places) -> BadOption:
    there = (
        f"The account {places.account} has no answer"
        if places.account.exists()
        else f"There is no account {places.account}, so no answer"
    )
    return BadOption(
        f"{there} {said.request_id[:40]!r}.",
        effect="Nothing was kept.",
        next_step="It is the value of the answer's request-id header, such as req_011C...; "
        "--data names the gateway's folder.",
    )
