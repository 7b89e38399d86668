"""
Documentation that states facts: written from the program, and checked against it.

    python tools/check_docs.py            fails when a generated page differs or a claim is not true
    python tools/check_docs.py --write    writes the generated pages

Generated are docs/commands.md (from every command's --help), docs/errors.md (from the pages of
`suffice explain`) and docs/library.md (from docstrings). Checked are, over README.md and docs/:
internal links and anchors; the commands and options in code blocks; Python examples (doctests); and
that every public name and port has a docstring, every setting and variable is documented, and
every dependency's reason is given.
"""

from __future__ import annotations

import doctest
import inspect
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

import suffice
from suffice import ports
from suffice.cli import COMMANDS, main
from suffice.cli.explanations import explanations, markdown
from suffice.settings import VARIABLES, known_keys

ROOT = Path(__file__).resolve().parents[1]
_MADE = "<!-- Written by tools/check_docs.py --write. Change the program, not this page. -->"
_REASONS = "docs/decisions/0002-dependencies.md"
_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(suffice [a-z][^`\n]*)`")
_MAKE = re.compile(r"^(?:\$ )?make ([a-z]+)", re.MULTILINE)
_INLINE_MAKE = re.compile(r"`make ([a-z]+)`")


def generated() -> dict[Path, str]:
    """Every generated page and what it must say."""
    return {
        ROOT / "docs" / "commands.md": _commands_page(),
        ROOT / "docs" / "errors.md": _errors_page(),
        ROOT / "docs" / "library.md": _library_page(),
    }


def problems(pages: Iterable[Path]) -> Iterator[str]:
    """Every claim of the pages that is not true, as a sentence."""
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for problem in (
            *_dead_links(page, text),
            *_wrong_commands(text),
            *_unknown_targets(text),
            *_failing_examples(page, text),
        ):
            yield f"{page.relative_to(ROOT)}: {problem}"
    yield from _undocumented()


def all_pages() -> list[Path]:
    """The pages a reader may open."""
    names = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
    return [*(ROOT / name for name in names), *sorted((ROOT / "docs").rglob("*.md"))]


def _commands_page() -> str:
    parts = [
        _MADE,
        "",
        "# Commands",
        "",
        "Results go to stdout and progress to stderr. Exit codes: [exit-codes.md](exit-codes.md).",
        "",
    ]
    for path, command in _all_commands():
        parts += [f"## `{' '.join(path)}`", "", "```text", _help(path, command), "```", ""]
    return "\n".join(parts)


def _all_commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    group = click.Context(main, info_name="suffice")
    for name in COMMANDS:
        command = main.get_command(group, name)
        if command is None:
            raise SystemExit(f"The command {name} has no module.")
        yield ("suffice", name), command
        if isinstance(command, click.Group):
            for inner, below in command.commands.items():
                yield ("suffice", name, inner), below


def _help(path: tuple[str, ...], command: click.Command) -> str:
    ctx = click.Context(command, info_name=" ".join(path), max_content_width=92, terminal_width=92)
    lines = command.get_help(ctx).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _errors_page() -> str:
    intro = "What `suffice explain CODE` prints, for every code."
    return "\n".join(
        [_MADE, "", "# Error codes", "", intro, "", *(markdown(code) for code in explanations())]
    )


def _library_page() -> str:
    parts = [
        _MADE,
        "",
        "# Library",
        "",
        "Everything `suffice` exports, then the ports it needs.",
        "",
    ]
    for name, thing in _public():
        parts += [f"## `{name}`", "", "```text"]
        if inspect.isfunction(thing):
            parts += [f"{thing.__name__}{_signature(thing)}", ""]
        parts += [inspect.getdoc(thing) or "", "```", ""]
        for method, function in _methods(thing):
            first = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
            parts += [f"* `{method}`: {first}"]
        parts += [""] if parts[-1] else []
    return "\n".join(parts)


def _public() -> Iterator[tuple[str, Any]]:
    for name in suffice.__all__:
        yield f"suffice.{name}", getattr(suffice, name)
    for name, port in inspect.getmembers(ports, inspect.isclass):
        if port.__module__ == ports.__name__:
            yield f"suffice.ports.{name}", port


def _signature(function: Callable[..., Any]) -> str:
    """One parameter a line, as the formatter would write it."""
    signature = inspect.signature(function)
    lines, starred = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            lines.append("    *,")
            starred = True
        lines.append(f"    {parameter},")
    returns = signature.return_annotation
    return "\n".join(["(", *lines, f") -> {returns}"])


def _methods(thing: Any) -> Iterator[tuple[str, Any]]:
    if not inspect.isclass(thing):
        return
    for name, member in vars(thing).items():
        if not name.startswith("_") and (
            inspect.isfunction(member) or isinstance(member, property)
        ):
            yield name, member


def _dead_links(page: Path, text: str) -> Iterator[str]:
    for found in _LINK.finditer(_FENCE.sub("", text)):
        target = found[1] or found[2]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"the link to {target} leads nowhere"
        elif anchor and anchor not in _anchors(file):
            yield f"{file.name} has no heading #{anchor}"


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        for heading in headings
    }


def _wrong_commands(text: str) -> Iterator[str]:
    for line in (*_command_lines(text), *_INLINE.findall(text)):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = line.split()
        yield from _wrong_words(words, line)


def _command_lines(text: str) -> Iterator[str]:
    for block in _FENCE.finditer(text):
        if block["info"].split(" ")[0] in {"", "console", "sh", "bash", "shell"}:
            for line in block["body"].replace("\\\n", " ").splitlines():
                bare = re.sub(r"^\$ ", "", line.strip())
                if re.match(r"suffice [a-z]", bare):
                    yield bare


def _wrong_words(words: list[str], line: str) -> Iterator[str]:
    name = words[1]
    if name not in COMMANDS:
        yield f"`{line}`: there is no command {name!r}"
        return
    command = main.get_command(click.Context(main), name)
    rest = words[2:]
    if isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    if command is None:
        return
    known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)}
    for word in rest:
        option = word.partition("=")[0]
        if re.fullmatch(r"--[a-z][a-z-]*", option) and option not in known | {"--help"}:
            yield f"`{line}`: `suffice {name}` has no option {option}"


def _unknown_targets(text: str) -> Iterator[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    blocks = "".join(block["body"] for block in _FENCE.finditer(text))
    for target in (*_INLINE_MAKE.findall(text), *_MAKE.findall(blocks)):
        if target not in targets:
            yield f"the Makefile has no target {target!r}"


def _failing_examples(page: Path, text: str) -> Iterator[str]:
    if text.startswith(_MADE):
        return  # the examples of docstrings run where they stand
    told: list[str] = []
    text = re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
    parsed = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(verbose=False)
    if runner.run(parsed, out=told.append).failed:
        yield f"an example fails:\n{''.join(told)}"


def _undocumented() -> Iterator[str]:
    for name, thing in _public():
        if not inspect.getdoc(thing):
            yield f"{name} has no docstring"
    settings = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for key in (*known_keys(), *VARIABLES):
        if f"`{key}`" not in settings:
            yield f"docs/settings.md does not tell of {key}"
    reasons = (ROOT / _REASONS).read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        name = re.split(r"[^A-Za-z0-9._-]", requirement)[0]
        if not re.search(rf"^\| [^|]*\b{re.escape(name)}\b", reasons, re.MULTILINE):
            yield f"{_REASONS} does not say what {name} is for"


def run(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    if "--write" in arguments:
        for page, text in generated().items():
            page.write_text(text, encoding="utf-8")
            print(f"wrote {page.relative_to(ROOT)}")
    found = [
        f"{page.relative_to(ROOT)} is out of date; run tools/check_docs.py --write"
        for page, text in generated().items()
        if not page.exists() or page.read_text(encoding="utf-8") != text
    ]
    found += problems(page for page in all_pages() if page.exists())
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(f"{len(all_pages())} pages say what the program says")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
