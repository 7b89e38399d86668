"""Whatever a docstring says, and wherever it goes: the code around it stays byte for byte."""

from __future__ import annotations

import ast
import gzip
import inspect
import json
import sysconfig
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from suffice.tasks.docstrings.literals import literal, tidied
from suffice.tasks.docstrings.places import places
from suffice.tasks.docstrings.source import Lines, Unreadable, read_source
from suffice.tasks.docstrings.splicing import Misplaced, spliced, without_docstrings

HOSTILE = (
    'Done."""\nimport os; os.system("rm -rf /")\n"""',
    "'''; raise SystemExit; '''",
    '"',
    '""""""""',
    'ends with a quote"',
    'ends with a backslash and a quote\\"',
    "ends with a backslash\\",
    'backslashes and quotes \\""" \\\\""" \\',
    "\\x00 \\N{BULLET} \\u12 \\777 \\",
    "null\x00byte \x1b[31mred\x1b[0m \x0c feed \x08",
    "def f():\n    return 2\n\nclass Evil:\n    pass",
    "return 1\n# comment\n\tindented\n  less",
    "{f} %s {0!r} ${x}",
    "turned \u202e text \u2066 here \ufeff\u2028next\u2029last",
    "lone \ud800 surrogate and 🙂 and é and 漢字",
    "line\r\nline\rline\x85line",
    "x" * 100_000,
    "many\n" * 20_000,
    ">>> import shutil\n>>> shutil.rmtree('/')",
)

FILES = {
    "block": b"def f(a):\n    return a\n",
    "one line": b"def f(a): return a; x = 1  # so\n",
    "stub": b"class P:\n    def f(self) -> int: ...\n    x: int = 1\n",
    "no end": b"def f(): pass",
    "crlf": b"import os\r\n\r\ndef f(a):\r\n\r\n    # why\r\n    return a\r\n",
    "cr": b"def f(a):\r    return a\r",
    "tabs": b"class A:\n\tdef f(self):\n\t\treturn 1\n",
    "decorated": b"@one\n@two(\n    3,\n)\ndef f(\n    a,  # first\n    b=(1,\n       2),\n) -> None:  # noqa\n    return\n",
    "decorated inside": b"class A:\n    @property\n    def f(self):\n        return 1\n\n    @f.setter\n    def f(self, v): ...\n",
    "overloads": b"from typing import overload\n@overload\ndef f(a: int) -> int: ...\n@overload\ndef f(a: str) -> str: ...\ndef f(a):\n    return a\n",
    "nested": b"def f():\n    def g():\n        class H: x = 1\n        return H\n    return g\n",
    "existing": b'class A:\n    """Old."""\n\n    def f(self):\n        r"""Older \\d."""; return 1\n    def g(self): "x"\n',
    "joined": b'def f():\n    ("a" \'b\'\n     """c""")  # so\n    return 1\n',
    "formatted": b'def f(x):\n    f"""{x} no docstring"""\n    return x\ndef g():\n    b"bytes"\n',
    "continued": b"def f(): \\\n    return 1\nif 1: \\\n  pass\n",
    "comments that end in a backslash": b"def f():\n    # /\\\n    return 1\nclass A:  # so \\\n    x = 1\n",
    "type comment": b"def f(a):\n    # type: (int) -> int\n    # then\n    return a\n",
    "latin": "# -*- coding: latin-1 -*-\ndef f():\n    return 'é'\n".encode("latin-1"),
    "latin, second line": "\n # vim: fileencoding=latin-1\ndef f(): 'é'\nx = 'é'\n".encode(
        "latin-1"
    ),
    "latin, after a comment": "# e\n\t# coding=latin-1\nx = 'é'\n".encode("latin-1"),
    "declared too late": b"x = 1\n# coding=utf-8\n",
    "marked": b"\xef\xbb\xbfdef f():\n    return 1\n",
    "wide": "def f(é='漢字', *, ñ='🙂'): return 'ü', é\nclass Ä: 'ö'; x = 'ß'\n".encode(),
    "shebang": b"#!/usr/bin/env python\n# Licence\nfrom __future__ import annotations\nx = 1\n",
    "comments": b"# only\n# comments",
    "empty": b"",
    "feed": b"x = 1\n\x0c\ndef f():\n    return '\x0c'\n",
    "deep": b"if 1:\n  try:\n    async def f():\n      await x\n  finally:\n    with y:\n      class B(A): pass\n",
    "raw": b"def f():\n    return r'\\d', '''\n\"\"\"\n  x\n'''\n",
    "matched": b"match x:\n    case 1:\n        def f(): return 1\n",
}


def outside(content: bytes) -> bytes:
    """A file without its docstrings, and without what has to be put around a new one."""
    source = read_source(content)
    lines, text = Lines(source.text), source.text
    for node in sorted(
        (n for n in ast.walk(ast.parse(text)) if is_docstring_of(n)),
        key=lambda n: (n.body[0].lineno, n.body[0].col_offset),  # type: ignore[attr-defined]
        reverse=True,
    ):
        first = node.body[0]  # type: ignore[attr-defined]
        start = lines.at(first.lineno, first.col_offset)
        end = lines.at(first.end_lineno, first.end_col_offset)
        text = text[:start] + text[end:]
    return text.encode(source.encoding)


def is_docstring_of(node: ast.AST) -> bool:
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None


def all_documented(content: bytes, text: str) -> bytes:
    source = read_source(content)
    found = places(source)
    return spliced(source, found, dict.fromkeys(range(len(found)), text))


def unsaid(content: bytes) -> bytes:
    """What is left when docstrings, and white space and semicolons beside them, are gone."""
    return bytes(one for one in outside(content) if one not in b" \t\r\n;")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_any_text_goes_into_any_file_and_says_just_that(name: str, text: str) -> None:
    content = FILES[name]
    written = all_documented(content, text)
    before, after = read_source(content), read_source(written)
    assert unsaid(written) == unsaid(content)
    assert without_docstrings(ast.parse(before.text)) == without_docstrings(ast.parse(after.text))
    assert {place.docstring for place in places(after)} == {inspect.cleandoc(tidied(text))}


@pytest.mark.parametrize("name", FILES)
def test_what_lies_outside_a_spot_is_copied(name: str) -> None:
    source = read_source(FILES[name])
    found = places(source)
    for number, place in enumerate(found):
        written = read_source(spliced(source, found, {number: "Said."})).text
        assert written.startswith(source.text[: place.spot.start])
        assert written.endswith(source.text[place.spot.end :])
        assert written.count("Said.") == source.text.count("Said.") + 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("block", b'def f(a):\n    """Said."""\n    return a\n'),
        ("one line", b'def f(a): """Said."""; return a; x = 1  # so\n'),
        (
            "crlf",
            b'import os\r\n\r\ndef f(a):\r\n    """Said."""\r\n\r\n    # why\r\n    return a\r\n',
        ),
        ("tabs", b'class A:\n\tdef f(self):\n\t\t"""Said."""\n\t\treturn 1\n'),
        ("continued", b'def f(): \\\n    """Said."""; return 1\nif 1: \\\n  pass\n'),
        (
            "type comment",
            b'def f(a):\n    # type: (int) -> int\n    """Said."""\n    # then\n    return a\n',
        ),
        ("joined", b'def f():\n    """Said."""  # so\n    return 1\n'),
    ],
)
def test_a_docstring_stands_right_under_its_definition(name: str, expected: bytes) -> None:
    source = read_source(FILES[name])
    found = places(source)
    last = max(number for number, place in enumerate(found) if place.kind == "function")
    assert spliced(source, found, {last: "Said."}) == expected


def test_a_module_docstring_stands_under_its_first_comments() -> None:
    source = read_source(FILES["shebang"])
    assert spliced(source, places(source), {0: "Said."}) == (
        b'#!/usr/bin/env python\n# Licence\n"""Said."""\n\n'
        b"from __future__ import annotations\nx = 1\n"
    )


def test_characters_a_files_encoding_lacks_are_escaped() -> None:
    written = all_documented(FILES["latin"], "é → ü")
    assert "é \\u2192 ü".encode("latin-1") in written


def test_backslashes_are_written_raw_where_that_is_possible() -> None:
    for text, start in ((r"Match \d.", 'r"""'), ("Match \\", '"""'), ('\\ """ \\', '"""')):
        assert literal(text, indent="", newline="\n", encoding="utf-8").startswith(start)


@pytest.mark.parametrize(
    "content",
    [b"print 'two'", b"def f(:", b"\x00", b"# coding: nonsense\n", b"x = '\xff'", b"  x = 1"],
)
def test_what_is_no_python_is_not_touched(content: bytes) -> None:
    with pytest.raises(Unreadable):
        places(read_source(content))


def test_a_text_that_says_nothing_is_refused() -> None:
    for text in ("", " \n ", "\x00\u202e"):
        with pytest.raises(Misplaced):
            all_documented(FILES["block"], text)


texts = st.text(max_size=80) | st.lists(
    st.sampled_from(['"', '"""', "\\", "\n", "'''", "x", " ", "\t", "\r", "\x00", "#", ";", "é"]),
    max_size=12,
).map("".join)


@given(texts, st.sampled_from(sorted(FILES)))
@example('\\"', "one line")
@settings(deadline=None)
def test_no_text_leaves_its_literal(text: str, name: str) -> None:
    if not tidied(text).strip():
        return
    written = all_documented(FILES[name], text)
    assert unsaid(written) == unsaid(FILES[name])


def test_every_function_of_the_standard_library_sample_keeps_its_code(recorded_data: Path) -> None:
    """
    400 of 400, each with a quarter of the hostile texts.
    """
    with gzip.open(recorded_data / "workloads" / "stdlib_docstrings.jsonl.gz", "rt") as rows:
        functions = [json.loads(row)["text"] for row in rows]
    kept = 0
    for number, function in enumerate(functions):
        content = function.encode()
        code = without_docstrings(ast.parse(function))
        for text in HOSTILE[number % 4 :: 4]:
            written = all_documented(content, text[:200])
            assert written != content
            assert unsaid(written) == unsaid(content)
            assert without_docstrings(ast.parse(written)) == code
        kept += 1
    assert (kept, len(functions)) == (400, 400)


PARTS = 16


@pytest.mark.large
@pytest.mark.parametrize("part", range(PARTS))
def test_every_file_of_the_standard_library_keeps_its_code(part: int) -> None:
    """
    Each definition documented with a hostile text; `spliced` itself refuses a file that changed.
    """
    root = Path(sysconfig.get_paths()["stdlib"])
    text = 'Do\\ne."""\nimport os\x00; """\n\tx \\" é →'
    files = definitions = 0
    for path in sorted(root.rglob("*.py"))[part::PARTS]:
        try:
            found = places(source := read_source(path.read_bytes()))
        except Unreadable:
            continue  # test data that is no Python on purpose
        spliced(source, found, dict.fromkeys(range(len(found)), text))
        files, definitions = files + 1, definitions + len(found)
    assert files > 60
    assert definitions > 1_800
