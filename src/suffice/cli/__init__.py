"""The command line: one file per command, loaded only when called."""

from __future__ import annotations

import importlib

import click
from typing_extensions import override

from suffice import __version__
from suffice.errors import SufficeError

EXIT_UNDECIDED = 10
EXIT_KEEP = 11
EXIT_BUDGET = 12
EXIT_INTERRUPTED = 130

# Command -> (module under suffice.cli, one line of help). The help stands here so that
# `suffice --help` loads no command, and starts in a blink.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "The whole main job offline, on recorded answers; no key, no network."),
    "scan": ("scan", "Read logs of any format, mask and keep them, rank what they ask."),
    "types": ("types", "What is asked, how often and at what cost; sample, rename, merge."),
    "data": ("data", "What is kept of the logs: show it, bound it, delete from it."),
    "compare": ("compare", "Is a cheaper model as good? Cases in, one verdict per type out."),
    "verdict": ("verdict", "Show a stored run's verdicts again, or the rule's certificate."),
    "cases": ("cases", "Read the cases behind a verdict, lost ones first; label them."),
    "check": ("check", "The CI gate: fail a build when a verdict turns."),
    "cost": ("cost", "What a workload costs per model, and what a switch would save."),
    "prices": ("prices", "The dated price table: list, look up, refresh, override."),
    "advise": ("advise", "Which model to try first, before there is any evidence."),
    "tasks": ("tasks", "The ready-made tasks: list, run, prove on your own cases."),
    "lint": ("lint", "What is wrong with the model calls in your own code."),
    "docstrings": ("docstrings", "Docstrings that are missing: find them, have them written."),
    "policy": ("policy", "Where each request type goes: show, change, lint, compare versions."),
    "rollout": ("rollout", "A Switch to production in stages: start, watch, hold, take back."),
    "monitor": ("monitor", "The controller: moves rollouts on, takes them back, tells people."),
    "watch": ("watch", "Rollouts watched from recorded answers, without the gateway."),
    "gateway": ("gateway", "The drop-in front door: point ANTHROPIC_BASE_URL at it."),
    "export": ("export", "Verdicts where you decide already: LiteLLM, Claude Code, .env, a map."),
    "report": ("report", "A week in production: agreement, spend, errors, savings, changes."),
    "feedback": ("feedback", "Say that an answer was good or bad; the monitor counts it."),
    "alerts": ("alerts", "Where people are told: list, test, send again; Prometheus rules."),
    "doctor": ("doctor", "What keeps a gateway from working, or safely, and what to do."),
    "explain": ("explain", "What a code means; why a request, a type or a policy is as it is."),
}


class LazyGroup(click.Group):
    """A click group that imports a command's module only when that command is called."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the user's day, not of the alphabet."""
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"suffice.cli.{COMMANDS[cmd_name][0]}").command
        return command if isinstance(command, click.Command) else None

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of that name."""
        import difflib

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    @override
    def invoke(self, ctx: click.Context) -> object:
        """Turn our errors into a coded message on stderr and an exit code."""
        try:
            return super().invoke(ctx)
        except SufficeError as error:
            tell(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(EXIT_INTERRUPTED)


def tell(error: SufficeError) -> None:
    """Say on stderr what went wrong, by its code."""
    click.echo(f"{error.code}  {error}", err=True)
    click.echo(f"More: suffice explain {error.code}", err=True)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Find the cheapest model that suffices, with evidence."""
    from suffice.cli.defaults import settle

    settle(ctx)
