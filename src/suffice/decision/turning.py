"""Verdicts of today held against verdicts of before: what turned, and was it for the worse."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from suffice.records import Verdict, Word

_RANK = {Word.SWITCH: 2, Word.NOT_YET: 1, Word.KEEP: 0}
_SAID = {Word.SWITCH: "Switch", Word.NOT_YET: "Not yet", Word.KEEP: "Keep"}


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """
    What changed between two comparisons.

    Attributes:
        worse: Verdicts of today that lost ground, their sentence saying what they were; a type
            that was Switch and is not compared any more stands here as Not yet.
        better: Verdicts of today that gained ground.
        new: Verdicts on types or candidates that were not compared before.
        unchanged: How many verdicts say what they said.
    """

    worse: tuple[Verdict, ...] = ()
    better: tuple[Verdict, ...] = ()
    new: tuple[Verdict, ...] = ()
    unchanged: int = 0


def turned(now: Sequence[Verdict], before: Sequence[Verdict]) -> Turned:
    """
    Hold the verdicts of today against those of before, by type and candidate.

    A verdict loses ground from Switch to Not yet or Keep, and from Not yet to Keep.
    """
    earlier = {(verdict.type, verdict.candidate): verdict for verdict in before}
    worse, better, new, unchanged = [], [], [], 0
    for verdict in now:
        was = earlier.pop((verdict.type, verdict.candidate), None)
        if was is None:
            new.append(verdict)
        elif _RANK[verdict.verdict] < _RANK[was.verdict]:
            worse.append(_told(verdict, was.verdict))
        elif _RANK[verdict.verdict] > _RANK[was.verdict]:
            better.append(_told(verdict, was.verdict))
        else:
            unchanged += 1
    gone = [_gone(was) for was in earlier.values() if was.verdict is Word.SWITCH]
    return Turned(worse=(*worse, *gone), better=tuple(better), new=tuple(new), unchanged=unchanged)


def _told(verdict: Verdict, was: Word) -> Verdict:
    sentence = f"Was {_SAID[was]}, is {_SAID[verdict.verdict]} now. {verdict.sentence}".strip()
    return msgspec.structs.replace(verdict, sentence=sentence)


def _gone(was: Verdict) -> Verdict:
    return msgspec.structs.replace(
        was,
        verdict=Word.NOT_YET,
        reason="not_compared",
        sentence="Was Switch, and is not compared any more: nothing shows that it still holds.",
    )
