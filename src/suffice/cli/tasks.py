"""`suffice tasks`: the ready-made tasks listed, called, and proved on your own cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from suffice.cli.compare_options import Options, check, limits_of
from suffice.cli.question_options import concurrency_option, limit_options, run_options
from suffice.cli.writing import exit_code, format_option, output_option, write

_arguments = click.option(
    "--with",
    "written",
    metavar="NAME=VALUE",
    multiple=True,
    help="An argument of the task: text, JSON, @FILE.json or package.module:OBJECT. Repeatable.",
)
_labels = click.option("--labels", metavar="A,B,...", help="Short for --with labels=...")
_schema = click.option("--schema", metavar="NAME", help="Short for --with schema=...")
_base_url = click.option(
    "--base-url", envvar="ANTHROPIC_BASE_URL", help="Any Anthropic-compatible address."
)


@click.group()
def command() -> None:
    """The ready-made tasks: list them, run one, prove that a cheaper model suffices for it."""


@command.command("list")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "md"]), default="text", show_default=True
)
def list_(*, form: str) -> None:
    """The tasks, with the model the prior names and what your own runs measured."""
    from suffice.cli.tasks_views import listed_tasks, show_tasks

    show_tasks(listed_tasks(), form=form)


@command.command()
@click.argument("task")
@click.argument("given", metavar="INPUT")
@_labels
@_schema
@_arguments
@click.option("--model", metavar="MODEL", help="Who is asked; else by the policy or the prior.")
@_base_url
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.pass_context
def run(
    ctx: click.Context,
    /,
    *,
    task: str,
    given: str,
    labels: str | None,
    schema: str | None,
    written: tuple[str, ...],
    model: str | None,
    base_url: str | None,
    form: str,
) -> None:
    """
    Call a TASK once and print its value. Exit 1 where there is none, with the reason.

    INPUT is a text, the path of a file, or - for standard input. It calls a model, so it needs a
    key. --format json tells every call and its cost too.
    """
    from suffice.cli.tasks_running import outcome_of
    from suffice.cli.tasks_views import show_outcome
    from suffice.tasks.outcome import Unresolved

    outcome = outcome_of(
        task, given, _written(written, labels=labels, schema=schema, model=model), base_url=base_url
    )
    show_outcome(outcome, form=form)
    ctx.exit(1 if isinstance(outcome.value, Unresolved) else 0)


@command.command()
@click.argument("task")
@click.argument("cases", type=click.Path(path_type=Path))
@click.option("--baseline", metavar="MODEL", required=True, help="The model in use.")
@click.option(
    "--to",
    "candidates",
    metavar="MODEL",
    multiple=True,
    required=True,
    help="A cheaper model on trial. Repeatable.",
)
@_labels
@_schema
@_arguments
@click.option("--recorded", is_flag=True, help="Use the answers in the file and call nobody.")
@click.option("--scorer", metavar="NAME", help="Instead of the task's own, as in compare.")
@click.option("--judge", metavar="MODEL", help="Who judges with --scorer judge; never an arm.")
@click.option(
    "--human-labels", type=click.Path(path_type=Path), help="Human labels that check a judge."
)
@limit_options
@click.option("--limit", type=click.IntRange(1), help="Use at most so many cases.")
@click.option("--budget", metavar="USD", help="Never spend more than this.")
@click.option("--seed", type=int, default=0, show_default=True, help="Shuffles a live run.")
@click.option("--resume", is_flag=True, help="Go on with the last such run; pay nothing twice.")
@run_options
@_base_url
@concurrency_option
@format_option
@output_option
@click.pass_context
def prove(
    ctx: click.Context,
    /,
    *,
    task: str,
    cases: Path,
    labels: str | None,
    schema: str | None,
    written: tuple[str, ...],
    scorer: str | None,
    human_labels: Path | None,
    **given: Any,
) -> None:
    """
    Is a cheaper model as good at a TASK? The main job, with the task's own prompt and scorer.

    CASES is a file of JSON lines: {"text": ..., "reference": ...}, or {"file": ...}; see
    docs/tasks. The verdict names the request type, task and prompt version; a policy that is set
    for it is what the task follows from then on. Only first answers are compared: what the task
    mends or escalates afterwards comes on top.
    """
    from suffice.cli.tasks_cases import make_cases, tell
    from suffice.tasks.shelf import task_named

    ready = task_named(task)
    made = make_cases(
        ready, cases, _written(written, labels=labels, schema=schema), strict=given["strict"]
    )
    scorer = scorer or ("judge" if given["judge"] else made.scorer)
    options = Options(cases=made.path, scorer=scorer, labels=human_labels, **given)
    limits = limits_of(options)
    check(options)
    tell(made, ready)
    if options.recorded:
        from suffice.cli.compare_recorded import run as run_recorded

        comparison = run_recorded(options, limits)
    else:
        from suffice.cli.compare_live import run as run_live

        comparison = run_live(options, limits)
    write(comparison, form=options.form, outputs=options.outputs)
    ctx.exit(exit_code(comparison))


def _written(written: tuple[str, ...], **short: str | None) -> list[str]:
    """All arguments as NAME=VALUE."""
    return [*written, *(f"{name}={value}" for name, value in short.items() if value is not None)]
