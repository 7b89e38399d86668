"""`suffice explain`: what a code means; or why a request, a type or an event is as it is."""

from __future__ import annotations

import re

import click

from suffice.cli.rollout_world import Places, at_places
from suffice.errors import BadOption

_CODE = re.compile(r"(?:sf\w*|sl\d+|\d{1,4})\Z", re.IGNORECASE)


@click.command()
@click.argument("code", metavar="[CODE|REQUEST_ID|TYPE|ROUTE|EVENT|POLICY]", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "md"]),
    default="text",
    show_default=True,
)
@at_places
def command(*, code: str | None, form: str, places: Places) -> None:
    """
    What a code means: cause, effect, what to do. Without an argument, list them all.

    For an answer's request-id, a request type, a route ("TYPE -> MODEL"), an event (event:12) or a
    version of the policy (policy:7, policy:current): the chain from what was served to the policy,
    the rollout and the comparison it rests on.
    """
    from suffice.cli.explanations import explanations

    if code is not None and not _CODE.match(code.strip()):
        from suffice.cli.explain_chain import explain_chain

        explain_chain(code.strip(), places, form=form)
        return
    if code is None:
        _show_all(form)
        return
    wanted = _spelt(code)
    if wanted not in explanations():
        raise BadOption(
            f"There is no code {code!r}.",
            effect="Nothing is explained.",
            next_step=_nearest(wanted),
        )
    _show_one(wanted, form)


def _spelt(code: str) -> str:
    """
    The code as the tree writes it.

    >>> _spelt("sf305"), _spelt("305")
    ('SF305', 'SF305')
    """
    plain = code.strip().upper()
    return f"SF{plain}" if plain.isdigit() else plain


def _nearest(wanted: str) -> str:
    from suffice.cli.explanations import explanations

    near = [code for code in explanations() if code[:3] == wanted[:3]]
    if near:
        return f"Of that kind there are {', '.join(near)}."
    return "`suffice explain` lists them all."


def _show_one(code: str, form: str) -> None:
    from suffice.cli.explanations import exit_code_of, explanations, markdown
    from suffice.cli.labelled import labelled
    from suffice.cli.money_text import Page, emit, json_text

    page = explanations()[code]
    if form == "json":
        document = {"schema": "suffice.explanation", "version": 1, "code": code}
        emit(json_text({**document, "exit_code": exit_code_of(code), "page": page}))
        return
    if form == "md":
        emit(markdown(code))
        return
    out = Page()
    out.line(f"{code} · {page.title}", style="bold")
    out.line()
    fixes = [("fix", text) for text in page.fix]
    out.block(labelled([("cause", page.cause), ("effect", page.effect), *fixes]))


def _show_all(form: str) -> None:
    from suffice.cli.explanations import explanations, markdown
    from suffice.cli.money_text import Page, emit, json_text

    pages = explanations()
    if form == "json":
        codes = [{"code": code, "page": page} for code, page in pages.items()]
        emit(json_text({"schema": "suffice.explanations", "version": 1, "codes": codes}))
        return
    if form == "md":
        emit("\n".join(markdown(code) for code in pages))
        return
    out = Page()
    for code, page in pages.items():
        out.line(f"{code}  {page.title}")
    out.line()
    out.next("suffice explain SF305")
