"""Which decisions are exported, into which files, and what that changes in them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from suffice.adapters.appending import write_atomically
from suffice.adapters.storage import read_result
from suffice.cli.rollout_proofs import Proof, kept_proofs, model_name, switches
from suffice.cli.stored_run import find_run
from suffice.errors import BadOption, EmptyInput, StorageError, UnfitEdit, UnreadableFile
from suffice.monitor.moves import is_requalifying
from suffice.records import Word
from suffice.records.rollout import Rollout, RolloutState
from suffice.reports.exports import (
    ALIASES,
    Decision,
    agent_file,
    agent_model,
    claude_model,
    claude_settings,
    env_lines,
    litellm_config,
    model_map,
    named_in_env,
    named_in_litellm,
    named_in_map,
)
from suffice.reports.untrusted import visible

_PUBLIC_MODE = 0o644
_SECRET = re.compile(
    r"""(?P<name>(?:token|key|secret|password)\w*["']?\s*[:=]\s*["']?)(?!os\.environ/)[^"'\s,}]+""",
    re.IGNORECASE,
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An export, as its options say it."""

    types: tuple[str, ...]
    form: str
    run: str | None
    out: Path | None
    places: tuple[str, ...]
    write: bool


class Exported(NamedTuple):
    """
    What a file is to say.

    Attributes:
        decided: Types their candidates may take.
        back: Types that were taken back; where a file still gives one to its candidate, the
            baseline gets it again.
    """

    decided: list[Decision]
    back: list[Rollout]


class Written(NamedTuple):
    """A file before and after."""

    path: Path | None
    before: bytes
    after: bytes


def export(asked: Asked, *, store: Path) -> bool:
    """
    Show or write the export; whether any file does not say it already.

    Raises:
        BadOption: A type or a place nobody knows.
        EmptyInput: No verdict may be exported.
        UnfitEdit: A file has no place for it.
        StorageError: A file cannot be written.
    """
    files = _files(asked, exported(asked, store=store))
    for file in files:
        if file.path is None:
            click.echo(file.after, nl=False)
        elif file.before == file.after:
            click.echo(f"{file.path} says so already.")
        else:
            click.echo(_difference(file), nl=False)
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
            _put(path, content)
            click.echo(f"{path} written", err=True)
    return bool(changed)


def exported(asked: Asked, *, store: Path) -> Exported:
    """
    The Switch verdicts that may be exported; those that may not are named on stderr.

    Raises:
        BadOption: A type has no verdict at all.
        EmptyInput: Nothing is left.
    """
    proofs = _proofs(asked)
    known = {proof.verdict.type for proof in proofs}
    unknown = [name for name in asked.types if name not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(known), n=3, cutoff=0.4)
        raise BadOption(
            f"No verdict was kept on {unknown[0]!r}.",
            effect="Nothing was exported.",
            next_step=f"There is one on {', '.join(near or sorted(known)[:5])}."
            if known
            else "Compare first.",
        )
    back = _taken_back(store)
    good = {proof.verdict.type: proof for proof in switches(iter(proofs))}
    decided, given_back = [], []
    for name in sorted(known if not asked.types else set(asked.types)):
        if name in back:
            told = f"{name} was taken back to {back[name].baseline}, also where it was exported"
            click.echo(f"left out: {told}", err=True)
            given_back.append(back[name])
        elif name not in good:
            click.echo(f"left out: {name}, {_why_not(proofs, name)}", err=True)
        else:
            decided.append(_decision(good[name]))
    if not decided and not given_back:
        raise _nothing_to_export()
    return Exported(decided, given_back)


def _proofs(asked: Asked) -> list[Proof]:
    if asked.run is None:
        return list(kept_proofs())
    comparison = read_result(find_run(asked.run))
    return [Proof(asked.run, comparison.created, verdict) for verdict in comparison.types]


def _why_not(proofs: Sequence[Proof], name: str) -> str:
    newest = max((p for p in proofs if p.verdict.type == name), key=lambda proof: proof.created)
    verdict = newest.verdict
    if verdict.verdict is Word.SWITCH:
        return "its Switch is provisional"
    return f"it says {verdict.verdict.value.replace('_', ' ')} after {verdict.pairs:,} pairs"


def _decision(proof: Proof) -> Decision:
    verdict = proof.verdict
    return Decision(
        type=verdict.type,
        baseline=model_name(verdict.baseline),
        candidate=model_name(verdict.candidate),
        run=proof.run,
        pairs=verdict.pairs,
        sentence=verdict.sentence,
    )


def _nothing_to_export() -> EmptyInput:
    return EmptyInput(
        "No verdict may be exported.",
        effect="Nothing was written.",
        next_step="Only a Switch that is not provisional may: suffice rollout next",
    )


def _given_back(rollout: Rollout) -> Decision:
    return Decision(type=rollout.type, baseline=rollout.baseline, candidate=rollout.baseline)


def _taken_back(store: Path) -> dict[str, Rollout]:
    from suffice.adapters.storage.rollouts import Rollouts

    if not store.exists():
        return {}
    with Rollouts.open(store, write=False) as rollouts:
        return {
            kept.rollout.type: kept.rollout
            for kept in rollouts.all()
            if kept.rollout.state is RolloutState.ROLLED_BACK or is_requalifying(kept.rollout)
        }


def _files(asked: Asked, found: Exported) -> list[Written]:
    if asked.form == "claude-code":
        return _claude_code(asked.out or Path(".claude"), asked.places, found)
    if asked.places:
        raise BadOption("--place is for claude-code.", effect="Nothing was written.")
    before = _content(asked.out)
    existing = before.decode("utf-8", "surrogateescape")
    named = {"policy-json": named_in_map, "env": named_in_env, "litellm": named_in_litellm}
    back = [_given_back(one) for one in found.back if named[asked.form](existing, one.type)]
    if not found.decided and not back:
        raise _nothing_to_export()
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
    decisions = [*found.decided, *map(_given_back, found.back)]
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


def _difference(file: Written) -> str:
    before, after = (
        content.decode("utf-8", "replace").splitlines(keepends=True)
        for content in (file.before, file.after)
    )
    name = str(file.path)
    # Without the lines around a change: such files hold credentials, and this is shown.
    lines = difflib.unified_diff(before, after, f"{name} (now)", f"{name} (then)", n=0)
    text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
    return visible(_SECRET.sub(r"\g<name>[hidden]", text))


def _put(path: Path, content: bytes) -> None:
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
