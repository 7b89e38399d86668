"""Whether the answers of a type are labels, which ones, and how often a guess would be right."""

from __future__ import annotations

import re
from collections import Counter

from suffice.scoring.labels import canonical_label, is_label_like
from suffice.scoring.learnt import Sample, spellings

_NEARLY_ALL = 0.9
_IDENTIFIER = re.compile(r"[^\W\d][\w.\-/&]*")


def label_set(sample: Sample) -> tuple[str, ...]:
    """The labels of a type; empty where its answers or references are no labels."""
    references = sample.references
    if not all(isinstance(value, str | int) for value in references):
        return ()
    named = [str(value).strip() for value in references]
    if not all(map(is_label_like, named)):
        return ()
    if sample.declared_labels:
        return sample.declared_labels
    if not named:
        return _own_labels(sample)
    labels = _with_letters(tuple(spellings(named).values()), sample)
    if all(map(_IDENTIFIER.fullmatch, named)):
        # Names like card_arrival are labels even where a small sample hardly repeats any.
        return labels if len(labels) < len(named) else ()
    return labels if len(labels) <= max(2, 0.8 * len(named)) else ()


def chance_of(labels: int, sample: Sample) -> float:
    """What guessing scores: one over the labels, or over the lettered options if those are more."""
    count = max(labels, sample.options)
    return 1 / count if count > 1 else 0.0


def _own_labels(sample: Sample) -> tuple[str, ...]:
    """Labels from the answers alone: short, and most of them given more than once."""
    texts = sample.texts
    named = [text.strip() for text in texts if is_label_like(text)]
    if len(named) < _NEARLY_ALL * len(texts):
        return ()
    counts = Counter(map(canonical_label, named))
    once = sum(1 for count in counts.values() if count == 1)
    if len(counts) > max(2, len(texts) // 2) or once > len(texts) / 3:
        return ()
    return tuple(spellings(named).values())


def _with_letters(labels: tuple[str, ...], sample: Sample) -> tuple[str, ...]:
    """All lettered options, where the references name letters and the questions offer more."""
    offered = [chr(ord("A") + at) for at in range(sample.options)]
    if offered and all(label.upper() in offered for label in labels):
        return tuple(offered)
    return labels
