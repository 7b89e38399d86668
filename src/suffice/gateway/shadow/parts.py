"""The parts of one worker's shadow calls, put together: batched ones where a key pays for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from suffice.gateway.bodies import masked_body
from suffice.gateway.house import House
from suffice.gateway.metrics import Metrics
from suffice.gateway.shadow.batches import BatchPace, ShadowBatches
from suffice.gateway.shadow.calls import Shadows
from suffice.gateway.shadow.fetching import AccountLines, Fetching
from suffice.gateway.shadow.left import ShadowFolder
from suffice.gateway.shadow.own_calls import OwnCalls, OwnKey
from suffice.gateway.shadow.sent import SentFolder
from suffice.gateway.shadow.spending import Spending
from suffice.gateway.shadow.voice import ShadowVoice
from suffice.records.shadow import SENT_FOLDER, SHADOW_FOLDER

_MOST_WAITING = 8
"""Batches' worth of calls that may wait."""


def shadows_of(
    house: House,
    data: Path,
    *,
    spending: Spending,
    own_key: OwnKey | None,
    metrics: Metrics,
    on_fault: Callable[[BaseException], None],
) -> Shadows:
    """
    What makes a worker's shadow calls.

    Args:
        house: The worker's shared parts.
        data: The data folder.
        spending: Holds the calls to the day's sum.
        own_key: Pays for batches; None: every call is made live.
        metrics: What counts them.
        on_fault: Told of a mistake of our own.
    """
    folder = ShadowFolder(data / SHADOW_FOLDER, mask=masked_body)
    batches = None
    if own_key is not None:
        voice = ShadowVoice(metrics, house.log, on_fault=on_fault)
        batches = _batches(house, data, folder, own_key=own_key, spending=spending, voice=voice)
    return Shadows(
        house.pool,
        folder,
        write=house.books.write,
        spending=spending,
        count=metrics.note_shadow,
        batches=batches,
    )


def _batches(
    house: House,
    data: Path,
    folder: ShadowFolder,
    *,
    own_key: OwnKey,
    spending: Spending,
    voice: ShadowVoice,
) -> ShadowBatches:
    limits, books = house.limits, house.books
    calls, sent = OwnCalls(house.pool, own_key), SentFolder(data / SENT_FOLDER)
    [credential] = own_key.headers().values()
    lines = AccountLines(
        write=books.write_record,
        is_written=lambda number: books.spool.written >= number,
        key=books.name_of(credential.encode()),
        spending=spending,
    )
    return ShadowBatches(
        calls,
        sent,
        fetching=Fetching(
            calls, sent, folder=folder, books=lines, voice=voice, poll_s=limits.shadow_poll_s
        ),
        spending=spending,
        voice=voice,
        pace=BatchPace(
            calls=limits.shadow_batch_calls,
            wait_s=limits.shadow_batch_s,
            most_waiting=_MOST_WAITING * limits.shadow_batch_calls,
        ),
    )
