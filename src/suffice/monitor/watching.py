"""What one more pair, and one more, makes of the watch over a type."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from suffice.records import ShadowPair, Watch
from suffice.statistics.detector import CALM, WEIGHTS, Levels, after_pair, alarm_level, stakes

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
    new = sorted((pair for pair in pairs if pair.seq > watch.last_seq), key=_place)
    levels, counted = _until_alarm(watch, new)
    if not counted:
        return watch
    scored = [pair for pair in counted if pair.score is not None]
    scores = [pair.score or 0.0 for pair in scored]
    total = math.fsum(scores)
    ending = _missing_at_the_end(counted)
    watch = msgspec.structs.replace(
        watch,
        levels=levels,
        last_seq=counted[-1].seq,
        pairs=watch.pairs + len(scores),
        score=watch.score + total,
        missing=watch.missing + len(counted) - len(scores),
        proof=(watch.proof[0] + total, watch.proof[1] + len(scores) - total),
        recent=(*watch.recent, *scores)[-RECENT:],
        recent_missing=len(ending) + (0 if scored else watch.recent_missing),
        recent_missing_why=_why_missing({} if scored else watch.recent_missing_why, ending),
        last_pair=_latest(watch, scored),
    )
    return _in_stage(watch, [pair for pair in counted if pair.at >= stage_began])


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
    return msgspec.structs.replace(
        watch, stage_pairs=0, stage_score=0.0, stage_missing=0, leaning=CALM
    )


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


def too_many_missing(missing: int, scored: int) -> bool:
    """Whether so many pairs have no score that the rest cannot speak for all."""
    return missing >= _LEAST_MISSING and missing > MOST_MISSING * (missing + scored)


_LARGEST_LOG = 700.0
# What is remembered of a type stays small, whatever a provider answers.
_MOST_REASONS, _LONGEST_REASON = 16, 80


def _place(pair: ShadowPair) -> int:
    return pair.seq


def _until_alarm(watch: Watch, pairs: Sequence[ShadowPair]) -> tuple[Levels, Sequence[ShadowPair]]:
    """The detector's sums, and the pairs that count: up to the one that raises the alarm."""
    levels, p_ok, limit = watch.levels, watch.p_ok, watch.limit
    for place, pair in enumerate(pairs, start=1):
        if pair.score is not None:
            levels = after_pair(levels, pair.score, p_ok=p_ok)
            if alarm_level(levels) >= limit:
                return levels, pairs[:place]
    return levels, pairs


def _latest(watch: Watch, scored: Sequence[ShadowPair]) -> datetime | None:
    known = [pair.at for pair in scored]
    if watch.last_pair is not None:
        known.append(watch.last_pair)
    return max(known, default=None)


def _missing_at_the_end(counted: Sequence[ShadowPair]) -> Sequence[ShadowPair]:
    """Those without a score after the last that has one."""
    for place, pair in enumerate(reversed(counted)):
        if pair.score is not None:
            return counted[len(counted) - place :]
    return counted


def _why_missing(before: dict[str, int], pairs: Sequence[ShadowPair]) -> dict[str, int]:
    found = dict(before)
    for pair in pairs:
        why = "".join(filter(str.isprintable, pair.why_missing))[:_LONGEST_REASON]
        if why in found or (why and len(found) < _MOST_REASONS):
            found[why] = found.get(why, 0) + 1
    return found


def _in_stage(watch: Watch, pairs: Sequence[ShadowPair]) -> Watch:
    if not pairs:
        return watch
    scores = [pair.score for pair in pairs if pair.score is not None]
    first, second, third = (
        log + math.fsum(math.log1p(-stake * (score - watch.p_ok)) for score in scores)
        for log, stake in zip(watch.leaning, stakes(watch.p_ok), strict=True)
    )
    return msgspec.structs.replace(
        watch,
        stage_pairs=watch.stage_pairs + len(scores),
        stage_score=watch.stage_score + math.fsum(scores),
        stage_missing=watch.stage_missing + len(pairs) - len(scores),
        leaning=(first, second, third),
    )
