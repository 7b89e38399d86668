"""The verbs of the library, one per stage, each short."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from suffice.catalog import Catalog, load_catalog
from suffice.comparison import (
    ArmNames,
    BrokenLines,
    Chosen,
    Dollars,
    Grading,
    RecordedRun,
    Showcase,
)
from suffice.decision import decide_all
from suffice.errors import EmptyInput, MissingAnswers
from suffice.records import (
    BrokenCase,
    Case,
    Comparison,
    Evidence,
    Limits,
    ShownCase,
)
from suffice.scoring import Choice, choose_scorer, load_scorer, scorer_named


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a recorded comparison is to do.

    Attributes:
        baseline: Arm name of the model in use.
        candidates: Arm names on trial.
        limits: What "as good" means.
        scorer: ``auto`` chooses for each type from its answers; else a scorer's name, or a
            function's dotted path.
        strict: Stop at the first broken line.
        hand_picked: The cases were chosen by hand, so every verdict is provisional.
        source: Names the cases file in the result.
        limit: Use the first so many cases only; None: all.
    """

    baseline: str
    candidates: tuple[str, ...]
    limits: Limits = Limits()
    scorer: str = "auto"
    strict: bool = False
    hand_picked: bool = False
    source: str = ""
    limit: int | None = None


def compare_recorded(
    cases: Iterable[Case | BrokenCase],
    job: Recorded,
    *,
    at: datetime,
    catalog: Catalog | None = None,
    keep: Callable[[ShownCase], None] | None = None,
) -> Comparison:
    """
    Decide, from answers or grades that are already there, whether each candidate suffices.

    Nobody is called and nothing is spent. Every case with both arms counts, one per group.

    Args:
        cases: As `suffice.traffic.read_cases` gives them; read once, as a stream.
        job: What is compared, and how strictly.
        at: The date whose prices turn recorded tokens into dollars.
        catalog: Prices; None: those that ship with suffice.
        keep: Called with the texts of every lost or won pair.

    Raises:
        EmptyInput: There is no case at all.
        MissingAnswers: A model has no answer and no grade anywhere.
        BrokenLine: A line is no case, and ``job.strict`` is set.
        BadMargin: A margin was asked for where neither quality nor a ceiling can be had.
    """
    prices = Dollars(catalog or load_catalog(), at)
    showcase = Showcase(keep=keep)
    run = RecordedRun(job.baseline, job.candidates, choose=_chooser(job, prices), showcase=showcase)
    broken = BrokenLines(strict=job.strict)
    names = ArmNames((job.baseline, *job.candidates), prices.catalog)
    count = 0
    for case in cases:
        if isinstance(case, BrokenCase):
            broken.add(case)
            continue
        if job.limit is not None and count >= job.limit:
            break
        count += 1
        run.add(names.asked_for(case))
    if count == 0:
        raise EmptyInput(
            f"There is no case in {job.source or 'the input'}.",
            effect="Nothing was compared.",
            next_step=f"{broken.total} lines were no case; see docs/cases.md for the form.",
        )
    evidences = [prices.noted(evidence) for evidence in run.finish()]
    _require_pairs(evidences, job, run.arms_seen)
    limits = msgspec.structs.replace(job.limits, decisions=len(evidences))
    return Comparison(
        source=job.source,
        created=at.isoformat(timespec="seconds"),
        types=decide_all(evidences, limits),
        shown=showcase.shown(),
        broken=tuple(broken.first),
        broken_total=broken.total,
        prices_dated=prices.dated,
    )


def _chooser(job: Recorded, prices: Dollars) -> Callable[[Sequence[Case]], Chosen]:
    provisional = ("the cases were picked by hand",) if job.hand_picked else ()

    def choose(cases: Sequence[Case]) -> Chosen:
        choice = chosen_scorer(job.scorer, cases, baseline=job.baseline)
        return Chosen(
            grading=Grading(
                scorer=choice.scorer, by_reference=choice.measure_reference, price=prices
            ),
            scorer=choice.scorer.name if choice.scorer else "grades",
            reason=choice.reason,
            chance=choice.chance,
            provisional=provisional,
        )

    return choose


def chosen_scorer(name: str, cases: Sequence[Case], *, baseline: str) -> Choice:
    """
    The scorer of one type: the one asked for, or the one its cases call for.

    Raises:
        BrokenScorer: A function that cannot be loaded.
        BadOption: No scorer has this name.
    """
    found = choose_scorer(cases, baseline=baseline)
    if name == "auto":
        return found
    scorer = (
        load_scorer(name)
        if ":" in name or "." in name
        else scorer_named(name, cases=cases, baseline=baseline)
    )
    return msgspec.structs.replace(
        found,
        scorer=scorer,
        reason="as asked for",
        measure_reference=any(case.reference is not None for case in cases),
    )


def _require_pairs(evidences: Sequence[Evidence], job: Recorded, seen: Iterable[str]) -> None:
    for candidate in job.candidates:
        ours = [evidence for evidence in evidences if evidence.candidate == candidate]
        if any(evidence.cases > evidence.unrecorded for evidence in ours):
            continue
        raise MissingAnswers(
            f"No case holds answers or grades of both {job.baseline} and {candidate}.",
            effect="Nothing was decided.",
            next_step=f"The file has: {', '.join(sorted(seen)) or 'no model at all'}.",
        )
