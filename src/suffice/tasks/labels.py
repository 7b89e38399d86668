"""A set of labels, however a caller writes it down: what a model is shown, what it stands for."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from suffice.errors import BadOption
from suffice.scoring.labels import LabelScorer, canonical_label
from suffice.tasks.outcome import Unresolved

NOTHING = "-"
"""What a model answers where no label applies."""

_FEWEST, _SHOWN = 2, 80


class LabelSet:
    """
    Labels as a model reads them.

    Args:
        values: Label -> what the caller gets for it.
        descriptions: Label -> what it means; empty where nobody said.
    """

    def __init__(self, values: Mapping[str, Any], descriptions: Mapping[str, str]) -> None:
        self.values, self._descriptions = values, descriptions
        self._reader = LabelScorer(tuple(values))

    @classmethod
    def of(cls, labels: Any) -> LabelSet:
        """
        The labels of an Enum, a Literal, a mapping to descriptions, or any iterable of texts.

        Raises:
            BadOption: Fewer than two, two that read alike, or something that is no label.

        >>> LabelSet.of(Literal["spam", "ham"]).values
        {'spam': 'spam', 'ham': 'ham'}
        """
        found = cls(*_read(labels))
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
        said = {one: self._descriptions.get(one) for one in self.values}
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

    def read_one(self, text: str) -> Any | Unresolved:
        """The caller's value for the label an answer names, whatever is written around it."""
        reading = self._reader.read(text)
        if reading.in_set:
            return self.values[reading.label]
        said = text.strip()[:_SHOWN]
        return Unresolved(reason="out_of_set", detail=f"{said!r} is no label.", text=text)

    def read_several(self, text: str) -> list[Any] | Unresolved:
        """The values of labels given one a line; none for `NOTHING`."""
        lines = [line.strip().removeprefix("- ") for line in text.splitlines() if line.strip()]
        found: list[Any] = []
        for line in lines if lines != [NOTHING] else ():
            value = self.read_one(line)
            if isinstance(value, Unresolved):
                return value
            if value not in found:
                found.append(value)
        return found


def _read(labels: Any) -> tuple[dict[str, Any], dict[str, str]]:
    if isinstance(labels, type) and issubclass(labels, enum.Enum):
        named = {m.value if isinstance(m.value, str) else m.name: m for m in labels}
        return named, {}
    if get_origin(labels) is Literal:
        return {_text(one): one for one in get_args(labels)}, {}
    if isinstance(labels, Mapping):
        said = {_text(label): str(about) for label, about in labels.items()}
        return {_text(label): label for label in labels}, said
    if isinstance(labels, str):
        raise _bad("Labels are several texts; this is one.")
    try:
        return {_text(one): one for one in labels}, {}
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
