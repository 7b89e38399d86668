"""What a type's own cases say about how to score it: its answers, references and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from suffice.records import Answer, Case
from suffice.scoring.labels import AS_LABEL, UNLESS_SAME, canonical_label, is_label_like
from suffice.scoring.reading import failure_of
from suffice.scoring.requests import last_user_text, lettered_options

_LOOKED_AT = 100
_LIKELY_UNSEEN = 0.02
_OFTEN = 2


class Sample:
    """The usable baseline answers and the references of some cases of one type."""

    def __init__(self, cases: Sequence[Case], *, baseline: str | None) -> None:
        self.cases = cases
        recorded = (case.answers.get(baseline) for case in cases) if baseline else ()
        self.answers: list[Answer] = [
            answer for answer in recorded if answer is not None and failure_of(answer) is None
        ]
        self.references: list[Any] = [
            case.reference for case in cases if case.reference is not None
        ]

    @cached_property
    def texts(self) -> list[str]:
        """All usable answers as text."""
        return [answer.text for answer in self.answers]

    @cached_property
    def some(self) -> list[Answer]:
        """Up to 100 answers, spread evenly, for looks that take long."""
        return spread(self.answers)

    @cached_property
    def some_texts(self) -> list[str]:
        """The texts of `some`."""
        return [answer.text for answer in self.some]

    @cached_property
    def declared_labels(self) -> tuple[str, ...]:
        """The labels every case names in ``meta.labels``, if all name the same."""
        first = self.cases[0].meta.get("labels") if self.cases else None
        if not isinstance(first, list) or not first or not all(isinstance(x, str) for x in first):
            return ()
        same = all(case.meta.get("labels") == first for case in self.cases)
        return tuple(first) if same else ()

    @cached_property
    def outside(self) -> str:
        """What an answer outside the label set is (see `LabelScorer`)."""
        named = [str(value) for value in self.references]
        return UNLESS_SAME if self.declared_labels else outside_of(named or self.texts)

    @cached_property
    def options(self) -> int:
        """How many lettered options the questions offer; 0 where not nearly all offer any."""
        some = spread(self.cases)
        counts = Counter(lettered_options(last_user_text(case.request)) for case in some)
        usual, often = counts.most_common(1)[0] if counts else (0, 0)
        return usual if often >= 0.8 * len(some) else 0


def spread(items: Sequence[Any], *, most: int = _LOOKED_AT) -> list[Any]:
    """At most so many items, evenly spread over all."""
    step = max(1, -(-len(items) // most))
    return list(items[::step])


def learnt_labels(cases: Sequence[Case], *, baseline: str | None) -> tuple[str, ...]:
    """
    The label set of a type: declared in ``meta.labels``, else its references, else what the
    baseline answers at least twice.

    Of several spellings of one label the most frequent is kept.
    """  # noqa: D205 - one sentence
    sample = Sample(cases, baseline=baseline)
    if sample.declared_labels:
        return sample.declared_labels
    references = [text for text in sample.references if isinstance(text, str)]
    if references:
        listed = [text.strip() for text in references if is_label_like(text)]
        return tuple(spellings(listed).values())
    often = Counter(text.strip() for text in sample.texts if is_label_like(text))
    forms = spellings(list(often.elements()))
    counts = Counter(canonical_label(text) for text in often.elements())
    return tuple(label for form, label in forms.items() if counts[form] >= _OFTEN)


def spellings(texts: Sequence[str]) -> dict[str, str]:
    """Canonical form -> its most frequent spelling, in order of first appearance."""
    counts = Counter(texts)
    best: dict[str, str] = {}
    for text, count in counts.items():
        form = canonical_label(text)
        if form not in best or count > counts[best[form]]:
            best[form] = text
    return best


def outside_of(texts: Sequence[str]) -> str:
    """
    What an answer outside a set learnt from these texts is: a failure, or an unseen label.

    Source:
        Good (1953), Biometrika 40, 237-264: the chance that the next text is of an unseen class
        is about the share of texts whose class was seen once.

    >>> outside_of(["a", "b"] * 40), outside_of([str(n) for n in range(40)])
    ('unless_same', 'label')
    """
    counts = Counter(canonical_label(text) for text in texts)
    once = sum(1 for count in counts.values() if count == 1)
    return UNLESS_SAME if texts and once <= _LIKELY_UNSEEN * len(texts) else AS_LABEL
