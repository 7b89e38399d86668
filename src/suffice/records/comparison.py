"""A whole comparison as it is stored, printed and opened elsewhere."""

from __future__ import annotations

import msgspec

from suffice.records.cases import BrokenCase
from suffice.records.held_out import Probe
from suffice.records.verdict import Verdict


class ShownCase(msgspec.Struct, frozen=True, kw_only=True):
    """
    One pair with its texts, for reading lost cases.

    Attributes:
        outcome: ``lost``, ``won``, ``both`` or ``neither`` (agreement: ``lost`` and ``both``).
        prompt: The last user turn, as text.
        reference: The right answer as text; empty where unknown.
        baseline_text: The baseline's answer as text.
        candidate_text: The candidate's answer as text.
        weight: How much was lost, in [0, 1]; lost cases are shown worst first.
    """

    type: str
    baseline: str
    candidate: str
    case_id: str
    outcome: str
    prompt: str = ""
    reference: str = ""
    baseline_text: str = ""
    candidate_text: str = ""
    reason: str = ""
    paths: tuple[str, ...] = ()
    weight: float = 1.0


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """What proving it cost. Dollars as decimal text, so that no total is ever a float."""

    spent_usd: str = "0"
    cap_usd: str | None = None
    calls: int = 0
    reused: int = 0
    unpriced_calls: int = 0


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """
    The result of one `suffice compare`.

    Attributes:
        run_id: Names the run's folder; empty where nothing was kept.
        source: The cases file, as given.
        asked: The words of a call that compares the same in the same way, after ``suffice
            compare``, without budget, folder and forms; empty where no call made it.
        recorded: True where nobody was called.
        created: ISO 8601 with zone.
        seed: What shuffled the cases.
        types: One verdict per type and candidate.
        shown: Texts of lost cases first, up to a limit per type.
        broken: Lines that were no case, up to a limit; ``broken_total`` counts all.
        notes: Sentences that hold for the whole run.
        stopped: Why the run ended early: ``interrupted``, ``budget`` or empty.
        prices_dated: The date of the prices used.
        held_out_of: The run whose held-out cases these are; empty for a run of its own.
        probes: Each model's new answers against its own earlier ones, where there are any.
    """

    schema: str = "suffice.comparison"
    version: int = 1
    run_id: str = ""
    source: str = ""
    asked: tuple[str, ...] = ()
    recorded: bool = True
    created: str = ""
    seed: int = 0
    types: tuple[Verdict, ...] = ()
    shown: tuple[ShownCase, ...] = ()
    broken: tuple[BrokenCase, ...] = ()
    broken_total: int = 0
    notes: tuple[str, ...] = ()
    spending: Spending = Spending()
    stopped: str = ""
    prices_dated: str = ""
    held_out_of: str = ""
    probes: tuple[Probe, ...] = ()
