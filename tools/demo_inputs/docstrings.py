"""Docstrings: one line for a small function, naming every parameter."""

# ruff: noqa: E501, SIM905 - sentences stay on their line, and words read as words

from __future__ import annotations

import ast
import random
from collections.abc import Mapping

from tools.demo_inputs.drawing import DemoType, Drawn

_LONGEST = 100

# Name, parameters, body: joined with each other's names and numbers for variety.
_BODIES: tuple[tuple[str, tuple[tuple[str, ...], ...], str], ...] = (
    (
        "{verb}_price",
        (("price", "amount", "cost"), ("percent", "rate")),
        "return {0} * (1 - {1} / 100)",
    ),
    ("count_{noun}", (("words", "items", "lines"), ("target", "wanted")), "return {0}.count({1})"),
    (
        "{verb}_long",
        (("names", "titles", "lines"), ("limit", "most")),
        "return [one for one in {0} if len(one) > {1}]",
    ),
    (
        "is_{adj}",
        (("number", "value"), ("low", "start"), ("high", "stop")),
        "return {1} <= {0} <= {2}",
    ),
    ("join_{noun}", (("parts", "names"), ("separator", "glue")), "return {1}.join(sorted({0}))"),
    ("{verb}_average", (("values", "marks", "prices"),), "return sum({0}) / len({0})"),
    ("{verb}_area", (("width", "length"), ("height", "depth")), "return {0} * {1}"),
    (
        "first_{adj}",
        (("numbers", "values"), ("limit", "bound")),
        "return next((one for one in {0} if one > {1}), None)",
    ),
    ("{verb}_suffix", (("filename", "path"), ("suffix", "ending")), "return {0}.removesuffix({1})"),
    ("to_celsius", (("fahrenheit", "degrees"),), "return ({0} - 32) * 5 / 9"),
    ("{verb}_distance", (("speed", "velocity"), ("hours", "duration")), "return {0} * {1}"),
    (
        "clamp_{noun}",
        (("value", "level"), ("low", "minimum"), ("high", "maximum")),
        "return max({1}, min({0}, {2}))",
    ),
    ("{verb}_vowels", (("text", "word", "sentence"),), "return sum(one in 'aeiou' for one in {0})"),
    ("{verb}_tax", (("net", "subtotal"), ("rate", "tax_rate")), "return {0} + {0} * {1}"),
    ("swap_{noun}", (("mapping", "table"),), "return {{v: k for k, v in {0}.items()}}"),
    (
        "chunk_{noun}",
        (("rows", "records"), ("size", "length")),
        "return [{0}[i:i + {1}] for i in range(0, len({0}), {1})]",
    ),
    (
        "{verb}_default",
        (("options", "settings"), ("key", "name"), ("default", "fallback")),
        "return {0}.get({1}, {2})",
    ),
    ("is_leap", (("year",),), "return {0} % 4 == 0 and ({0} % 100 != 0 or {0} % 400 == 0)"),
    ("{verb}_initials", (("first", "first_name"), ("last", "surname")), "return {0}[0] + {1}[0]"),
    ("repeat_{noun}", (("text", "word"), ("times", "count")), "return ' '.join([{0}] * {1})"),
)
_VERBS = "get compute find make calc work_out".split()
_NOUNS = "items words entries rows values labels".split()
_ADJECTIVES = "inside allowed valid large big fitting".split()


def _make(dice: random.Random) -> Drawn:
    name, choices, body = dice.choice(_BODIES)
    parameters = [dice.choice(options) for options in choices]
    name = name.format(
        verb=dice.choice(_VERBS), noun=dice.choice(_NOUNS), adj=dice.choice(_ADJECTIVES)
    )
    code = f"def {name}({', '.join(parameters)}):\n    {body.format(*parameters)}"
    ast.parse(code)
    return Drawn(f"{code}\nDocstring:", None, {"parameters": parameters})


def documents_every_parameter(answer: str, facts: Mapping[str, object]) -> tuple[float, str]:
    """
    1.0 for one line that names each parameter in backticks and ends like a sentence.

    >>> documents_every_parameter("Double `x`.", {"parameters": ["x"]})
    (1.0, 'names every parameter')
    >>> documents_every_parameter("Double it.", {"parameters": ["x"]})
    (0.0, 'does not name `x`')
    """
    text = answer.strip()
    parameters = facts["parameters"]
    assert isinstance(parameters, list)  # noqa: S101 - our own generator made it
    for parameter in parameters:
        if f"`{parameter}`" not in text:
            return 0.0, f"does not name `{parameter}`"
    if "\n" in text or len(text) > _LONGEST:
        return 0.0, f"more than one line of {_LONGEST} characters"
    if not text.endswith("."):
        return 0.0, "does not end like a sentence"
    return 1.0, "names every parameter"


TYPE = DemoType(
    name="docstrings",
    use="docstrings",
    instructions="""\
Write a one-line docstring for the function. Name every parameter in backticks and end with a full stop.

def double(number):
    return number * 2
Docstring: Return twice the `number`.

def is_longer(text, limit):
    return len(text) > limit
Docstring: Tell whether `text` has more than `limit` characters.

def greet(name, greeting, mark):
    return greeting + ", " + name + mark
Docstring: Greet `name` with `greeting`, followed by `mark`.

def last_item(items):
    return items[-1]
Docstring: Return the last of the `items`.

def scale(vector, factor):
    return [one * factor for one in vector]
Docstring: Multiply each number of `vector` by `factor`.

""",
    make=_make,
    cases=150,
    max_tokens=40,
    scorer="outcomes",
    checker=documents_every_parameter,
)
