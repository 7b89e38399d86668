"""What an answer says and whether it is usable at all: the part every scorer shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import msgspec

from suffice.records import Answer, Case, Failure, FailureKind, Reference, Score

_STOPS = {
    "refusal": Failure(FailureKind.REFUSAL, "the model refused"),
    "max_tokens": Failure(FailureKind.CUT, "cut at max_tokens"),
    "model_context_window_exceeded": Failure(FailureKind.CUT, "cut at the context limit"),
}
_REMEMBERED_PAIRS = 100_000
_REMEMBERED_CHARS = 400
_JSON = msgspec.json.Encoder(order="deterministic")


def failure_of(answer: Answer) -> Failure | None:
    """
    Why the answer is not usable: its recorded failure, else what its stop reason implies.

    >>> failure_of(Answer(text="The capital is Par", stop_reason="max_tokens")).kind
    <FailureKind.CUT: 'cut'>
    """
    if answer.failure is not None:
        return answer.failure
    return None if answer.stop_reason is None else _STOPS.get(answer.stop_reason)


def unusable(answer: Answer, target: Answer | Reference) -> Score | None:
    """
    The score of a pair that needs no scorer since one side is not usable; None where both are.

    What nobody answered (a transport failure on either side) is missing. A refused or cut
    answer scores 0; against a refused or cut target every answer disagrees.
    """
    failure = failure_of(answer)
    target_failure = failure_of(target) if isinstance(target, Answer) else None
    if failure is None and target_failure is None:
        return None
    if target_failure is not None and target_failure.kind.is_missing:
        return Score(
            reason=f"the other answer is missing: {target_failure.message}",
            failure=Failure(target_failure.kind, f"the other answer: {target_failure.message}"),
            target_failure=target_failure,
        )
    first = failure if failure is not None else target_failure
    side = "the answer" if failure is not None else "the other answer"
    kind = "" if first is None else f"{side} failed ({first.kind}): {first.message}"
    return Score(reason=kind, failure=failure, target_failure=target_failure)


def unparseable(message: str, *, flags: tuple[str, ...] = ()) -> Score:
    """A score of 0 for an answer that cannot be read."""
    return Score(reason=message, flags=flags, failure=Failure(FailureKind.UNPARSEABLE, message))


def target_unparseable(message: str) -> Score:
    """A score of 0 since the answer to compare with cannot be read."""
    message = f"the other answer: {message}"
    return Score(reason=message, target_failure=Failure(FailureKind.UNPARSEABLE, message))


def scorer_failed(message: str) -> Score:
    """No score: the scorer could not do its work. Counted as missing, never as 0."""
    return Score(reason=message, failure=Failure(FailureKind.SCORER, message))


def as_text(value: Any) -> str:
    """
    A reference as the text a model would have to write.

    >>> as_text({"b": 1, "a": None})
    '{"a":null,"b":1}'
    """
    if isinstance(value, str):
        return value
    try:
        return _JSON.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def alternatives(value: Any) -> tuple[str, ...]:
    """
    The texts of which any one is right: a list of strings in a reference means "one of".

    >>> alternatives(["Paris", "City of Paris"])
    ('Paris', 'City of Paris')
    """
    if isinstance(value, list | tuple) and value and all(isinstance(x, str) for x in value):
        return tuple(value)
    return (as_text(value),)


def clipped(text: str, *, limit: int = 60) -> str:
    """A text short enough to stand in a reason."""
    flat = " ".join(text[: 4 * limit].split())
    return flat if len(flat) <= limit and len(text) <= 4 * limit else flat[: limit - 1] + "…"


class TextualScorer(ABC):
    """
    A scorer that reads nothing but two texts, and remembers the pairs it has seen.

    Labels and short answers repeat, so most of a large recording costs one look-up a pair.
    """

    def __init__(self) -> None:
        self._scores: dict[tuple[str, str, bool], Score] = {}

    @property
    @abstractmethod
    def name(self) -> str:
        """Short name, as given to ``--scorer``."""

    @abstractmethod
    def against_answer(self, text: str, target: str) -> Score:
        """Agreement of two answers' texts."""

    def against_reference(self, text: str, reference: Any) -> Score:
        """The best agreement with any of the texts the reference accepts."""
        if isinstance(reference, str):
            return self.against_answer(text, reference)
        scores = [self.against_answer(text, right) for right in alternatives(reference)]
        return max(scores, key=lambda score: score.value)

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:  # noqa: ARG002 - the port's signature
        """See `ports.Scorer.score`."""
        failed = unusable(answer, target)
        if failed is not None:
            return failed
        if isinstance(target, Answer):
            key = (answer.text, target.text, False)
        else:
            value = target.value
            key = (answer.text, value if isinstance(value, str) else as_text(value), True)
        known = self._scores.get(key)
        if known is not None:
            return known
        found = (
            self.against_answer(answer.text, target.text)
            if isinstance(target, Answer)
            else self.against_reference(answer.text, target.value)
        )
        self._remember(key, found)
        return found

    def _remember(self, key: tuple[str, str, bool], score: Score) -> None:
        if len(key[0]) + len(key[1]) > _REMEMBERED_CHARS:
            return
        if len(self._scores) >= _REMEMBERED_PAIRS:
            self._scores.clear()
        self._scores[key] = score
