"""An advice as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from suffice.cli.labelled import labelled
from suffice.cli.money_text import Page, emit, json_text, usd
from suffice.decision.advice import Advice, Basis


def show(advice: Advice, *, form: str) -> None:
    """Print an advice."""
    match form:
        case "json":
            emit(json_text(advice))
        case "md":
            emit(markdown(advice))
        case _:
            _text(advice)


def headline(advice: Advice) -> str:
    """
    What to do and on what ground, in one line.

    A prior never reads like a verdict.
    """
    if advice.model is None:
        return "No model of the table can be advised for this."
    if advice.basis is Basis.MEASURED:
        return f"Use {advice.model}: measured for {advice.task}."
    return f"Try {advice.model} first. This is a prior: nothing was measured."


def markdown(advice: Advice) -> str:
    """The advice as a Markdown section."""
    lines = [f"## {headline(advice)}", ""]
    lines += [f"* **{label}**: {text}" for label, text in _rows(advice)]
    return "\n".join([*lines, "", f"Next: `{advice.command}`", ""])


def _text(advice: Advice) -> None:
    page = Page()
    page.line(headline(advice), style="bold")
    page.line()
    page.block(labelled(_rows(advice)))
    page.line()
    page.next(advice.command)


def _rows(advice: Advice) -> Iterator[tuple[str, str]]:
    yield "why", advice.reason
    for warning in advice.warnings:
        yield "but", warning
    for sentence in advice.evidence:
        yield "measured", sentence
    for limit in advice.limits:
        mark = "" if limit.holds is not False else "! "
        yield "limits", f"{mark}{limit.detail}"
    if advice.refuses:
        yield "refuses", ", ".join(advice.refuses) + "."
    if advice.prompt_usd_per_month is not None:
        yield "prompts", _dollars(advice)
    yield "prior", f"{advice.prior_source}; table of {advice.prior_dated}."


def _dollars(advice: Advice) -> str:
    assert advice.prompt_usd_per_month is not None  # noqa: S101 - asked by the caller
    ours = f"{usd(advice.prompt_usd_per_month)} a month at list price, answers not counted"
    if advice.large_prompt_usd_per_month in {None, advice.prompt_usd_per_month}:
        return f"{ours}."
    assert advice.large_prompt_usd_per_month is not None  # noqa: S101 - excluded above
    return f"{ours}; {usd(advice.large_prompt_usd_per_month)} on the large model."
