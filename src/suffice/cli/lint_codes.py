"""The rules' codes as options name them, and their pages for `suffice explain`."""

from __future__ import annotations

from collections.abc import Iterable

from suffice.errors import BadOption
from suffice.linter import rules


def known_codes(named: Iterable[str]) -> frozenset[str]:
    """
    The codes an option names, in any case.

    Raises:
        BadOption: No rule has that code.

    >>> known_codes(["sl05"])
    frozenset({'SL05'})
    """
    wanted = frozenset(code.strip().upper() for code in named)
    for code in sorted(wanted - set(rules())):
        raise BadOption(
            f"No rule has the code {code}.",
            effect="Nothing was checked.",
            next_step=f"There are {', '.join(rules())}.",
        )
    return wanted
