"""Cases no verdict has seen, kept to be asked again, and what their answers tell of a model."""

from __future__ import annotations

import enum

import msgspec

from suffice.records.cases import Case

HELD_OUT_FILE = "held_out.jsonl"
"""In a run's folder."""


class HeldOutCase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A case as it is kept to be asked again, without any answer.

    Attributes:
        case: With its request, and its reference where there is one.
        pilot: The baseline was asked it twice for the noise floor; it is in no verdict either.
    """

    case: Case
    pilot: bool = False


class Arm(enum.StrEnum):
    """Whose part a model plays in a comparison."""

    BASELINE = "baseline"
    CANDIDATE = "candidate"


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """
    A model's newest answers held against its own earlier ones to the same requests.

    Attributes:
        type: The request type.
        arm: Whose part the model plays.
        model: Its name.
        cases: Cases with a new answer and two earlier ones; where there is none, with one.
        answers: Answers of the case that has most of them, the new one among them.
        agreement: How much the new answers agree with the earlier ones; None without a case.
        before: How much the earlier ones agree among themselves; None where there is but one.
        before_cases: On so many cases: as many as ``cases``, or none.
        p_value: Chance of so little agreement if the model has not changed, doubled for the two
            looks; None where there is nothing yet that could tell.
        level: What it is held against.
        moved: The model has changed.
        sentence: All of it, for people.
    """

    type: str
    arm: Arm
    model: str
    cases: int
    answers: int
    agreement: float | None = None
    before: float | None = None
    before_cases: int = 0
    p_value: float | None = None
    level: float
    moved: bool = False
    sentence: str = ""
