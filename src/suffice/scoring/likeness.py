"""How like each other one model's answers to one request are."""

from __future__ import annotations

from collections.abc import Sequence

from suffice.ports import Scorer
from suffice.records import Answer, Case
from suffice.scoring.reading import failure_of
from suffice.scoring.similarity import similarity


def likeness(answers: Sequence[Answer], *, case: Case, scorer: Scorer | None) -> list[list[float]]:
    """
    The likeness of every two answers, in [0, 1] and symmetric, 1 on the diagonal.

    Two answers that failed alike are alike: a refusal is an answer as well. Where no scorer can
    hold one answer against another (a judge would have to be paid), their words are compared.

    Args:
        answers: To the same request.
        case: The request.
        scorer: The type's own; None: by their words.

    >>> one, other = Answer(text="billing"), Answer(text="bug")
    >>> case = Case(id="c", type="t")
    >>> likeness([one, other, one], case=case, scorer=None)[0][2]
    1.0
    """
    count = len(answers)
    table = [[1.0] * count for _ in range(count)]
    known: dict[tuple[bytes, bytes], float] = {}
    marks = [_mark(answer) for answer in answers]
    for i in range(count):
        for j in range(i):
            if marks[i] == marks[j]:
                continue
            low, high = sorted((i, j), key=lambda place: marks[place])
            key = marks[low], marks[high]
            if key not in known:
                known[key] = _alike(answers[low], answers[high], case, scorer)
            table[i][j] = table[j][i] = known[key]
    return table


def _mark(answer: Answer) -> bytes:
    """The same for two answers that say the same, or failed alike."""
    failure = failure_of(answer)
    if failure is not None:
        return f"failed:{failure.kind}".encode()
    return repr((answer.text, answer.blocks)).encode("utf-8", "replace")


def _alike(one: Answer, other: Answer, case: Case, scorer: Scorer | None) -> float:
    if failure_of(one) is not None or failure_of(other) is not None:
        return 0.0
    if scorer is None:
        return similarity(one.text, other.text) if one.text and other.text else 0.0
    # A scorer may take one side for the right answer; the model's own answers have no such side.
    both = (_score(one, other, case, scorer), _score(other, one, case, scorer))
    return sum(both) / len(both)


def _score(answer: Answer, target: Answer, case: Case, scorer: Scorer) -> float:
    score = scorer.score(answer, target, case=case)
    return 0.0 if score.failure is not None or score.target_failure is not None else score.value
