"""A set of labels, however a caller writes it down: what a model is shown, what it stands for."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import msgspec

from suffice.errors import BadOption
from suffice.scoring.labels import LabelScorer, canonical_label

_FEWEST = 2


class LabelSet(msgspec.Struct, frozen=True, kw_only=True):
    """
    Labels as a model reads them.

    Attributes:
        values: Label -> what the caller gets for it.
        descriptions: Label -> what it means; empty where nobody said.
    """

    values: dict[str, Any]
    descriptions: dict[str, str] = {}

    @classmethod
    def of(cls, labels: Any) -> LabelSet:
        """
        The labels of an Enum, a Literal, a mapping to descriptions, or any iterable of texts.

        Raises:
            BadOption: Fewer than two, two that read alike, or something that is no label.

        >>> LabelSet.of(Literal["spam", "ham"]).values
        {'spam': 'spam', 'ham': 'ham'}
        """
        found = cls(**_read(labels))
        if len(found.values) < _FEWEST:
            raise _bad("There must be at least two labels.")
        seen: dict[str, str] = {}
        for label in found.values:
            form = canonical_label(label)
            if not form:
                raise _bad(f"{label!r} is no label.")
            if form in seen:
                raise _bad(f"The labels {seen[form]!r} and {label!r} read alike.")
            seen[form] = label
        return found

    def shown(self) -> str:
        """The list a model is given, one label a line."""
        said = {one: self.descriptions.get(one) for one in self.values}
        return "\n".join(
            f"- {one}: {about}" if about else f"- {one}" for one, about in said.items()
        )

    def label_of(self, value: Any) -> str:
        """
        The label that stands for a value, for examples.

        Raises:
            BadOption: None does.
        """
        for label, stands_for in self.values.items():
            if value in (stands_for, label):
                return label
        raise _bad(f"The example's label {value!r} is none of the set.")

    def scorer(self) -> LabelScorer:
        """What reads a label out of an answer, whatever is written around it."""
        return LabelScorer(tuple(self.values))


def _read(labels: Any) -> dict[str, dict[str, Any]]:
    if isinstance(labels, type) and issubclass(labels, enum.Enum):
        named = {m.value if isinstance(m.value, str) else m.name: m for m in labels}
        return {"values": named}
    if get_origin(labels) is Literal:
        return {"values": {_text(one): one for one in get_args(labels)}}
    if isinstance(labels, Mapping):
        said = {_text(label): str(about) for label, about in labels.items()}
        return {"values": {_text(label): label for label in labels}, "descriptions": said}
    if isinstance(labels, str):
        raise _bad("Labels are several texts; this is one.")
    try:
        return {"values": {_text(one): one for one in labels}}
    except TypeError:
        raise _bad(f"Labels cannot be read from {type(labels).__name__}.") from None


def _text(label: Any) -> str:
    if isinstance(label, enum.Enum):
        return label.value if isinstance(label.value, str) else label.name
    if not isinstance(label, str):
        raise _bad(f"{label!r} is no text.")
    return label


def _bad(what: str) -> BadOption:
    return BadOption(
        what,
        effect="Nothing was asked.",
        next_step="Give an Enum, a Literal, texts, or a mapping from label to description.",
    )
