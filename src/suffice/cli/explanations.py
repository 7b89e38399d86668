"""The pages behind `suffice explain`: one per error code, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec

from suffice import errors


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a code means.

    Attributes:
        title: What happened, in a few words.
        cause: How it comes about.
        effect: What was and was not done.
        fix: What to try, the likeliest first.
    """

    title: str
    cause: str
    effect: str
    fix: tuple[str, ...]


@cache
def explanations() -> dict[str, Explanation]:
    """Every page by its code, in order."""
    path = resources.files("suffice.cli") / "explain_pages.toml"
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    return dict(sorted(msgspec.convert(read, dict[str, Explanation]).items()))


def errors_by_code() -> dict[str, type[errors.SufficeError]]:
    """Every error of the tree by its code."""
    return {kind.code: kind for kind in _below(errors.SufficeError)}


def _below(kind: type[errors.SufficeError]) -> Iterator[type[errors.SufficeError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _below(narrower)


def markdown(code: str) -> str:
    """
    One page as a Markdown section.

    >>> markdown("SF305").splitlines()[0]
    '## SF305 · No price for a model'
    """
    page = explanations()[code]
    kind = errors_by_code()[code]
    fixes = "".join(f"* {line}\n" for line in page.fix)
    return (
        f"## {code} · {page.title}\n\n{page.cause}\n\n**Effect.** {page.effect}\n\n"
        f"{fixes}\n`suffice.errors.{kind.__name__}`, exit code {kind.exit_code}.\n"
    )
