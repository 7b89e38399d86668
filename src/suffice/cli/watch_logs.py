"""From scanned logs to cases in which both of a rollout's models answered the same request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from suffice.adapters.exchanges import Exchanges
from suffice.adapters.typed_exchanges.queries import Questions, Wanted
from suffice.adapters.typed_exchanges.store import TypedExchanges
from suffice.catalog import load_catalog
from suffice.cli.types_sample import asked_alike
from suffice.records import Case

APART = timedelta(days=1)
"""Answers of two models that lie further apart are no pair."""
_MOST = 200_000
_MOST_UNTIMED = 20_000


def logged_cases(folder: Path, since: Mapping[str, datetime]) -> dict[str, list[Case]]:
    """
    Requests of types in scanned logs, each with all models' answers to it, word for word.

    Calls whose log tells no time are looked at from the first one kept, up to 20,000 of a type.

    Args:
        folder: The one `suffice scan` fills.
        since: The types, and from when on their calls are looked at.

    Raises:
        EmptyInput: Nothing was scanned into it.
        StorageError: It cannot be used.
    """
    with Exchanges.open(folder, write=False) as store:
        questions = Questions(store, TypedExchanges(store), load_catalog())
        found = {}
        for name, begins in since.items():
            timed = Wanted(since=begins.timestamp())
            cases = list(questions.cases(name, wanted=timed, most=_MOST, random=False))
            untimed = questions.cases(name, wanted=Wanted(), most=_MOST_UNTIMED, random=False)
            cases += [case for case in untimed if "ts" not in case.meta]
            found[name] = asked_alike(cases)
    return found
