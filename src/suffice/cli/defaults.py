"""Settings as the defaults of commands: a flag wins, then a variable, then a settings file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from suffice.cli.stored_run import RUNS_SETTING
from suffice.errors import SufficeError

if TYPE_CHECKING:
    from suffice.settings import GatewaySettings, Settings

COMMANDS_WITH_SETTINGS = frozenset({
    "compare", "verdict", "cases", "check", "cost", "prices", "advise", "gateway", "scan", "types",
    "data", "tasks", "policy", "rollout", "monitor", "watch", "export", "report", "feedback",
    "explain",
})  # fmt: skip
_ROLLOUT = (
    *("next", "plan", "start", "status", "list", "hold", "promote", "abort", "undo", "shadow"),
    "recheck",
)
_POLICY = ("show", "diff", "lint", "history", "set", "publish")
SETTINGS_FILES = ("suffice.toml", "pyproject.toml")
_MARGIN_OR_FLOOR = {"--margin", "--floor", "--target"}


def settle(ctx: click.Context) -> None:
    """
    Give the command about to run the settings of the folder it is called in, as its defaults.

    Raises:
        BadSettings: A setting nobody knows, or outside its range.
        SecretInFile: A settings file holds what looks like a credential.
    """
    command = ctx.invoked_subcommand
    if command not in COMMANDS_WITH_SETTINGS:
        return
    folder = Path.cwd()
    file = next((folder / name for name in SETTINGS_FILES if (folder / name).is_file()), None)
    if file is None and not any(name.startswith("SUFFICE_") for name in os.environ):
        return
    from suffice.settings import read_settings

    try:
        settings = read_settings(folder, os.environ)
    except SufficeError:
        if command == "explain":  # a broken file never keeps it from being explained
            return
        raise
    prices_in = file if settings.prices or settings.tiers else None
    options = defaults_of(settings, command, given=ctx.args, prices_in=prices_in)
    ctx.default_map = {command: options}
    if settings.runs is not None:
        ctx.meta[RUNS_SETTING] = settings.runs


def defaults_of(
    settings: Settings, command: str, *, given: Collection[str], prices_in: Path | None = None
) -> dict[str, Any]:
    """
    What a command's options are where the call does not name them.

    Limits are one choice: naming one of --margin, --floor and --target on the command line sets
    aside those of the file. A judge of the file judges only where --scorer judge asks for one.

    Args:
        settings: What was read.
        command: The command called.
        given: The words of the call after the command.
        prices_in: The settings file, where it holds price tables of its own.
    """
    prices = settings.prices_file or prices_in
    priced, kept = _known(prices=prices), _known(data=settings.data)
    gateway = settings.gateway
    store = _known(store=gateway.rollouts)
    places = store | _known(policy=gateway.policy, data=gateway.data)
    plain: dict[str, dict[str, Any]] = {
        "verdict": {},
        "cases": {},
        "prices": dict.fromkeys(("list", "show"), priced),
        "cost": priced,
        "advise": priced,
        "scan": priced | kept,
        "types": priced | kept,
        "data": dict.fromkeys(("show", "delete", "keep"), kept),
        "tasks": {},
        "policy": dict.fromkeys(_POLICY, _known(path=gateway.policy)),
        "rollout": dict.fromkeys(_ROLLOUT, places),
        "export": store,
        "watch": places | _known(scanned=settings.data),
        **dict.fromkeys(("monitor", "report", "feedback", "explain"), places),
    }
    if command in plain:
        return plain[command]
    if command == "gateway":
        return _gateway_defaults(settings.gateway, prices=prices) | _known(types=settings.data)
    options = {word.partition("=")[0] for word in given if word.startswith("--")}
    limits = settings.limits
    chosen: dict[str, Any] = {}
    if not options & _MARGIN_OR_FLOOR:
        chosen = {"margin": limits.margin, "floor": limits.floor, "target": limits.target}
    if command == "check":
        return _known(margin=chosen.get("margin"), floor=chosen.get("floor"))
    budget = settings.budget.per_run_usd
    return store | _known(
        **chosen,
        data=settings.data,
        prices=prices,
        alpha=limits.alpha,
        budget=None if budget is None else str(budget),
        judge=settings.judge if _asks_for_a_judge(given) else None,
        base_url=settings.base_url,
        api_version=settings.api_version,
    )


def _gateway_defaults(gateway: GatewaySettings, *, prices: Path | None) -> dict[str, Any]:
    names = (
        *("host", "port", "upstream", "data", "policy", "workers", "capture", "budgets", "keys"),
        *(
            "rollouts",
            "monitor",
            "tls_cert",
            "tls_key",
            "client_ca",
            "upstream_ca",
            "proxy",
            "otlp",
            "public_url",
        ),
        "allow_plain_upstream",
    )
    found = _known(prices=prices, **{name: getattr(gateway, name) for name in names})
    return {
        **found,
        **_known(
            drain=gateway.drain_s,
            bodies=tuple(f"{kind}={share}" for kind, share in gateway.bodies.items()) or None,
            limit=tuple(f"{name}={bound}" for name, bound in gateway.limits.items()) or None,
        ),
        "status": _known(data=gateway.data, budgets=gateway.budgets),
        "captured": _known(data=gateway.data),
        "key": _known(keys=gateway.keys),
        "probe": _known(host=gateway.host, port=gateway.port, tls=gateway.tls_cert and True),
    }


def _asks_for_a_judge(given: Collection[str]) -> bool:
    words = list(given)
    return "--scorer=judge" in words or any(
        pair == ("--scorer", "judge") for pair in itertools.pairwise(words)
    )


def _known(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
