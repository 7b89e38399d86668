"""Models behind a meter: every call is reserved, announced, sent, kept and booked; once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from suffice.comparison.budget import Budget
from suffice.comparison.pairing import Price
from suffice.comparison.plan import is_kept
from suffice.comparison.quoting import Quote, Quoter
from suffice.comparison.stored import AnswerKey, AnswerStore, StoredAnswer, request_digest
from suffice.errors import BudgetReached, ProviderError, StorageError, SufficeError, Unreachable
from suffice.ports import Models
from suffice.records import Answer, ModelSpec, Usage

_NOTHING = Decimal(0)
# Before the first answer a fault of the whole set-up is likely, afterwards one of some requests.
_FIRST_PATIENCE, _PATIENCE = 12, 60


def _always() -> bool:
    return True


class AttemptTold(Protocol):
    """One try of a call, as a provider's adapter tells it (see `note_attempt`)."""

    @property
    def outcome(self) -> str:
        """``answered``, ``retried`` or ``failed``."""
        ...

    @property
    def may_be_billed(self) -> bool:
        """The provider did the work, or may have."""
        ...

    @property
    def usage(self) -> Usage | None:
        """What it used, where told."""
        ...


class _Call(msgspec.Struct):
    """A call under way; retries that may be billed add to what it costs."""

    arm: ModelSpec
    worst_usd: Decimal | None
    budget: Budget
    price: Price
    extra_usd: Decimal = _NOTHING
    extra_reservations: int = 0


ACCOUNT: ContextVar[str] = ContextVar("suffice_account", default="")
"""On whose account calls are booked: the request type, set by its runner."""

_under_way: ContextVar[_Call | None] = ContextVar("suffice_call_under_way", default=None)


def note_attempt(attempt: AttemptTold) -> None:
    """
    Book one try of the call under way; hand this to the provider's adapter as its listener.

    A try that was given up and may be billed all the same stays booked at its worst case (or at
    the usage it told of), and the next try must find room under the cap again.

    Raises:
        BudgetReached: There is no room for a further try; the adapter must not make one.
    """
    call = _under_way.get()
    if call is None or not attempt.may_be_billed:
        return
    told = attempt.usage
    if attempt.outcome == "failed" and told is None:
        call.extra_usd += call.worst_usd or _NOTHING
    if attempt.outcome != "retried":
        return
    known = None if told is None else call.price(call.arm.name, told)
    call.extra_usd += known if known is not None else (call.worst_usd or _NOTHING)
    if not call.budget.try_reserve(call.worst_usd):
        raise BudgetReached(
            "There is no room under the cap for another try of a call that may be billed.",
            effect="It was not tried again; every answer received is kept.",
            next_step="Continue with --resume and a larger --budget.",
        )
    call.extra_reservations += 1


class MeteredModels:
    """
    Asks models so that no answer is paid twice, lost, or sent for beyond the cap.

    It is itself `ports.Models`, so a judge that asks through it is metered, recorded and resumed
    like everybody else. Two callers who ask for the same answer at once share one call.

    Args:
        models: Who answers.
        store: Where answers are kept before anybody uses them.
        budget: The cap.
        quoter: What a call may cost, and how a request is really sent.
        price: Dollars of an answer, by arm.
        stop: Once set, no further call is sent; those in flight are waited for and kept.
        concurrency: Calls in flight at most; a provider's adapter may allow fewer.

    Attributes:
        calls: Calls sent.
        reused: Answers that were in the store already.
        spent_by: Dollars by `ACCOUNT`, reused answers at what they once cost.
        error: What made further calls senseless (a refused key, a spend limit, a full disk).
    """

    def __init__(
        self,
        models: Models,
        *,
        store: AnswerStore,
        budget: Budget,
        quoter: Quoter,
        price: Price,
        stop: asyncio.Event,
        concurrency: int = 64,
    ) -> None:
        self._models, self._store, self._quoter = models, store, quoter
        self._price, self._stop = price, stop
        self._slots = asyncio.Semaphore(concurrency)
        self._asked: dict[AnswerKey, asyncio.Future[Answer | None]] = {}
        self.budget = budget
        self.concurrency = concurrency
        self.calls = self.reused = self.in_flight = 0
        self._halted = False
        self.error: SufficeError | None = None
        self.spent_by: dict[str, Decimal] = {}
        self.failures = 0
        self.last_failure = ""
        self._answers = self._failed_in_a_row = 0

    def halted(self) -> str:
        """Why nothing more is sent: interrupted, budget, provider, storage, error; or empty."""
        if isinstance(self.error, StorageError):
            return "storage"
        if self.error is not None:
            return "provider"
        if self._halted:
            return "error"
        if self.budget.reached:
            return "budget"
        return "interrupted" if self._stop.is_set() else ""

    def halt(self) -> None:
        """Send nothing more: something went wrong elsewhere. Calls in flight are kept."""
        self._halted = True

    async def fetch(
        self,
        arm: ModelSpec,
        request: dict[str, Any],
        *,
        case_id: str,
        run: int = 0,
        wanted: Callable[[], bool] = _always,
    ) -> Answer | None:
        """
        An arm's n-th answer to a case: from the store, else by a call.

        Args:
            arm: Who is asked.
            request: Without ``model``, as the case holds it.
            case_id: The case.
            run: 0 for the first answer, 1 for a second one to the same request.
            wanted: Asked once more when the call's turn has come; False: it is not sent.

        Returns:
            The answer, or None where it was not asked for: unwanted, or the run is ending.

        Raises:
            PriceUnknown: The call has no price and unpriced calls are not allowed.
        """
        sent = self._quoter.sent(arm, request)
        key = AnswerKey(case_id, arm.name, run, request_digest(arm, sent))
        asked = self._asked.get(key)
        if asked is not None:
            return await asyncio.shield(asked)
        stored = self._store.find(key)
        if stored is not None and is_kept(stored.answer):
            self.reused += 1
            self._book(stored.usd)
            return stored.answer
        answered = self._asked[key] = asyncio.get_running_loop().create_future()
        try:
            quote = self._quoter.bound(arm, sent)
            answer = await self._call(arm, request, key, quote, wanted)
        except BaseException:
            # Whoever waits for the same answer is told that it never came.
            answered.set_result(None)
            raise
        else:
            answered.set_result(answer)
            return answer
        finally:
            del self._asked[key]

    def holds(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str, run: int = 0) -> bool:
        """Whether an answer is kept already and fetching it would cost nothing."""
        digest = request_digest(arm, self._quoter.sent(arm, request))
        stored = self._store.find(AnswerKey(case_id, arm.name, run, digest))
        return stored is not None and is_kept(stored.answer)

    async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:
        """
        As `ports.Models.answer`, metered.

        Raises:
            BudgetReached: The run is ending, whatever the reason; nothing was sent.
        """
        found = await self.fetch(arm, request, case_id=case_id)
        if found is None:
            raise self.error or BudgetReached(
                "The run is ending.", effect="This call was not sent; answers are kept."
            )
        return found

    async def count_tokens(self, arm: ModelSpec, request: dict[str, Any]) -> int | None:
        """As `ports.Models.count_tokens`; counting is free."""
        return await self._models.count_tokens(arm, request)

    async def aclose(self) -> None:
        """As `ports.Models.aclose`."""
        await self._models.aclose()

    async def _call(
        self,
        arm: ModelSpec,
        request: dict[str, Any],
        key: AnswerKey,
        quote: Quote,
        wanted: Callable[[], bool],
    ) -> Answer | None:
        async with self._slots:
            if self.halted() or not wanted() or not await self.budget.reserve(quote.worst_usd):
                return None
            if self.halted() or not wanted():
                self.budget.settle(quote.worst_usd, usd=_NOTHING)
                return None
            call = _Call(arm, quote.worst_usd, self.budget, self._price)
            try:
                self._store.announce(key, worst_usd=quote.worst_usd, room_bytes=quote.room_bytes)
            except StorageError as error:
                self.error = error
                self._settle(call, _NOTHING)
                return None
            return await self._send(arm, request, key, call)

    async def _send(
        self, arm: ModelSpec, request: dict[str, Any], key: AnswerKey, call: _Call
    ) -> Answer | None:
        before = _under_way.set(call)
        self.calls += 1
        self.in_flight += 1
        try:
            answer = await self._models.answer(arm, request, case_id=key.case_id)
        except (ProviderError, BudgetReached) as error:
            # Nobody answered: what earlier tries may have cost is booked, this one is not.
            self._give_up(error, key, call)
            return None
        finally:
            self.in_flight -= 1
            _under_way.reset(before)
        self._watch(answer)
        usd = self._cost(answer, call)
        self._settle(call, usd)
        told = None if usd is None else str(usd)
        self._book(told)
        try:
            self._store.keep(StoredAnswer(key=key, answer=answer, usd=told))
        except StorageError as error:
            self.error = error
            return None
        return answer

    def _watch(self, answer: Answer) -> None:
        """Call nobody any more who has given nothing but errors for long."""
        if is_kept(answer):
            self._answers += 1
            self._failed_in_a_row = 0
            return
        assert answer.failure is not None  # noqa: S101 - otherwise it would be kept
        self.failures += 1
        self._failed_in_a_row += 1
        self.last_failure = answer.failure.message
        patience = _PATIENCE if self._answers else _FIRST_PATIENCE
        if self._failed_in_a_row >= patience and self.error is None:
            self.error = Unreachable(
                f"{self._failed_in_a_row} calls in a row failed; the last: {self.last_failure}.",
                effect="No more calls are sent; every answer received is kept.",
                next_step="Mend the cause, then continue with --resume.",
            )

    def _give_up(self, error: SufficeError, key: AnswerKey, call: _Call) -> None:
        if isinstance(error, ProviderError):
            self.error = self.error or error
        else:
            self.budget.reached = True
        if not call.extra_usd:
            self._store.withdraw(key)
        self._settle(call, call.extra_usd)

    def _cost(self, answer: Answer, call: _Call) -> Decimal | None:
        """The answer's price and what retries may have cost; None where no price is known."""
        if answer.usage is not None:
            usd = self._price(call.arm.name, answer.usage)
            return None if usd is None else usd + call.extra_usd
        if not is_kept(answer):
            return call.extra_usd
        # An answer that does not say what it used is booked at its worst case.
        return None if call.worst_usd is None else call.worst_usd + call.extra_usd

    def _settle(self, call: _Call, usd: Decimal | None) -> None:
        left = usd
        for _ in range(call.extra_reservations):
            part = min(left or _NOTHING, call.worst_usd or _NOTHING)
            self.budget.settle(call.worst_usd, usd=part)
            left = None if left is None else left - part
        self.budget.settle(call.worst_usd, usd=left)

    def _book(self, usd: str | None) -> None:
        account = ACCOUNT.get()
        self.spent_by[account] = self.spent_by.get(account, _NOTHING) + Decimal(usd or 0)
