"""Bytes -> cases and exchanges: reading what others wrote, without trusting it."""

from suffice.traffic.answers import read_answer
from suffice.traffic.cases import UNTYPED, CaseReader, Fields, read_cases
from suffice.traffic.promptfoo import read_promptfoo
from suffice.traffic.responses import read_message

__all__ = [
    "UNTYPED",
    "CaseReader",
    "Fields",
    "read_answer",
    "read_cases",
    "read_message",
    "read_promptfoo",
]
