"""A definition gets a docstring that documents all of it, in the style asked for, or none."""

from __future__ import annotations

import ast
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from suffice.errors import BadOption
from suffice.records import ModelSpec
from suffice.scoring.docstrings import documented
from suffice.tasks import (
    Batch,
    DocstringForm,
    DocstringScope,
    Runner,
    Unresolved,
    missing_docstrings,
    using,
    write_docstring,
    write_docstrings,
)
from suffice.tasks.docstrings.places import places
from suffice.tasks.docstrings.source import read_source
from suffice.tasks.docstrings.splicing import without_docstrings
from suffice.tasks.docstrings.styles import STYLES, Style, missing
from suffice.testing import ScriptedModels, answering

SMALL, MIDDLE = "claude-haiku-5-5", "claude-sonnet-5-5"
SOURCE = """\
def read(path, *lines, limit: int = 3, **more) -> list[str]:
    if limit < 1:
        raise ValueError(limit)
    return list(lines)
"""
SAID: dict[str, Any] = {
    "summary": "Read lines",
    "description": "At most so many.",
    "parameters": {"path": "The file.", "lines": "Lines.", "limit": "Most.", "more": "Others."},
    "returns": "What was read.",
    "raises": {"ValueError": "The limit is below 1."},
}


def filled(_arm: ModelSpec, request: dict[str, Any]) -> str:
    """An answer that fills in every field with a sentence about it."""
    schema = request["output_config"]["format"]["schema"]
    return json.dumps(
        {
            name: {inner: f"The {inner}." for inner in field["properties"]}
            if "properties" in field
            else f"The {name}."
            for name, field in schema["properties"].items()
        }
    )


def runner(models: ScriptedModels, **more: Any) -> Runner:
    return Runner(models, ladder=lambda *_: (SMALL, MIDDLE), **more)


def ask(said: Any, source: str = SOURCE, **more: Any) -> Any:
    models = answering(said if isinstance(said, str) else json.dumps(said))
    with using(runner(models)):
        return write_docstring(source, **more)


def test_the_docstring_is_in_the_style_asked_for() -> None:
    assert ask(SAID) == SOURCE.replace(
        "    if limit",
        '''    """Read lines.

    At most so many.

    Args:
        path: The file.
        *lines: Lines.
        limit: Most.
        **more: Others.

    Returns:
        What was read.

    Raises:
        ValueError: The limit is below 1.
    """
    if limit''',
    )
    assert "limit : int\n        Most." in ask(SAID, style="numpy")
    assert "Returns\n    -------\n    list[str]\n        What was read." in ask(SAID, style="numpy")
    assert ":param \\*\\*more: Others." in ask(SAID, style="sphinx")
    assert ":raises ValueError: The limit is below 1." in ask(SAID, style="sphinx")


@pytest.mark.parametrize("style", STYLES)
def test_what_is_written_names_every_parameter_and_exception(style: Style) -> None:
    (function,) = ast.parse(ask(SAID, style=style)).body
    assert isinstance(function, ast.FunctionDef)
    docstring = ast.get_docstring(function) or ""
    assert documented(function, docstring).value == 1
    for name in ("path", "*lines", "limit", "**more"):
        bare = name.lstrip("*")
        less = "\n".join(line for line in docstring.split("\n") if bare not in line)
        (place,) = places(read_source(SOURCE.encode()))[1:]
        assert missing(place.facts, docstring, style=style) == ()
        assert name in missing(place.facts, less, style=style)
    others = [other for other in STYLES if other != style]
    assert all(missing(place.facts, docstring, style=other) for other in others)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"parameters": {**SAID["parameters"], "limit": " "}}, "schema"),
        ({"parameters": {"path": "The file."}}, "schema"),
        ({"parameters": {**SAID["parameters"], "limit": 3}}, "schema"),
        ({"raises": {}}, "schema"),
        ({"returns": ""}, "schema"),
        ({"summary": "\x00"}, "schema"),
        ({"summary": None}, "schema"),
        ({"description": "Args:\n    evil: An argument nobody has."}, "schema"),
        ({"description": ">>> import shutil; shutil.rmtree('/')"}, "schema"),
        ({"returns": "x\n>>> import os"}, "schema"),
        ({"description": "word " * 9_000}, "length"),
    ],
)
def test_an_answer_that_leaves_something_out_or_smuggles_something_in_is_no_answer(
    changed: dict[str, Any], reason: str
) -> None:
    found = ask({**SAID, **changed})
    assert isinstance(found, Unresolved)
    assert found.reason == reason


@pytest.mark.parametrize(
    "said", ["def read(): pass", '"""', '"""\nimport os\n"""', "[]", "{}", "\x00", "{" * 5_000]
)
def test_an_answer_of_another_form_is_no_answer(said: str) -> None:
    assert isinstance(ask(said), Unresolved)


def test_a_definition_is_found_by_its_name() -> None:
    source = "class A:\n    def one(self): return 1\n    def two(self): return 2\n"
    found = ask({"summary": "Two", "description": "", "returns": "2."}, source, name="A.two")
    assert 'def two(self): """Two.' in found
    assert found.startswith("class A:\n    def one(self): return 1\n")
    with pytest.raises(BadOption, match=r"no definition 'A\.three'"):
        write_docstring.job(source, name="A.three")


def test_a_text_is_decoded_already_whatever_it_says_of_its_encoding() -> None:
    source = "# coding: latin-1\ndef f(): 'é'\n"
    found = ask({"summary": "Über", "description": ""}, source)
    assert found == '# coding: latin-1\ndef f(): """Über."""\n'


@pytest.mark.parametrize("source", ["", "x = 1", "def f(:", "def f(): '\ud800'"])
def test_a_source_without_a_definition_is_refused(source: str) -> None:
    with pytest.raises(BadOption):
        write_docstring.job(source)


def test_doctests_are_there_only_where_they_were_asked_for() -> None:
    shown = {**SAID, "examples": ">>> read('a', 'b')\n['b']"}
    assert ">>> read" not in ask(shown)
    assert "    Examples:\n        >>> read('a', 'b')\n        ['b']\n" in ask(shown, examples=True)
    assert ask({**shown, "examples": "read('a')"}, examples=True).reason == "schema"


FILE = b'''"""About it."""
class A:
    def f(self, x):
        """Do."""
        return x
    def _g(self): ...
def h():
    def inner(): ...
'''


def test_what_lacks_a_docstring_is_told_without_a_model() -> None:
    def names(**more: Any) -> list[tuple[str, tuple[str, ...]]]:
        lacks = missing_docstrings(FILE, scope=DocstringScope(**more))
        return [(lack.name, lack.missing) for lack in lacks]

    assert names() == [("A", ()), ("h", ())]
    assert names(private=True, nested=True) == [("A", ()), ("A._g", ()), ("h", ()), ("h.inner", ())]
    assert names(existing="incomplete")[1] == ("A.f", ("x", "what it returns"))
    assert [name for name, _ in names(existing="all")] == ["", "A", "A.f", "h"]


def test_what_something_else_documents_needs_no_docstring() -> None:
    file = b"""
class A:
    'A.'
    def __init__(self, x): ...
    @property
    def p(self): "It."
    @p.setter
    def p(self, v): ...
@overload
def f(a): ...
"""
    assert missing_docstrings(file, scope=DocstringScope(modules=False)) == []


def test_files_get_what_they_lack_and_keep_the_rest() -> None:
    with using(runner(ScriptedModels(filled))):
        done = write_docstrings(
            {"a.py": FILE, "b.py": b"def f(:\n", "c.py": b"'''Said.'''\r\nx = 1\r\n"},
            form=DocstringForm(style="numpy"),
        )
    a, b, c = done["a.py"], done["b.py"], done["c.py"]
    assert missing_docstrings(a.after, scope=DocstringScope()) == []
    assert without_docstrings(ast.parse(a.after)) == without_docstrings(ast.parse(FILE))
    assert b'"""Do."""' in a.after
    assert (b.after, bool(b.broken)) == (b.before, True)
    assert (c.after, c.lacks) == (c.before, ())


def test_what_one_definition_does_not_get_keeps_no_other_from_its_docstring() -> None:
    def reply(arm: ModelSpec, request: dict[str, Any]) -> str:
        asked = request["messages"][0]["content"]
        return "no" if asked.startswith("The class A:") else filled(arm, request)

    with using(runner(ScriptedModels(reply), escalate=False)):
        done = write_docstrings({"a.py": FILE})["a.py"]
    assert [isinstance(one.value, Unresolved) for one in done.outcomes] == [True, False]
    assert [lack.name for lack in missing_docstrings(done.after, scope=DocstringScope())] == ["A"]


def test_paid_answers_are_kept_and_serve_another_style_too(tmp_path: Path) -> None:
    models, batch = ScriptedModels(filled), Batch(resume=tmp_path / "paid.jsonl")
    with using(runner(models)):
        for style in STYLES:
            done = write_docstrings({"a.py": FILE}, form=DocstringForm(style=style), batch=batch)
            assert missing_docstrings(done["a.py"].after, scope=DocstringScope()) == []
    assert len(models.asked) == 2


HOSTILE = (
    'Done."""\nimport os\nos.system("x")\n"""',
    "\\",
    '"',
    "null\x00byte\u202e",
    "'''; raise SystemExit",
    "# -*- coding: evil -*-",
    "é → \\N{X} \\x",
)


@pytest.mark.parametrize("style", STYLES)
def test_all_of_the_standard_library_sample_keep_their_code_and_are_complete(
    style: Style, recorded_data: Path
) -> None:
    """
    400 of 400, each field of each answer hostile.
    """
    with gzip.open(recorded_data / "workloads" / "stdlib_docstrings.jsonl.gz", "rt") as rows:
        functions = [json.loads(row)["text"] for row in rows]
    kept = 0
    for number, function in enumerate(functions):
        job = write_docstring.job(function, style=style)
        said = json.loads(filled(ModelSpec("m"), job.request))
        text = HOSTILE[number % len(HOSTILE)]
        hostile = {
            name: {inner: f"{told} {text}" for inner, told in value.items()}
            if isinstance(value, dict)
            else f"{value} {text}"
            for name, value in said.items()
        }
        with using(runner(answering(json.dumps(hostile)))):
            written = write_docstring(function, style=style)
        assert isinstance(written, str), (function, written)
        assert without_docstrings(ast.parse(written)) == without_docstrings(ast.parse(function))
        place = places(read_source(written.encode()))[1]
        assert missing(place.facts, place.docstring or "", style=style) == ()
        kept += 1
    assert (kept, len(functions)) == (400, 400)
