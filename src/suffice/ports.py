"""What suffice needs from the world, as protocols. The world stands behind them in `adapters`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from suffice.records import Answer, Case, ModelSpec, Reference, Score


class Models(Protocol):
    """Whoever answers requests: the API, a recording, a model on this machine."""

    async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:
        """
        One model's answer to one request.

        A refusal, a cut or a transport failure after all retries is an `Answer` with its
        ``failure`` set, never an exception.

        Args:
            arm: The model and its settings.
            request: An Anthropic request body without ``model``.
            case_id: For recordings and logs; never sent.

        Raises:
            SpendLimit: The account's own limit; no further call can succeed.
            Refused: The credential or the model is not accepted; no further call can succeed.
        """
        ...

    async def count_tokens(self, arm: ModelSpec, request: dict[str, Any]) -> int | None:
        """How many prompt tokens the model counts; None where the provider cannot say."""
        ...

    async def aclose(self) -> None:
        """Give back sockets and processes."""
        ...


class Scorer(Protocol):
    """How an answer is held against another answer, or against a reference."""

    @property
    def name(self) -> str:
        """Short name, as given to ``--scorer``."""
        ...

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        """Agreement of the answer with the target, in [0, 1], with its reason."""
        ...


class JudgingScorer(Protocol):
    """A scorer that must ask a model, so it waits and it costs."""

    @property
    def name(self) -> str:
        """Short name, as given to ``--scorer``."""
        ...

    async def judge(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:
        """As `Scorer.score`, by a judge: blind, both orders, only agreeing verdicts count."""
        ...


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The time, with its zone."""
        ...
