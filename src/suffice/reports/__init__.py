"""Verdicts as words, drawings and data: pure functions from a comparison to a text."""

from suffice.reports.cases import CASE_FORMATS, render_cases
from suffice.reports.data import comparison_schema, parse_json, schema_text
from suffice.reports.next_step import compare_again, next_command, shell_word
from suffice.reports.rendering import FORMATS, render

__all__ = [
    "CASE_FORMATS",
    "FORMATS",
    "compare_again",
    "comparison_schema",
    "next_command",
    "parse_json",
    "render",
    "render_cases",
    "schema_text",
    "shell_word",
]
