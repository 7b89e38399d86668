"""Which model to try first: the prior before any evidence, and what was measured where it was."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from suffice.catalog import Catalog, ModelFacts, TokenClass, load_catalog
from suffice.decision.advice_evidence import Found, preference, unlabelled, verdicts_of
from suffice.decision.advice_limits import Ladder, Limit, limits_of, on_sale, refusals_of
from suffice.decision.decision_flow import TIERS, DecisionFlow, Tier, decision_flow
from suffice.errors import BadOption, PriceUnknown
from suffice.records import Comparison, Word

# At a true agreement of 95 % the sequential rule decides after 179 pairs on average.
_USUAL_PAIRS = 180
_DAYS_A_MONTH = 30


class Basis(enum.StrEnum):
    """What an advice rests on."""

    PRIOR = "prior"
    MEASURED = "measured"


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which model to use, or to try first, and how much that is worth.

    Attributes:
        task: As asked for.
        kind: The task kind of the decision flow; None where it names none.
        basis: Whether a verdict was measured, or this is the prior.
        model: With settings where a measured arm had some; None where no model takes the prompt.
        tier: ``small``, ``middle`` or ``large``; None for a model outside the table.
        reason: The deciding reason, in one sentence.
        warnings: What speaks against a smaller model, and what to watch for.
        limits: Hard limits of the model, each held against what was asked.
        refuses: Parts of a request the model answers with an error, under the latest API version.
        evidence: Measured verdicts of this type, each as a sentence with its run.
        prompt_usd_per_month: List price of the prompts alone; None without a volume or a price.
        large_prompt_usd_per_month: The same on the large model of the day.
        command: What would replace the prior by evidence, or renew the evidence.
        prior_source: Where the prior comes from.
        prior_dated: The day it was brought up to date.
    """

    schema: str = "suffice.advice"
    version: int = 1
    task: str
    kind: str | None
    basis: Basis
    model: str | None
    tier: Tier | None
    reason: str
    warnings: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    refuses: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    prompt_usd_per_month: Decimal | None = None
    large_prompt_usd_per_month: Decimal | None = None
    command: str
    prior_source: str
    prior_dated: date


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    task: str
    context_tokens: int
    demands: frozenset[str]
    speed_critical: bool
    volume: int | None


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    basis: Basis
    model: str | None
    facts: ModelFacts | None
    reason: str
    warnings: tuple[str, ...]


def select_model(  # noqa: PLR0913 - the published function's arguments, by their names
    task_type: str,
    context_tokens: int,
    requires_creativity: bool = False,  # noqa: FBT001, FBT002 - the published function's third
    *,
    ambiguous_input: bool = False,
    ambiguous_output: bool = False,
    conversation: bool = False,
    reasoning: bool = False,
    explain_reasoning: bool = False,
    speed_critical: bool = False,
    volume: int | None = None,
    measured: Sequence[Comparison] = (),
    catalog: Catalog | None = None,
    at: date | None = None,
) -> Advice:
    """
    Which model to try first for a task; what was measured of it wins over what is believed.

    The prior is a published decision flow kept as a dated table. It proves nothing: it chooses
    what is worth a comparison. A retired model is never advised.

    Args:
        task_type: A task kind, e.g. ``classification``, or the name of a measured request type.
        context_tokens: Size of the longest prompt.
        requires_creativity: The answer is to be invented.
        ambiguous_input: A request can be read in more than one way.
        ambiguous_output: More than one answer is right.
        conversation: Many turns, or a person who needs empathy.
        reasoning: Several steps that depend on each other.
        explain_reasoning: The way to the answer must be explained.
        speed_critical: Somebody waits; lowers the tier of an unnamed task kind only.
        volume: Requests a day.
        measured: Stored comparisons; a verdict counts where its type is ``task_type``.
        catalog: Prices and limits; None: those that ship with suffice.
        at: The day to choose for; None: the day the catalog was last brought up to date.

    Raises:
        BadOption: ``context_tokens`` or ``volume`` is no positive number, or the task is empty.

    >>> advice = select_model("classification", 1200)
    >>> advice.model, advice.basis.value
    ('claude-haiku-5-5', 'prior')
    >>> select_model("story", 1200, requires_creativity=True, at=date(2026, 11, 22)).model
    'claude-opus-5-5'
    """
    flags = {
        "requires_creativity": requires_creativity,
        "explain_reasoning": explain_reasoning,
        "reasoning": reasoning,
        "ambiguous_input": ambiguous_input,
        "ambiguous_output": ambiguous_output,
        "conversation": conversation,
    }
    asked = _Asked(
        task=task_type,
        context_tokens=context_tokens,
        demands=frozenset(name for name, holds in flags.items() if holds),
        speed_critical=speed_critical,
        volume=volume,
    )
    _check(asked)
    flow = decision_flow()
    known = catalog or load_catalog()
    ladder = Ladder(catalog=known, at=at or known.dated, tiers=flow.tiers)
    verdicts = verdicts_of(asked.task, measured)
    choice = _from_evidence(asked, verdicts, ladder) or _from_prior(asked, flow, ladder, verdicts)
    return _advice(asked, choice, flow, ladder, verdicts)


def _check(asked: _Asked) -> None:
    if not asked.task.strip():
        raise BadOption("The task has no name.", effect="Nothing was advised.")
    for name, value in (("context_tokens", asked.context_tokens), ("volume", asked.volume)):
        if value is not None and value < 1:
            raise BadOption(
                f"{name} is {value:,}; it must be at least 1.", effect="Nothing was advised."
            )


def _from_evidence(
    asked: _Asked, verdicts: dict[tuple[str, str], Found], ladder: Ladder
) -> _Choice | None:
    """A measured Switch that saves most; else, after a Keep, the baseline; else nothing."""
    of: dict[Word, list[Found]] = {word: [] for word in Word}
    for found in verdicts.values():
        of[found.verdict.verdict].append(found)
    switches = sorted(of[Word.SWITCH], key=preference)
    arms = [(found.verdict.candidate, "suffices", found) for found in switches]
    if not switches:
        arms = [(found.verdict.baseline, "was not matched", found) for found in of[Word.KEEP]]
    passed: list[str] = []
    for arm, what, found in arms:
        facts = ladder.facts(arm)
        why_not = ladder.obstacle(facts, asked.context_tokens) if facts else ""
        name = unlabelled(arm)
        if why_not:
            passed.append(f"{name} was measured, but {why_not}.")
            continue
        if facts is None:
            passed.append(f"{name} is not in the catalog: its limits and prices are unknown.")
        if found.verdict.provisional:
            passed.append("The verdict is provisional: it cannot move traffic by itself.")
        return _Choice(
            basis=Basis.MEASURED,
            model=name,
            facts=facts,
            reason=f"Measured: {name} {what} for {found.verdict.type}.",
            warnings=tuple(passed),
        )
    return None


def _from_prior(
    asked: _Asked, flow: DecisionFlow, ladder: Ladder, verdicts: dict[tuple[str, str], Found]
) -> _Choice:
    tier, reason, warnings = _tier(asked, flow)
    kept = {
        unlabelled(found.verdict.candidate)
        for found in verdicts.values()
        if found.verdict.verdict is Word.KEEP
    }
    for each in TIERS[TIERS.index(tier) :]:
        facts = ladder.model(each)
        if facts is None:
            warnings.append(f"No {each} model of the table is on sale on {ladder.at}.")
        elif facts.id in kept:
            warnings.append(f"{facts.id} was measured for this type and did not suffice.")
        elif why_not := ladder.obstacle(facts, asked.context_tokens):
            warnings.append(f"{facts.id} is passed over: {why_not}.")
        else:
            return _Choice(
                basis=Basis.PRIOR,
                model=facts.id,
                facts=facts,
                reason=reason,
                warnings=tuple(warnings),
            )
    return _Choice(
        basis=Basis.PRIOR,
        model=None,
        facts=None,
        reason=f"No model of the table takes {asked.context_tokens:,} prompt tokens: split them.",
        warnings=tuple(warnings),
    )


def _tier(asked: _Asked, flow: DecisionFlow) -> tuple[Tier, str, list[str]]:
    """The tier the flow asks for, the reason that decided it, and all warnings."""
    kind = flow.kind_of(asked.task)
    if kind is not None:
        tier, reason = flow.tasks[kind].tier, flow.tasks[kind].reason
    elif asked.speed_critical:
        tier, reason = flow.unknown_task.speed_lowers, flow.unknown_task.reason_with_speed
    else:
        tier, reason = flow.unknown_task.tier, flow.unknown_task.reason
    demands = [row for row in flow.demands if row.when in asked.demands]
    for row in demands:
        if TIERS.index(row.tier) > TIERS.index(tier):
            tier, reason = row.tier, row.warning
    if len(demands) > 1 and tier != "large":
        tier, reason = "large", "Two demands that each ask for more than the small model add up."
    return tier, reason, [row.warning for row in demands if row.warning != reason]


def _advice(
    asked: _Asked,
    choice: _Choice,
    flow: DecisionFlow,
    ladder: Ladder,
    verdicts: dict[tuple[str, str], Found],
) -> Advice:
    facts = choice.facts
    return Advice(
        task=asked.task,
        kind=flow.kind_of(asked.task),
        basis=choice.basis,
        model=choice.model,
        tier=ladder.tier_of(facts) if facts else None,
        reason=choice.reason,
        warnings=(*choice.warnings, *_remarks(asked, facts, ladder)),
        limits=limits_of(facts, context_tokens=asked.context_tokens, at=ladder.at) if facts else (),
        refuses=refusals_of(facts.id) if facts else (),
        evidence=tuple(found.sentence for found in verdicts.values()),
        prompt_usd_per_month=_prompt_usd(asked, facts, ladder.at),
        large_prompt_usd_per_month=_prompt_usd(asked, ladder.model("large"), ladder.at),
        command=_command(choice.model, facts, ladder, verdicts),
        prior_source=flow.source,
        prior_dated=flow.dated,
    )


def _remarks(asked: _Asked, facts: ModelFacts | None, ladder: Ladder) -> list[str]:
    said = []
    if asked.speed_critical and facts is not None and ladder.tier_of(facts) != "small":
        fast = facts.fast_multiplier if on_sale(facts, ladder.at) else None
        said.append(
            "Speed counts, and this is not the small model: measure latency beside quality."
            + (f" Its fast mode costs {fast} times as much." if fast else "")
        )
    if asked.volume is not None and asked.volume < _USUAL_PAIRS:
        days = -(-_USUAL_PAIRS // asked.volume)
        said.append(
            f"A decision takes about {_USUAL_PAIRS} cases at 95 % agreement: "
            f"{days:,} days of this traffic."
        )
    return said


def _prompt_usd(asked: _Asked, facts: ModelFacts | None, at: date) -> Decimal | None:
    if asked.volume is None or facts is None:
        return None
    try:
        band = facts.period(at).band(asked.context_tokens)
    except PriceUnknown:
        return None
    price = band.usd_per_mtok.get(TokenClass.INPUT)
    if price is None:
        return None
    tokens = asked.volume * _DAYS_A_MONTH * asked.context_tokens
    return price * tokens / 1_000_000


def _command(
    model: str | None,
    facts: ModelFacts | None,
    ladder: Ladder,
    verdicts: dict[tuple[str, str], Found],
) -> str:
    if model is None:
        return "suffice prices list"
    large = ladder.model("large")
    baseline = large.id if large else "MODEL"
    for found in verdicts.values():
        if model in {unlabelled(found.verdict.candidate), unlabelled(found.verdict.baseline)}:
            arms = found.verdict
            return f"suffice compare CASES --baseline {arms.baseline} --to {arms.candidate}"
    if facts is None or facts.id == baseline:
        smaller = [ladder.model(tier) for tier in ("middle", "small")]
        candidates = [each.id for each in smaller if each is not None and each.id != baseline]
    else:
        candidates = [facts.id]
    arms_text = " ".join(f"--to {each}" for each in candidates or ["MODEL"])
    return f"suffice compare CASES --baseline {baseline} {arms_text}"
