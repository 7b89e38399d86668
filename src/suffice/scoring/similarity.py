"""Free text: how similar two texts are, and from where on people called that the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from scipy.special import betaincinv
from typing_extensions import override

from suffice.errors import BadOption, NotEnoughEvidence
from suffice.records import Score
from suffice.scoring.reading import TextualScorer

_GRAM_SIZES = range(1, 7)
_LONGEST = 20_000
_LEAST_LABELS = 30
UNCALIBRATED = "uncalibrated"


def similarity(one: str, other: str) -> float:
    """
    Character n-gram overlap of two texts, in [0, 1]; symmetric; 1 for the same words.

    Texts longer than 20,000 characters are compared by their words instead.

    Source:
        Popović (2015), chrF: character n-gram F-score, n = 1..6, WMT 2015, 392-395.
    Differs:
        beta = 1 instead of 2, so that it is symmetric; case is folded; n-gram sizes that neither
        text is long enough for are left out.

    >>> similarity("The cat sat.", "the cat  sat."), similarity("abc", "xyz")
    (1.0, 0.0)
    """
    left, right = " ".join(one.casefold().split()), " ".join(other.casefold().split())
    if left == right:
        return 1.0
    if max(len(left), len(right)) > _LONGEST:
        return _overlap(Counter(left.split()), Counter(right.split()))
    left, right = left.replace(" ", ""), right.replace(" ", "")
    sizes = [size for size in _GRAM_SIZES if size <= max(len(left), len(right))]
    if not sizes:
        return 0.0
    shares = [_overlap(_grams(left, size), _grams(right, size)) for size in sizes]
    return sum(shares) / len(shares)


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[at : at + size] for at in range(len(text) - size + 1))


def _overlap(left: Counter[str], right: Counter[str]) -> float:
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 0.0


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """
    From which similarity on two texts count as the same, and how often that errs.

    Attributes:
        value: The least similarity that counts as the same, in [0, 1].
        error: Share of labelled pairs on the wrong side, each judged by a threshold set without it.
        false_same: Share of pairs people told apart that count as the same, likewise.
        false_same_upper: Its one-sided 95 % Clopper-Pearson bound.
        labelled: Pairs that people labelled.
    """

    value: float
    error: float
    false_same: float
    false_same_upper: float
    labelled: int


def calibrate_threshold(labelled: Sequence[tuple[float, bool]]) -> Threshold:
    """
    Set the threshold that errs least on pairs people have labelled.

    Args:
        labelled: Similarity and whether a person called the two the same; shape (n,), n >= 30,
            with both answers among them.

    Raises:
        NotEnoughEvidence: Fewer than 30 labels, or all of them say the same.

    >>> pairs = [(0.9, True)] * 20 + [(0.3, False)] * 20
    >>> threshold = calibrate_threshold(pairs)
    >>> threshold.value, threshold.error, round(threshold.false_same_upper, 3)
    (0.6, 0.0, 0.139)
    """
    same = sum(label for _, label in labelled)
    if len(labelled) < _LEAST_LABELS or not 0 < same < len(labelled):
        raise NotEnoughEvidence(
            f"{len(labelled)} labels, {same} of them “same”.",
            effect="Similarity of texts cannot be used: it is not equivalence.",
            next_step=f"Label at least {_LEAST_LABELS} pairs, with both answers among them.",
        )
    wrong = false_same = 0
    for at, (value, label) in enumerate(labelled):
        others = [*labelled[:at], *labelled[at + 1 :]]
        said = value >= _best_cut(others)
        wrong += said != label
        false_same += said and not label
    different = len(labelled) - same
    upper = (
        1.0 if false_same == different else betaincinv(false_same + 1, different - false_same, 0.95)
    )
    return Threshold(
        value=_best_cut(labelled),
        error=wrong / len(labelled),
        false_same=false_same / different,
        false_same_upper=float(upper),
        labelled=len(labelled),
    )


def _best_cut(labelled: Sequence[tuple[float, bool]]) -> float:
    """The cut with the fewest errors, between two labelled values; of several the highest."""
    ordered = sorted(labelled)
    errors = sum(1 for _, label in ordered if not label)  # everything counts as the same
    best, cut = errors, 0.0
    for at, (value, label) in enumerate(ordered):
        errors += 1 if label else -1
        following = ordered[at + 1][0] if at + 1 < len(ordered) else 1.0 + 1e-9
        if errors <= best and following > value:
            best, cut = errors, (value + following) / 2
    return cut


class SimilarityScorer(TextualScorer):
    """
    With a calibrated threshold: 1 where two texts are at least that similar, else 0.

    Without one the score is the similarity itself, flagged ``uncalibrated``: good for sorting
    cases, and any verdict that rests on it is provisional.

    Args:
        threshold: Set on labelled pairs; None where there are none.

    Raises:
        BadOption: The threshold lies outside [0, 1].
    """

    def __init__(self, threshold: Threshold | None = None) -> None:
        super().__init__()
        if threshold is not None and not 0 <= threshold.value <= 1 + 1e-6:
            raise BadOption(f"The threshold {threshold.value} lies outside [0, 1].")
        self.threshold = threshold

    @property
    @override
    def name(self) -> str:
        return "text"

    @override
    def against_answer(self, text: str, target: str) -> Score:
        value = similarity(text, target)
        if self.threshold is None:
            return Score(value=value, reason=f"similarity {value:.2f}", flags=(UNCALIBRATED,))
        same = value >= self.threshold.value
        sign = "≥" if same else "<"
        return Score(
            value=float(same), reason=f"similarity {value:.3f} {sign} {self.threshold.value:.3f}"
        )
