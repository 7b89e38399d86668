"""What one more pair, and one more, makes of the watch over a type."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

import msgspec

from suffice.records import ShadowPair, Watch
from suffice.statistics.detector import CALM, WEIGHTS, after_pair, alarm_level, stakes

RECENT = 50

LEANING_LIMIT = 4.0
"""At a stage's end, evidence of this much against its agreement holds it (docs/monitor.md)."""

MOST_MISSING = 0.02
"""A stage with more pairs missing than this share does not end."""

_LEAST_MISSING = 3


def after_shadow(watch: Watch, pairs: Iterable[ShadowPair], *, stage_began: datetime) -> Watch:
    """
    The watch after all pairs it has not counted yet, in the order of their ``seq``.

    It stops at the pair that raises the alarm: what comes after a rollback is another story.

    Args:
        watch: So far.
        pairs: In any order; those already counted are passed over.
        stage_began: Pairs served before it tell of the type, but not of the stage.
    """
    for pair in sorted(pairs, key=lambda pair: pair.seq):
        if pair.seq <= watch.last_seq:
            continue
        watch = _after_one(watch, pair, in_stage=pair.at >= stage_began)
        if alarmed(watch):
            break
    return watch


def alarmed(watch: Watch) -> bool:
    """Whether agreement has fallen: the detector's level has reached its limit."""
    return alarm_level(watch.levels) >= watch.limit


def leans_against(watch: Watch) -> float:
    """
    Evidence that the stage's agreement lies below what is fine: 1 where there is none either way.

    The chance that it ever reaches 4 in a stage whose agreement is fine is at most 1/4; at the
    stage's end, where it is asked, about 3 %.
    """
    return math.fsum(
        weight * math.exp(min(log, _LARGEST_LOG))
        for weight, log in zip(WEIGHTS, watch.leaning, strict=True)
    )


def of_new_stage(watch: Watch) -> Watch:
    """The watch at the beginning of a stage: the type's story goes on, the stage's begins."""
    return msgspec.structs.replace(watch, stage_pairs=0, stage_score=0.0, leaning=CALM)


def of_new_attempt(watch: Watch) -> Watch:
    """The watch at the beginning of a re-qualification: only the place in the pairs is kept."""
    return Watch(
        p_ok=watch.p_ok,
        pairs_per_year=watch.pairs_per_year,
        years_between=watch.years_between,
        last_seq=watch.last_seq,
    )


def passed_over(watch: Watch, pairs: Iterable[ShadowPair]) -> Watch:
    """The watch with pairs behind it that count for nothing, e.g. those of a time rolled back."""
    last = max((pair.seq for pair in pairs), default=0)
    return watch if last <= watch.last_seq else msgspec.structs.replace(watch, last_seq=last)


def too_many_missing(watch: Watch) -> bool:
    """Whether so many pairs have no score that the rest cannot speak for all."""
    return watch.missing >= _LEAST_MISSING and missing_share(watch) > MOST_MISSING


def missing_share(watch: Watch) -> float:
    """Pairs without a score, as a share of all."""
    return watch.missing / max(watch.pairs + watch.missing, 1)


_LARGEST_LOG = 700.0


def _after_one(watch: Watch, pair: ShadowPair, *, in_stage: bool) -> Watch:
    if pair.score is None:
        return msgspec.structs.replace(
            watch,
            last_seq=pair.seq,
            missing=watch.missing + 1,
            recent_missing=watch.recent_missing + 1,
        )
    score = pair.score
    last = watch.last_pair
    counted = msgspec.structs.replace(
        watch,
        levels=after_pair(watch.levels, score, p_ok=watch.p_ok),
        last_seq=pair.seq,
        pairs=watch.pairs + 1,
        score=watch.score + score,
        proof=(watch.proof[0] + score, watch.proof[1] + 1 - score),
        recent=(*watch.recent[-RECENT + 1 :], score),
        recent_missing=0,
        last_pair=pair.at if last is None else max(pair.at, last),
    )
    return _in_stage(counted, score) if in_stage else counted


def _in_stage(watch: Watch, score: float) -> Watch:
    first, second, third = (
        log + math.log1p(-stake * (score - watch.p_ok))
        for log, stake in zip(watch.leaning, stakes(watch.p_ok), strict=True)
    )
    return msgspec.structs.replace(
        watch,
        stage_pairs=watch.stage_pairs + 1,
        stage_score=watch.stage_score + score,
        leaning=(first, second, third),
    )
