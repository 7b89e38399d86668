"""`suffice gateway`: the Anthropic-compatible front door."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import ssl

    from suffice.gateway.budgets import Budget
    from suffice.gateway.keys import Keys
    from suffice.gateway.log import Log
    from suffice.gateway.running import Options

_data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="SUFFICE_DATA",
    default=Path(".suffice/gateway"),
    show_default=True,
    help="Where captured exchanges and the account lie.",
)
_budgets = click.option(
    "--budgets",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help='JSON: [{"name": "team", "usd": "50", "per": "day", "type": "triage"}, ...]',
)
_keys = click.option(
    "--keys",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="SUFFICE_GATEWAY_KEYS",
    help="Hashed gateway keys; needed beyond this machine.",
)


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=4701, show_default=True)
@click.option(
    "--upstream",
    envvar="SUFFICE_UPSTREAM",
    default="https://api.anthropic.com",
    show_default=True,
    help="The one address requests go to.",
)
@_data
@click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="SUFFICE_POLICY",
    default=Path(".suffice/policy.json"),
    show_default=True,
    help="The policy in force; without one every request goes where it asks to.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option(
    "--capture",
    type=click.Choice(["off", "meta", "bodies"]),
    default="meta",
    show_default=True,
    help="What is kept of an exchange; bodies are masked.",
)
@_budgets
@_keys
@click.option("--tls-cert", type=click.Path(path_type=Path, exists=True), help="Serve TLS.")
@click.option("--tls-key", type=click.Path(path_type=Path, exists=True), help="Its private key.")
@click.option(
    "--client-ca",
    type=click.Path(path_type=Path, exists=True),
    help="Accept only clients with a certificate of this authority.",
)
@click.option("--public-url", default="", help="Under which clients know it, behind a proxy.")
@click.option("--drain", type=click.FloatRange(0), default=60.0, show_default=True, metavar="S")
@click.option("--allow-plain-upstream", is_flag=True, help="http to an upstream elsewhere.")
@click.pass_context
def command(  # noqa: PLR0917 - options
    ctx: click.Context,
    host: str,
    port: int,
    upstream: str,
    data: Path,
    policy: Path,
    workers: int,
    capture: str,
    budgets: Path | None,
    keys: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    public_url: str,
    drain: float,
    allow_plain_upstream: bool,
) -> None:
    """
    A drop-in front door for the Messages API: point ANTHROPIC_BASE_URL at it.

    Without a policy it changes nothing. SIGHUP reloads the policy, SIGTERM drains.
    """
    if ctx.invoked_subcommand is not None:
        return
    from suffice.adapters.policies import PolicyFiles
    from suffice.gateway.running import Options
    from suffice.gateway.spool import Capture
    from suffice.gateway.upstream import read_address

    tls = _tls(tls_cert, tls_key, client_ca)
    found_keys = _read_keys(keys)
    _refuse_open_door(host, keys=found_keys, mutual_tls=client_ca is not None)
    options = Options(
        address=read_address(upstream, allow_plain=allow_plain_upstream),
        data=data,
        assignment_key=PolicyFiles(policy).assignment_key(),
        capture=Capture(capture),
        keys=found_keys,
        budgets=_read_budgets(budgets),
        public_url=public_url,
        drain_s=drain,
    )
    ctx.exit(_serve(options, policy=policy, host=host, port=port, workers=workers, tls=tls))


@command.command()
@_data
@_budgets
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def status(data: Path, budgets: Path | None, form: str) -> None:
    """The day so far, on one screen; the gateway is not asked."""
    import msgspec

    from suffice.gateway.status import draw_status, read_status
    from suffice.wiring import SystemClock

    found = read_status(data, now=SystemClock().now(), budgets=_read_budgets(budgets))
    click.echo(msgspec.json.encode(found).decode() if form == "json" else draw_status(found))


@command.command()
@click.argument("name")
@_keys
@click.option("--days", type=click.IntRange(1), help="How long it holds; for ever if not given.")
def key(name: str, keys: Path | None, days: int | None) -> None:
    """Make a gateway key, show it once, and keep its hash."""
    from datetime import timedelta

    from suffice.errors import BadOption
    from suffice.gateway.keys import new_key, read_keys, write_keys
    from suffice.wiring import SystemClock

    if keys is None:
        raise BadOption(
            "There is no file to keep it in.", effect="No key was made.", next_step="Give --keys."
        )
    expires = None if days is None else SystemClock().now() + timedelta(days=days)
    secret, kept = new_key(name, expires=expires)
    others = read_keys(keys) if keys.exists() else ()
    write_keys(keys, (*others, kept))
    click.echo(secret)


def _serve(
    options: Options,
    *,
    policy: Path,
    host: str,
    port: int,
    workers: int,
    tls: ssl.SSLContext | None,
) -> int:
    from suffice.gateway.log import Log
    from suffice.gateway.processes import Workers, shared_room
    from suffice.gateway.spool import Capture
    from suffice.gateway.supervisor import Supervisor, account_command
    from suffice.gateway.worker import listen

    log = Log()
    reserved = listen(host, port, shared=workers > 1)
    port = reserved.getsockname()[1]
    child = (
        Supervisor(account_command(options.data)) if options.capture is not Capture.OFF else None
    )
    room = shared_room(_ROOM_BYTES)
    address = f"{'https' if tls else 'http'}://{host}:{port}"
    log.say("starting", address=address, workers=workers, capture=options.capture.value)

    def run(name: str) -> int:
        listener = listen(host, port, shared=True) if workers > 1 else reserved
        return _work(
            options, policy, log=Log(worker=name), name=name, room=room, listener=listener,
            tls=tls, child=child if workers == 1 else None,
        )  # fmt: skip

    if workers == 1:
        return run("0")
    return Workers(workers, run, log=log, child=child, drain_s=options.drain_s).keep()


def _work(
    options: Options,
    policy: Path,
    *,
    log: Log,
    name: str,
    room: memoryview,
    listener: object,
    tls: ssl.SSLContext | None,
    child: object,
) -> int:
    import socket
    from typing import cast

    import uvloop

    from suffice.adapters.policies import PolicyFiles
    from suffice.catalog import load_catalog
    from suffice.gateway.running import Running
    from suffice.gateway.supervisor import Supervisor

    running = Running(
        options,
        policies=PolicyFiles(policy),
        catalog=load_catalog(),
        log=log,
        name=name,
        room=room,
        child=cast("Supervisor | None", child),
    )
    uvloop.run(
        running.serve(
            cast("socket.socket", listener),
            tls=tls,
            ready=lambda: log.say("ready", pid=os.getpid()),
        )
    )
    return 0


def _tls(cert: Path | None, key: Path | None, client_ca: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _read_keys(path: Path | None) -> Keys | None:
    if path is None:
        return None
    from suffice.gateway.keys import Keys, read_keys

    return Keys(read_keys(path), upstream_credential=os.environ.get("ANTHROPIC_API_KEY"))


def _read_budgets(path: Path | None) -> tuple[Budget, ...]:
    if path is None:
        return ()
    import msgspec

    from suffice.errors import UnreadableFile
    from suffice.gateway.budgets import Budget

    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Budget, ...], strict=False)
    except (OSError, msgspec.DecodeError) as wrong:
        raise UnreadableFile(
            f"The budgets in {path} cannot be read: {wrong}.",
            effect="The gateway was not started.",
            next_step="See docs/gateway.md for an example.",
        ) from wrong


def _refuse_open_door(host: str, *, keys: Keys | None, mutual_tls: bool) -> None:
    from suffice.errors import GatewayNotStarted
    from suffice.gateway.upstream import is_loopback

    if is_loopback(host) or keys is not None or mutual_tls:
        return
    raise GatewayNotStarted(
        f"On {host} everybody who reaches this machine could use the gateway.",
        effect="Nothing is served.",
        next_step="Give --keys FILE (`suffice gateway key NAME --keys FILE` makes one), "
        "or --tls-cert, --tls-key and --client-ca.",
    )


_ROOM_BYTES = 1 << 20
