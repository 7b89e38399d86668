"""A lint of a project as a person reads it."""

from __future__ import annotations

from itertools import groupby

from rich.table import Table
from rich.text import Text

from suffice.cli.money_text import Page
from suffice.reports.lint import LintReport
from suffice.reports.words import count

_STYLES = {"error": "red", "warning": "yellow"}


def show(report: LintReport, *, calls: bool) -> None:
    """Findings by file, then the calls where asked for, then the sum and the next step."""
    out = Page()
    for path, findings in groupby(report.findings, key=lambda one: one.path):
        out.line(path, style="bold")
        table = Table.grid(padding=(0, 2, 0, 0))
        for column in ("place", "code"):
            table.add_column(column, no_wrap=True)
        table.add_column("message", overflow="fold")
        for one in findings:
            place = Text(f"  {one.line}:{one.column}", style="dim")
            code = Text(one.code, style=_STYLES[one.level])
            table.add_row(place, code, Text(f"{one.message} Fix: {one.fix}."))
        out.block(table)
        out.line()
    for path, why in report.broken.items():
        out.line(f"{path} could not be read: {why}", style="yellow")
    if calls and report.calls:
        _show_calls(out, report)
    out.line(_summed_up(report))
    if report.findings:
        out.next(f"suffice explain {report.findings[0].code}")
    elif report.calls:
        out.next("suffice advise --task classification")


def _show_calls(out: Page, report: LintReport) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    for column in ("place", "model", "task"):
        table.add_column(column, overflow="fold")
    for call in report.calls:
        model = call.model or "decided elsewhere"
        table.add_row(f"{call.path}:{call.line}", model, call.task or "")
    out.block(table)
    out.line()


def _summed_up(report: LintReport) -> str:
    errors = report.errors
    warnings = len(report.findings) - errors
    found = f"{count(errors, 'error')}, {count(warnings, 'warning')}" if report.findings else "fine"
    return f"{count(len(report.calls), 'model call')} in {count(report.files, 'file')}: {found}."
