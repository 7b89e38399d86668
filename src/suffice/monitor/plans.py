"""Plans: in which stages traffic moves, and how closely each is watched."""

from __future__ import annotations

from suffice.errors import BadOption
from suffice.records import RolloutPlan, Stage

PAIRS = 150
HOLDOUT = 0.02

# A stage with twenty times the traffic needs a twentieth of the shadow for the same pairs a day.
_WATCHED = 0.05
_NAMED = {"default": "5/25/100", "cautious": "1/5/25/100"}


def named_plan(
    text: str = "default",
    *,
    pairs: int = PAIRS,
    least_days: float = 0.0,
    holdout: float = HOLDOUT,
    cooldown_days: float = 7.0,
) -> RolloutPlan:
    """
    The plan somebody means by a name, or by its shares in percent.

    Shadow follows from the share: five percent of all traffic is watched, or all of a stage that
    is smaller. So every stage gathers its pairs in about the same time.

    Args:
        text: ``default`` (5/25/100), ``cautious`` (1/5/25/100), or shares such as ``0/10/100``.
        pairs: Scored pairs a stage needs.
        least_days: Days a stage takes at least; 7 for "watch it for a week".
        holdout: Share that stays on the baseline for good.
        cooldown_days: Rest after a rollback.

    Raises:
        BadOption: It is no plan.

    >>> [(stage.share, stage.shadow) for stage in named_plan().stages]
    [(0.05, 1.0), (0.25, 0.2), (1.0, 0.05)]
    """
    shares = _shares(text)
    if pairs < 1 or least_days < 0 or cooldown_days < 0 or not 0 <= holdout <= 1 / 2:
        raise _bad(text, "a stage needs at least one pair, and at most half is held out")
    return RolloutPlan(
        name=text,
        stages=tuple(
            Stage(share=share, shadow=_shadow(share), pairs=pairs, least_days=least_days)
            for share in shares
        ),
        holdout=holdout,
        cooldown_days=cooldown_days,
    )


def _shares(text: str) -> list[float]:
    try:
        shares = [float(part.strip().removesuffix("%")) / 100 for part in _written(text).split("/")]
    except ValueError as error:
        raise _bad(text, "it is neither a name nor shares in percent") from error
    if not all(0 <= share <= 1 for share in shares):
        raise _bad(text, "shares lie between 0 and 100")
    if shares != sorted(set(shares)) or shares[-1] == 0:
        raise _bad(text, "each share is larger than the one before")
    return shares


def _written(text: str) -> str:
    return _NAMED.get(text.strip().lower(), text)


def _shadow(share: float) -> float:
    return _WATCHED if share == 0 else min(1.0, round(_WATCHED / share, 4))


def _bad(text: str, why: str) -> BadOption:
    return BadOption(
        f"{text!r} is no rollout plan: {why}.",
        effect="Nothing was started.",
        next_step='Use --plan default, --plan cautious, or shares such as --plan "5/25/100".',
    )
