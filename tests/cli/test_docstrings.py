"""`suffice docstrings` finds what is missing without a model, and has it written with one."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from suffice.cli import main
from suffice.testing import Said, StrictFake, serve, strict_fake

CODE = b'"""Said."""\r\n\r\ndef f(a):\r\n    return a  # so\r\n\r\nclass A:\r\n    x = 1\r\n'


def fill(body: Mapping[str, Any]) -> Said:
    schema = body["output_config"]["format"]["schema"]
    said = {
        name: {inner: f"The {inner}." for inner in field["properties"]}
        if "properties" in field
        else f"The {name}."
        for name, field in schema["properties"].items()
    }
    return Said(text=json.dumps(said))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_bytes(CODE)
    return tmp_path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictFake]:
    served = strict_fake(answers=fill)
    with serve(served) as base_url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
        yield served


def docstrings(*arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(main, ["docstrings", *arguments], input=said)


def test_check_names_what_is_missing_and_calls_nobody(project: Path) -> None:
    done = docstrings("src", "--check")
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "src/app.py:3: function f has no docstring",
        "src/app.py:6: class A has no docstring",
        "2 docstrings missing in 1 file.",
    ]
    document = json.loads(docstrings("src", "--check", "--format", "json").output)
    assert (document["schema"], document["version"]) == ("suffice.docstrings", 1)
    assert [lack["name"] for lack in document["missing"]["src/app.py"]] == ["f", "A"]


def test_check_exits_0_where_nothing_is_missing(project: Path) -> None:
    (project / "src" / "app.py").write_text('"""Said."""\ndef f(a):\n    """Do."""\n')
    assert docstrings("src", "--check").exit_code == 0
    done = docstrings("src", "--check", "--existing", "incomplete")
    assert done.exit_code == 1
    assert "function f does not document a" in done.output
    assert done.output.endswith("1 docstring missing or incomplete in 1 file.\n")


def test_a_diff_is_shown_and_nothing_written(project: Path, fake: StrictFake) -> None:
    done = docstrings("src")
    assert done.exit_code == 0, done.output
    assert "--- a/src/app.py\n+++ b/src/app.py\n" in done.stdout
    assert '+    """The summary.\n' in done.stdout
    assert "2 of 2 docstrings in 1 file, $0.0" in done.stderr
    assert (project / "src" / "app.py").read_bytes() == CODE


def test_files_are_written_after_the_diff_and_a_yes(project: Path, fake: StrictFake) -> None:
    path = project / "src" / "app.py"
    path.chmod(0o750)
    assert docstrings("src", "--write", said="n\n").exit_code == 0
    assert path.read_bytes() == CODE
    done = docstrings("src", "--write", "--style", "numpy", said="y\n")
    assert done.exit_code == 0
    written = path.read_bytes()
    assert "+++ b/src/app.py" in done.stdout
    assert written.count(b"\n") == written.count(b"\r\n")
    assert b"    Parameters\r\n    ----------\r\n    a\r\n        The a.\r\n" in written
    assert [type(node) for node in ast.parse(written).body] == [
        type(node) for node in ast.parse(CODE).body
    ]
    assert path.stat().st_mode & 0o777 == 0o750
    assert docstrings("src", "--check").exit_code == 0
    assert docstrings("src", "--write", "--yes").exit_code == 0
    assert path.read_bytes() == written


def test_a_link_stays_a_link(project: Path, fake: StrictFake) -> None:
    (project / "link.py").symlink_to(project / "src" / "app.py")
    assert docstrings("link.py", "--write", "--yes").exit_code == 0
    assert (project / "link.py").is_symlink()
    assert b"The summary." in (project / "src" / "app.py").read_bytes()


def test_what_is_paid_for_is_not_paid_again(project: Path, fake: StrictFake) -> None:
    for _ in range(2):
        assert docstrings("src", "--resume", "paid.jsonl").exit_code == 0
    assert len(fake.journal) == 2


def test_the_budget_ends_the_calls_with_its_own_exit_code(project: Path, fake: StrictFake) -> None:
    done = docstrings("src", "--budget", "0.00000001", "--concurrency", "1")
    assert done.exit_code == 12
    assert "class A is left as it is, budget:" in done.stderr
    assert len(fake.journal) == 1


def test_what_cannot_be_written_is_named_and_the_rest_is_written(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(body: Mapping[str, Any]) -> Said:
        return fill(body) if "The class A" in str(body["messages"][0]) else Said(text="no")

    (project / "src" / "old.py").write_text("print 'two'\n")
    with serve(strict_fake(answers=half)) as base_url:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
        done = docstrings("src", "--write", "--yes", "--base-url", base_url)
    assert done.exit_code == 10
    assert "src/app.py:3: function f is left as it is, invalid_json" in done.stderr
    assert "src/old.py is left as it is:" in done.stderr
    assert b"def f(a):\r\n    return a" in (project / "src" / "app.py").read_bytes()
    assert (project / "src" / "old.py").read_text() == "print 'two'\n"


def test_json_tells_every_docstring_and_the_diff(project: Path, fake: StrictFake) -> None:
    document = json.loads(docstrings("src", "--format", "json").stdout)
    assert [one["name"] for one in document["docstrings"]] == ["f", "A"]
    assert document["docstrings"][1]["docstring"] == "The summary.\n\nThe description."
    assert document["diff"].startswith("--- a/src/app.py")


def test_misuse_is_told_before_anything_is_done(project: Path) -> None:
    assert docstrings("src", "--check", "--write").exit_code == 2
    assert docstrings("src", "--budget", "much").exit_code == 2
    (project / "empty").mkdir()
    assert docstrings("empty").exit_code == 1
    assert os.environ.get("ANTHROPIC_API_KEY") is None
