"""One worker from its options to its end: opened, kept in step, reloaded, drained."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import ssl
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import msgspec

from suffice.catalog import Catalog
from suffice.errors import SufficeError
from suffice.gateway.account import Account, keep_in_step
from suffice.gateway.accounting import fingerprint_secret
from suffice.gateway.addresses import Address
from suffice.gateway.books import Books
from suffice.gateway.budgets import Budget, Budgets
from suffice.gateway.child import METRICS, SPOOL
from suffice.gateway.daemon_threads import in_daemon_thread
from suffice.gateway.deciding import Decider
from suffice.gateway.feedback import FeedbackFolder
from suffice.gateway.house import House
from suffice.gateway.keys import Keys
from suffice.gateway.limits import Limits
from suffice.gateway.log import Log
from suffice.gateway.memory import Room
from suffice.gateway.metrics import OWN_KEY_GAUGE, Metrics
from suffice.gateway.moving import break_even_with
from suffice.gateway.prompts import Prompts
from suffice.gateway.proxying import Proxy
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.gateway.shadow.own_calls import OwnKey
from suffice.gateway.shadow.parts import shadows_of
from suffice.gateway.shadow.spending import Spending
from suffice.gateway.shadow.voice import NO_KEY, TROUBLE
from suffice.gateway.spool import Capture, Spool
from suffice.gateway.supervisor import Kept
from suffice.gateway.upstream import Pool
from suffice.gateway.worker import Worker
from suffice.policy.rules import Policy
from suffice.records.feedback import FEEDBACK_FOLDER
from suffice.records.prompts import PROMPTS_FOLDER
from suffice.records.shadow import SPENT_FOLDER

# A rollback has two seconds to reach every worker, the monitor's own round included.
_POLL_S = 0.5
_COLLECT_EVERY = 20_000
_SWITCH_S = 0.0005


class Loaded(Protocol):
    """A policy as it was found."""

    @property
    def policy(self) -> Policy:
        """In force."""
        ...

    @property
    def problem(self) -> str:
        """Why it is an older one; empty if all is well."""
        ...


class PolicySource(Protocol):
    """Where the policy comes from."""

    def load(self) -> Loaded:
        """The policy in force, or the last good one; never raises for what it finds."""
        ...

    def has_changed(self) -> bool:
        """Whether it is another than at the last call."""
        ...


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a worker is to run.

    Attributes:
        address: The upstream.
        data: The data folder.
        assignment_key: The installation's secret; None where it cannot be had: nothing is routed.
        capture: How much of an exchange is kept.
        keys: Who may use it; None: whoever reaches it.
        budgets: What is held against spending.
        limits: What may be taken.
        public_url: Under which clients know the gateway; empty: what they say in Host.
        drain_s: How long requests under way may take when it stops.
        body_shares: Which share of a type's conversations keep their bodies; see `Spool`.
        proxy: By whom requests leave; None: directly.
        type_of: A request's body -> its type, where neither client nor policy names one.
        names: By which its own pages are asked for; None: by any. See `House`.
        own_key: Pays for batches of shadow calls; None: they are made live, by their callers'.
        shadow_usd: What all shadow calls of a day may cost; None: see `ShadowLedger`.
    """

    address: Address
    data: Path
    assignment_key: bytes | None
    capture: Capture = Capture.META
    keys: Keys | None = None
    budgets: tuple[Budget, ...] = ()
    limits: Limits = Limits()
    public_url: str = ""
    drain_s: float = 60.0
    body_shares: dict[str, float] = {}
    proxy: Proxy | None = None
    type_of: Callable[[bytes], str | None] | None = None
    own_key: OwnKey | None = None
    names: frozenset[str] | None = None
    shadow_usd: Decimal | None = None


class Running:
    """
    One worker's parts, put together.

    Args:
        options: How it is to run.
        policies: Where its policy comes from.
        catalog: Prices, for budgets and for moving warm conversations.
        log: Where it tells what happens.
        name: Which worker it is; the same after a restart.
        room: What the workers remember together.
        child: The processes beside requests, where this worker keeps them.
    """

    def __init__(
        self,
        options: Options,
        *,
        policies: PolicySource,
        catalog: Catalog,
        log: Log,
        name: str = "0",
        room: Room | None = None,
        child: Kept | None = None,
    ) -> None:
        self._options, self._policies, self._log, self._child = options, policies, log, child
        self._catalog = catalog
        spool = Spool(
            options.data / SPOOL, capture=options.capture, body_shares=options.body_shares
        )
        self._told_to_look = asyncio.Event()
        first = policies.load()
        policies.has_changed()
        metrics = Metrics(options.data / METRICS, worker=name, types=first.policy.types)
        budgets = Budgets(options.budgets, catalog=catalog)
        self.account = Account(options.data, spool=spool, metrics=metrics, budgets=budgets)
        self.decider = Decider(
            key=options.assignment_key,
            now=_now,
            break_even=break_even_with(catalog, now=_now),
            policy=_in_force(first),
            room=room,
            type_of=options.type_of,
            on_fault=self._deciding_failed,
        )
        self._prompts = Prompts(options.data / PROMPTS_FOLDER, worker=name)
        self._books = Books(
            spool,
            secret=fingerprint_secret(options.data),
            capture=options.capture,
            observe=self.account.observe,
            check=self.account.check if options.budgets else None,
            hard=[budget.key for budget in options.budgets if budget.hard],
            count=metrics.add,
        )
        metrics.set(OWN_KEY_GAUGE, float(options.own_key is not None))
        metrics.set("suffice_assignment_key_missing", float(bool(self.decider.trouble)))
        self._policy_told(first)

    async def serve(
        self,
        listener: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        upstream_tls: ssl.SSLContext | None = None,
        renew: Callable[[], None] | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        """
        Serve until a signal ends it: SIGTERM and SIGINT drain, SIGHUP reloads the policy.

        Args:
            listener: A bound socket.
            tls: The certificate it shows to clients; None for plain HTTP.
            upstream_tls: How the upstream's certificate is checked; the system's way if not given.
            renew: Called on SIGHUP beside the policy: reads certificates and keys again.
            ready: Called once requests are taken.
        """
        loop, options = asyncio.get_running_loop(), self._options
        loop.set_exception_handler(self._unexpected)
        house = House(
            pool=Pool(
                options.address,
                limits=options.limits,
                tls=upstream_tls,
                proxy=options.proxy,
                log=self._log,
            ),
            limits=options.limits,
            loop=loop,
            decider=self.decider,
            books=self._books,
            render_metrics=self.account.render,
            keys=options.keys,
            log=self._log,
            public_url=options.public_url,
            names=options.names,
            prompts=self._prompts,
            feedback=FeedbackFolder(options.data / FEEDBACK_FOLDER),
            on_fault=self._failed_beside,
        )
        if options.capture is not Capture.OFF:
            # Without an account nobody would know what they cost.
            house.shadows = shadows_of(
                house,
                options.data,
                spending=Spending(
                    ShadowLedger(options.data / SPENT_FOLDER, limit_usd=options.shadow_usd),
                    self._catalog,
                ),
                own_key=options.own_key,
                metrics=self.account.metrics,
                on_fault=self._tell,
            )
        worker = Worker(house, listener, tls=tls)
        ends = asyncio.Event()
        for stop in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(stop, ends.set)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up, renew)
        _settle_memory()
        # Bodies are masked in a thread: the event loop gets the interpreter back this soon.
        sys.setswitchinterval(_SWITCH_S)
        await worker.start()
        step = keep_in_step(self.account, on_fault=self._tell)
        tasks = [loop.create_task(step), loop.create_task(self._look_after())]
        if ready is not None:
            ready()
        await ends.wait()
        self._log.say("draining", clients=len(house.clients))
        cut = await worker.drain(within_s=options.drain_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._close)
        self._log.say("stopped", cut=cut)

    async def reload(self) -> None:
        """Take over the policy in force now; a disk that does not answer holds nobody up."""
        loaded = await in_daemon_thread(self._policies.load)
        found = _in_force(loaded)
        if found is not None or not loaded.problem:
            self.decider.policy = found
        # Else a broken file and no older version on disk: what is in force stays in force.
        self._policy_told(loaded)

    def _hang_up(self, renew: Callable[[], None] | None) -> None:
        self._told_to_look.set()
        if renew is None:
            return
        try:
            renew()
        except SufficeError as wrong:
            self._log.say("renewed", level="error", problem=wrong.what)
        else:
            self._log.say("renewed")

    async def _look_after(self) -> None:
        while True:
            try:
                told = self._told_to_look.is_set()
                self._told_to_look.clear()
                if await in_daemon_thread(self._policies.has_changed) or told:
                    await self.reload()
                await asyncio.to_thread(self._prompts.save)
                if self._child is not None:
                    await asyncio.to_thread(self._child.tick)
            except Exception as fault:  # noqa: BLE001 - one bad look must not be the last one
                self._tell(fault)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_look.wait(), _POLL_S)

    def _unexpected(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tell of a fault that nobody caught."""
        self._tell(context.get("exception"))

    def _tell(self, wrong: BaseException | None, *, event: str = "unexpected") -> None:
        """
        Tell of a fault of our own: its kind and its place, and nothing that it speaks of.

        What an exception says, or a traceback's last line, may quote a header or a body.
        """
        frames = traceback.extract_tb(wrong.__traceback__) if wrong is not None else []
        at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
        kind = type(wrong).__name__ if wrong is not None else None
        self._log.say_seldom(event, level="error", kind=kind, at=at)

    def _failed_beside(self, fault: Exception) -> None:
        self.account.metrics.add("suffice_beside_failures_total", 1)
        self._tell(fault)

    def _close(self) -> None:
        self.account.close()
        if self._child is not None:
            self._child.stop()

    def _deciding_failed(self, fault: Exception) -> None:
        self.account.metrics.add("suffice_deciding_failures_total", 1)
        self._tell(fault, event="deciding failed")

    def _policy_told(self, loaded: Loaded) -> None:
        policy = loaded.policy
        self._log.say(
            "policy",
            level="error" if loaded.problem else "info",
            version=policy.version,
            types=len(policy.types),
            problem=loaded.problem or None,
        )
        self._unpaid_told(policy)

    def _unpaid_told(self, policy: Policy) -> None:
        """Say which types' shadow calls wait for no batch, since nothing would pay for it."""
        unpaid = self._options.own_key is None and any(
            rule.shadow and rule.shadow_batched for rule in policy.types.values()
        )
        self.account.metrics.set(TROUBLE, float(unpaid), {"reason": NO_KEY})
        if unpaid:
            self._log.say("shadow batch", level="warning", problem=NO_KEY)


def _settle_memory() -> None:
    """
    Take what was loaded out of the collector's sight, and let it look less often.

    A request leaves nothing in circles; the default looks every few requests at everything.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY, 20, 50)


def _in_force(loaded: Loaded) -> Policy | None:
    """None where no policy was ever published: then nothing is decided, and clients are told so."""
    return loaded.policy if loaded.policy.version or loaded.policy.types else None


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the edge holds the clock
