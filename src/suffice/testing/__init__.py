"""
A strict fake of the Messages API, for our tests and for yours.

It answers like the API and refuses like the API: a field a model rejects is a 400 here too. Its
words and token counts are its own, and it says so in every id.

>>> from suffice.testing import serve, strict_fake
>>> fake = strict_fake(answers={"capital of France?": "Paris"})
>>> with serve(fake) as base_url:
...     pass  # point any client at base_url
>>> fake.journal
Journal(0 requests)
"""

from suffice.testing.answers import Answers, Said, ToolCall
from suffice.testing.fake import StrictFake, strict_fake
from suffice.testing.handoff import Handoff, Party, Replay, replay_handoff, whole_conversation
from suffice.testing.journal import Entry, Journal
from suffice.testing.limits import RateLimits
from suffice.testing.script import (
    Cuts,
    ErrorEvent,
    Fails,
    Garbles,
    Passes,
    Stalls,
    Step,
    Waits,
    overloaded,
    rate_limited,
    server_error,
    spend_limit,
)
from suffice.testing.scripted import ScriptedModels, answering
from suffice.testing.serving import serve

__all__ = [
    "Answers",
    "Cuts",
    "Entry",
    "ErrorEvent",
    "Fails",
    "Garbles",
    "Handoff",
    "Journal",
    "Party",
    "Passes",
    "RateLimits",
    "Replay",
    "Said",
    "ScriptedModels",
    "Stalls",
    "Step",
    "StrictFake",
    "ToolCall",
    "Waits",
    "answering",
    "overloaded",
    "rate_limited",
    "replay_handoff",
    "serve",
    "server_error",
    "spend_limit",
    "strict_fake",
    "whole_conversation",
]
