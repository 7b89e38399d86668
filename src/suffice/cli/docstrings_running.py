"""`suffice docstrings` at work: files read, docstrings asked for, files put in place."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

import click
import msgspec

from suffice.adapters.appending import write_atomically
from suffice.cli import EXIT_BUDGET, EXIT_UNDECIDED
from suffice.cli.python_files import python_files
from suffice.errors import BadOption, EmptyInput, StorageError, UnreadableFile
from suffice.tasks.batch import Batch
from suffice.tasks.current import runner_from_environment, using
from suffice.tasks.docstrings.asking import DocstringForm
from suffice.tasks.docstrings.source import Unreadable
from suffice.tasks.docstrings.styles import Style
from suffice.tasks.documenting_files import (
    DocstringScope,
    DocumentedFile,
    Existing,
    Lack,
    awrite_docstrings,
    missing_docstrings,
)
from suffice.tasks.outcome import Outcome, Unresolved


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options; see its help."""

    check: bool
    write: bool
    yes: bool
    style: Style
    existing: Existing
    private: bool
    nested: bool
    no_modules: bool
    examples: bool
    width: int
    exclude: tuple[str, ...]
    model: str | None
    budget: str | None
    resume: Path | None
    concurrency: int
    base_url: str | None

    @classmethod
    def of(cls, given: dict[str, Any]) -> Options:
        """
        The options as they were given.

        Raises:
            BadOption: They contradict each other.
        """
        options = cls(**given)
        if options.check and options.write:
            raise BadOption("--check and --write exclude each other.", effect="Nothing was done.")
        return options

    @property
    def scope(self) -> DocstringScope:
        """Which definitions."""
        return DocstringScope(
            existing=self.existing,
            private=self.private,
            nested=self.nested,
            modules=not self.no_modules,
        )

    @property
    def budget_usd(self) -> Decimal | None:
        """
        The bound on what is spent.

        Raises:
            BadOption: It is no sum.
        """
        if self.budget is None:
            return None
        try:
            return Decimal(self.budget.removeprefix("$"))
        except InvalidOperation as wrong:
            raise BadOption(
                f"--budget {self.budget} is no sum of dollars.", effect="Nothing was asked."
            ) from wrong

    def files(self, paths: tuple[Path, ...]) -> dict[str, bytes]:
        """
        The files' content, by their paths.

        Raises:
            EmptyInput: There is no Python file.
            UnreadableFile: One cannot be read.
        """
        found = {}
        for path in python_files(paths, self.exclude):
            try:
                found[str(path)] = path.read_bytes()
            except OSError as error:
                raise UnreadableFile(
                    f"{path} cannot be read: {error.strerror or error}.",
                    effect="Nothing was asked.",
                    next_step="Check its permissions, or pass it over with --exclude.",
                ) from error
        if not found:
            raise EmptyInput(
                f"No Python file was found in {', '.join(str(one.absolute()) for one in paths)}.",
                effect="Nothing was asked.",
                next_step="Name the folder your code is in.",
            )
        return found


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """
    What lacks a docstring.

    Attributes:
        files: How many files were read.
        missing: Path -> definitions, in the file's order.
        broken: Path -> why a file cannot be read.
    """

    schema: Literal["suffice.docstrings"] = "suffice.docstrings"
    version: int = 1
    files: int
    missing: dict[str, list[Lack]] = {}
    broken: dict[str, str] = {}


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is to become of the files.

    Attributes:
        files: Path -> its docstrings.
    """

    files: dict[str, DocumentedFile]

    @property
    def changed(self) -> dict[str, DocumentedFile]:
        """The files that would change."""
        return {path: file for path, file in self.files.items() if file.after != file.before}

    @property
    def outcomes(self) -> list[tuple[str, Lack, Outcome[str]]]:
        """Every definition that was to get a docstring, with its file."""
        return [
            (path, lack, outcome)
            for path, file in self.files.items()
            for lack, outcome in zip(file.lacks, file.outcomes, strict=True)
        ]

    @property
    def exit_code(self) -> int:
        """12 where the budget was reached, 10 where something could not be written, else 0."""
        why = {
            outcome.value.reason
            for _, _, outcome in self.outcomes
            if isinstance(outcome.value, Unresolved)
        }
        if "budget" in why:
            return EXIT_BUDGET
        broken = any(file.broken for file in self.files.values())
        return EXIT_UNDECIDED if why or broken else 0

    def write(self) -> None:
        """
        Put every changed file in place, whole, with the permissions it has.

        Raises:
            StorageError: A file was changed meanwhile, or cannot be written; those before it are
                in place.
        """
        for name, file in self.changed.items():
            path = Path(name).resolve()
            if path.read_bytes() != file.before:
                raise StorageError(
                    f"{name} was changed while its docstrings were written.",
                    effect="This file and those after it are as they were.",
                    next_step="Run the command again; with --resume nothing is paid twice.",
                )
            mode = path.stat().st_mode
            write_atomically(path, file.after)
            path.chmod(mode)


def checked(files: dict[str, bytes], options: Options) -> Missing:
    """What lacks a docstring. Nobody is asked."""
    missing: dict[str, list[Lack]] = {}
    broken: dict[str, str] = {}
    for path, content in files.items():
        try:
            lacks = missing_docstrings(content, scope=options.scope, style=options.style)
        except Unreadable as wrong:
            broken[path] = str(wrong)
            continue
        if lacks:
            missing[path] = lacks
    return Missing(files=len(files), missing=missing, broken=broken)


def proposed(files: dict[str, bytes], options: Options) -> Proposed:
    """
    The files with docstrings; nothing is written to them.

    Raises:
        MissingKey: The environment holds no credential.
        BadOption: The budget is no sum.
    """
    done = 0

    def on_done(_place: int, _outcome: object) -> None:
        nonlocal done
        done += 1
        click.echo(f"\rdefinitions done: {done}", err=True, nl=False)

    batch = Batch(
        concurrency=options.concurrency,
        budget_usd=options.budget_usd,
        resume=options.resume,
        on_done=on_done,
    )
    base_url = {"ANTHROPIC_BASE_URL": options.base_url} if options.base_url else {}

    async def ask() -> dict[str, DocumentedFile]:
        if not checked(files, options).missing:
            return {name: DocumentedFile(before=raw, after=raw) for name, raw in files.items()}
        runner = runner_from_environment({**os.environ, **base_url})
        try:
            with using(runner):
                return await awrite_docstrings(
                    files,
                    scope=options.scope,
                    form=DocstringForm(
                        style=options.style, width=options.width, examples=options.examples
                    ),
                    batch=batch,
                    model=options.model,
                )
        finally:
            await runner.models.aclose()

    answered = asyncio.run(ask())
    if done:
        click.echo(err=True)
    return Proposed(files=answered)
