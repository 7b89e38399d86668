"""From a gateway's options to its processes."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from suffice.catalog import Catalog
from suffice.cli.gateway_greeting import for_people, greet
from suffice.gateway.log import Log
from suffice.gateway.memory import Room, open_room
from suffice.gateway.processes import Workers
from suffice.gateway.running import Options
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.gateway.spool import Capture
from suffice.gateway.supervisor import (
    Kept,
    Supervisor,
    Supervisors,
    account_command,
    monitor_command,
    telemetry_command,
)
from suffice.gateway.worker import listen
from suffice.records.shadow import SPENT_FOLDER
from suffice.settings import OWN_KEY
from suffice.wiring import catalog_with

# Each client may need a connection of its own upstream; the rest is files and listeners.
_FILES_PER_CLIENT, _OTHER_FILES = 2, 64
_FIRST_WORKER = "0"
# Processes that ask no model have no use for these.
_CREDENTIALS = (OWN_KEY, "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    Where a gateway stands, and what stands around it.

    Attributes:
        host: Where it listens.
        port: 0 for any that is free.
        workers: How many processes share the port.
        policy: The file of the policy in force.
        rollouts: Where rollouts are kept: once it exists, a monitor runs beside the workers; None:
            none does.
        prices: One's own prices; None: list prices.
        otlp: Where spans go; None: nowhere.
        tls: The certificate it shows; None for plain HTTP.
        upstream_tls: How the upstream's certificate is checked; None: the system's way.
        renew: Reads the certificate it shows, and the keys it takes, again.
    """

    host: str
    port: int
    workers: int
    policy: Path
    rollouts: Path | None = None
    prices: Path | None = None
    otlp: str | None = None
    tls: ssl.SSLContext | None = None
    upstream_tls: ssl.SSLContext | None = None
    renew: Callable[[], None] | None = None


def serve(options: Options, place: Place) -> int:
    """
    Serve until a signal ends it.

    Returns:
        The exit code.

    Raises:
        GatewayNotStarted: The address cannot be had.
        UnreadableFile: The prices cannot be read.
        BadPrices: They are none.
    """
    log = Log()
    _leave_no_memory_behind()
    catalog = catalog_with(place.prices)
    reserved = listen(place.host, place.port, shared=place.workers > 1)
    port = reserved.getsockname()[1]
    # For whoever else looks at the day's sum; the workers know it by themselves.
    ShadowLedger(options.data / SPENT_FOLDER).limit_to(options.shadow_usd, by="gateway")
    children = _children(options, place)
    room = open_room(options.data)
    shown = f"[{place.host}]" if ":" in place.host else place.host
    address = f"{'https' if place.tls else 'http'}://{shown}:{port}"
    files = _raise_file_limit(options.limits.connections)
    if not for_people():
        log.say(
            "starting",
            address=address,
            workers=place.workers,
            capture=options.capture.value,
            proxy=options.proxy.shown if options.proxy is not None else None,
            files=files,
        )

    def run(name: str) -> int:
        alone = place.workers == 1
        listener = reserved if alone else listen(place.host, port, shared=True)
        return _work(
            options, place, address, catalog=catalog, name=name, room=room, listener=listener,
            children=children if alone else None,
        )  # fmt: skip

    if place.workers == 1:
        return run(_FIRST_WORKER)
    return Workers(place.workers, run, log=log, child=children, drain_s=options.drain_s).keep()


def _work(
    options: Options,
    place: Place,
    address: str,
    *,
    catalog: Catalog,
    name: str,
    room: Room,
    listener: socket.socket,
    children: Kept | None,
) -> int:
    import uvloop

    from suffice.adapters.policies import PolicyFiles
    from suffice.gateway.running import Running

    log = Log(worker=name)
    running = Running(
        options,
        policies=PolicyFiles(place.policy),
        catalog=catalog,
        log=log,
        name=name,
        room=room,
        child=children,
    )

    def ready() -> None:
        if not for_people():
            log.say("ready", pid=os.getpid())
        elif name == _FIRST_WORKER:
            greet(address, policy=running.decider.policy, public_url=options.public_url)

    uvloop.run(
        running.serve(
            listener,
            tls=place.tls,
            upstream_tls=place.upstream_tls,
            renew=place.renew,
            ready=ready,
        )
    )
    return 0


def _children(options: Options, place: Place) -> Kept | None:
    children = []
    if options.capture is not Capture.OFF:
        children.append(
            Supervisor(account_command(options.data, prices=place.prices), without=_CREDENTIALS)
        )
        if place.otlp is not None:
            children.append(
                Supervisor(
                    telemetry_command(options.data, endpoint=place.otlp), without=_CREDENTIALS
                )
            )
    if place.rollouts is not None:
        command = monitor_command(
            options.data,
            policy=place.policy,
            rollouts=place.rollouts,
            upstream=(options.address.origin + options.address.prefix).decode(),
            shadow_usd=options.shadow_usd,
        )
        # The monitor goes first, so that it counts what the account still takes in.
        children.insert(0, Supervisor(command, needed=place.rollouts.is_file))
    return Supervisors(children) if children else None


def _leave_no_memory_behind() -> None:
    """No core dump of this process or its children: it would hold everybody's keys and prompts."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _raise_file_limit(connections: int) -> int:
    """Allow as many open files as clients may need, where the system lets us; how many now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections * _FILES_PER_CLIENT + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):
        return soft
    return most
