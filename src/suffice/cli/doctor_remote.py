"""The doctor's checks of what runs: the upstream, the gateway, and the account beside it."""

from __future__ import annotations

import asyncio
import fcntl
import http.client
import io
import json
import sqlite3
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from email.utils import parsedate_to_datetime

from suffice.cli.doctor_findings import Finding, Setup, failed, fine, look
from suffice.errors import StorageError, SufficeError
from suffice.gateway.account_store import open_account
from suffice.gateway.addresses import Address, read_address, verifying
from suffice.gateway.child import ACCOUNT, SPOOL
from suffice.gateway.heads import ResponseHead
from suffice.gateway.limits import Limits
from suffice.gateway.log import Log
from suffice.gateway.proxying import choose_proxy
from suffice.gateway.segments import bytes_in, segments
from suffice.gateway.status import counted, read_status
from suffice.gateway.upstream import Fault, Pool, UpstreamConnection

_PATIENCE_S = 10.0
_SKEW_S = 30.0
_LATE_S = 10.0
_MIB = 1 << 20
_BACKLOG, _FULL = 64 * _MIB, 512 * _MIB
_OK = 200


class _Asking:
    """Asks the upstream for its page of nothing, without a credential: that costs nothing."""

    method = b"HEAD"

    def __init__(self, address: Address) -> None:
        self._address = address
        self.answered: asyncio.Future[ResponseHead | Fault] = (
            asyncio.get_running_loop().create_future()
        )

    def upstream_ready(self, connection: UpstreamConnection) -> None:
        """Ask."""
        address = self._address
        connection.send(
            b"HEAD %b/ HTTP/1.1\r\nHost: %b\r\nUser-Agent: suffice-doctor\r\n\r\n"
            % (address.prefix, address.authority)
        )

    def upstream_answer(self, head: ResponseHead | None, body: bytes, *, done: bool) -> None:
        """Any answer will do."""
        del body, done
        if head is not None and not self.answered.done():
            self.answered.set_result(head)

    def upstream_lost(self, fault: Fault) -> None:
        """There is none."""
        if not self.answered.done():
            self.answered.set_result(fault)

    def upstream_blocked(self) -> None:
        """Nothing more is sent."""

    def upstream_free(self) -> None:
        """Nothing more is sent."""


async def _ask(
    setup: Setup, environ: Mapping[str, str], told: io.StringIO
) -> tuple[ResponseHead | Fault, float]:
    address = read_address(setup.upstream, allow_plain=setup.allow_plain)
    proxy = choose_proxy(
        setup.proxy, environ, host=address.host, port=address.port, tls=address.tls
    )
    pool = Pool(
        address,
        limits=Limits(connect_s=_PATIENCE_S),
        tls=verifying(setup.upstream_ca),
        proxy=proxy,
        log=Log(told),
    )
    asking, began = _Asking(address), time.monotonic()
    pool.acquire(asking)
    try:
        found = await asyncio.wait_for(asking.answered, _PATIENCE_S)
    except TimeoutError:
        found = Fault.SILENT
    finally:
        pool.close()
    await asyncio.sleep(0)
    return found, time.monotonic() - began


def check_upstream(setup: Setup, environ: Mapping[str, str], *, now: datetime) -> Iterator[Finding]:
    """Whether the upstream can be reached the way the gateway would, and what time it has."""
    told = io.StringIO()
    try:
        found, took_s = asyncio.run(_ask(setup, environ, told))
    except SufficeError as wrong:
        yield failed("upstream", wrong.what, wrong.next_step)
        return
    if isinstance(found, Fault):
        lines = told.getvalue().splitlines()
        why = json.loads(lines[-1])["problem"] if lines else found.value
        yield failed(
            "upstream",
            f"{setup.upstream.rpartition('@')[2]} cannot be reached: {why}.",
            "Look at the network, HTTPS_PROXY and NO_PROXY, or --upstream-ca; or use --offline.",
        )
        return
    yield fine("upstream", f"{setup.upstream} answered in {took_s * 1000:.0f} ms")
    yield _skew(found, now=now)


def _skew(head: ResponseHead, *, now: datetime) -> Finding:
    said = head.fields.get(b"date", b"").decode("latin-1")
    try:
        there = parsedate_to_datetime(said)
        off_s = (now - there).total_seconds()
    except (ValueError, TypeError):
        return look("clock", "The upstream does not say what time it is.")
    if abs(off_s) > _SKEW_S:
        return failed(
            "clock",
            f"This machine's clock is {abs(off_s):,.0f} s {'fast' if off_s > 0 else 'slow'}.",
            "Set it (NTP): budgets end and keys expire by it.",
        )
    return fine("clock", "this machine's clock is right")


def check_gateway(setup: Setup, *, tls: bool | None = None) -> tuple[bool, list[Finding]]:
    """
    Whether a gateway answers where it is expected, and whether it takes requests.

    Args:
        setup: Where it is expected.
        tls: Whether it speaks TLS; None: if it has a certificate to show.
    """
    tls = setup.tls_cert is not None if tls is None else tls
    shown = f"{setup.host}:{setup.port}"
    try:
        lives, ready = _page(setup, "/healthz", tls=tls), _page(setup, "/readyz", tls=tls)
    except ssl.SSLError as wrong:
        reason = wrong.reason or "TLS"
        if setup.client_ca is not None:
            return True, [look("gateway", f"{shown} asks for a certificate, as it should.")]
        return False, [failed("gateway", f"{shown} speaks no TLS: {reason}.", "See --tls-cert.")]
    except (OSError, http.client.HTTPException):
        return False, [look("gateway", f"Nobody listens on {shown}.", "suffice gateway")]
    if lives[0] != _OK or b'"ok"' not in lives[1]:
        return False, [
            failed("gateway", f"Somebody else listens on {shown}.", "Choose another --port.")
        ]
    if ready[0] != _OK:
        return True, [look("gateway", f"The gateway on {shown} is draining.", "Wait for it.")]
    return True, [fine("gateway", f"it answers on {shown} and takes requests")]


def _page(setup: Setup, path: str, *, tls: bool) -> tuple[int, bytes]:
    host = "127.0.0.1" if setup.host in {"0.0.0.0", "::"} else setup.host  # noqa: S104 - not bound
    if not tls:
        connection = http.client.HTTPConnection(host, setup.port, timeout=_PATIENCE_S)
    else:
        # Nothing is sent but a path, and its certificate is for the name that clients use.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 - see above
        connection = http.client.HTTPSConnection(
            host, setup.port, timeout=_PATIENCE_S, context=context
        )
    with closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(_MIB)


def check_account(setup: Setup, *, running: bool, now: datetime) -> Iterator[Finding]:
    """Whether what is captured reaches the account, and nothing is lost on the way."""
    if setup.capture == "off":
        yield look("account", "Nothing is captured, so there is no account.", "--capture meta")
        return
    kept = _is_kept(setup)
    if running and not kept:
        yield failed(
            "account",
            "The gateway runs, but nobody takes its exchanges into the account.",
            "Look for 'suffice account:' in its log; it is started again by itself.",
        )
    elif kept:
        yield fine("account", "its process is there")
    yield from _database(setup, now=now)
    yield _backlog(setup, running=running)
    dropped = read_status(setup.data, now=now).dropped
    if lost := {reason: count for reason, count in dropped.items() if count}:
        said = ", ".join(f"{count:,} for {reason}" for reason, count in sorted(lost.items()))
        yield look(
            "capture", f"Exchanges were dropped: {said}.", "Look at the disk and its rights."
        )


def _is_kept(setup: Setup) -> bool:
    """Whether a process holds the account's lock."""
    try:
        with (setup.data / "account.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _database(setup: Setup, *, now: datetime) -> Iterator[Finding]:
    path = setup.data / ACCOUNT
    if not path.is_file():
        return
    try:
        with closing(open_account(path, readonly=True)) as connection:
            connection.execute("SELECT COUNT(*) FROM taken").fetchone()
    except (sqlite3.Error, StorageError) as wrong:
        yield failed("account", f"{path} cannot be read: {wrong}.", "Move it away; see its log.")
        return
    status = read_status(setup.data, now=now)
    yield fine("account", f"{path} can be read; {counted(status.requests, 'request')} today")


def _backlog(setup: Setup, *, running: bool) -> Finding:
    waiting = bytes_in(setup.data / SPOOL)
    count = len(segments(setup.data / SPOOL))
    said = (
        f"{waiting / _MIB:,.1f} MiB in {counted(count, 'file')} wait to be taken into the account"
    )
    if waiting > _FULL:
        return failed(
            "spool", f"{said}; from 1 GiB on capture is dropped.", "Look why the account is behind."
        )
    if waiting > _BACKLOG:
        return look("spool", f"{said}.", "It should fall; else look at the account's process.")
    if waiting and not running:
        return fine("spool", f"{said} at the next start")
    return fine("spool", f"{waiting / _MIB:,.1f} MiB")
