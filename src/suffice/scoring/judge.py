"""A model as judge: blind, asked in both orders, its word counted only where both agree."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Protocol
from weakref import WeakValueDictionary

import msgspec

from suffice.errors import JudgeIsAnArm
from suffice.ports import Models
from suffice.records import Answer, Case, FailureKind, ModelSpec, Reference, Score
from suffice.scoring.json_reading import read_json
from suffice.scoring.judge_prompt import Question, prompt_hash, question, shown
from suffice.scoring.reading import as_text, clipped, scorer_failed, unusable

_DATED = re.compile(r"-\d{8}$")


class JudgeMemory(Protocol):
    """Where the judge's words are kept, so that none is paid twice."""

    def recall(self, key: str) -> str | None:
        """What was kept under a key; None where nothing was."""
        ...

    def keep(self, key: str, word: str) -> None:
        """Keep a word durably before returning."""
        ...


class _Forgetful:
    """Keeps words for as long as the scorer lives."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}

    def recall(self, key: str) -> str | None:
        return self._words.get(key)

    def keep(self, key: str, word: str) -> None:
        self._words[key] = word


class _Word(msgspec.Struct, frozen=True):
    """The judge's word on one question; ``verdict`` empty where it gave none."""

    verdict: str = ""
    reason: str = ""


class JudgeScorer:
    """
    1 where a judge finds the answer at least as good as the target, else 0.

    Against the other model's answer: 1 for "same" and for "the answer is better", 0 for "the
    target is better" and "both are bad". Against a reference: 1 for "correct", 0 for "wrong".
    Each pair is asked about twice with places swapped. Where the two words do not come to the
    same score, or one cannot be read, there is no score: the pair is missing, never equal and
    never 0. Two identical texts are the same without asking.

    Args:
        models: Who is asked.
        judge: The model that judges.
        arms: All models on trial, baseline and candidates.
        memory: Where words are kept; without one only for this scorer's life.

    Raises:
        JudgeIsAnArm: The judge is on trial itself.
    """

    def __init__(
        self,
        models: Models,
        judge: ModelSpec,
        *,
        arms: Iterable[ModelSpec],
        memory: JudgeMemory | None = None,
    ) -> None:
        if any(_undated(arm.model) == _undated(judge.model) for arm in arms):
            raise JudgeIsAnArm(
                f"{judge.model} is the judge and a model on trial.",
                effect="Nothing was judged: a model prefers its own answers.",
                next_step="Choose another judge.",
            )
        self._models = models
        self._judge = judge
        self._memory: JudgeMemory = memory if memory is not None else _Forgetful()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def name(self) -> str:
        """See `ports.JudgingScorer.name`."""
        return "judge"

    @property
    def version(self) -> str:
        """Judge and wording, for the record: ``claude-opus-5-5 prompt 0123456789ab``."""
        return f"{self._judge.name} prompt {prompt_hash()}"

    def questions(
        self, answer: Answer, target: Answer | Reference, *, case: Case
    ) -> tuple[Question, ...]:
        """What would be asked, for an estimate of the cost; empty where nothing would be."""
        if unusable(answer, target) is not None or _identical(answer, target):
            return ()
        return tuple(question(answer, target, case=case, swapped=turn) for turn in (False, True))

    async def judge(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        """
        See `ports.JudgingScorer.judge`.

        Raises:
            SpendLimit: As `ports.Models.answer`; so does Refused.
        """
        failed = unusable(answer, target)
        if failed is not None:
            return failed
        if _identical(answer, target):
            return Score(value=1.0, reason="the same text", flags=("identical",))
        words = []
        for asked in self.questions(answer, target, case=case):
            word = await self._word(asked, case_id=case.id)
            if not word.verdict:
                # The other order could not save the pair, so it is not paid for.
                return scorer_failed(f"the judge gave no verdict: {word.reason}")
            words.append((_meaning(word.verdict, swapped=asked.swapped), word.reason))
        return _both_orders(words)

    async def _word(self, asked: Question, *, case_id: str) -> _Word:
        key = self._key(asked)
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:
            known = self._memory.recall(key)
            if known is not None:
                return _read(known, asked.verdicts)
            said = await self._models.answer(self._judge, asked.request, case_id=case_id)
            if said.failure is not None:
                if said.failure.kind is not FailureKind.TRANSPORT:
                    self._memory.keep(key, json.dumps({"failed": said.failure.kind.value}))
                return _Word(reason=f"{said.failure.kind.value}: {said.failure.message}")
            self._memory.keep(key, said.text)
            return _read(said.text, asked.verdicts)

    def _key(self, asked: Question) -> str:
        whole = "\0".join([prompt_hash(), self._judge.name, as_text(asked.request)])
        return hashlib.sha256(whole.encode(errors="replace")).hexdigest()


def _read(text: str, verdicts: tuple[str, ...]) -> _Word:
    value = read_json(text).value
    if not isinstance(value, dict):
        return _Word(reason="its answer is no JSON")
    verdict, reason = value.get("verdict"), value.get("reason", "")
    if verdict not in verdicts:
        return _Word(reason=f"its verdict is {clipped(str(value.get('failed', verdict)))}")
    return _Word(str(verdict), clipped(reason, limit=200) if isinstance(reason, str) else "")


def _meaning(verdict: str, *, swapped: bool) -> str:
    """The verdict in terms of the two arms: A is the target, unless places were swapped."""
    if verdict not in {"A", "B"}:
        return verdict
    return "answer" if (verdict == "A") == swapped else "target"


def _both_orders(words: list[tuple[str, str]]) -> Score:
    (first, reason), (second, _) = words
    values = [float(meaning in {"same", "answer", "correct"}) for meaning in (first, second)]
    if values[0] != values[1]:
        return scorer_failed(
            f"the judge changed its word when places were swapped: {first}, {second}"
        )
    flags = (first,) if first == second else (first, second)
    return Score(value=values[0], reason=reason or first, flags=flags)


def _identical(answer: Answer, target: Answer | Reference) -> bool:
    right = as_text(target.value) if isinstance(target, Reference) else shown(target)
    return shown(answer).split() == right.split()


def _undated(model: str) -> str:
    return _DATED.sub("", model)
