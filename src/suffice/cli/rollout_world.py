"""What every command about rollouts opens: the store, the policy, the gateway's account."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from suffice.adapters.controlling.arm_windows import Account
    from suffice.adapters.policies import PolicyFiles
    from suffice.adapters.storage.rollouts import Kept, Rollouts
    from suffice.records.rollout_evidence import RolloutEvidence

_Command = TypeVar("_Command", bound=Callable[..., Any])
LATELY = timedelta(hours=24)

store_option = click.option(
    "--rollouts",
    "store",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="SUFFICE_ROLLOUTS",
    default=Path(".suffice/rollouts.sqlite"),
    show_default=True,
    help="Where rollouts are kept.",
)
policy_option = click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="SUFFICE_POLICY",
    default=Path(".suffice/policy.json"),
    show_default=True,
    help="The policy in force; without one every request goes where it asks to.",
)
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="SUFFICE_DATA",
    default=Path(".suffice/gateway"),
    show_default=True,
    help="The gateway's folder: what it captured, its account.",
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


def signed(command: _Command) -> _Command:
    """Add --by and --reason."""
    by = click.option(
        "--by",
        envvar="USER",
        default="",
        metavar="NAME",
        help="Who; kept with it.",
        show_envvar=True,
    )
    reason = click.option("--reason", default="", metavar="TEXT", help="Why; kept with it.")
    return by(reason(command))


class Places(NamedTuple):
    """Where everything lies, as options say it."""

    store: Path
    policy: Path
    data: Path

    @property
    def account(self) -> Path:
        """The gateway's account."""
        return self.data / "account.sqlite"


def at_places(command: Callable[..., None]) -> Callable[..., None]:
    """Add where everything lies; the command gets it as ``places``."""

    @functools.wraps(command)
    def with_places(*, store: Path, policy: Path, data: Path, **others: Any) -> None:
        command(places=Places(store, policy, data), **others)

    return store_option(policy_option(data_option(with_places)))


def placed(command: Callable[..., None]) -> Callable[..., None]:
    """Add where everything lies, and the format."""
    return at_places(format_option(command))


def by_hand(command: Callable[..., None]) -> Callable[..., None]:
    """Add what every command takes by which people change a rollout: its type, who and why."""
    return click.argument("request_type", metavar="TYPE")(signed(placed(command)))


class World(NamedTuple):
    """Everything, open."""

    store: Rollouts
    policies: PolicyFiles
    account: Account | None

    def gather(self, kept: Kept, now: datetime) -> RolloutEvidence:
        """As the controller needs it."""
        from suffice.adapters.controlling.evidence import gather

        return gather(self.store, kept, account=self.account, now=now)


@contextmanager
def opened(places: Places, *, write: bool, make: bool = True) -> Iterator[World]:
    """
    Open everything; a store that is to be written is made where there is none, if it may be.

    Raises:
        StorageError: Something cannot be opened.
        EmptyInput: It is to be read, and nothing was ever rolled out.
    """
    from suffice.adapters.controlling.arm_windows import Account
    from suffice.adapters.policies import PolicyFiles
    from suffice.adapters.storage.rollouts import Rollouts
    from suffice.errors import EmptyInput

    if not write and not places.store.exists():
        raise EmptyInput(
            f"No rollout was ever started ({places.store}).",
            effect="Nothing is shown.",
            next_step="suffice rollout next",
        )
    store = Rollouts.open(places.store, write=write, make=make)
    account = None
    try:
        account = Account.open(places.account)
        yield World(store, PolicyFiles(places.policy), account)
    finally:
        store.close()
        if account is not None:
            account.close()


def the_rollout(world: World, request_type: str) -> Kept:
    """
    A type's rollout.

    Raises:
        BadOption: It has none; the nearest names are suggested.
    """
    import difflib

    from suffice.errors import BadOption

    kept = world.store.get(request_type)
    if kept is not None:
        return kept
    names = [one.rollout.type for one in world.store.all()]
    near = difflib.get_close_matches(request_type, names, n=3, cutoff=0.4) or names[:5]
    raise BadOption(
        f"{request_type!r} has no rollout.",
        effect="Nothing was changed.",
        next_step=f"There is {', '.join(near)}." if near else "suffice rollout next",
    )


def now() -> datetime:
    """The time."""
    from suffice.wiring import SystemClock

    return SystemClock().now()


def who(by: str) -> str:
    """A name for the log, where none was given."""
    return by.strip() or os.environ.get("USER", "")
