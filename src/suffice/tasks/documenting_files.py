"""Docstrings for whole files: which definitions lack one, and the files with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from suffice.tasks.batch import Batch, run_all
from suffice.tasks.current import current_runner, in_background
from suffice.tasks.docstrings.asking import DocstringForm, docstring_job
from suffice.tasks.docstrings.places import Place, places
from suffice.tasks.docstrings.source import Source, Unreadable, read_source
from suffice.tasks.docstrings.splicing import Misplaced, spliced
from suffice.tasks.docstrings.styles import Style, missing
from suffice.tasks.job import Job
from suffice.tasks.outcome import Outcome, Unresolved

Existing = Literal["keep", "incomplete", "all"]


class DocstringScope(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which definitions of a file are to have docstrings.

    Never those that something else documents: special methods such as ``__init__``, overloads,
    a property's setters.

    Attributes:
        existing: What becomes of docstrings that are there: ``keep`` them all, write the
            ``incomplete`` ones anew (a parameter, what is returned or an exception is not named
            in the style), or ``all``.
        private: Names that begin with an underscore too.
        nested: Definitions inside functions too.
        modules: Files themselves too.
    """

    existing: Existing = "keep"
    private: bool = False
    nested: bool = False
    modules: bool = True


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """
    A definition whose docstring is to be written.

    Attributes:
        name: With those it stands in, dots between; empty for the module.
        kind: ``module``, ``class`` or ``function``.
        line: Where it begins, from 1.
        missing: What its docstring does not name; empty where it has no docstring.
    """

    name: str
    kind: str
    line: int
    missing: tuple[str, ...] = ()


class DocumentedFile(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of a file.

    Attributes:
        before: Its bytes.
        after: Its bytes with docstrings; the same where nothing was to be written, or could be.
        lacks: What was to be written, in the file's order.
        outcomes: What became of each of these.
        broken: Why the file was left alone; empty where it was not.
    """

    before: bytes
    after: bytes
    lacks: tuple[Lack, ...] = ()
    outcomes: tuple[Outcome[str], ...] = ()
    broken: str = ""


def missing_docstrings(
    content: bytes, *, scope: DocstringScope, style: Style = "google"
) -> list[Lack]:
    r"""
    The definitions of a file whose docstrings are to be written. No model is needed.

    Raises:
        Unreadable: It is no Python this interpreter reads.

    >>> content = b"def f(): ...\ndef _g(): ...\n"
    >>> [lack.name for lack in missing_docstrings(content, scope=DocstringScope())]
    ['', 'f']
    """
    source = read_source(content)
    return [lack for _, lack in _lacking(places(source), scope, style)]


def write_docstrings(
    files: Mapping[str, bytes],
    *,
    scope: DocstringScope | None = None,
    form: DocstringForm | None = None,
    batch: Batch | None = None,
    model: str | None = None,
) -> dict[str, DocumentedFile]:
    """
    Files with docstrings, by their names; nothing is written to disk.

    Args:
        files: Name -> content, in whatever encoding it declares.
        scope: Which definitions.
        form: How docstrings look.
        batch: How many at once, within what budget, and where to resume from.
        model: Who is asked, with settings; None: by the policy, else by the prior.

    Raises:
        StorageError: The batch's resume file cannot be read or written.
        SpendLimit: The account's own limit.
        Refused: The credential is not accepted.
    """
    return in_background(awrite_docstrings(files, scope=scope, form=form, batch=batch, model=model))


async def awrite_docstrings(
    files: Mapping[str, bytes],
    *,
    scope: DocstringScope | None = None,
    form: DocstringForm | None = None,
    batch: Batch | None = None,
    model: str | None = None,
) -> dict[str, DocumentedFile]:
    """As `write_docstrings`, without blocking."""
    plans = {
        name: _planned(content, scope or DocstringScope(), form or DocstringForm(), model)
        for name, content in files.items()
    }
    jobs = [job for plan in plans.values() for job in plan.jobs]
    outcomes = iter(await run_all(current_runner(), jobs, batch or Batch()) if jobs else ())
    return {
        name: _finished(plan, [next(outcomes) for _ in plan.jobs]) for name, plan in plans.items()
    }


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done of a file."""

    content: bytes
    source: Source | None = None
    found: list[Place] = []
    lacks: dict[int, Lack] = {}
    jobs: list[Job[str]] = []
    broken: str = ""


def _planned(
    content: bytes, scope: DocstringScope, form: DocstringForm, model: str | None
) -> _Plan:
    try:
        source = read_source(content)
        found = places(source)
    except Unreadable as wrong:
        return _Plan(content=content, broken=str(wrong))
    lacks = dict(_lacking(found, scope, form.style))
    jobs = [docstring_job(found[number], form, model=model) for number in lacks]
    return _Plan(content=content, source=source, found=found, lacks=lacks, jobs=jobs)


def _finished(plan: _Plan, outcomes: list[Outcome[str]]) -> DocumentedFile:
    texts = {
        number: outcome.value
        for number, outcome in zip(plan.lacks, outcomes, strict=True)
        if not isinstance(outcome.value, Unresolved)
    }
    after, broken = plan.content, plan.broken
    if texts and plan.source is not None:
        try:
            after = spliced(plan.source, plan.found, texts)
        except Misplaced as wrong:
            broken = str(wrong)
    return DocumentedFile(
        before=plan.content,
        after=after,
        lacks=tuple(plan.lacks.values()),
        outcomes=tuple(outcomes),
        broken=broken,
    )


def _lacking(found: list[Place], scope: DocstringScope, style: Style) -> Iterable[tuple[int, Lack]]:
    for number, place in enumerate(found):
        if (
            place.special
            or (place.private and not scope.private)
            or (place.nested and not scope.nested)
            or (place.kind == "module" and (not scope.modules or not place.code.strip()))
        ):
            continue
        absent: tuple[str, ...] = ()
        if place.docstring is not None and place.docstring.strip():
            absent = missing(place.facts, place.docstring, style=style)
            if scope.existing == "keep" or (scope.existing == "incomplete" and not absent):
                continue
        yield number, Lack(name=place.name, kind=place.kind, line=place.line, missing=absent)
