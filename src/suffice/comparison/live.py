"""What a live run is told, what it tells while it runs, and what it leaves."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from suffice.comparison.pairing import Arms
from suffice.comparison.recorded import Choose
from suffice.errors import SufficeError
from suffice.records import Case, Evidence, Limits, Pair, Spending, Word

Settled = Callable[[Evidence, Limits], Word | None]
"""The stop rule: the word a candidate stops with, None where more pairs can change it."""

Wanting = Callable[[Evidence], Mapping[str, int]]
"""Classes whose gate is undecided, with the draws that would probably settle each."""


class State(enum.StrEnum):
    """Where a type stands."""

    PILOT = "pilot"
    TESTING = "testing"
    CLASSES = "classes"
    DECIDED = "decided"
    UNDECIDED = "undecided"
    STOPPED = "stopped"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something changed in one type: a pair was counted, or it entered another state.

    Attributes:
        type: The request type.
        state: Where it stands.
        done: Cases counted: of the pilot while in it, else of the main sample.
        planned: Of so many at most.
        words: Candidate -> its word; None while undecided.
        type_usd: What this type cost so far.
        spent_usd: What the whole run cost so far, earlier parts of it included.
        cap_usd: The budget; None without one.
        not_needed: Planned cases that a decision made needless; 0 until then.
        ceiling: The baseline is asked twice per case, since it disagrees with itself.
        why: Why it stopped: ``interrupted``, ``budget``, ``provider``, ``storage``; else empty.
    """

    type: str
    state: State
    done: int
    planned: int
    words: dict[str, Word | None]
    type_usd: Decimal
    spent_usd: Decimal
    cap_usd: Decimal | None = None
    not_needed: int = 0
    ceiling: bool = False
    why: str = ""


class LiveRules(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the run is handed from other rooms.

    Attributes:
        choose: Says how a type is scored, from its first answered cases; called once per type.
        settled: The stop rule, called after every counted pair.
        wanting: For the class gate; None: no extra draws.
        label_of: A case's class where it is known before anybody is asked; None: unknown.
        on_pair: Called with every counted pair in the plan's order, e.g. `Showcase.offer`.
        on_change: Called whenever something changed.
    """

    choose: Choose
    settled: Settled
    wanting: Wanting | None = None
    label_of: Callable[[Case], str | None] | None = None
    on_pair: Callable[[Case, Arms, Pair], None] | None = None
    on_change: Callable[[Change], None] | None = None


class TypeOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a live run found for one type.

    Attributes:
        evidence: One per candidate, in the plan's order, each up to the pair that settled it.
        words: Candidate -> the word it stopped with; None where nothing settled it.
        counted: Main cases counted.
        not_needed: Planned main cases that were not needed.
        pilot_agreement: The baseline with itself on the pilot, per case; empty without one.
        ceiling: Whether the main cases were asked of the baseline twice.
        exhausted: Every planned case was counted and some candidate is still unsettled.
        why_stopped: As in `Change`; empty where the type ran to its end.
    """

    type: str
    evidence: tuple[Evidence, ...]
    words: dict[str, Word | None]
    counted: int = 0
    not_needed: int = 0
    pilot_agreement: tuple[float, ...] = ()
    ceiling: bool = False
    exhausted: bool = False
    why_stopped: str = ""


class LiveOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a live run found.

    Attributes:
        types: In the plan's order; types never begun have empty evidence.
        spending: What it cost, earlier parts of a resumed run included.
        stopped: Why it ended early: ``interrupted``, ``budget``, ``provider``, ``storage``; else
            empty.
        error: The error behind ``provider`` or ``storage``; None otherwise.
    """

    types: tuple[TypeOutcome, ...]
    spending: Spending
    stopped: str = ""
    error: SufficeError | None = None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Of all types and candidates, in the plan's order, ready for the decision."""
        return tuple(one for found in self.types for one in found.evidence)
