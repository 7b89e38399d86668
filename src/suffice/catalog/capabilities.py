"""What each model accepts, per API version: the matrix that keeps a swap from becoming a 400."""

from __future__ import annotations

import functools
import operator
import re
import tomllib
from collections.abc import Callable
from importlib import resources
from typing import Any, Literal

import msgspec

LATEST_VERSION = "2026-10-21"
EFFORT_LEVELS = ("low", "medium", "high", "xhigh", "max")

_NEW_NAME = re.compile(
    r"claude-(?P<line>[a-z]+)-(?P<major>\d{1,2})(?:-(?P<minor>\d{1,2}))?(?:-\d{8}|-latest)?",
)
_OLD_NAME = re.compile(
    r"claude-(?P<major>\d{1,2})(?:-(?P<minor>\d{1,2}))?-(?P<line>[a-z]+)(?:-\d{8}|-latest)?",
)
_RULE = re.compile(
    r"(?P<line>\*|[a-z]+)(?:\s+(?P<op>=|>=|<=|>|<)\s+(?P<major>\d+)(?:\.(?P<minor>\d+))?)?"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}

Generation = tuple[int, int]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """
    One cell of the matrix.

    Attributes:
        models: Which models it speaks of, e.g. ``opus >= 4.5 | sonnet >= 4.6``.
        value: What holds for them.
        version: The API version it holds under; empty for every one.
        source: Where that is from.
        confidence: ``H``, ``M`` or ``L``, as the data file explains.
        says: The provider's error text, with ``{…}`` to fill in; empty where unknown.
    """

    models: str
    value: Any
    version: str = ""
    source: str
    confidence: Literal["H", "M", "L"]
    says: str = ""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one model accepts under one API version.

    A model that is none of the provider's (a local one) is ``known=False``: nothing is held
    against it, so limits are None, sets that would restrict it are None, and flags are True.

    Attributes:
        model: The id as asked for.
        version: The ``anthropic-version`` it holds under.
        known: False for a model of which the matrix says nothing.
        line: ``haiku``, ``sonnet``, ``opus``, ``fable``, ``mythos``; None unknown.
        generation: E.g. (4, 5); None unknown.
        context_tokens: Prompt tokens beyond which a request is a 400.
        max_output_tokens: Greatest ``max_tokens``.
        cache_minimum_tokens: Shortest prefix that is cached.
        tokenizer: ``old`` or ``new``; the new one counts about 30 % more for the same text.
        max_images: Images per request.
        image_edge_px: Long edge to which images are scaled down.
        image_tokens: Cap per image, in 28-pixel patches.
        tool_prompt_tokens: What giving tools adds: (choice auto or none, choice any or tool).
        thinking: Accepted ``thinking.type`` values.
        thinks_by_default: Whether it thinks, billed, where ``thinking`` is not given.
        thinking_off_up_to: Highest effort at which thinking can be off; empty: any.
        effort: Accepted ``output_config.effort`` levels, lowest first; empty: not a parameter.
        default_effort: The level where none is given.
        sampling: Whether ``temperature``, ``top_p``, ``top_k`` are accepted.
        fast_mode: ``yes``, ``ignored`` (served at standard speed) or ``no`` (a 400).
        computer_tools: Accepted ``computer_…`` tool types.
    """

    model: str
    version: str
    known: bool = False
    line: str | None = None
    generation: Generation | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    cache_minimum_tokens: int | None = None
    tokenizer: Literal["old", "new"] | None = None
    max_images: int | None = None
    image_edge_px: int | None = None
    image_tokens: int | None = None
    tool_prompt_tokens: tuple[int, int] = (0, 0)
    thinking: frozenset[str] | None = None
    thinks_by_default: bool = False
    thinking_off_up_to: str = ""
    effort: tuple[str, ...] | None = None
    default_effort: str = "high"
    sampling: Literal["any", "one_of_two", "defaults", "none"] = "any"
    prefill: bool = True
    forced_tool_choice: bool = True
    structured_outputs: bool = True
    inference_geo: bool = True
    fast_mode: Literal["yes", "ignored", "no"] = "yes"
    system_messages: bool = True
    compaction: bool = True
    task_budgets: bool = True
    fallbacks: bool = True
    dynamic_web_tools: bool = True
    programmatic_tools: bool = True
    computer_tools: frozenset[str] | None = None
    browser_toolset: bool = True
    documents_from_assistant: bool = True
    citations_from_user: bool = True


@functools.cache
def capabilities(model: str, *, version: str = LATEST_VERSION) -> Capabilities:
    """
    What the model accepts under an API version.

    Models are covered by line and generation, so a model newer than the data has its
    predecessor's row. A ``@label`` is cut before the look-up.

    >>> haiku = capabilities("claude-haiku-4-5-20251001", version="2023-06-01")
    >>> haiku.context_tokens, haiku.effort, haiku.sampling
    (200000, (), 'one_of_two')
    >>> capabilities("claude-opus-5-5").forced_tool_choice
    False
    >>> capabilities("some-local-model").known
    False
    """
    found = line_and_generation(model)
    if found is None:
        return Capabilities(model=model, version=version)
    line, generation = found
    row = {
        feature: _first(cells, line=line, generation=generation, version=version).value
        for feature, cells in _matrix().items()
    }
    return msgspec.convert(
        {
            "model": model,
            "version": version,
            "known": True,
            "line": line,
            "generation": generation,
            **row,
        },
        Capabilities,
    )


def cell(model: str, feature: str, *, version: str = LATEST_VERSION) -> Cell | None:
    """
    The cell behind one value of `capabilities`, with its source; None for an unknown model.

    >>> cell("claude-haiku-5-5", "prefill").confidence
    'H'
    """
    found = line_and_generation(model)
    if found is None:
        return None
    line, generation = found
    return _first(_matrix()[feature], line=line, generation=generation, version=version)


def line_and_generation(model: str) -> tuple[str, Generation] | None:
    """
    The line and generation a model id names; None where it names none.

    >>> line_and_generation("claude-3-5-haiku-20241022")
    ('haiku', (3, 5))
    >>> line_and_generation("claude-opus-5")
    ('opus', (5, 0))
    """
    name = model.partition("@")[0]
    alias = _data()["aliases"].get(name)
    if alias is not None:
        line, _, number = alias.partition(" ")
        major, _, minor = number.partition(".")
        return line, (int(major), int(minor or 0))
    found = _NEW_NAME.fullmatch(name) or _OLD_NAME.fullmatch(name)
    if found is None:
        return None
    return found["line"], (int(found["major"]), int(found["minor"] or 0))


def features() -> tuple[str, ...]:
    """Every feature of the matrix, in the order of the data file."""
    return tuple(_matrix())


def dated() -> str:
    """The date of the matrix, ISO 8601."""
    return str(_data()["dated"])


def _first(cells: tuple[Cell, ...], *, line: str, generation: Generation, version: str) -> Cell:
    return next(
        cell
        for cell in cells
        if cell.version in {"", version} and _fits(cell.models, line=line, generation=generation)
    )


def _fits(models: str, *, line: str, generation: Generation) -> bool:
    return any(
        rule_line in {"*", line} and (compare is None or compare(generation, bound))
        for rule_line, compare, bound in _rules(models)
    )


@functools.cache
def _rules(models: str) -> tuple[tuple[str, Callable[[Any, Any], bool] | None, Generation], ...]:
    rules = []
    for alternative in models.split("|"):
        found = _RULE.fullmatch(alternative.strip())
        if found is None:
            raise ValueError(f"{alternative!r} is no rule for models")
        compare = _COMPARE[found["op"]] if found["op"] else None
        rules.append((found["line"], compare, (int(found["major"] or 0), int(found["minor"] or 0))))
    return tuple(rules)


@functools.cache
def _matrix() -> dict[str, tuple[Cell, ...]]:
    return {
        feature: msgspec.convert(table["cells"], tuple[Cell, ...])
        for feature, table in _data()["features"].items()
    }


@functools.cache
def _data() -> dict[str, Any]:
    text = resources.files("suffice.catalog").joinpath("data/capabilities.toml").read_text("utf-8")
    return tomllib.loads(text)
