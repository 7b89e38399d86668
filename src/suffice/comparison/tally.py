"""Pairs -> evidence, one at a time, holding numbers and never texts."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

from suffice.comparison.pairing import Arms
from suffice.records import Evidence, Failure, Pair


class Tally:
    """
    What the pairs of one (type, baseline, candidate) have said so far.

    Eight to seventy bytes a pair. Adding pairs in any order gives the same counts; adding the
    evidence of two tallies over disjoint pairs (`merged`) gives that of their union.
    """

    def __init__(self, request_type: str, arms: Arms) -> None:
        self._type, self._arms = request_type, arms
        self.cases = 0
        self.unrecorded = self.missing_pairs = 0
        self._quality = array("d"), array("d")
        self._agreement = array("d")
        self._triples = array("d"), array("d"), array("d")
        self._usd = array("d"), array("d")
        self._latency_s = array("d"), array("d")
        self._classes: dict[str, list[int]] = {}
        self._extra_classes: dict[str, list[int]] = {}
        self._baseline_classes: dict[str, list[int]] = {}
        self._failed: Counter[tuple[str, str]] = Counter()
        self._missing: Counter[tuple[str, str]] = Counter()

    def add(self, pair: Pair | None) -> None:
        """Count one case of the main sample; None is a case not recorded for both arms."""
        self.cases += 1
        if pair is None:
            self.unrecorded += 1
            return
        if pair.baseline_failure is not None:
            self._count_failure(self._arms.baseline, pair.baseline_failure)
        if pair.candidate_failure is not None:
            self._count_failure(self._arms.candidate, pair.candidate_failure)
        self.missing_pairs += any(
            failure is not None and failure.kind.is_missing
            for failure in (pair.baseline_failure, pair.candidate_failure)
        )
        _join(self._quality, pair.baseline_quality, pair.candidate_quality)
        _join(self._usd, pair.baseline_usd, pair.candidate_usd)
        _join(self._latency_s, pair.baseline_latency_s, pair.candidate_latency_s)
        if pair.agreement is not None:
            self._agreement.append(pair.agreement)
            if pair.second_agreement is not None and pair.self_agreement is not None:
                first, second, own = self._triples
                first.append(pair.agreement)
                second.append(pair.second_agreement)
                own.append(pair.self_agreement)
        if pair.label is not None:
            _count_class(self._classes, pair.label, hit=pair.label_hit)
            if pair.baseline_label_hit is not None:
                _count_class(self._baseline_classes, pair.label, hit=pair.baseline_label_hit)

    def add_extra_draw(self, pair: Pair) -> None:
        """Count a case drawn for a rare class: it feeds that class's gate and nothing else."""
        if pair.label is not None:
            _count_class(self._extra_classes, pair.label, hit=pair.label_hit)

    def evidence(self) -> Evidence:
        """The evidence so far. The sequences are shared with the tally: read, do not keep."""
        return Evidence(
            type=self._type,
            baseline=self._arms.baseline,
            candidate=self._arms.candidate,
            cases=self.cases,
            unrecorded=self.unrecorded,
            baseline_quality=self._quality[0],
            candidate_quality=self._quality[1],
            agreement=self._agreement,
            first_agreement=self._triples[0],
            second_agreement=self._triples[1],
            self_agreement=self._triples[2],
            classes=_counted(self._classes),
            extra_classes=_counted(self._extra_classes),
            baseline_classes=_counted(self._baseline_classes),
            missing_pairs=self.missing_pairs,
            failed=dict(self._failed),
            missing=dict(self._missing),
            baseline_usd=self._usd[0],
            candidate_usd=self._usd[1],
            baseline_latency_s=self._latency_s[0],
            candidate_latency_s=self._latency_s[1],
        )

    def _count_failure(self, arm: str, failure: Failure) -> None:
        counts = self._missing if failure.kind.is_missing else self._failed
        counts[arm, str(failure.kind)] += 1


def merged(parts: Iterable[Evidence]) -> Evidence:
    """
    Evidence over the union of disjoint sets of pairs of one (type, baseline, candidate).

    Raises:
        ValueError: No parts, or parts of different comparisons.
    """
    first, *rest = parts
    total = first
    for part in rest:
        if (part.type, part.baseline, part.candidate) != (
            first.type,
            first.baseline,
            first.candidate,
        ):
            raise ValueError("only evidence of one type, baseline and candidate adds")
        total = _sum(total, part)
    return total


def _sum(one: Evidence, other: Evidence) -> Evidence:
    def joined(name: str) -> Sequence[float]:
        return array("d", (*getattr(one, name), *getattr(other, name)))

    def counted(name: str) -> dict[tuple[str, str], int]:
        return dict(Counter(getattr(one, name)) + Counter(getattr(other, name)))

    def by_class(name: str) -> dict[str, tuple[int, int]]:
        ours, theirs = getattr(one, name), getattr(other, name)
        return {
            label: (
                ours.get(label, (0, 0))[0] + theirs.get(label, (0, 0))[0],
                ours.get(label, (0, 0))[1] + theirs.get(label, (0, 0))[1],
            )
            for label in ours.keys() | theirs.keys()
        }

    return Evidence(
        type=one.type,
        baseline=one.baseline,
        candidate=one.candidate,
        cases=one.cases + other.cases,
        unrecorded=one.unrecorded + other.unrecorded,
        baseline_quality=joined("baseline_quality"),
        candidate_quality=joined("candidate_quality"),
        agreement=joined("agreement"),
        first_agreement=joined("first_agreement"),
        second_agreement=joined("second_agreement"),
        self_agreement=joined("self_agreement"),
        classes=by_class("classes"),
        extra_classes=by_class("extra_classes"),
        baseline_classes=by_class("baseline_classes"),
        critical_classes=one.critical_classes | other.critical_classes,
        missing_pairs=one.missing_pairs + other.missing_pairs,
        failed=counted("failed"),
        missing=counted("missing"),
        baseline_usd=joined("baseline_usd"),
        candidate_usd=joined("candidate_usd"),
        baseline_latency_s=joined("baseline_latency_s"),
        candidate_latency_s=joined("candidate_latency_s"),
        chance=max(one.chance, other.chance),
        scorer=one.scorer,
        scorer_reason=one.scorer_reason,
        provisional=tuple(dict.fromkeys((*one.provisional, *other.provisional))),
        identical_requests=one.identical_requests + other.identical_requests,
        grouped_out=one.grouped_out + other.grouped_out,
        cost_note=one.cost_note or other.cost_note,
    )


def _join(
    columns: tuple[array[float], array[float]], one: float | None, other: float | None
) -> None:
    """One row, if it is whole: columns stay aligned."""
    if one is not None and other is not None:
        columns[0].append(one)
        columns[1].append(other)


def _count_class(classes: dict[str, list[int]], label: str, *, hit: bool) -> None:
    counts = classes.setdefault(label, [0, 0])
    counts[0] += hit
    counts[1] += 1


def _counted(classes: dict[str, list[int]]) -> dict[str, tuple[int, int]]:
    return {label: (hits, seen) for label, (hits, seen) in classes.items()}
