"""`suffice gateway`: the Anthropic-compatible front door."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from suffice.cli.rollout_world import data_option, policy_option

if TYPE_CHECKING:
    from suffice.gateway.keys import Keys

_FILE = click.Path(path_type=Path, dir_okay=False)
_host = click.option(
    "--host",
    envvar="SUFFICE_GATEWAY_HOST",
    default="127.0.0.1",
    show_default=True,
    help="Where it listens.",
)
_port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    envvar="SUFFICE_GATEWAY_PORT",
    default=4701,
    show_default=True,
)
_budgets = click.option(
    "--budgets",
    type=_FILE,
    envvar="SUFFICE_GATEWAY_BUDGETS",
    help='JSON: [{"name": "team", "usd": "50", "per": "day", "type": "triage"}, ...]',
)
_keys = click.option(
    "--keys",
    type=_FILE,
    envvar="SUFFICE_GATEWAY_KEYS",
    help="Hashed gateway keys; needed beyond this machine.",
)


@click.group(invoke_without_command=True)
@_host
@_port
@click.option(
    "--upstream",
    envvar="SUFFICE_UPSTREAM",
    default="https://api.anthropic.com",
    show_default=True,
    help="The one address requests go to.",
)
@data_option
@policy_option
@click.option(
    "--rollouts",
    type=_FILE,
    envvar="SUFFICE_ROLLOUTS",
    default=Path(".suffice/rollouts.sqlite"),
    show_default=True,
    help="Where rollouts are kept; once there is one, the monitor runs beside the workers.",
)
@click.option(
    "--monitor/--no-monitor",
    envvar="SUFFICE_GATEWAY_MONITOR",
    default=True,
    show_default=True,
    help="Watch rollouts, move them on and take them back; else `suffice monitor` has to.",
)
@click.option(
    "--types",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=["SUFFICE_TYPES", "SUFFICE_DATA"],
    default=Path(".suffice/data"),
    show_default=True,
    help="The folder `suffice scan` filled: its types hold where nobody names one.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    envvar="SUFFICE_GATEWAY_WORKERS",
    default=1,
    show_default=True,
)
@click.option(
    "--capture",
    type=click.Choice(["off", "meta", "bodies"]),
    envvar="SUFFICE_GATEWAY_CAPTURE",
    default="meta",
    show_default=True,
    help="What is kept of an exchange; bodies are masked.",
)
@click.option(
    "--bodies",
    multiple=True,
    metavar="TYPE=SHARE",
    help="With --capture bodies: which share of a type's conversations; * for other types.",
)
@_budgets
@click.option(
    "--shadow-usd",
    envvar="SUFFICE_SHADOW_USD",
    metavar="USD",
    help="What all shadow calls of a day (UTC) may cost; none is made beyond it.",
)
@click.option(
    "--prices",
    type=_FILE,
    envvar="SUFFICE_PRICES",
    help="Your own prices, for the account and for budgets.",
)
@_keys
@click.option("--tls-cert", type=_FILE, help="Serve TLS.")
@click.option("--tls-key", type=_FILE, help="Its private key.")
@click.option(
    "--client-ca", type=_FILE, help="Accept only clients with a certificate of this authority."
)
@click.option(
    "--upstream-ca", type=_FILE, help="Trust this authority too, beside the system's, upstream."
)
@click.option(
    "--proxy",
    metavar="URL",
    help="Leave by this proxy, or `direct`; else as HTTPS_PROXY and NO_PROXY say.",
)
@click.option("--otlp", metavar="URL", help="Export spans to an OpenTelemetry collector (OTLP).")
@click.option("--public-url", default="", help="Under which clients know it, behind a proxy.")
@click.option(
    "--limit", multiple=True, metavar="NAME=VALUE", help="Another bound; see docs/settings.md."
)
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
    rollouts: Path,
    monitor: bool,
    types: Path,
    workers: int,
    capture: str,
    bodies: tuple[str, ...],
    budgets: Path | None,
    shadow_usd: str | None,
    prices: Path | None,
    keys: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    upstream_ca: Path | None,
    proxy: str | None,
    otlp: str | None,
    public_url: str,
    limit: tuple[str, ...],
    drain: float,
    allow_plain_upstream: bool,
) -> None:
    """
    A drop-in front door for the Messages API: point ANTHROPIC_BASE_URL at it.

    Without a policy it changes nothing. SIGHUP reloads policy, keys and certificate; SIGTERM
    drains.
    """
    if ctx.invoked_subcommand is not None:
        return
    from suffice.cli.gateway_reading import (
        read_assignment_key,
        read_body_shares,
        read_budgets,
        read_endpoint,
        read_limits,
        refuse_forgetful_budgets,
    )
    from suffice.cli.gateway_serving import Place, serve
    from suffice.cli.gateway_tls import renew as renew_tls
    from suffice.cli.gateway_tls import serving
    from suffice.cli.money_text import read_usd
    from suffice.gateway.addresses import own_names, read_address, verifying
    from suffice.gateway.keys import read_keys
    from suffice.gateway.proxying import choose_proxy
    from suffice.gateway.running import Options
    from suffice.gateway.spool import Capture
    from suffice.wiring import own_credential, type_lookup

    address = read_address(upstream, allow_plain=allow_plain_upstream)
    found_keys = _read_keys(keys)
    _refuse_open_door(host, keys=found_keys, mutual_tls=client_ca is not None)
    options = Options(
        address=address,
        data=data,
        assignment_key=read_assignment_key(policy),
        capture=Capture(capture),
        body_shares=read_body_shares(bodies, capture=Capture(capture)),
        keys=found_keys,
        budgets=refuse_forgetful_budgets(read_budgets(budgets), capture=Capture(capture)),
        limits=read_limits(limit),
        public_url=public_url,
        # A key or a certificate keeps a page in a browser out as well, whatever name led it here.
        names=own_names(host, public_url) if found_keys is None and client_ca is None else None,
        drain_s=drain,
        proxy=choose_proxy(
            proxy, os.environ, host=address.host, port=address.port, tls=address.tls
        ),
        type_of=type_lookup(types),
        own_key=own_credential(os.environ),
        shadow_usd=None
        if shadow_usd is None
        else read_usd(shadow_usd, effect="Nothing is served."),
    )
    tls = serving(tls_cert, tls_key, client_ca)

    def renew() -> None:
        """Each worker does so on its own; what cannot be used leaves the old in force."""
        if keys is not None and found_keys is not None:
            found_keys.all = read_keys(keys)
        if tls is not None and tls_cert is not None:
            renew_tls(tls, tls_cert, tls_key, client_ca)

    place = Place(
        host=host,
        port=port,
        workers=workers,
        policy=policy,
        rollouts=rollouts if monitor else None,
        prices=prices,
        otlp=read_endpoint(otlp, capture=Capture(capture)),
        tls=tls,
        renew=renew,
        upstream_tls=verifying(upstream_ca) if upstream_ca is not None else None,
    )
    ctx.exit(serve(options, place))


@command.command()
@data_option
@_budgets
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def status(data: Path, budgets: Path | None, watch: bool, form: str) -> None:
    """The day so far, on one screen; the gateway is not asked."""
    import msgspec

    from suffice.cli.gateway_reading import read_budgets
    from suffice.cli.gateway_views import show_status, watch_status
    from suffice.gateway.status import Status, read_status
    from suffice.wiring import SystemClock

    held = read_budgets(budgets)

    def look() -> Status:
        return read_status(data, now=SystemClock().now(), budgets=held)

    if form == "json":
        click.echo(msgspec.json.encode(look()).decode())
    elif watch:
        watch_status(look)
    else:
        show_status(look())


@command.command()
@data_option
def captured(data: Path) -> None:
    """
    What was captured, as JSON lines; `| suffice scan -` learns from it.

    One line per request a client was answered, with its bodies where --capture bodies kept them.
    """
    import msgspec

    from suffice.gateway.captured import captured as captured_in
    from suffice.gateway.child import ACCOUNT

    for exchange in captured_in(data / ACCOUNT):
        click.echo(msgspec.json.encode(exchange))


@command.command()
@_host
@_port
@click.option("--tls", is_flag=True, help="It speaks TLS.")
@click.pass_context
def probe(ctx: click.Context, host: str, port: int, tls: bool) -> None:
    """Exit 0 if a gateway takes requests there, else 1; for health checks."""
    from suffice.cli.doctor_findings import Setup, State
    from suffice.cli.doctor_remote import check_gateway

    (found,) = check_gateway(Setup(host=host, port=port), tls=tls)[1]
    click.echo(found.says, err=found.state is not State.FINE)
    ctx.exit(0 if found.state is State.FINE else 1)


@command.command()
@click.argument("name")
@_keys
@click.option("--days", type=click.IntRange(1), help="How long it holds; for ever if not given.")
@click.option("--model", "models", multiple=True, help="Only for this model; more than once if so.")
@click.option("--type", "types", multiple=True, help="Only for this request type.")
def key(
    name: str,
    keys: Path | None,
    days: int | None,
    models: tuple[str, ...],
    types: tuple[str, ...],
) -> None:
    """Make a gateway key, show it once, and keep its hash."""
    from datetime import timedelta

    import msgspec

    from suffice.errors import BadOption
    from suffice.gateway.keys import new_key, read_keys, write_keys
    from suffice.wiring import SystemClock

    if keys is None:
        raise BadOption(
            "There is no file to keep it in.", effect="No key was made.", next_step="Give --keys."
        )
    others = read_keys(keys) if keys.exists() else ()
    if name in {other.id for other in others}:
        raise BadOption(
            f"There is a key named {name!r} already.",
            effect="No key was made.",
            next_step=f"Choose another name, or take that one out of {keys}.",
        )
    expires = None if days is None else SystemClock().now() + timedelta(days=days)
    secret, kept = new_key(name, expires=expires)
    write_keys(keys, (*others, msgspec.structs.replace(kept, models=models, types=types)))
    click.echo(secret)


def _read_keys(path: Path | None) -> Keys | None:
    if path is None:
        return None
    from suffice.gateway.keys import Keys, read_keys

    return Keys(read_keys(path), upstream_credential=os.environ.get("ANTHROPIC_API_KEY"))


def _refuse_open_door(host: str, *, keys: Keys | None, mutual_tls: bool) -> None:
    from suffice.errors import GatewayNotStarted
    from suffice.gateway.addresses import is_loopback

    if is_loopback(host) or keys is not None or mutual_tls:
        return
    raise GatewayNotStarted(
        f"On {host} everybody who reaches this machine could use the gateway.",
        effect="Nothing is served.",
        next_step="Give --keys FILE (`suffice gateway key NAME --keys FILE` makes one), "
        "or --tls-cert, --tls-key and --client-ca.",
    )
