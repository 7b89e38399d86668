"""Answers the gateway left of shadow calls, scored by the type's own scorer into pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from suffice.adapters.storage.rollouts import Rollouts
from suffice.catalog import Catalog
from suffice.errors import BadOption, BrokenScorer, PriceUnknown
from suffice.ports import Scorer
from suffice.pricing import cost
from suffice.records import Answer, Case, FailureKind, ShadowAnswers
from suffice.records.rollout import ShadowPair
from suffice.scoring import choose_scorer, scorer_named
from suffice.traffic.answers import read_answer

SCORER = "scorer"
"""Under this name a rollout's start leaves the verdict's scorer in the store."""

AT_ONCE = 200
"""So many files at most are scored between two steps of the controller."""

_TO_CHOOSE = 30
_LABELS, _MOST_LABELS = "labels", 500
_UNSCORABLE = {"judge", "none"}
_MOST_PATHS = 8
_BASELINE, _CANDIDATE = "baseline", "candidate"


class Scored(NamedTuple):
    """
    What one look at the folder gave.

    Attributes:
        pairs: New pairs.
        unscored: Of those, pairs without a score.
        left_out: Files that are no answers, or of a rollout that is no more.
    """

    pairs: int = 0
    unscored: int = 0
    left_out: int = 0


def take_in_answers(
    store: Rollouts, folder: Path, *, catalog: Catalog, now: datetime, most: int = AT_ONCE
) -> Scored:
    """
    Score what lies in the folder, keep the pairs, delete the files.

    A pair is kept before its file is deleted, and once by its id: a kill in between scores it
    again and keeps it once.

    Args:
        store: Where rollouts and pairs are kept.
        folder: Where the gateway leaves answers; need not exist.
        catalog: Prices.
        now: The time, for what is noted.
        most: So many files at most.

    Raises:
        StorageError: The store cannot be read or written; the files stay.
    """
    paths = sorted(folder.glob("*.json"))[:most]
    if not paths:
        return Scored()
    arms = {
        kept.rollout.type: (kept.rollout.baseline, kept.rollout.candidate) for kept in store.all()
    }
    by_type: defaultdict[str, list[ShadowAnswers]] = defaultdict(list)
    done: list[Path] = []
    left_out = 0
    for path in paths:
        found = _read(path)
        if found is not None and arms.get(found.type) == (found.baseline, found.candidate):
            by_type[found.type].append(found)
        else:
            left_out += 1
        done.append(path)
    pairs = [
        pair
        for name, answers in by_type.items()
        for pair in _of_type(store, name, answers, catalog=catalog, now=now)
    ]
    fresh = store.add_pairs(pairs)
    for path in done:
        path.unlink(missing_ok=True)
    return Scored(fresh, sum(pair.score is None for pair in pairs), left_out)


def _of_type(
    store: Rollouts,
    request_type: str,
    answers: Sequence[ShadowAnswers],
    *,
    catalog: Catalog,
    now: datetime,
) -> list[ShadowPair]:
    cases = [_case(one) for one in answers]
    scorer, why_not = _scorer(store, request_type, cases, now=now)
    return [
        _pair(one, case, scorer, why_not, catalog=catalog)
        for one, case in zip(answers, cases, strict=True)
    ]


def _pair(
    found: ShadowAnswers, case: Case, scorer: Scorer | None, why_not: str, *, catalog: Catalog
) -> ShadowPair:
    score: float | None = None
    why = found.why_missing
    paths: Sequence[str] = ()
    if not why:
        score, why, paths = _score(case, scorer, why_not)
    shadow = case.answers.get(_CANDIDATE if found.served_by == "baseline" else _BASELINE)
    model = found.candidate if found.served_by == "baseline" else found.baseline
    return ShadowPair(
        id=found.id,
        at=datetime.fromtimestamp(found.at, UTC),
        type=found.type,
        session=found.session,
        served_by=found.served_by,
        probability=found.probability,
        score=score,
        why_missing=why,
        differs=tuple(paths)[:_MOST_PATHS],
        cost_usd=_usd(shadow, model, found, catalog),
        request_id=found.request_id,
    )


def _score(
    case: Case, scorer: Scorer | None, why_not: str
) -> tuple[float | None, str, Sequence[str]]:
    """The candidate's answer held against the baseline's, or why it cannot be."""
    baseline, candidate = case.answers.get(_BASELINE), case.answers.get(_CANDIDATE)
    if baseline is None or candidate is None:
        return None, "an answer cannot be read", ()
    for answer in (baseline, candidate):
        if answer.failure is not None and answer.failure.kind is FailureKind.TRANSPORT:
            return None, answer.failure.message or "no answer", ()
    if scorer is None:
        return None, why_not, ()
    found = scorer.score(candidate, baseline, case=case)
    if found.failure is not None and found.failure.kind.is_missing:
        return None, found.failure.message or "the scorer failed", ()
    # A refusal, a cut, an answer that cannot be parsed: the candidate did not do the task.
    value = 0.0 if found.failure is not None else found.value
    return value, "", found.paths


def _case(found: ShadowAnswers) -> Case:
    answers = {}
    served, other = (
        (_BASELINE, _CANDIDATE) if found.served_by == "baseline" else (_CANDIDATE, _BASELINE)
    )
    for name, body in ((served, found.served), (other, found.shadow)):
        answer = _answer(body)
        if answer is not None:
            answers[name] = answer
    request = _decoded(found.request)
    if isinstance(request, dict):
        request = {key: value for key, value in request.items() if key != "model"}
    return Case(
        id=found.id,
        type=found.type,
        request=request if isinstance(request, dict) else {},
        answers=answers,
    )


def _scorer(
    store: Rollouts, request_type: str, cases: Sequence[Case], *, now: datetime
) -> tuple[Scorer | None, str]:
    """The type's scorer, or why there is none."""
    name = store.noted(request_type, SCORER)
    if name in {"", "grades"}:
        name = _chosen(store, request_type, cases, now=now)
    if name in _UNSCORABLE:
        why = "a judge would have to be asked" if name == "judge" else "nothing can score it"
        return None, why
    try:
        if name == "label":
            labels = _labels(store, request_type, cases, now=now)
            return scorer_named(name, options={"labels": labels}), ""
        return scorer_named(name, cases=cases, baseline=_BASELINE), ""
    except (BadOption, BrokenScorer) as error:
        return None, error.what


def _chosen(store: Rollouts, request_type: str, cases: Sequence[Case], *, now: datetime) -> str:
    """Chosen once from enough answers, then kept: a type is not scored in two ways."""
    choice = choose_scorer(list(cases), baseline=_BASELINE)
    name = choice.scorer.name if choice.scorer is not None else "none"
    if len(cases) >= _TO_CHOOSE:
        store.note(request_type, SCORER, name, at=now)
    return name


def _labels(
    store: Rollouts, request_type: str, cases: Iterable[Case], *, now: datetime
) -> list[str]:
    """Every label the baseline has named so far."""
    noted = store.noted(request_type, _LABELS)
    known: dict[str, None] = dict.fromkeys(
        msgspec.json.decode(noted, type=list[str]) if noted else []
    )
    before = len(known)
    for case in cases:
        answer = case.answers.get(_BASELINE)
        if answer is not None and answer.text.strip() and len(known) < _MOST_LABELS:
            known.setdefault(answer.text.strip())
    if len(known) > before:
        store.note(request_type, _LABELS, msgspec.json.encode(list(known)).decode(), at=now)
    return list(known)


def _usd(answer: Answer | None, model: str, found: ShadowAnswers, catalog: Catalog) -> str | None:
    """What the shadow call cost; None where nobody can tell, and "0" where none was made."""
    if found.shadow is None and not found.shadow_status:
        return "0"
    if answer is None or answer.usage is None:
        return None
    served = answer.served_model or model.partition(":")[0]
    try:
        at = datetime.fromtimestamp(found.at, UTC)
        return f"{cost(answer.usage, served, at=at, catalog=catalog).normalize():f}"
    except PriceUnknown:
        return None


def _answer(body: bytes | None) -> Answer | None:
    value = _decoded(body)
    try:
        return read_answer(value)
    except ValueError:
        return None


def _decoded(body: bytes | None) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _read(path: Path) -> ShadowAnswers | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ShadowAnswers)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None
