"""A ranking, and the type of every exchange, into files: text, JSON lines or Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from suffice.adapters.exchanges import Exchanges
from suffice.adapters.parquet import write_parquet
from suffice.adapters.typed_exchanges.store import TypedExchanges
from suffice.cli.console import progress
from suffice.cli.types_view import Shown, text_of
from suffice.errors import BadOption, StorageError
from suffice.reports.types_data import types_columns
from suffice.traffic.ranking import Ranking

_FORMS = {
    ".json": "json", ".csv": "csv", ".md": "md", ".html": "html", ".txt": "text",
    ".parquet": "parquet",
}  # fmt: skip


def check_files(paths: Sequence[Path]) -> None:
    """
    Refuse a file whose name says no format, before anything is read.

    Raises:
        BadOption: There is one.
    """
    for path in paths:
        if path.suffix not in _FORMS:
            raise BadOption(
                f"The name {path} says no format.",
                effect="Nothing was written.",
                next_step=f"End it with one of {', '.join(_FORMS)}.",
            )


def write_ranking(ranking: Ranking, path: Path, shown: Shown) -> None:
    """
    A ranking in the format its file's name says.

    Raises:
        StorageError: It cannot be written.
    """
    form = _FORMS[path.suffix]
    try:
        if form == "parquet":
            write_parquet(path, types_columns(ranking))
        else:
            path.write_text(text_of(ranking, shown, form=form), encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error, "-o") from error


def write_assignments(store: Exchanges, path: Path) -> None:
    """
    One line per exchange, with the source's own id and its type; in the order of import.

    Raises:
        StorageError: It cannot be written.
    """
    typed = TypedExchanges(store)
    try:
        if path.suffix == ".parquet":
            written = typed.write_assignments(path)
        else:
            written = _as_lines(typed, path)
    except OSError as error:
        raise _unwritable(path, error, "--assignments") from error
    progress().print(f"{written:,} exchanges with their types in {path}", markup=False)


def _as_lines(typed: TypedExchanges, path: Path) -> int:
    encode = msgspec.json.Encoder().encode
    written = 0
    with path.open("wb") as file:
        for identity, name in typed.assignments():
            file.write(encode({"id": identity, "type": name}) + b"\n")
            written += 1
    return written


def _unwritable(path: Path, error: OSError, option: str) -> StorageError:
    return StorageError(
        f"{path} cannot be written: {error.strerror or error}.",
        effect="That file is incomplete; the data folder is untouched.",
        next_step=f"Choose another place with {option}.",
    )
