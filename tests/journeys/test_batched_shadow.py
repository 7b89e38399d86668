"""Rollouts whose shadow calls wait for batches, before real processes: moved on, taken back, paused."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.records.rollout import RolloutState
from suffice.records.shadow import SPENT_FOLDER
from suffice.testing import serve, strict_fake
from suffice.testing.live_world import CANDIDATE, LiveWorld, Traffic, when
from suffice.testing.processes import gateway

OWN, PLANTED = "sk-suffices-own-0123456789", "sk-ant-api03-plantedplanted00"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")


class Talkative(LiveWorld):
    """The simulated models; every ticket holds what nobody may keep."""

    @override
    def ticket(self, number: int, turn: int = 0) -> str:
        return f"{super().ticket(number, turn)} Mail bob@example.org, my key is {PLANTED}."


def kept_in(folder: Path) -> bytes:
    """Every byte below a folder, what is written in base64 also as it was."""
    kept = b""
    for path in folder.rglob("*"):
        try:
            kept += path.read_bytes()
        except OSError:
            # A folder, or a file that was taken just now.
            continue
    for found in _BASE64.findall(kept):
        kept += base64.b64decode(found + b"=" * (-len(found) % 4), validate=False)
    return kept


def test_a_rollout_is_moved_on_and_taken_back_by_pairs_that_came_in_batches(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUFFICE_OWN_KEY", OWN)
    live.begin("--plan", "25/100", "--pairs", "60", "--shadow-batched")
    live.world = Talkative()
    fake = strict_fake(answers=live.world.answer)
    often = [f"{name}={value}" for name, value in (
        ("shadow_batch_calls", 10), ("shadow_batch_s", 1), ("shadow_poll_s", 0.3),
    )]  # fmt: skip
    limits = [word for bound in often for word in ("--limit", bound)]
    log: list[dict[str, Any]] = []
    kept = b""
    environ = {"SUFFICE_OWN_KEY": OWN}
    with (
        serve(fake) as upstream,
        gateway(upstream, *limits, folder=live.folder, log=log, environ=environ) as address,
        Traffic(live.world, address, per_second=120) as traffic,
    ):
        assert live.reaches(pairs=10)
        kept += kept_in(live.folder / "data")
        assert live.reaches(stage=1)
        kept += kept_in(live.folder / "data")
        live.fall(traffic, to=0.4)
        assert live.is_taken_back()
    kept += kept_in(live.folder / "data")

    assert live.told == ["started", "advanced", "rolled_back"]
    assert traffic.seen.errors == 0
    # Whatever the candidate answered to a caller was asked for by one: no shadow call was live.
    assert len(fake.journal.messages()) == traffic.seen.requests
    said = kept + json.dumps(log).encode()
    assert b"[email]" in said
    for secret in (b"bob@example.org", PLANTED.encode(), OWN.encode(), b"sk-simulated"):
        assert secret not in said
    with closing(sqlite3.connect(live.folder / "data" / "account.sqlite")) as account:
        tiers = account.execute(
            "SELECT DISTINCT json_extract(usage, '$.service_tier') FROM exchanges "
            "WHERE arm = 'shadow' AND usage IS NOT NULL"
        ).fetchall()
        served = account.execute(
            "SELECT count(*) FROM exchanges WHERE arm = 'candidate' AND served_model = ?",
            (CANDIDATE,),
        ).fetchone()[0]
    assert tiers == [("batch",)]
    assert served > 0


def test_a_rollout_pauses_once_its_shadow_calls_have_cost_what_a_day_may(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A call may cost 1.59 cents at most and does cost some hundredths: a few fit, one at a time.
    """
    monkeypatch.setenv("SUFFICE_OWN_KEY", OWN)
    live.begin("--plan", "25/100", "--pairs", "500", "--shadow-batched")
    fake = strict_fake(answers=live.world.answer)
    often = (
        "--limit=shadow_batch_calls=10",
        "--limit=shadow_batch_s=1",
        "--limit=shadow_poll_s=0.3",
    )
    ledger = ShadowLedger(live.folder / "data" / SPENT_FOLDER)
    with (
        serve(fake) as upstream,
        gateway(
            *(upstream, "--shadow-usd", "0.0165", "--workers", "2", *often),
            folder=live.folder,
            environ={"SUFFICE_OWN_KEY": OWN},
        ) as address,
        Traffic(live.world, address, per_second=60) as traffic,
    ):
        assert when(lambda: live.rollout.state is RolloutState.PAUSED, within_s=120)

    day = ledger.look(at=time.time())
    assert "the day's $0.0165 for shadow calls are used up" in live.last_word
    assert 0 < day.spent_usd + day.held_usd <= Decimal("0.0165")
    assert traffic.seen.errors == 0
