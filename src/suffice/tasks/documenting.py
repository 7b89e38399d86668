"""Docstrings written by a model, for one definition."""

from __future__ import annotations

import sys

import msgspec

from suffice.errors import BadOption
from suffice.records import Answer
from suffice.tasks.calling import TaskCall
from suffice.tasks.docstrings.asking import DocstringForm, docstring_job
from suffice.tasks.docstrings.places import Place, places
from suffice.tasks.docstrings.source import Source, Unreadable
from suffice.tasks.docstrings.splicing import Misplaced, spliced_text
from suffice.tasks.docstrings.styles import Style
from suffice.tasks.job import Job
from suffice.tasks.outcome import Unresolved


@TaskCall
def write_docstring(
    source: str,
    *,
    name: str | None = None,
    style: Style = "google",
    width: int = 88,
    examples: bool = False,
    model: str | None = None,
) -> Job[str]:
    """
    A source text with a docstring for one of its definitions; the rest is the same text.

    The model says what there is to say of each parameter, of what is given back and of every
    exception raised by name; the form is made here. What it says only ever stands inside the
    docstring. ``write_docstring.outcome(...).details`` is the docstring alone.

    Args:
        source: Python code.
        name: The definition, dots between names (``Class.method``); None: the first one.
        style: ``google``, ``numpy`` or ``sphinx``.
        width: Characters a line may have.
        examples: Doctests are asked for. They are the model's code: read them before you run
            them.
        model: Who is asked, with settings; None: by the policy, else by the prior.

    Raises:
        BadOption: No Python, no definition of that name, or no such style.

    >>> from suffice.tasks import Runner, using
    >>> from suffice.testing import answering
    >>> said = '{"summary": "Add one", "description": "", "parameters": {"n": "Any number."}, '
    >>> recorded = answering(said + '"returns": "The next number."}')
    >>> with using(Runner(recorded, ladder=lambda *_: ("claude-haiku-5-5",))):
    ...     outcome = write_docstring.outcome("def after(n): return n + 1", style="sphinx")
    >>> print(outcome.details)
    Add one.
    <BLANKLINE>
    :param n: Any number.
    :returns: The next number.
    """
    form = DocstringForm(style=style, width=width, examples=examples)
    read, found = _read(source)
    number = _numbered(found, name)
    job = docstring_job(found[number], form, model=model)

    def value(answer: Answer) -> str | Unresolved:
        text = job.read(answer)
        if isinstance(text, Unresolved):
            return text
        try:
            return spliced_text(read, found, {number: text})
        except Misplaced as wrong:
            return Unresolved(reason="rejected", detail=f"{wrong}.", text=answer.text)

    return msgspec.structs.replace(job, read=value, details=job.read)


def _read(text: str) -> tuple[Source, list[Place]]:
    # It is decoded already: what it says of its encoding no longer counts.
    source = Source(text=text, encoding="utf-8", marked=False)
    try:
        text.encode()
        return source, places(source)
    except (Unreadable, UnicodeError) as wrong:
        raise BadOption(
            f"The source is no Python: {wrong}.",
            effect="Nothing was asked.",
            next_step=f"Give code that Python {sys.version_info[0]}.{sys.version_info[1]} reads.",
        ) from wrong


def _numbered(found: list[Place], name: str | None) -> int:
    for number, place in enumerate(found):
        if place.name == name or (name is None and place.kind != "module"):
            return number
    known = ", ".join(place.name for place in found[1:6])
    raise BadOption(
        f"There is no definition {name!r}." if name else "The source defines nothing.",
        effect="Nothing was asked.",
        next_step=f"Name one of: {known}." if known else "Give a function or a class.",
    )
