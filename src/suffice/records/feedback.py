"""What somebody said of an answer, as the front door takes it."""

from __future__ import annotations

import msgspec

FEEDBACK_FOLDER = "feedback"
"""Under which name they lie in the gateway's data folder."""


class Feedback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One word on one answer. The last word on an answer holds.

    Attributes:
        request_id: The ``request-id`` header of the answer.
        good: Whether it was good.
        at: When it was said, in seconds since 1970 (UTC).
        note: In their own words, masked.
        by: The gateway key it came with; empty where none is used.
    """

    request_id: str
    good: bool
    at: float
    note: str = ""
    by: str = ""
