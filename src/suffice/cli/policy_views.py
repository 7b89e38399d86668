"""How policies, their differences and their history are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.table import Table
from rich.text import Text

from suffice.cli.console import results
from suffice.policy.table import Finding, Policy, diff, write_policy
from suffice.reports.untrusted import one_line

if TYPE_CHECKING:
    from suffice.adapters.policies import Version

_OUTPUT_VERSION = 1


def show_policy(policy: Policy, *, form: str) -> None:
    """Each type with where it goes, on what evidence."""
    if form == "json":
        click.echo(write_policy(policy), nl=False)
        return
    if not policy.types:
        click.echo(f"Policy {policy.version} has no types: every request goes where it asked to.")
        click.echo("\nNext  suffice policy set TYPE --to MODEL --share 0.05 --from-run RUN")
        return
    expires = f", until {policy.expires:%Y-%m-%d %H:%M %Z}" if policy.expires else ""
    count = f"{len(policy.types):,} type{'s' if len(policy.types) != 1 else ''}"
    click.echo(f"Policy {policy.version} · {count}{expires}\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("request type", "asks for", "goes to"):
        table.add_column(heading, overflow="fold")
    for heading in ("share", "shadow"):
        table.add_column(heading, justify="right")
    table.add_column("evidence", overflow="fold")
    for name, rule in sorted(policy.types.items()):
        cells = (
            name,
            rule.baseline,
            rule.candidate or "-",
            _percent(rule.share),
            f"{_percent(rule.shadow)}{' by batch' if rule.shadow and rule.shadow_batched else ''}",
            _evidence(rule.basis),
        )
        # Names come out of request headers and stored runs: they are text, never markup.
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    results().print(table)
    if policy.lookup:
        click.echo(f"\n{len(policy.lookup):,} shapes of requests are known by their type.")
    click.echo("\nNext  suffice policy history")


def show_differences(old: Policy, new: Policy, *, form: str) -> None:
    """What one version changed of another."""
    found = diff(old, new)
    if form == "json":
        _json("policy_diff", {"older": old.version, "newer": new.version, "changes": found})
        return
    click.echo(f"Policy {old.version} -> {new.version}")
    _lines([line.sentence for line in found] or ["nothing changed"])


def show_findings(policy: Policy, found: Sequence[Finding], *, form: str) -> None:
    """What is to be said against a policy."""
    if form == "json":
        _json("policy_lint", {"policy": policy.version, "findings": found})
        return
    for finding in found:
        click.echo(_told(finding))
    if not found:
        click.echo(f"Policy {policy.version}: nothing to say against it.")


def show_history(versions: Sequence[Version], *, form: str) -> None:
    """Who made each version, why, and what it changed."""
    if form == "json":
        rows = [
            {
                "version": version.number,
                "etag": version.etag,
                "problem": version.problem,
                "audit": version.policy.audit if version.policy else (),
            }
            for version in versions
        ]
        _json("policy_history", {"versions": rows})
        return
    if not versions:
        click.echo("No policy was ever published.")
    for version in versions:
        _show_version(version)


def show_published(policy: Policy, found: Sequence[Finding], *, form: str) -> None:
    """What was just put in force."""
    if form == "json":
        _json("policy_published", {"policy": policy, "findings": found})
        return
    click.echo(f"Policy {policy.version} is in force.")
    for line in policy.audit:
        _lines(line.action.split("; "))
        if line.overrules:
            click.echo(f"  against the evidence: {line.overrules}")
    for finding in found:
        click.echo(_told(finding), err=True)
    click.echo("\nNext  suffice policy show")


def _show_version(version: Version) -> None:
    lines = version.policy.audit if version.policy else ()
    signed = ", ".join(f"{line.at:%Y-%m-%d %H:%M %Z}{_by(line.by)}" for line in lines)
    click.echo(f"{version.number:>4}  {signed or 'nobody signed'}")
    for line in lines:
        _lines(line.action.split("; "), indent=6)
        told = {
            "on": line.run,
            "against the evidence:": line.overrules,
            "because": line.reason,
        }
        _lines([f"{word} {text}" for word, text in told.items() if text], indent=6)
    if version.problem:
        click.echo(f"      PROBLEM: it {version.problem}")


def _told(finding: Finding) -> str:
    where = f"{finding.type}: " if finding.type else ""
    return f"{finding.level}  {one_line(where + finding.says)}"


def _by(name: str) -> str:
    return f" by {one_line(name)}" if name else ""


def _lines(lines: Sequence[str], *, indent: int = 2) -> None:
    for line in lines:
        click.echo(" " * indent + one_line(line))


def _evidence(basis: Any) -> str:
    if basis is None:
        return "none"
    word = basis.verdict.replace("_", " ").capitalize()
    provisional = ", provisional" if basis.provisional else ""
    return f"{word}{provisional}, {basis.pairs:,} pairs"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %" if share else "-"


def _json(kind: str, content: dict[str, Any]) -> None:
    told = {"schema": f"suffice.{kind}", "version": _OUTPUT_VERSION, **content}
    click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
