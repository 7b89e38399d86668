"""Verdicts as words, drawings and data: pure functions from a comparison to a text."""

from suffice.reports.data import comparison_schema, parse_json
from suffice.reports.rendering import FORMATS, render

__all__ = ["FORMATS", "comparison_schema", "parse_json", "render"]
