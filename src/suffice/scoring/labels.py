"""Labels: which class of a set an answer names, whatever it wraps around the name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from rapidfuzz import fuzz, process
from typing_extensions import override

from suffice.errors import BadOption
from suffice.records import Score
from suffice.scoring.json_reading import read_json
from suffice.scoring.reading import (
    TextualScorer,
    alternatives,
    clipped,
    target_unparseable,
    unparseable,
)

FAILS, UNLESS_SAME, AS_LABEL = "fails", "unless_same", "label"

_LONGEST = 4_000
_LONGEST_LABEL = 60
_MOST_WORDS = 8
_ALIAS_SIMILARITY = 80
_WRAPPING = " \t\r\n\"'`*_~.,:;!?()[]{}<>|“”‘’«»„‚。、"
_SEPARATORS = re.compile(r"[\s_\-/‐-―]+(?=\S)")
_PREFIX = re.compile(
    r"(?:the\s+)?(?:final\s+|correct\s+|best\s+|predicted\s+)?"
    r"(?:label|answer|category|class|classification|intent|sentiment|topic|option|choice)"
    r"(?:\s+is)?\s*[:=\-–—]\s*|"
    r"the\s+(?:final\s+|correct\s+|best\s+)?"
    r"(?:label|answer|category|class|classification|intent|sentiment|topic|option|choice)\s+is\s+"
)
_LETTERED = re.compile(r"\(?([a-z])\s*[).:\]](?:\s|$)")
_LABEL_KEYS = ("label", "category", "class", "classification", "intent", "answer", "sentiment")


def canonical_label(text: str) -> str:
    """
    A label without case, quotes, Markdown, a leading ``Label:``, or the choice of separator.

    Signs that tell labels apart (``C++``, ``C#``, ``-1``) stay.

    >>> canonical_label('**Label:** "Oil_Change-When".')
    'oil change when'
    >>> canonical_label("C++"), canonical_label("-1")
    ('c++', '-1')
    """
    folded = unicodedata.normalize("NFKC", text).casefold().strip(_WRAPPING)
    # "**label:** x" keeps its inner stars until the prefix is found.
    prefix = _PREFIX.match(folded.replace("*", "")) if len(folded) <= _LONGEST else None
    if prefix is not None:
        rest = folded.replace("*", "")[prefix.end() :].strip(_WRAPPING)
        folded = rest or folded
    lead = "-" if folded.startswith("-") else ""
    return (lead + _SEPARATORS.sub(" ", folded.lstrip("-"))) or _gentle(text)


def _gentle(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def is_label_like(text: str) -> bool:
    """Whether a text is short enough, on one line, to be the name of a class."""
    trimmed = text.strip()
    return (
        0 < len(trimmed) <= _LONGEST_LABEL
        and "\n" not in trimmed
        and trimmed.count(" ") < _MOST_WORDS
        and not trimmed.startswith(("{", "["))
    )


def suggest_aliases(
    unknown: Iterable[str], labels: Sequence[str], *, least: float = _ALIAS_SIMILARITY
) -> dict[str, str]:
    """
    For answers outside the set, the label each was probably meant to be: for a person to confirm.

    Never applied by itself: similarity is not equivalence.

    >>> suggest_aliases(["play musik", "joke"], ["play_music", "weather"])
    {'play musik': 'play_music'}
    """
    forms = {label: canonical_label(label) for label in labels}
    found = {}
    for answer in unknown:
        best = process.extractOne(
            canonical_label(answer)[:200], forms, scorer=fuzz.ratio, score_cutoff=least
        )
        if best is not None:
            found[answer] = str(best[2])
    return found


class Reading(msgspec.Struct, frozen=True):
    """Which class a text names, and whether that class is in the set."""

    label: str
    in_set: bool


class LabelScorer(TextualScorer):
    """
    1 where both sides name the same class, else 0.

    An answer outside the set is flagged ``out_of_set``; unless ``outside`` says otherwise it is
    unparseable: it scores 0 and is counted apart.

    Args:
        labels: The set, as it should be written; empty where unknown.
        aliases: Other spelling -> label.
        outside: What becomes of an answer outside the set. ``fails``: it always fails, for a set
            somebody named. ``unless_same``: it fails unless the other side says the same, for a
            set learnt from cases. ``label``: it is a label nobody has met yet if it looks like
            one, for a set learnt from too few cases.

    Raises:
        BadOption: An alias stands for a label outside the set, or ``outside`` is none of these.
    """

    def __init__(
        self,
        labels: Sequence[str] = (),
        *,
        aliases: Mapping[str, str] | None = None,
        outside: str = UNLESS_SAME,
    ) -> None:
        super().__init__()
        if outside not in {FAILS, UNLESS_SAME, AS_LABEL}:
            raise BadOption(f"outside={outside!r} is none of {FAILS}, {UNLESS_SAME}, {AS_LABEL}.")
        self.outside = outside
        self.labels = tuple(dict.fromkeys(labels))
        forms = {canonical_label(label) for label in self.labels}
        # Labels that differ only in what the canonical form drops are told apart more gently.
        distinct = {_gentle(label) for label in self.labels}
        self._canonical = canonical_label if len(forms) >= len(distinct) else _gentle
        self._known: dict[str, str] = {}
        for label in self.labels:
            self._known.setdefault(self._canonical(label), label)
        for spelling, label in (aliases or {}).items():
            known = self._known.get(self._canonical(label))
            if self.labels and known is None:
                raise BadOption(
                    f"The alias {spelling!r} stands for {label!r}, which is not in the label set.",
                    effect="Nothing was scored.",
                    next_step="Add the label or correct the alias.",
                )
            self._known[self._canonical(spelling)] = known or label
        self._readings: dict[str, Reading] = {}

    @property
    @override
    def name(self) -> str:
        return "label"

    def read(self, text: str) -> Reading:
        """
        The class a text names.

        The whole text is tried first, then a JSON object's label field, then the first and the
        last line, then a leading option letter. A label inside a sentence is not looked for.
        """
        known = self._readings.get(text)
        if known is None:
            known = self._read(text)
            if len(text) <= 200 and len(self._readings) < 100_000:  # noqa: PLR2004 - a memory bound
                self._readings[text] = known
        return known

    def _read(self, text: str) -> Reading:
        if len(text) > _LONGEST:
            return Reading(clipped(text), in_set=False)
        whole = self._canonical(text)
        for form in self._forms(text, whole):
            if form in self._known:
                return Reading(self._known[form], in_set=True)
        return Reading(whole, in_set=not self.labels)

    def _forms(self, text: str, whole: str) -> Iterable[str]:
        yield whole
        if not self._known:
            return
        if text.lstrip().startswith(("{", "```")):
            inside = _label_field(text)
            if inside is not None:
                yield self._canonical(inside)
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1:
            yield self._canonical(lines[0])
            yield self._canonical(lines[-1])
        for line in (lines[0], lines[-1]) if lines else ():
            stripped = _PREFIX.sub("", line.casefold().replace("*", "").strip(), count=1)
            letter = _LETTERED.match(stripped)
            if letter is not None:
                yield self._canonical(letter[1])

    @override
    def against_answer(self, text: str, target: str) -> Score:
        mine, right = self.read(text), self.read(target)
        same = mine.label == right.label
        if self._fails(mine, text, same=same):
            return self._failed(text, right.label)
        score = _compared(mine, right)
        if not self._fails(right, target, same=same):
            return score
        failed = target_unparseable(f"“{clipped(target)}” is none of the labels")
        return msgspec.structs.replace(
            failed, label=mine.label, target_label=right.label, flags=("out_of_set",)
        )

    @override
    def against_reference(self, text: str, reference: Any) -> Score:
        mine = self.read(text)
        rights = [self.read(right) for right in alternatives(reference)]
        best = next((right for right in rights if right.label == mine.label), rights[0])
        # The reference is in the set by being the reference.
        same = best.label == mine.label
        if not same and self._fails(mine, text, same=False):
            return self._failed(text, best.label)
        return _compared(
            Reading(mine.label, in_set=mine.in_set or same), Reading(best.label, in_set=True)
        )

    def _fails(self, reading: Reading, text: str, *, same: bool) -> bool:
        if reading.in_set or (same and self.outside != FAILS):
            return False
        return self.outside != AS_LABEL or not is_label_like(text)

    def _failed(self, text: str, target_label: str) -> Score:
        failed = unparseable(self._outside(text), flags=("out_of_set",))
        return msgspec.structs.replace(failed, target_label=target_label)

    def _outside(self, text: str) -> str:
        said = (
            f"“{clipped(text)}” is none of the {len(self.labels)} labels"
            if text.strip()
            else "an empty answer"
        )
        near = suggest_aliases([text[:200]], self.labels) if text.strip() else {}
        return f"{said} (nearest: {next(iter(near.values()))})" if near else said


def _compared(mine: Reading, right: Reading) -> Score:
    same = mine.label == right.label
    said = clipped(mine.label)
    return Score(
        value=float(same),
        reason=f"both {said}" if same else f"{said}, not {clipped(right.label)}",
        label=mine.label,
        flags=() if mine.in_set and right.in_set else ("out_of_set",),
        target_label=right.label,
    )


def _label_field(text: str) -> str | None:
    value = read_json(text).value
    if not isinstance(value, dict):
        return None
    lowered = {str(key).casefold(): inner for key, inner in value.items()}
    named = next((lowered[key] for key in _LABEL_KEYS if key in lowered), None)
    only = next(iter(value.values())) if len(value) == 1 else None
    found = named if named is not None else only
    return found if isinstance(found, str) else None
