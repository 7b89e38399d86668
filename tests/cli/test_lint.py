"""`suffice lint` over a folder, in each of its formats."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result

from suffice.cli import main

BAD = "client.messages.create(model='claude-haiku-4-5', max_tokens=100_000, messages=[])\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(BAD)
    (tmp_path / "src" / "fine.py").write_text("x = 1\n")
    for elsewhere in (".venv", "node_modules", "env"):
        (tmp_path / elsewhere).mkdir()
        (tmp_path / elsewhere / "other.py").write_text(BAD)
    return tmp_path


def lint(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["lint", *arguments])


def test_findings_are_told_with_place_figure_and_remedy(project: Path) -> None:
    done = lint("src")
    assert done.exit_code == 1
    assert "src/app.py" in done.output
    assert (
        "max_tokens=100,000 is above claude-haiku-4-5's 64,000. Fix: at most 64,000." in done.output
    )
    assert "1 model call in 2 files: 1 error, 0 warnings." in done.output
    assert done.output.splitlines()[-1] == "Next  suffice explain SL01"


def test_what_is_not_the_projects_own_is_passed_over(project: Path) -> None:
    assert json.loads(lint("--format", "json").output)["files"] == 2


def test_a_clean_project_exits_0(project: Path) -> None:
    assert lint("src/fine.py").exit_code == 0
    assert lint("src", "--ignore", "sl01").exit_code == 0
    assert lint("src", "--exclude", "app.py").exit_code == 0


def test_json_lists_the_calls_and_the_findings(project: Path) -> None:
    document = json.loads(lint("src", "--format", "json").output)
    assert (document["schema"], document["version"]) == ("suffice.lint", 1)
    assert [call["model"] for call in document["calls"]] == ["claude-haiku-4-5"]
    assert [finding["code"] for finding in document["findings"]] == ["SL01"]


def test_github_is_told_the_line(project: Path) -> None:
    assert lint("src", "--format", "github").output.startswith(
        "::error file=src/app.py,line=1,col=1"
    )


def test_sarif_has_what_code_scanning_asks_for(project: Path) -> None:
    log = json.loads(lint("src", "--format", "sarif").output)
    jsonschema_rs.validate(_SARIF_SHAPE, log)
    [run] = log["runs"]
    [result] = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "SL01"


def test_an_unknown_rule_and_a_folder_without_python_are_errors(project: Path) -> None:
    assert lint("src", "--ignore", "SL99").exit_code == 2
    (project / "empty").mkdir()
    assert lint("empty").exit_code == 1
    assert "SF103" in lint("empty").output


def test_a_rule_has_its_page(project: Path) -> None:
    shown = CliRunner().invoke(main, ["explain", "sl01"])
    assert shown.exit_code == 0
    assert "max_tokens above the model's cap" in shown.output


_PLACE = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation", "region"],
            "properties": {
                "artifactLocation": {"type": "object", "required": ["uri"]},
                "region": {
                    "type": "object",
                    "required": ["startLine"],
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                },
            },
        }
    },
}
_SARIF_SHAPE = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "level", "message", "locations"],
                            "properties": {
                                "level": {"enum": ["error", "warning", "note", "none"]},
                                "locations": {"type": "array", "items": _PLACE, "minItems": 1},
                            },
                        },
                    }
                },
            },
        },
    },
}
