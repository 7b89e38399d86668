"""`suffice explain`: every code has a page, and every page a code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import suffice
from suffice.cli import main
from suffice.cli.explanations import errors_by_code, exit_code_of, explanations
from suffice.linter import rules

SOURCE = Path(suffice.__file__).parent


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["explain", *args])


def test_every_error_has_a_page_and_no_page_lacks_an_error() -> None:
    assert set(explanations()) == {*errors_by_code(), *rules()}


def test_every_code_the_source_speaks_of_has_a_page() -> None:
    spoken = {
        code
        for path in SOURCE.rglob("*")
        if path.suffix in {".py", ".toml", ".j2"}
        for code in re.findall(r"\bSF\d{3}\b", path.read_text("utf-8"))
    }

    assert spoken - set(explanations()) == set()


@pytest.mark.parametrize("code", sorted(explanations()))
def test_a_page_tells_cause_effect_and_at_least_one_remedy(code: str) -> None:
    page = explanations()[code]

    assert page.fix
    for sentence in (page.cause, page.effect, *page.fix):
        assert sentence.rstrip()[-1] in ".:`", sentence
        assert sentence.startswith(("docs/", "package")) or sentence[0] == sentence[0].upper()


def test_the_exit_code_a_page_states_is_the_errors_own() -> None:
    for code, page in explanations().items():
        stated = re.search(r"Exit code (\d+)", page.effect)
        if stated is not None or exit_code_of(code) != 1:
            assert stated is not None, code
            assert int(stated[1]) == exit_code_of(code), code


def test_every_command_and_page_an_explanation_names_exists() -> None:
    repository = SOURCE.parents[1]
    for code, page in explanations().items():
        for text in (page.cause, page.effect, *page.fix):
            for command in re.findall(r"`suffice ([a-z]+)", text):
                assert main.get_command(None, command) is not None, code  # type: ignore[arg-type]
            for path in re.findall(r"docs/[\w.-]+\.md", text):
                assert (repository / path).is_file(), (code, path)


@pytest.mark.parametrize("spelt", ["SF305", "sf305", "305"])
def test_a_code_is_found_however_it_is_spelt(spelt: str) -> None:
    result = run(spelt)

    assert result.exit_code == 0
    assert result.stdout.startswith("SF305 · No price for a model")


def test_without_a_code_all_are_listed() -> None:
    listed = run().stdout

    assert all(f"{code}  {page.title}" in listed for code, page in explanations().items())


def test_json_carries_schema_page_and_exit_code() -> None:
    read = json.loads(run("SF301", "--format", "json").stdout)

    assert (read["schema"], read["code"], read["exit_code"]) == ("suffice.explanation", "SF301", 12)
    assert len(json.loads(run("--format", "json").stdout)["codes"]) == len(explanations())


def test_an_unknown_code_is_a_usage_error_that_names_its_neighbours() -> None:
    result = run("SF399")

    assert result.exit_code == 2
    assert "SF301, SF305, SF306" in result.stderr


def test_an_error_in_a_terminal_names_the_page_that_explains_it() -> None:
    call = [sys.executable, "-m", "suffice", "explain", "SF999"]
    told = subprocess.run(call, capture_output=True, text=True, check=False)

    assert told.returncode == 2
    assert "More: suffice explain SF005" in told.stderr
