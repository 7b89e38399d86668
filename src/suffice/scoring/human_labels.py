"""What people said of pairs, and how far a judge or a similarity agrees with them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import msgspec

from suffice.records import BrokenCase, Case
from suffice.scoring.reading import clipped
from suffice.scoring.similarity import similarity


class Human(enum.StrEnum):
    """What a person said of a pair."""

    SAME = "same"
    BASELINE = "baseline"
    CANDIDATE = "candidate"
    BOTH_BAD = "both_bad"
    CHECKER_WRONG = "checker_wrong"

    @property
    def is_good(self) -> bool | None:
        """Whether the candidate is at least as good; None where the person did not say."""
        if self is Human.CHECKER_WRONG:
            return None
        return self in {Human.SAME, Human.CANDIDATE}


class HumanLabel(msgspec.Struct, frozen=True, kw_only=True):
    """
    One line of a labels file.

    Attributes:
        case_id: The case.
        type: Its request type.
        human: What the person said.
        baseline: Arm name; empty where the file is about one pair of models only.
        candidate: Likewise.
    """

    case_id: str
    type: str
    human: Human
    baseline: str = ""
    candidate: str = ""

    def is_about(self, request_type: str, *, baseline: str, candidate: str) -> bool:
        """Whether the label is of this type and these two arms."""
        return (
            self.type == request_type
            and self.baseline in {"", baseline}
            and self.candidate in {"", candidate}
        )


def read_labels(lines: Iterable[str]) -> tuple[tuple[HumanLabel, ...], tuple[BrokenCase, ...]]:
    """
    Read a labels file, JSON lines: ``{"case_id": ..., "type": ..., "human": "same"}``.

    ``human`` is ``same``, ``baseline`` (it was better), ``candidate``, ``both_bad`` or
    ``checker_wrong``. A line that cannot be read is named and the rest goes on.

    >>> labels, broken = read_labels(['{"case_id": "1", "type": "t", "human": "same"}', "x"])
    >>> labels[0].human.value, broken[0].line
    ('same', 2)
    """
    decoder = msgspec.json.Decoder(HumanLabel)
    labels, broken = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            labels.append(decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as wrong:
            broken.append(BrokenCase(number, clipped(str(wrong), limit=160)))
    return tuple(labels), tuple(broken)


class JudgeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """
    A judge's verdicts, and people's on some of the same pairs, by what the judge said.

    The rate at which the candidate is truly as good is, with ``n = good + bad``,
    ``good / n * good_confirmed / good_labelled + bad / n * bad_overturned / bad_labelled``.

    Attributes:
        good: Pairs the judge found at least as good.
        bad: Pairs it did not.
        good_labelled: Of ``good``, those a person labelled.
        good_confirmed: Of those, where the person agrees.
        bad_labelled: Of ``bad``, those a person labelled.
        bad_overturned: Of those, where the person found the candidate at least as good.
    """

    good: int = 0
    bad: int = 0
    good_labelled: int = 0
    good_confirmed: int = 0
    bad_labelled: int = 0
    bad_overturned: int = 0

    @property
    def labelled(self) -> int:
        """Pairs with both a judge's and a person's word."""
        return self.good_labelled + self.bad_labelled

    @property
    def agreement(self) -> float | None:
        """Share of labelled pairs on which judge and person agree; None without labels."""
        if not self.labelled:
            return None
        return (self.good_confirmed + self.bad_labelled - self.bad_overturned) / self.labelled


def judge_counts(judged: Mapping[str, float], labels: Iterable[HumanLabel]) -> JudgeCounts:
    """
    Count people's labels by the judge's verdict.

    Args:
        judged: Case id -> the judge's score, 1 or 0; missing ones left out.
        labels: Of the same type and arms; of several for one case the last counts.

    >>> label = HumanLabel(case_id="1", type="t", human=Human.BASELINE)
    >>> judge_counts({"1": 1.0, "2": 0.0}, [label]).good_confirmed
    0
    """
    said = {label.case_id: label.human.is_good for label in labels}
    good = [case_id for case_id, value in judged.items() if value >= 0.5]  # noqa: PLR2004 - 1 or 0
    bad = [case_id for case_id, value in judged.items() if value < 0.5]  # noqa: PLR2004
    of_good = [said[case_id] for case_id in good if said.get(case_id) is not None]
    of_bad = [said[case_id] for case_id in bad if said.get(case_id) is not None]
    return JudgeCounts(
        good=len(good),
        bad=len(bad),
        good_labelled=len(of_good),
        good_confirmed=sum(map(bool, of_good)),
        bad_labelled=len(of_bad),
        bad_overturned=sum(map(bool, of_bad)),
    )


def labelled_similarities(
    cases: Iterable[Case], labels: Iterable[HumanLabel], *, baseline: str, candidate: str
) -> tuple[tuple[float, bool], ...]:
    """
    Similarity of two arms' answers beside whether a person called them the same.

    The input of `calibrate_threshold`. Cases without both answers or without a label are left out.
    """
    said = {(label.type, label.case_id): label.human for label in labels}
    found = []
    for case in cases:
        human = said.get((case.type, case.id))
        one, other = case.answers.get(baseline), case.answers.get(candidate)
        if one is None or other is None or human is None or human.is_good is None:
            continue
        found.append((similarity(other.text, one.text), human is Human.SAME))
    return tuple(found)
