"""`suffice policy`: where each request type goes, who decided it, and on what evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from suffice.cli.share_option import ShareOption

if TYPE_CHECKING:
    from suffice.policy.changes import Wish
    from suffice.policy.table import Policy

_policy = click.option(
    "--policy",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="SUFFICE_POLICY",
    default=Path(".suffice/policy.json"),
    show_default=True,
    help="The policy in force; its history stands beside it.",
)
_format = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_by = click.option("--by", default="", metavar="NAME", help="Who wants it.")
_reason = click.option("--reason", default="", metavar="TEXT", help="Why.")


@click.group()
def command() -> None:
    """Where each request type goes: the routing table, its versions and who made them."""


@command.command()
@click.argument("version", type=click.IntRange(0), required=False)
@_policy
@_format
def show(*, version: int | None, path: Path, form: str) -> None:
    """The policy in force, or one of its VERSIONs."""
    from suffice.adapters.policies import PolicyFiles
    from suffice.cli.policy_views import show_policy

    files = PolicyFiles(path)
    if version is not None:
        show_policy(files.version(version), form=form)
        return
    loaded = files.load()
    if loaded.problem:
        click.echo(loaded.problem, err=True)
    show_policy(loaded.policy, form=form)


@command.command()
@click.argument("older", type=click.IntRange(0), required=False)
@click.argument("newer", type=click.IntRange(0), required=False)
@_policy
@_format
def diff(*, older: int | None, newer: int | None, path: Path, form: str) -> None:
    """What a version changed. Without arguments, the one in force against the one before."""
    from suffice.adapters.policies import PolicyFiles
    from suffice.cli.policy_views import show_differences

    files = PolicyFiles(path)
    new = files.load().policy if newer is None else files.version(newer)
    old = files.version(max(0, new.version - 1) if older is None else older)
    show_differences(old, new, form=form)


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@_policy
@_format
@click.pass_context
def lint(ctx: click.Context, *, file: Path | None, path: Path, form: str) -> None:
    """
    What is wrong with the policy in force, or with FILE. Exit 1 where there is an error.

    An error is never put in force. A warning is something to know, such as a model that retires.
    """
    from suffice.adapters.policies import PolicyFiles
    from suffice.catalog import load_catalog
    from suffice.cli.policy_views import show_findings
    from suffice.errors import BadPolicy
    from suffice.policy.table import lint as findings_of

    loaded = None if file is not None else PolicyFiles(path).load()
    policy = loaded.policy if loaded is not None else _read(file or path)
    found = findings_of(policy, at=_now(), catalog=load_catalog())
    show_findings(policy, found, form=form)
    if loaded is not None and loaded.problem:
        raise BadPolicy(
            loaded.problem,
            effect=f"Version {policy.version} serves, the last that can be read; it was looked at.",
            next_step="suffice policy publish FILE --by NAME --reason TEXT puts one in force.",
        )
    ctx.exit(int(any(finding.level == "error" for finding in found)))


@command.command()
@_policy
@_format
@click.pass_context
def history(ctx: click.Context, *, path: Path, form: str) -> None:
    """Each version: who made it, why, what it changed. Exit 1 where one was tampered with."""
    from suffice.adapters.policies import PolicyFiles
    from suffice.cli.policy_views import show_history

    versions = PolicyFiles(path).history()
    show_history(versions, form=form)
    ctx.exit(int(any(version.problem for version in versions)))


@command.command("set")
@click.argument("request_type", metavar="TYPE")
@click.option("--to", "candidate", metavar="MODEL", help="The model that takes the share.")
@click.option("--share", type=ShareOption(), help="Conversations it takes, such as 0.05 or 5%.")
@click.option("--from-run", "run", metavar="RUN", help="The stored comparison that proves it.")
@click.option("--baseline", metavar="MODEL", help="For a new type without a --from-run.")
@click.option("--shadow", type=ShareOption(), help="Share it answers unseen, beside the baseline.")
@click.option(
    "--shadow-batched/--shadow-live",
    default=None,
    help="Whether shadow calls wait for a batch at half the price, see docs/batched-shadow.md.",
)
@click.option(
    "--ongoing",
    type=click.Choice(["stay", "move"]),
    help="Whether a conversation that has begun may move where that is safe and pays.",
)
@click.option(
    "--like",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="REQUEST",
    help="A request as JSON: all with its system prompt and tools are of this type. Repeatable.",
)
@click.option("--done/--not-done", default=None, help="Whether the rollout is over.")
@click.option(
    "--stand-in/--no-stand-in",
    default=None,
    help="Whether it may answer where the baseline fails, once the rollout is over.",
)
@_by
@_reason
@_policy
@_format
def set_(
    *,
    request_type: str,
    candidate: str | None,
    share: float | None,
    run: str | None,
    baseline: str | None,
    shadow: float | None,
    shadow_batched: bool | None,
    ongoing: Literal["stay", "move"] | None,
    like: tuple[Path, ...],
    done: bool | None,
    stand_in: bool | None,
    by: str,
    reason: str,
    path: Path,
    form: str,
) -> None:
    """
    Give a share of a type's conversations to a model, and publish that as the next version.

    A share may grow only on a Switch of a stored comparison. Against the evidence it takes
    --reason and --by, and both stay in the policy. Back is always possible: --share 0.
    """
    from suffice.policy.changes import Signature, Wish, apply_wish

    wish = Wish(
        type=request_type,
        candidate=candidate,
        baseline=baseline,
        share=share,
        shadow=shadow,
        shadow_batched=shadow_batched,
        ongoing=ongoing,
        fingerprints=tuple(_fingerprint(file) for file in like),
        done=done,
        stand_in=stand_in,
    )
    if run is not None:
        wish = _with_evidence(wish, run)
    signed = Signature(at=_now(), by=by, reason=reason)
    _publish(path, lambda policy: apply_wish(policy, wish, signed), form=form)


@command.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_by
@_reason
@_policy
@_format
def publish(*, file: Path, by: str, reason: str, path: Path, form: str) -> None:
    """Make FILE the next version: an earlier one, or one by hand. Needs --by and --reason."""
    import msgspec

    from suffice.errors import BadOption
    from suffice.policy.table import AuditLine
    from suffice.policy.table import diff as differences

    if not (by.strip() and reason.strip()):
        raise BadOption(
            "A policy published as a whole may go against the evidence.",
            effect="Nothing was published.",
            next_step="Give --by and --reason; both are kept in the policy.",
        )
    wanted = _read(file)

    def change(policy: Policy) -> Policy:
        told = "; ".join(line.sentence for line in differences(policy, wanted))
        action = f"{file.name} published as a whole: {told or 'changes nothing'}"
        line = AuditLine(at=_now(), by=by, reason=reason, action=action)
        return msgspec.structs.replace(wanted, audit=(line,))

    _publish(path, change, form=form)


def _publish(path: Path, change: Callable[[Policy], Policy], *, form: str) -> None:
    from suffice.adapters.policies import PolicyFiles
    from suffice.catalog import load_catalog
    from suffice.cli.policy_views import show_published
    from suffice.errors import BadPolicy
    from suffice.policy.table import lint as findings_of

    files = PolicyFiles(path)
    loaded = files.load()
    changed = change(loaded.policy)
    found = findings_of(changed, at=_now(), catalog=load_catalog())
    errors = [finding for finding in found if finding.level == "error"]
    if errors:
        raise BadPolicy(
            " ".join(f"{finding.type}: {finding.says}".lstrip(": ") for finding in errors),
            effect="Nothing was published.",
            next_step="Correct it; `suffice policy lint` shows warnings too.",
        )
    published = files.publish(changed, after=loaded.etag)
    show_published(published.policy, found, form=form)


def _with_evidence(wish: Wish, run: str) -> Wish:
    import msgspec

    from suffice.adapters.storage import read_result
    from suffice.cli.stored_run import readable_run
    from suffice.policy.changes import basis_of, verdict_for

    comparison = read_result(readable_run(run))
    verdict = verdict_for(comparison, type=wish.type, candidate=wish.candidate)
    basis = basis_of(verdict, run=run, prices_dated=comparison.prices_dated)
    return msgspec.structs.replace(
        wish,
        candidate=wish.candidate or verdict.candidate,
        baseline=wish.baseline or verdict.baseline,
        basis=basis,
    )


def _fingerprint(file: Path) -> str:
    from suffice.policy.fingerprint import fingerprint

    return fingerprint(_request(file))


def _request(file: Path) -> dict[str, Any]:
    import msgspec

    from suffice.errors import UnreadableFile

    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise UnreadableFile(
            f"{file} is no request: {error}.",
            effect="The policy is unchanged.",
            next_step="It is the JSON body of one Messages request.",
        ) from error


def _read(file: Path) -> Policy:
    from suffice.errors import UnreadableFile
    from suffice.policy.table import read_policy

    try:
        return read_policy(file.read_bytes())
    except OSError as error:
        raise UnreadableFile(
            f"{file} cannot be read: {error.strerror or error}.",
            effect="Nothing was published.",
            next_step="Check its path and its permissions.",
        ) from error


def _now() -> datetime:
    from suffice.wiring import SystemClock

    return SystemClock().now().replace(microsecond=0)
