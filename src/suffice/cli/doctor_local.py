"""The doctor's checks of this machine: files, rights, room and settings. Nothing is changed."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from suffice.catalog import Catalog, load_catalog
from suffice.cli.doctor_findings import Finding, Setup, failed, fine, look
from suffice.cli.doctor_schedule import check_schedule
from suffice.cli.gateway_reading import read_budgets, refuse_forgetful_budgets
from suffice.cli.gateway_tls import serving
from suffice.errors import SufficeError
from suffice.gateway.addresses import is_loopback, read_address, verifying
from suffice.gateway.child import ACCOUNT
from suffice.gateway.proxying import choose_proxy
from suffice.gateway.spool import Capture
from suffice.gateway.status import counted
from suffice.settings import OWN_KEY, price_tables
from suffice.wiring import own_credential

_OLDEST_PYTHON = (3, 11)
_GB = 1 << 30
# The spool alone may take one before the account has caught up.
_LEAST_ROOM, _GOOD_ROOM = 1 * _GB, 4 * _GB
_OLD_PRICES, _STALE_PRICES = timedelta(days=45), timedelta(days=120)
_SOON = timedelta(days=14)
_KEY_BYTES = 32
_FILES_PER_CLIENT = 2
_OTHERS = 0o077


def check_machine(setup: Setup) -> Iterator[Finding]:
    """Python, and how many files a process may open."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < _OLDEST_PYTHON:
        yield failed("python", f"Python {version} is too old.", "Use Python 3.11 or newer.")
    else:
        yield fine("python", f"Python {version}")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = setup.connections * _FILES_PER_CLIENT
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        yield fine("open files", f"a worker may open the {wanted:,} files it may need")
    else:
        yield look(
            "open files",
            f"A worker may open {hard:,} files; {setup.connections:,} clients may need {wanted:,}.",
            f"Raise the hard limit (ulimit -Hn), or set --limit connections={hard // 3}.",
        )


def check_folder(setup: Setup) -> Iterator[Finding]:
    """The data folder: whether it can be written, who else can read it, how much room is left."""
    folder = setup.data
    place = _nearest(folder)
    if not folder.exists():
        if os.access(place, os.W_OK | os.X_OK):
            yield fine("data folder", f"{folder} will be made at the first start")
        else:
            yield failed(
                "data folder",
                f"{folder} is not there, and {place} cannot be written.",
                "Make it, or choose another with --data.",
            )
    elif not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        yield failed(
            "data folder", f"{folder} cannot be written.", f"chown or chmod {folder}, or --data."
        )
    elif folder.stat().st_mode & _OTHERS:
        yield look(
            "data folder", f"Others of this machine can look into {folder}.", f"chmod 700 {folder}"
        )
    else:
        yield fine("data folder", f"{folder} is its owner's alone")
    yield _room(place)


def _room(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    said = f"{free / _GB:,.1f} GiB free in {place}"
    if free < _LEAST_ROOM:
        return failed(
            "disk", f"Only {said}; capture would soon be dropped.", "Make room, or use --data."
        )
    if free < _GOOD_ROOM:
        return look("disk", f"{said}: the spool alone may take 1 GiB.", "Make room before long.")
    return fine("disk", said)


def check_policy(setup: Setup, *, now: datetime) -> Iterator[Finding]:
    """The policy in force and the key that assigns conversations."""
    from suffice.adapters.policies import PolicyFiles
    from suffice.policy.linting import lint

    loaded = PolicyFiles(setup.policy).load()
    if loaded.problem:
        yield failed("policy", loaded.problem, f"suffice policy lint --policy {setup.policy}")
    elif not (loaded.policy.version or loaded.policy.types):
        yield look(
            "policy",
            "No policy: every request goes to the model it asks for.",
            "suffice compare finds out where a cheaper one suffices.",
        )
    else:
        policy, catalog = loaded.policy, load_catalog()
        said = lint(policy, at=now, catalog=catalog)
        for finding in said:
            of = f"{finding.type}: " if finding.type else ""
            speak = failed if finding.level == "error" else look
            yield speak("policy", of + finding.says, "suffice policy lint")
        if not said:
            yield fine(
                "policy", f"version {policy.version} with {counted(len(policy.types), 'type')}"
            )
    yield _assignment_key(setup.policy.with_name(f"{setup.policy.stem}.key"))


def _assignment_key(path: Path) -> Finding:
    try:
        found = path.stat()
        size = len(path.read_bytes())
    except FileNotFoundError:
        return fine("assignment key", f"{path} will be made at the first start")
    except OSError as wrong:
        return failed(
            "assignment key",
            f"{path} cannot be read: {wrong.strerror}.",
            "Give it back its rights.",
        )
    if size != _KEY_BYTES:
        return failed(
            "assignment key",
            f"{path} holds {size} bytes; an assignment key has {_KEY_BYTES}.",
            "Restore it; a new one would assign every conversation anew.",
        )
    if found.st_mode & _OTHERS:
        return failed("assignment key", f"Others can read {path}.", f"chmod 600 {path}")
    return fine("assignment key", f"{path}")


def check_prices(setup: Setup, *, today: date) -> Iterator[Finding]:
    """How old the prices are, and whether one's own can be read."""
    try:
        catalog = _catalog(setup.prices)
    except (SufficeError, OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        yield failed("prices", f"{setup.prices} cannot be used: {wrong}", "See docs/money.md.")
        return
    age = today - catalog.dated
    said = f"prices as of {catalog.dated.isoformat()}, {counted(max(age.days, 0), 'day')} old"
    if age > _STALE_PRICES:
        yield failed("prices", f"{said}: dollars may be wrong.", "Install the newest release.")
    elif age > _OLD_PRICES:
        yield look("prices", f"{said}.", "suffice prices refresh, or the newest release.")
    else:
        yield fine("prices", said)


def _catalog(prices: Path | None) -> Catalog:
    if prices is None:
        return load_catalog()
    parsed = tomllib.loads(prices.read_text(encoding="utf-8"))
    return load_catalog(price_tables(prices, parsed))


def check_options(setup: Setup, environ: Mapping[str, str], *, now: datetime) -> Iterator[Finding]:
    """What is given to the gateway, read as the gateway would read it."""
    yield from _reading(
        "budgets",
        lambda: refuse_forgetful_budgets(
            read_budgets(setup.budgets), capture=Capture(setup.capture)
        ),
        said=f"{setup.budgets}" if setup.budgets else "",
    )
    yield from _keys(setup, environ, now=now)
    yield from _own_key(setup, environ)
    yield from check_schedule(setup, environ)
    yield from _reading(
        "tls",
        lambda: serving(setup.tls_cert, setup.tls_key, setup.client_ca),
        said=f"{setup.tls_cert} can be shown to clients" if setup.tls_cert else "",
    )
    yield from _reading(
        "authority",
        lambda: verifying(setup.upstream_ca),
        said=f"{setup.upstream_ca} is trusted upstream" if setup.upstream_ca else "",
    )
    yield from _way_out(setup, environ)


def _keys(setup: Setup, environ: Mapping[str, str], *, now: datetime) -> Iterator[Finding]:
    from suffice.gateway.keys import read_keys

    if setup.keys is None:
        if not is_loopback(setup.host) and setup.client_ca is None:
            yield failed(
                "gateway keys",
                f"On {setup.host} everybody could use it, so it does not start.",
                "suffice gateway key NAME --keys FILE, then --keys FILE.",
            )
        return
    try:
        keys = read_keys(setup.keys)
    except SufficeError as wrong:
        yield failed("gateway keys", wrong.what, wrong.next_step)
        return
    over = [key.id for key in keys if key.expires is not None and key.expires <= now]
    soon = [key.id for key in keys if key.expires is not None and now < key.expires <= now + _SOON]
    if over:
        yield look("gateway keys", f"Over: {', '.join(over)}.", "Take them out of the file.")
    if soon:
        yield look(
            "gateway keys", f"Over within two weeks: {', '.join(soon)}.", "suffice gateway key NAME"
        )
    if not over and not soon:
        yield fine("gateway keys", f"{len(keys)} in {setup.keys}")
    if not environ.get("ANTHROPIC_API_KEY"):
        yield look(
            "provider's key",
            "There is none here: clients send their own beside the gateway's.",
            "Set ANTHROPIC_API_KEY for the gateway if it is to bring it.",
        )


def _own_key(setup: Setup, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether calls that nobody asked for can be paid; most installations make none."""
    from suffice.adapters.policies import PolicyFiles
    from suffice.gateway.status import gateway_has_own_key

    try:
        found = own_credential(environ)
    except SufficeError as wrong:
        yield failed("own key", wrong.what, wrong.next_step)
        return
    if found is not None:
        yield fine("own key", f"{OWN_KEY} is set, for calls that no caller asked for")
        return
    types = PolicyFiles(setup.policy).load().policy.types
    batched = [name for name, rule in types.items() if rule.shadow and rule.shadow_batched]
    if batched and gateway_has_own_key(setup.data):
        yield fine("own key", f"the gateway has it, for batches of {counted(len(batched), 'type')}")
    elif batched:
        yield look(
            "own key",
            f"Shadow calls of {', '.join(sorted(batched))} may wait for batches, and {OWN_KEY} is "
            "not set: they are made live, at full price.",
            f"Set {OWN_KEY} for the gateway, or suffice rollout shadow TYPE --live.",
        )


def _way_out(setup: Setup, environ: Mapping[str, str]) -> Iterator[Finding]:
    try:
        address = read_address(setup.upstream, allow_plain=setup.allow_plain)
        proxy = choose_proxy(
            setup.proxy, environ, host=address.host, port=address.port, tls=address.tls
        )
    except SufficeError as wrong:
        yield failed("way out", wrong.what, wrong.next_step)
        return
    by = "directly" if proxy is None else f"by {proxy.shown}"
    yield fine("way out", f"requests leave for {address.origin.decode()} {by}")


def _reading(check: str, read: object, *, said: str) -> Iterator[Finding]:
    try:
        read()  # type: ignore[operator]
    except SufficeError as wrong:
        yield failed(check, wrong.what, wrong.next_step)
        return
    if said:
        yield fine(check, said)


def check_secrets(setup: Setup) -> Iterator[Finding]:
    """The gateway's own secret files, and who else can read them; those given are read above."""
    secret = (
        *(setup.data / "fingerprint.secret", setup.data / ACCOUNT),
        setup.policy.with_name(f"{setup.policy.stem}.key"),
    )
    there = [path for path in secret if path.is_file()]
    open_to_others = [path for path in there if stat.S_IMODE(path.stat().st_mode) & _OTHERS]
    for path in open_to_others:
        yield failed("secret files", f"Others can read {path}.", f"chmod 600 {path}")
    if there and not open_to_others:
        yield fine("secret files", f"{len(there)} of them, each its owner's alone")


def _nearest(folder: Path) -> Path:
    """The folder itself, or the first above it that is there."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return place
