"""The pages behind `suffice explain`, as data: one per error code and rule of `suffice lint`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec

from suffice import errors
from suffice.linter import rules


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
    pages = msgspec.convert(read, dict[str, Explanation])
    return dict(sorted({**pages, **_rules_of_lint()}.items()))


def _rules_of_lint() -> dict[str, Explanation]:
    return {
        code: Explanation(title=rule.title, cause=rule.cause, effect=rule.effect, fix=rule.fix)
        for code, rule in rules().items()
    }


def exit_code_of(code: str) -> int:
    """What a command exits with where the code is its end; a finding of a lint is a 1."""
    kind = errors_by_code().get(code)
    return 1 if kind is None else kind.exit_code


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
    kind = errors_by_code().get(code)
    named = (
        f"`suffice.errors.{kind.__name__}`" if kind else f"Found by `suffice lint`, {_level(code)}"
    )
    fixes = "".join(f"* {line}\n" for line in page.fix)
    return (
        f"## {code} · {page.title}\n\n{page.cause}\n\n**Effect.** {page.effect}\n\n"
        f"{fixes}\n{named}, exit code {exit_code_of(code)}.\n"
    )


def _level(code: str) -> str:
    return {"error": "as an error", "warning": "as a warning"}[rules()[code].level]
