"""The files decisions are exported into, before and after."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from suffice.adapters.appending import write_atomically
from suffice.cli.export_decisions import Asked, Exported, given_back_of, nothing_to_export
from suffice.errors import BadOption, EmptyInput, StorageError, UnfitEdit, UnreadableFile
from suffice.reports.exports import (
    Decision,
    env_lines,
    litellm_config,
    model_map,
    named_in_env,
    named_in_litellm,
    named_in_map,
)
from suffice.reports.exports_claude import (
    ALIASES,
    agent_file,
    agent_model,
    claude_model,
    claude_settings,
)
from suffice.reports.untrusted import visible

_PUBLIC_MODE = 0o644
_SECRET = re.compile(
    r"""(?P<name>(?:token|key|secret|password)\w*["']?\s*[:=]\s*["']?)(?!os\.environ/)[^"'\s,}]+""",
    re.IGNORECASE,
)


class Written(NamedTuple):
    """A file before and after."""

    path: Path | None
    before: bytes
    after: bytes


def files_of(asked: Asked, found: Exported) -> list[Written]:
    """
    The files an export is about, as they are and as they are to be.

    Raises:
        BadOption: A place nobody knows.
        EmptyInput: Nothing would stand anywhere.
        UnfitEdit: A file has no place for it.
        UnreadableFile: A file cannot be read.
    """
    if asked.form == "claude-code":
        return _claude_code(asked.out or Path(".claude"), asked.places, found)
    if asked.places:
        raise BadOption("--place is for claude-code.", effect="Nothing was written.")
    before = _content(asked.out)
    existing = before.decode("utf-8", "surrogateescape")
    named = {"policy-json": named_in_map, "env": named_in_env, "litellm": named_in_litellm}
    back = [given_back_of(one) for one in found.back if named[asked.form](existing, one.type)]
    if not found.decided and not back:
        raise nothing_to_export()
    with _naming(asked.out):
        match asked.form:
            case "policy-json":
                # What a map does not name goes where it asks to.
                text = model_map(found.decided)
            case "env":
                text = env_lines(existing, [*found.decided, *back])
            case _:
                text = litellm_config(existing, [*found.decided, *back])
    return [Written(asked.out, before, text.encode("utf-8", "surrogateescape"))]


@contextmanager
def _naming(path: Path | None) -> Iterator[None]:
    """Say of which file it is that it has no place for an edit."""
    try:
        yield
    except UnfitEdit as error:
        if path is None:
            raise
        raise UnfitEdit(
            f"{path}: {error.what}", effect=error.effect, next_step=error.next_step
        ) from error


def _claude_code(folder: Path, places: Sequence[str], found: Exported) -> list[Written]:
    candidates = {one.type: one.candidate for one in found.back}
    decisions = [*found.decided, *map(given_back_of, found.back)]
    settings = folder / "settings.json"
    models: dict[str, str] = {}
    files = []
    placed = _places(places, decisions, folder)
    if not placed:
        raise EmptyInput(
            f"No exported type has a place in {folder}.",
            effect="Nothing was written.",
            next_step=f"Say --place TYPE=WHERE: agent:NAME, {', '.join(['main', *ALIASES])}.",
        )
    for decision, place in placed:
        # Of a type that was taken back only what gives it to its candidate is changed.
        instead_of = candidates.get(decision.type)
        if not place.startswith("agent:"):
            if instead_of in {None, claude_model(_content(settings), place)}:
                with _naming(settings):
                    models[place] = decision.plain_model
            continue
        path = folder / "agents" / f"{place.removeprefix('agent:')}.md"
        before = _content(path)
        text = before.decode("utf-8", "surrogateescape")
        if instead_of in {None, agent_model(text)}:
            with _naming(path):
                after = agent_file(text, decision, instead_of=instead_of or "")
            files.append(Written(path, before, after.encode("utf-8", "surrogateescape")))
    if models:
        before = _content(settings)
        with _naming(settings):
            files.insert(0, Written(settings, before, claude_settings(before, models)))
    return files


def _places(
    places: Sequence[str], decisions: Sequence[Decision], folder: Path
) -> list[tuple[Decision, str]]:
    """Where each type's model stands: as told, else in the sub-agent's file of its name."""
    told = dict(pair.split("=", 1) for pair in places if "=" in pair)
    names = {one.type for one in decisions}
    allowed = {"main", *ALIASES}
    for name, place in told.items():
        agent = place.startswith("agent:") and "/" not in place and ".." not in place
        if name not in names or not (place in allowed or agent):
            raise BadOption(
                f"--place {name}={place} names no exported type, or no place.",
                effect="Nothing was written.",
                next_step=f"Places are {', '.join(sorted(allowed))} and agent:NAME.",
            )
    found = []
    for one in decisions:
        own = folder / "agents" / f"{one.type}.md"
        if one.type in told:
            found.append((one, told[one.type]))
        elif "/" not in one.type and own.is_file():
            found.append((one, f"agent:{one.type}"))
        else:
            click.echo(f"left out: {one.type} has no place; --place {one.type}=...", err=True)
    taken: dict[str, str] = {}
    for one, place in found:
        if place in taken:
            raise BadOption(
                f"{one.type} and {taken[place]} would both decide {place}.",
                effect="Nothing was written.",
                next_step="A place has one model: name one type for it.",
            )
        taken[place] = one.type
    return found


def _content(path: Path | None) -> bytes:
    if path is None or not path.exists():
        return b""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be read: {error.strerror or error}.",
            effect="Nothing was written.",
            next_step="Check its path and its permissions.",
        ) from error


def difference(file: Written) -> str:
    """What changes in a file, without its other lines, secrets hidden."""
    before, after = (
        content.decode("utf-8", "replace").splitlines(keepends=True)
        for content in (file.before, file.after)
    )
    name = str(file.path)
    # Without the lines around a change: such files hold credentials, and this is shown.
    lines = difflib.unified_diff(before, after, f"{name} (now)", f"{name} (then)", n=0)
    text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
    return visible(_SECRET.sub(r"\g<name>[hidden]", text))


def put(path: Path, content: bytes) -> None:
    """Write it whole; a file that is there keeps its mode."""
    mode = path.stat().st_mode & 0o777 if path.exists() else _PUBLIC_MODE
    # Through a link, as dotfiles often are one, the file behind it is written.
    target = path.resolve()
    try:
        if not target.parent.exists():
            target.parent.mkdir(parents=True)
            click.echo(f"{path.parent} made", err=True)
        write_atomically(target, content)
        target.chmod(mode)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            effect="It is as it was.",
            next_step="Check its folder's permissions, or choose another --out.",
        ) from error
