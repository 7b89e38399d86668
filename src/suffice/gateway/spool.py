"""Exchanges on their way to disk: accepted in two microseconds, written by a thread."""

from __future__ import annotations

import enum
import errno
import os
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from zlib import crc32

import msgspec

from suffice.gateway.bodies import kept_bodies
from suffice.gateway.segments import Segment, bytes_in, pack
from suffice.records import ExchangeRecord

_RECORD_BYTES = 1024
_PENDING_BYTES = 16 << 20
_SEGMENT_BYTES = 8 << 20
_SEGMENT_S = 300.0
# Small, so that a busy second leaves no more behind in the process than a quiet one.
_BATCH_BYTES = 1 << 17
_LOOK_AT_DISK_S = 1.0
_JOIN_S = 5.0
_encoded = msgspec.json.Encoder().encode
_UNENCODABLE = (ValueError, TypeError, OverflowError, RecursionError)


class Capture(enum.StrEnum):
    """How much of an exchange is kept."""

    OFF = "off"
    META = "meta"
    BODIES = "bodies"


class Spool:
    """
    Takes exchanges without ever blocking, and appends them to files of its own.

    A thread writes what came at least every ``flush_s``; a killed process loses no more. Memory
    and disk are bounded: beyond them records are dropped and counted, and the request never
    notices. While the disk is full or not writable, records wait in memory up to its bound.

    Args:
        folder: For the segments; made when first needed.
        capture: ``off`` keeps nothing on disk; ``meta`` never a body; ``bodies`` masked bodies.
        max_bytes: Of all segments in the folder that were not yet taken into the account.
        flush_s: How old a record may grow in memory.
        body_shares: Which share of a type's conversations keep their bodies, in [0, 1];
            ``*`` is for types without a share of their own, 1 where it is not given.

    Attributes:
        accepted: Records accepted so far; the last one's number.
        written: The number up to which all records were written, or never can be.
    """

    def __init__(
        self,
        folder: Path,
        *,
        capture: Capture | str = Capture.META,
        max_bytes: int = 1 << 30,
        flush_s: float = 0.2,
        body_shares: Mapping[str, float] | None = None,
    ) -> None:
        self._folder = folder
        self._capture = Capture(capture)
        self._max_bytes = max_bytes
        self._flush_s = flush_s
        self._body_shares = dict(body_shares or {})
        self.writer = f"{time.time_ns():x}-{os.getpid()}-{secrets.token_hex(3)}"
        self.accepted = self.written = 0
        # Whole lines, and numbered records whose bodies are still to be masked.
        self._queue: deque[bytes | tuple[int, ExchangeRecord]] = deque()
        # Each of the two is written by one thread only, so neither needs a lock.
        self._offered_bytes = 0
        self._taken_bytes = 0
        self._dropped: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._trouble = ""
        self._segment: Segment | None = None
        self._segment_at = 0.0
        self._place = 0
        self._number = 0
        self._batch = b""
        self._batch_weight = 0
        self._unwritten = 0
        self._looked_at = 0.0
        self._on_disk = 0

    @property
    def dropped(self) -> dict[str, int]:
        """Records dropped so far, by reason: ``memory``, ``disk_full``, ``unwritable``, ..."""
        found = Counter(self._dropped)
        if self._unwritten:
            found["unencodable"] += self._unwritten
        return dict(found)

    @property
    def trouble(self) -> str:
        """Why nothing can be written at the moment; empty where all is well."""
        return self._trouble

    def offer(self, exchange: ExchangeRecord) -> bool:
        """Accept an exchange; False where it is not kept. Never blocks, never raises."""
        bodies = exchange.request_body is not None or exchange.response_body is not None
        if bodies and not self._wants_bodies(exchange):
            exchange = msgspec.structs.replace(exchange, request_body=None, response_body=None)
            bodies = False
        weight = _weight(exchange) if bodies else _RECORD_BYTES
        if self._offered_bytes - self._taken_bytes + weight > _PENDING_BYTES:
            self._dropped[self._trouble or "memory"] += 1
            return False
        if self._thread is None and not self._start():
            return False
        number = self.accepted + 1
        try:
            # Without bodies a record becomes its line at once: that costs less than to hand it to
            # another thread, for which the event loop would then have to wait.
            waiting = (number, exchange) if bodies else pack(number, _encoded(exchange))
        except _UNENCODABLE:
            self._dropped["unencodable"] += 1
            return False
        self._offered_bytes += weight
        self.accepted = number
        self._queue.append(waiting)
        return True

    def close(self) -> None:
        """Write what is left, and let go of the files; what cannot be written is dropped."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)
        if self._queue or self._batch:
            self._dropped[self._trouble or "closed"] += len(self._queue) + self._batch.count(b"\n")

    def _start(self) -> bool:
        """Start the thread at the first record: a process that forks before keeps its own."""
        if self._capture is Capture.OFF:
            return False
        if self._stop.is_set():
            self._dropped["closed"] += 1
            return False
        self._thread = threading.Thread(target=self._write_on, name="suffice-spool", daemon=True)
        self._thread.start()
        return True

    def _wants_bodies(self, exchange: ExchangeRecord) -> bool:
        if self._capture is not Capture.BODIES:
            return False
        shares = self._body_shares
        share = shares.get(exchange.type, shares.get("*", 1.0))
        if share >= 1:
            return True
        # By conversation, so that one is kept whole or not at all.
        name = exchange.session or exchange.request_id or exchange.id
        return crc32(name.encode(errors="replace")) < share * 2**32

    def _write_on(self) -> None:
        stopping = False
        while not stopping:
            # A quarter of the promise: what comes just after a look waits for the next.
            stopping = self._stop.wait(self._flush_s / 4)
            while self._queue or self._batch:
                if not self._batch:
                    self._gather()
                if self._batch and not self._write():
                    break
        if self._segment is not None:
            self._segment.close()

    def _gather(self) -> None:
        lines: list[bytes] = []
        size = 0
        while self._queue and size < _BATCH_BYTES:
            waiting = self._queue.popleft()
            self._number += 1
            if isinstance(waiting, bytes):
                self._batch_weight += _RECORD_BYTES
                lines.append(waiting)
            else:
                self._batch_weight += _weight(waiting[1])
                lines.append(self._masked_line(*waiting))
            size += len(lines[-1])
        self._batch = b"".join(lines)
        if not self._batch:
            self._taken_bytes += self._batch_weight
            self._batch_weight = 0
            self.written = self._number

    def _masked_line(self, number: int, exchange: ExchangeRecord) -> bytes:
        """The line of a record with bodies; empty where it cannot be written."""
        # Hands the interpreter to the event loop first.
        time.sleep(0)
        try:
            return pack(number, _encoded(kept_bodies(exchange)))
        except _UNENCODABLE:
            # One record that cannot be written must not take the thread along.
            self._unwritten += 1
            return b""

    def _write(self) -> bool:
        try:
            if self._is_out_of_room():
                self._trouble = "disk_bound"
                return False
            self._fresh_segment().append(self._batch)
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            self._trouble = "disk_full" if full else "unwritable"
            self._let_go()
            return False
        self._on_disk += len(self._batch)
        self._taken_bytes += self._batch_weight
        self._batch, self._batch_weight = b"", 0
        self.written = self._number
        self._trouble = ""
        return True

    def _is_out_of_room(self) -> bool:
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_AT_DISK_S:
            self._looked_at = now
            self._on_disk = bytes_in(self._folder)
        return self._on_disk + len(self._batch) > self._max_bytes

    def _fresh_segment(self) -> Segment:
        now = time.monotonic()
        segment = self._segment
        if segment is not None and segment.size:
            largest = min(_SEGMENT_BYTES, self._max_bytes // 8)
            if segment.size >= largest or now - self._segment_at > _SEGMENT_S:
                self._let_go()
                segment = None
        if segment is None:
            self._place += 1
            segment = self._segment = Segment(self._folder, self.writer, self._place)
            self._segment_at = now
        return segment

    def _let_go(self) -> None:
        """Never write on after a failure: whatever it left behind ends that segment."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None


def _weight(exchange: ExchangeRecord) -> int:
    return _RECORD_BYTES + len(exchange.request_body or b"") + len(exchange.response_body or b"")
