"""Docstrings in the three styles that tools read: written from parts, and looked through."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, get_args

import msgspec

from suffice.tasks.docstrings.facts import Facts, Parameter

Style = Literal["google", "numpy", "sphinx"]
STYLES: tuple[Style, ...] = get_args(Style)

_STEP = "    "
_NARROWEST = 40
_GOOGLE_PARAMETERS = (
    "Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments|Other Parameters"
)
_GOOGLE_SECTION = re.compile(
    rf"(?P<name>{_GOOGLE_PARAMETERS}|Returns?|Yields?|Raises|Exceptions|Attributes|Examples?|Notes?"
    r"|References|See Also|Warnings?|Warns|Todo):"
)
_NUMPY_RULE = re.compile(r"-{3,}")
_ENTRY = re.compile(r"(?P<names>[*\\\w.`, ]+?)\s*(?:\([^)]*\))?\s*(?::.*)?")
_FIELD = re.compile(r":(?P<kind>\w+)(?P<argument>[^:]*):")
_PROMPT = re.compile(r"^\s*>>>", re.MULTILINE)


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a docstring says, before it has a form.

    Attributes:
        summary: One sentence.
        description: Paragraphs; empty for none.
        parameters: Name, without stars -> what it is.
        gives: What is returned, or yielded; empty where nothing is.
        raises: Name of the exception -> when.
        examples: Doctests; empty for none.
    """

    summary: str
    description: str = ""
    parameters: Mapping[str, str] = {}
    gives: str = ""
    raises: Mapping[str, str] = {}
    examples: str = ""


class Documented(msgspec.Struct, frozen=True, kw_only=True):
    """What a docstring documents by name, whatever it says of it."""

    parameters: frozenset[str] = frozenset()
    gives: bool = False
    raises: frozenset[str] = frozenset()


def rendered(parts: Parts, facts: Facts, *, style: Style, width: int) -> str:
    """
    The text of a docstring.

    Args:
        parts: What it says.
        facts: What it is of: names, their order and their types.
        style: Its form.
        width: Characters a line may have, without the indent.

    >>> parts = Parts(summary="Add one", parameters={"n": "A number."}, gives="The next.")
    >>> facts = Facts(parameters=(Parameter("n"),), gives="returns")
    >>> print(rendered(parts, facts, style="sphinx", width=80))
    Add one.
    <BLANKLINE>
    :param n: A number.
    :returns: The next.
    """
    width = max(width, _NARROWEST)
    summary = _flat(parts.summary).rstrip(".") + "."
    blocks = [_filled(summary, width)]
    if parts.description.strip():
        blocks.append(_paragraphs(parts.description, width))
    blocks += _SECTIONS[style](parts, facts, width)
    if parts.examples.strip():
        blocks.append(_examples(parts.examples, style))
    return "\n\n".join(blocks)


def missing(facts: Facts, docstring: str, *, style: Style) -> tuple[str, ...]:
    r"""
    What a docstring should name and does not, in the definition's order.

    >>> facts = Facts(raises=("OSError",), gives="returns")
    >>> missing(facts, "Read.\n\nReturns:\n    It.", style="google")
    ('OSError',)
    """
    said = documented(docstring, style=style)
    absent = [one.stars + one.name for one in facts.parameters if one.name not in said.parameters]
    if facts.gives and not said.gives:
        absent.append(f"what it {facts.gives}")
    # A module in front of the exception's name is as good.
    last = {name.rpartition(".")[2] for name in said.raises}
    return (*absent, *(name for name in facts.raises if name not in last))


def documented(docstring: str, *, style: Style) -> Documented:
    """What a docstring documents in a style; sections of other styles do not count."""
    found: dict[str, set[str]] = {"parameters": set(), "gives": set(), "raises": set()}
    for kind, name in _READERS[style](docstring):
        found[kind].add(name)
    return Documented(
        parameters=frozenset(found["parameters"]),
        gives=bool(found["gives"]),
        raises=frozenset(found["raises"]),
    )


def holds_section(text: str) -> bool:
    """Whether a text has what a tool would take for a section, a field or a doctest."""
    return bool(_PROMPT.search(text)) or any(
        any(True for _ in reader(text)) for reader in _READERS.values()
    )


def holds_doctest(text: str) -> bool:
    """Whether a doctest runner would run something of a text."""
    return bool(_PROMPT.search(text))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _filled(text: str, width: int, *, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        _flat(text), width, initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _paragraphs(text: str, width: int) -> str:
    """Paragraphs filled; what is laid out by hand (lists, code) stays as it is."""
    out = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        by_hand = any(re.match(r"\s|[-*+] |\d+[.)] |```", line) for line in paragraph.split("\n"))
        out.append(paragraph.rstrip() if by_hand else _filled(paragraph, width))
    return "\n\n".join(out)


def _examples(text: str, style: Style) -> str:
    body = textwrap.dedent(text).strip("\n").rstrip()
    match style:
        case "google":
            return f"Examples:\n{textwrap.indent(body, _STEP)}"
        case "numpy":
            return f"Examples\n--------\n{body}"
        case "sphinx":
            return body


def _google(parts: Parts, facts: Facts, width: int) -> list[str]:
    def entry(name: str, text: str) -> str:
        return _filled(f"{name}: {text}", width, first=_STEP, rest=_STEP * 2)

    blocks = []
    if facts.parameters:
        lines = [entry(_starred(one), parts.parameters[one.name]) for one in facts.parameters]
        blocks.append("\n".join(["Args:", *lines]))
    if facts.gives:
        text = _filled(parts.gives, width, first=_STEP, rest=_STEP)
        blocks.append(f"{facts.gives.capitalize()}:\n{text}")
    if facts.raises:
        lines = [entry(name, parts.raises[name]) for name in facts.raises]
        blocks.append("\n".join(["Raises:", *lines]))
    return blocks


def _numpy(parts: Parts, facts: Facts, width: int) -> list[str]:
    def entry(name: str, kind: str, text: str) -> str:
        told = _filled(text, width, first=_STEP, rest=_STEP)
        return f"{name} : {kind}\n{told}" if kind else f"{name}\n{told}"

    def section(title: str, lines: list[str]) -> str:
        return "\n".join([title, "-" * len(title), *lines])

    blocks = []
    if facts.parameters:
        lines = [
            entry(_starred(one), one.type, parts.parameters[one.name]) for one in facts.parameters
        ]
        blocks.append(section("Parameters", lines))
    if facts.gives:
        told = [entry(facts.given_type or "object", "", parts.gives)]
        blocks.append(section(facts.gives.capitalize(), told))
    if facts.raises:
        raised = [entry(name, "", parts.raises[name]) for name in facts.raises]
        blocks.append(section("Raises", raised))
    return blocks


def _sphinx(parts: Parts, facts: Facts, width: int) -> list[str]:
    def field(name: str, text: str) -> str:
        return _filled(f":{name}: {text}", width, rest=_STEP)

    lines = [
        field(f"param {_starred(one).replace('*', chr(92) + '*')}", parts.parameters[one.name])
        for one in facts.parameters
    ]
    if facts.gives:
        lines.append(field(facts.gives, parts.gives))
    lines += [field(f"raises {name}", parts.raises[name]) for name in facts.raises]
    return ["\n".join(lines)] if lines else []


def _starred(one: Parameter) -> str:
    return one.stars + one.name


_Found = Iterator[tuple[str, str]]


def _read_google(docstring: str) -> _Found:
    kind, indent, inner = "", 0, -1
    for line in textwrap.dedent(docstring).split("\n"):
        bare = line.strip()
        depth = len(line) - len(line.lstrip())
        section = _GOOGLE_SECTION.fullmatch(bare)
        if section is not None:
            kind, indent, inner = _kind(section["name"]), depth, -1
        elif bare and kind:
            if depth <= indent:
                kind = ""
                continue
            inner = depth if inner < 0 else inner
            if depth == inner:
                yield from _named(kind, bare)


def _read_numpy(docstring: str) -> _Found:
    lines = textwrap.dedent(docstring).split("\n")
    kind, indent = "", 0
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        bare, depth = line.strip(), len(line) - len(line.lstrip())
        if bare and _NUMPY_RULE.fullmatch(following.strip()):
            kind, indent = _kind(bare), depth
        elif bare and kind and depth <= indent and not _NUMPY_RULE.fullmatch(bare):
            yield from _named(kind, bare)


def _read_sphinx(docstring: str) -> _Found:
    for line in docstring.split("\n"):
        field = _FIELD.match(line.strip())
        if field is None:
            continue
        words = field["argument"].replace("\\", "").replace("*", "").split()
        match field["kind"]:
            case "param" | "parameter" | "arg" | "argument" | "key" | "keyword" if words:
                yield "parameters", words[-1]
            case "raises" | "raise" | "except" | "exception":
                yield from (("raises", word.strip(",")) for word in words)
            case "returns" | "return" | "rtype" | "yields" | "yield":
                yield "gives", ""
            case _:
                continue


def _kind(section: str) -> str:
    match section:
        case "Returns" | "Return" | "Yields" | "Yield":
            return "gives"
        case "Raises" | "Exceptions":
            return "raises"
        case _ if re.fullmatch(_GOOGLE_PARAMETERS, section):
            return "parameters"
        case _:
            return ""


def _named(kind: str, entry: str) -> _Found:
    """The names an entry begins with; several may share it."""
    if kind == "gives":
        yield kind, ""
        return
    found = _ENTRY.fullmatch(entry)
    for name in found["names"].split(",") if found else ():
        bare = name.strip().strip("`").lstrip("*\\")
        if bare and " " not in bare:
            yield kind, bare


_SECTIONS: dict[Style, Callable[[Parts, Facts, int], list[str]]] = {
    "google": _google,
    "numpy": _numpy,
    "sphinx": _sphinx,
}
_READERS: dict[Style, Callable[[str], _Found]] = {
    "google": _read_google,
    "numpy": _read_numpy,
    "sphinx": _read_sphinx,
}
