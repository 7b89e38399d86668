"""What an export changes: shown, or written."""

from __future__ import annotations

from pathlib import Path

import click

from suffice.cli.export_decisions import Asked, exported
from suffice.cli.export_files import difference, files_of, put


def export(asked: Asked, *, store: Path) -> bool:
    """
    Show or write the export; whether any file does not say it already.

    Raises:
        BadOption: A type or a place nobody knows.
        EmptyInput: No verdict may be exported.
        UnfitEdit: A file has no place for it.
        StorageError: A file cannot be written.
    """
    files = files_of(asked, exported(asked, store=store))
    for file in files:
        if file.path is None:
            click.echo(file.after, nl=False)
        elif file.before == file.after:
            click.echo(f"{file.path} says so already.")
        else:
            click.echo(difference(file), nl=False)
    changed = [
        (file.path, file.after)
        for file in files
        if file.path is not None and file.before != file.after
    ]
    if changed and not asked.write:
        folders = sorted({str(path.parent) for path, _ in changed if not path.parent.exists()})
        makes = f", and makes {', '.join(folders)}" if folders else ""
        click.echo(f"\nNothing was written; --write does it{makes}.", err=True)
    elif asked.write:
        for path, content in changed:
            put(path, content)
            click.echo(f"{path} written", err=True)
    return bool(changed)
