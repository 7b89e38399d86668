"""Both answers of shadow calls, as the gateway left them: scored, handed on, then deleted."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from suffice.errors import BrokenScorer, UsageError
from suffice.ports import Scorer
from suffice.records import Answer, Case, Score, ShadowAnswers, ShadowPair, Usage
from suffice.scoring import choose_scorer, scorer_named
from suffice.scoring.labels import AS_LABEL, LabelScorer, is_label_like
from suffice.scoring.learnt import spellings
from suffice.traffic.responses import read_message

_ABANDONED_S = 60.0
_ENOUGH_TO_CHOOSE = 20
_REMEMBERED_ANSWERS = 1_000
_MOST_PATHS = 5
_NOTHING = "nothing can score answers of this kind"
# Names that stand for how a comparison was graded, and can grade nothing by themselves.
_NOT_BUILDABLE = frozenset({"", "auto", "grades", "judge"})

Price = Callable[[str, Usage], Decimal | None]


class Scored(NamedTuple):
    """
    One file of the inbox.

    Attributes:
        path: To be deleted once its pair is stored.
        pair: None where the file holds no pair of answers.
    """

    path: Path
    pair: ShadowPair | None


class ShadowInbox:
    """
    Scores what the gateway left, each type by its own scorer.

    Args:
        folder: The gateway's folder of shadow answers; need not exist.
        scorer_of: The scorer a type was decided by; empty where nobody knows. Such a type's
            scorer is chosen by its answers, once there are twenty.
        price: Dollars of an answer of a model; None where unknown.
    """

    def __init__(
        self, folder: Path, *, scorer_of: Callable[[str], str], price: Price = lambda *_: None
    ) -> None:
        self._folder, self._scorer_of, self._price = folder, scorer_of, price
        self._chosen: dict[str, Scorer | None] = {}
        self._labels: defaultdict[str, deque[str]] = defaultdict(
            lambda: deque(maxlen=_REMEMBERED_ANSWERS)
        )

    def scored(self) -> Iterator[Scored]:
        """
        What waits, each type in the order its requests were served. A file stays until deleted.

        That order has nothing to do with the scores; the order in which answers came might. A
        type whose scorer is not known yet waits on.
        """
        self._clear_drafts()
        waiting: defaultdict[str, list[tuple[Path, ShadowAnswers]]] = defaultdict(list)
        for path in self._folder.glob("*.json"):
            try:
                found = _DECODER.decode(path.read_bytes())
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield Scored(path, None)
                continue
            except OSError:
                continue
            waiting[found.type].append((path, found))
        for type_, files in waiting.items():
            files.sort(key=_served_at)
            cases = [_case(found) for _, found in files]
            if not self._knows(type_, cases):
                continue
            for (path, found), case in zip(files, cases, strict=True):
                yield Scored(path, self._pair(found, case))

    def _knows(self, type_: str, cases: list[Case]) -> bool:
        """Whether it is settled how a type is scored, be it by nothing."""
        if type_ in self._chosen:
            return True
        name = self._scorer_of(type_)
        if name not in _NOT_BUILDABLE:
            with contextlib.suppress(UsageError, BrokenScorer):
                self._chosen[type_] = scorer_named(name, options=_OPTIONS.get(name))
                return True
        if name in {"", "auto"} and len(cases) < _ENOUGH_TO_CHOOSE:
            return False
        self._chosen[type_] = choose_scorer(cases, baseline="baseline").scorer
        return True

    def _pair(self, found: ShadowAnswers, case: Case) -> ShadowPair:
        score, why = self._score(found, case)
        other = case.answers.get("candidate" if found.served_by == "baseline" else "baseline")
        model = found.candidate if found.served_by == "baseline" else found.baseline
        usd = Decimal(0) if found.unbilled else None
        if other is not None and other.usage:
            usd = self._price(model, other.usage)
        return ShadowPair(
            id=f"{found.type}:{found.id}",
            at=datetime.fromtimestamp(found.at, UTC),
            type=found.type,
            session=found.session,
            served_by=found.served_by,
            probability=found.probability,
            score=None if score is None else score.value,
            why_missing=why,
            differs=() if score is None else score.paths[:_MOST_PATHS],
            cost_usd=None if usd is None else str(usd),
            request_id=found.request_id,
        )

    def _score(self, found: ShadowAnswers, case: Case) -> tuple[Score | None, str]:
        """The candidate's answer against the baseline's; or why there is no score."""
        baseline, candidate = case.answers.get("baseline"), case.answers.get("candidate")
        if found.why_missing or baseline is None or candidate is None:
            return None, found.why_missing or "an answer cannot be read"
        if baseline.failure is not None or candidate.failure is not None:
            # As in a comparison: a refusal or a cut answer is a disagreement.
            return Score(value=0.0), ""
        scorer = self._chosen[case.type]
        if scorer is None:
            return None, _NOTHING
        if isinstance(scorer, LabelScorer):
            scorer = self._label_scorer(case.type, baseline)
        score = scorer.score(candidate, baseline, case=case)
        failures = [one for one in (score.failure, score.target_failure) if one is not None]
        if any(failure.kind.is_missing for failure in failures):
            return None, failures[0].message or "the scorer failed"
        return (msgspec.structs.replace(score, value=0.0) if failures else score), ""

    def _label_scorer(self, type_: str, baseline: Answer) -> LabelScorer:
        """Labels are what the baseline has named so far; a new one is no mistake by itself."""
        seen = self._labels[type_]
        if is_label_like(baseline.text):
            seen.append(baseline.text.strip())
        return LabelScorer(tuple(spellings(list(Counter(seen))).values()), outside=AS_LABEL)

    def _clear_drafts(self) -> None:
        """What a writer that was killed has left half written is no pair, and never will be."""
        for draft in self._folder.glob("*.new"):
            with contextlib.suppress(OSError):
                if time.time() - draft.stat().st_mtime > _ABANDONED_S:
                    draft.unlink()


def _case(found: ShadowAnswers) -> Case:
    served, shadow = _answer(found.served), _answer(found.shadow)
    by_baseline = found.served_by == "baseline"
    given = {"baseline": served, "candidate": shadow}
    if not by_baseline:
        given = {"baseline": shadow, "candidate": served}
    request = _json(found.request)
    return Case(
        id=found.id,
        type=found.type,
        request={k: v for k, v in request.items() if k != "model"}
        if isinstance(request, dict)
        else {},
        group=found.session,
        answers={arm: answer for arm, answer in given.items() if answer is not None},
    )


def _answer(body: bytes | None) -> Answer | None:
    return None if body is None else read_message(_json(body))


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _served_at(file: tuple[Path, ShadowAnswers]) -> float:
    return file[1].at


_OPTIONS: dict[str, dict[str, Any]] = {"label": {"outside": AS_LABEL}}
_DECODER = msgspec.json.Decoder(ShadowAnswers)
