"""What a judge said of which case, held against what people said."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from suffice.records import Evidence, Pair
from suffice.scoring.human_labels import HumanLabel, judge_counts


class JudgedPairs:
    """Remembers what a judge said of which case, to hold it against what people said."""

    def __init__(self, labels: Sequence[HumanLabel]) -> None:
        self._labels = labels
        self._said: dict[tuple[str, str], dict[str, float]] = {}

    def add(self, request_type: str, candidate: str, pair: Pair) -> None:
        """Remember one judged pair."""
        if pair.agreement is not None:
            said = self._said.setdefault((request_type, candidate), {})
            said[pair.case_id] = pair.agreement

    def labelled(self, evidence: Evidence) -> Evidence:
        """The evidence with people's labels counted by the judge's word."""
        about = [
            label
            for label in self._labels
            if label.is_about(
                evidence.type, baseline=evidence.baseline, candidate=evidence.candidate
            )
        ]
        if not about:
            return evidence
        counts = judge_counts(self._said.get((evidence.type, evidence.candidate), {}), about)
        return msgspec.structs.replace(
            evidence,
            judge_labels={
                "agree": (counts.good_confirmed, counts.good_labelled),
                "differ": (counts.bad_overturned, counts.bad_labelled),
            },
        )
