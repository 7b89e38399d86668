"""Bytes -> cases and exchanges: reading what others wrote, without trusting it."""

from suffice.traffic.answers import read_answer, read_response, text_of
from suffice.traffic.cases import UNTYPED, CaseReader, Fields, read_cases
from suffice.traffic.promptfoo import read_promptfoo

__all__ = [
    "UNTYPED",
    "CaseReader",
    "Fields",
    "read_answer",
    "read_cases",
    "read_promptfoo",
    "read_response",
    "text_of",
]
