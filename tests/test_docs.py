"""The documentation's check finds what is not true, and the README says what a newcomer needs."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def check_docs() -> ModuleType:
    path = REPOSITORY / "tools" / "check_docs.py"
    spec = importlib.util.spec_from_file_location("check_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_docs"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def found(check_docs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said of one page in which every sentence is wrong."""
    (tmp_path / "Makefile").write_text("test:\n", "utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "settings.md").write_text("# Settings\n", "utf-8")
    (tmp_path / "docs" / "decisions").mkdir()
    (tmp_path / "docs" / "decisions" / "0002-dependencies.md").write_text(
        "| click | x | y |\n", "utf-8"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["click", "curl>=1"]\n', "utf-8"
    )
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n\n[gone](gone.md), [no heading](docs/settings.md#nowhere), [fine](#a-page)\n\n"
        "Run `suffice fly` or `make toast`.\n\n"
        "```sh\nsuffice cost --colour blue\nmake test\n```\n\n"
        "```python\n>>> 1 + 1\n3\n```\n",
        "utf-8",
    )
    monkeypatch.setattr(check_docs, "ROOT", tmp_path)
    return list(check_docs.problems([page]))


@pytest.mark.parametrize(
    "wrong",
    [
        "the link to gone.md leads nowhere",
        "settings.md has no heading #nowhere",
        "there is no command 'fly'",
        "`suffice cost` has no option --colour",
        "no target 'toast'",
        "an example fails",
        "docs/settings.md does not tell of limits.margin",
        "docs/settings.md does not tell of SUFFICE_MARGIN",
        "does not say what curl is for",
    ],
)
def test_what_is_not_true_is_found(found: list[str], wrong: str) -> None:
    assert any(wrong in problem for problem in found), found


def test_what_is_true_is_not_complained_of(found: list[str]) -> None:
    assert not any(
        any(true in problem for true in ("a-page", "'test'", "click")) for problem in found
    )


def test_the_readme_begins_with_the_two_commands_of_a_fresh_machine() -> None:
    text = (REPOSITORY / "README.md").read_text("utf-8")
    commands = re.findall(r"^(make \w+)", text, re.MULTILINE)

    assert commands[:2] == ["make demo", "make test"]


def test_the_repository_speaks_of_the_product_alone() -> None:
    """No absolute path of a machine stands in what people read."""
    pages = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    told = {
        page.name
        for page in pages
        if re.search(r"(?<![\w.])/(work|root|home)/", page.read_text("utf-8"))
    }

    assert told == set()


def test_the_picture_of_the_readme_asks_no_network() -> None:
    pictures = list((REPOSITORY / "docs").glob("*.svg"))

    assert pictures
    for picture in pictures:
        text = picture.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "http" not in text
