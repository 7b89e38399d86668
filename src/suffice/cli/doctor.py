"""`suffice doctor`: what keeps a gateway from working, or from working safely, and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import datetime

    from suffice.cli.doctor_findings import Finding, Setup

_FILE = click.Path(path_type=Path, dir_okay=False)
_MARKS = {"fine": ("ok", "green"), "look": ("look", "yellow"), "failed": ("FAILED", "red")}


@click.command()
@click.option("--offline", is_flag=True, help="Ask nobody beyond this machine.")
@click.option("--host", envvar="SUFFICE_GATEWAY_HOST", help="Where the gateway listens.")
@click.option("--port", type=click.IntRange(0, 65535), envvar="SUFFICE_GATEWAY_PORT")
@click.option("--upstream", envvar="SUFFICE_UPSTREAM", help="Where its requests go.")
@click.option("--data", type=click.Path(path_type=Path), envvar="SUFFICE_DATA")
@click.option("--policy", type=_FILE, envvar="SUFFICE_POLICY")
@click.option("--keys", type=_FILE, envvar="SUFFICE_GATEWAY_KEYS")
@click.option("--budgets", type=_FILE, envvar="SUFFICE_GATEWAY_BUDGETS")
@click.option("--prices", type=_FILE, envvar="SUFFICE_PRICES")
@click.option("--upstream-ca", type=_FILE)
@click.option("--proxy", metavar="URL")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def command(ctx: click.Context, /, *, offline: bool, form: str, **said: Any) -> None:
    """
    Look at settings, files, rights, room, prices, policy, the upstream and a running gateway.

    Nothing is changed and nothing costs anything: the upstream is asked for an empty page without
    a credential. Exit code 1 where something failed.
    """
    from suffice.cli.doctor_findings import State
    from suffice.wiring import SystemClock

    findings = list(_examined(said, offline=offline, now=SystemClock().now()))
    if form == "json":
        _emit_json(findings)
    else:
        _show(findings)
    ctx.exit(int(any(finding.state is State.FAILED for finding in findings)))


def _examined(said: dict[str, Any], *, offline: bool, now: datetime) -> Iterator[Finding]:
    from suffice.cli.doctor_findings import failed, fine
    from suffice.cli.doctor_local import (
        check_folder,
        check_machine,
        check_options,
        check_policy,
        check_prices,
        check_secrets,
    )
    from suffice.cli.doctor_remote import check_account, check_gateway, check_upstream
    from suffice.errors import SufficeError

    setup, told = _setup({}, said), fine("settings", "no settings file here; defaults and flags")
    try:
        found, file = _from_files(Path.cwd())
        setup = _setup(found, said)
        told = fine("settings", f"{file} is read") if file is not None else told
    except SufficeError as wrong:
        told = failed("settings", wrong.what, wrong.next_step)
    yield told
    yield from check_machine(setup)
    yield from check_folder(setup)
    yield from check_secrets(setup)
    yield from check_policy(setup, now=now)
    yield from check_prices(setup, today=now.date())
    yield from check_options(setup, os.environ, now=now)
    running, of_gateway = check_gateway(setup)
    yield from of_gateway
    yield from check_account(setup, running=running, now=now)
    if not offline:
        yield from check_upstream(setup, os.environ, now=now)


def _from_files(folder: Path) -> tuple[dict[str, Any], Path | None]:
    """The gateway's settings of a folder, by the names of `Setup`, and where they stand."""
    import msgspec

    from suffice.cli.defaults import SETTINGS_FILES
    from suffice.settings import read_settings

    settings = read_settings(folder, os.environ)
    file = next((folder / name for name in SETTINGS_FILES if _speaks(folder / name)), None)
    found = msgspec.structs.asdict(settings.gateway)
    found["allow_plain"] = found.pop("allow_plain_upstream")
    found["connections"] = settings.gateway.limits.get("connections")
    own_prices = file if settings.prices or settings.tiers else None
    found["settings_file"] = file
    found["held_out_every"], found["held_out_usd"] = settings.held_out.every, settings.held_out.usd
    found["prices"] = settings.prices_file or own_prices
    return found, file


def _speaks(file: Path) -> bool:
    """Whether a file holds settings of ours; most pyproject files do not."""
    return file.is_file() and (file.name == "suffice.toml" or "[tool.suffice" in file.read_text())


def _setup(found: dict[str, Any], said: dict[str, Any]) -> Setup:
    """What was said, else what was found, else the gateway's own defaults."""
    from dataclasses import fields

    from suffice.cli.doctor_findings import Setup

    known: dict[str, Any] = {}
    for field in fields(Setup):
        for source in (found, said):
            if source.get(field.name) is not None:
                known[field.name] = source[field.name]
    return Setup(**known)


def _emit_json(findings: list[Finding]) -> None:
    import msgspec

    document = {"schema": "suffice.doctor", "version": 1, "findings": findings}
    click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())


def _show(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from suffice.cli.console import results

    console = results()
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        word, style = _MARKS[finding.state]
        says = Text(finding.says)
        if finding.next_step:
            says.append(f"\n→ {finding.next_step}", style="cyan")
        table.add_row(Text(word, style), Text(finding.check, "bold"), says)
    console.print(table)
    counts = {word: sum(each.state == word for each in findings) for word in _MARKS}
    console.print(
        f"\n{counts['fine']} fine, {counts['look']} to look at, {counts['failed']} failed"
    )
