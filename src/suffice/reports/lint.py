"""What a lint of a project found, for people's tools: JSON, GitHub annotations, SARIF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import msgspec

from suffice.linter import Finding, ModelCall, Rule
from suffice.reports.untrusted import one_line

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


class LintReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was found in a project.

    Attributes:
        files: How many files were read.
        calls: Every model call, by file and line.
        findings: What is wrong, by file and line.
        broken: File -> why it could not be read.
    """

    schema: str = "suffice.lint"
    version: int = 1
    files: int
    calls: tuple[ModelCall, ...] = ()
    findings: tuple[Finding, ...] = ()
    broken: dict[str, str] = {}

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.level == "error" for finding in self.findings)


def lint_json(report: LintReport) -> str:
    """The whole report; of each call what names it, not its arguments."""
    calls = [
        {
            "path": call.path,
            "line": call.line,
            "api": call.api,
            "method": call.method,
            "model": call.model,
            "task": call.task,
        }
        for call in report.calls
    ]
    plain = {**msgspec.to_builtins(report), "calls": calls}
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def lint_github(findings: Sequence[Finding]) -> str:
    r"""
    One workflow command a finding, at its line.

    >>> one = Finding(path="a,b.py", line=3, column=1, code="SL01", level="error",
    ...     message="100% too long", fix="shorten it")
    >>> lint_github([one])
    '::error file=a%2Cb.py,line=3,col=1,title=SL01::100%25 too long Fix: shorten it.\n'
    """
    lines = []
    for one in findings:
        path = one_line(one.path).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
        text = one_line(f"{one.message} Fix: {one.fix}.").replace("%", "%25")
        place = f"file={path},line={one.line},col={one.column},title={one.code}"
        lines.append(f"::{one.level} {place}::{text}\n")
    return "".join(lines)


def lint_sarif(findings: Sequence[Finding], rules: Mapping[str, Rule], *, release: str) -> str:
    """
    A SARIF 2.1.0 log, as code-scanning services take it.

    Args:
        findings: What was found.
        rules: Every rule, also those that found nothing.
        release: Of suffice.

    Source:
        OASIS, Static Analysis Results Interchange Format 2.1.0.
    """
    order = {code: number for number, code in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "suffice",
                "semanticVersion": release,
                "rules": [_sarif_rule(code, rule) for code, rule in rules.items()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(finding, order) for finding in findings],
    }
    log = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _sarif_rule(code: str, rule: Rule) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.cause} {rule.effect}"},
        "help": {"text": "\n".join(rule.fix)},
        "defaultConfiguration": {"level": rule.level},
    }


def _sarif_result(finding: Finding, order: Mapping[str, int]) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(PurePath(finding.path).as_posix())},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    return {
        "ruleId": finding.code,
        "ruleIndex": order[finding.code],
        "level": finding.level,
        "message": {"text": f"{finding.message} Fix: {finding.fix}."},
        "locations": [{"physicalLocation": place}],
    }
