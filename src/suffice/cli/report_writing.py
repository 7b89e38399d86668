"""The weekly report onto stdout, into files, and by mail."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from suffice.adapters.alerts.mail import EmailSender
from suffice.adapters.alerts.sending import NotDelivered
from suffice.cli.alerts import alert_targets
from suffice.cli.console import results, speaks_unicode
from suffice.cli.money_text import json_text
from suffice.errors import BadOption, EmptyInput, StorageError
from suffice.records.alert import EmailTarget
from suffice.reports.week import Week
from suffice.reports.weekly import title, weekly_json
from suffice.reports.weekly_surfaces import weekly_html, weekly_markdown, weekly_text


def rendered(week: Week, form: str) -> str:
    """The report in a form."""
    match form:
        case "json":
            return json_text(weekly_json(week))
        case "md":
            return weekly_markdown(week)
        case "html":
            return weekly_html(week)
        case _:
            return weekly_text(week, unicode=speaks_unicode(results()))


def check_endings(outputs: Iterable[Path], endings: Mapping[str, str]) -> None:
    """
    Refuse a file whose form nobody can tell, before anything is read.

    Raises:
        BadOption: Its ending is not one we know.
    """
    for output in outputs:
        if output.suffix.lower() not in endings:
            raise BadOption(
                f"{output} has no ending that says its form.",
                effect="Nothing was written.",
                next_step=f"Use one of {' '.join(endings)}.",
            )


def put(path: Path, text: str) -> None:
    """
    Write a file.

    Raises:
        StorageError: It cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            effect="The report above stands; that file is missing.",
            next_step="Choose another place with -o.",
        ) from error


def mail(week: Week) -> bool:
    """
    Mail it to every e-mail place; whether it arrived at all of them.

    Raises:
        EmptyInput: The settings name none.
        BadSettings: A password's variable is not set.
    """
    targets = {
        name: target for name, target in alert_targets().items() if isinstance(target, EmailTarget)
    }
    if not targets:
        raise EmptyInput(
            "The settings name no e-mail place.",
            effect="Nothing was mailed.",
            next_step='Add [alerts.NAME] with kind = "email"; see docs/alerts.md.',
        )
    arrived = True
    for name, target in targets.items():
        try:
            EmailSender(name, target, os.environ).send_report(
                title(week), text=weekly_text(week), html=weekly_html(week)
            )
            click.echo(f"mailed to {name}", err=True)
        except NotDelivered as error:
            arrived = False
            click.echo(f"{name} was not reached: {error.why}", err=True)
    return arrived
