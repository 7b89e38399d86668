"""Budgets and resting models where many ask at once: what is promised, held from outside."""

from __future__ import annotations

import json
import threading
import time
from decimal import Decimal
from typing import Any

# What each answer of the upstream costs on Opus 5.5, added up by hand: 12 in, 57 out, 4,000 read,
# 100 written for five minutes, 200 for an hour.
ANSWER_USD = (
    12 * Decimal(4)
    + 57 * Decimal(20)
    + 4000 * Decimal("0.20")
    + 100 * Decimal(5)
    + 200 * Decimal(8)
) / 10**6
CLIENTS = 6


def ask_at_once(gateway: Any, *, clients: int, each: int, name: str) -> list[int]:
    """Statuses of what several clients ask at the same time."""
    statuses: list[int] = []

    def ask(client: int) -> None:
        for number in range(each):
            seen = gateway.ask(f"{name}-{client}-{number}.x", stream=bool(number % 2))
            statuses.append(seen.status)

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return statuses


def budget(world: Any, answers: int) -> str:
    """A file with a budget of so many answers."""
    path = world.folder / "budgets.json"
    usd = str(ANSWER_USD * answers)
    path.write_text(json.dumps([{"name": "team", "usd": usd, "per": "day"}]))
    return str(path)


def test_a_budget_is_overrun_by_no_more_than_what_is_under_way(world: Any) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream, "--budgets", budget(world, 20))
    statuses = ask_at_once(gateway, clients=CLIENTS, each=15, name="spend")
    answered = len(upstream.journal)

    assert 20 <= answered < 20 + CLIENTS
    assert statuses.count(200) == answered
    assert statuses.count(402) == 15 * CLIENTS - answered
    assert gateway.metric("suffice_budget_refused_total") == statuses.count(402)
    for _ in range(3_000):
        rows = gateway.query("SELECT picousd FROM exchanges")
        if len(rows) == answered:
            break
        time.sleep(0.02)
    spent = Decimal(sum(row["picousd"] for row in rows)) / 10**12
    assert spent == answered * ANSWER_USD < (20 + CLIENTS) * ANSWER_USD


def test_a_budget_outlives_a_kill(world: Any) -> None:
    upstream = world.upstream()
    held = budget(world, 5)
    gateway = world.gateway(upstream, "--budgets", held)
    assert 402 in ask_at_once(gateway, clients=2, each=6, name="before")
    for _ in range(3_000):
        if len(gateway.query("SELECT id FROM exchanges")) == len(upstream.journal):
            break
        time.sleep(0.02)
    gateway.process.kill()
    again = world.gateway(upstream, "--budgets", held, data=gateway.data)
    seen = again.ask("after.x")

    assert seen.status == 402
    assert json.loads(seen.body)["error"]["details"]["budget"] == "team"
    assert seen.headers["x-should-retry"] == "false"


def test_workers_share_a_budget_before_long(world: Any) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream, "--budgets", budget(world, 10), "--workers", "2")
    gateway.wait_for("ready", worker="1")
    began = time.monotonic()
    ask_at_once(gateway, clients=4, each=5, name="spend")
    while set(ask_at_once(gateway, clients=4, each=4, name="until")) != {402}:
        assert time.monotonic() - began < 20
        time.sleep(0.1)
    begun = len(upstream.journal)
    statuses = ask_at_once(gateway, clients=4, each=4, name="later")

    assert begun >= 10
    assert set(statuses) == {402}
    assert len(upstream.journal) == begun


async def asks_for_three_seconds(reply: Any) -> None:
    await reply.error("429 Too Many Requests", "rate_limit_error", retry_after="3")


async def asks_for_a_minute(reply: Any) -> None:
    await reply.error("429 Too Many Requests", "rate_limit_error", retry_after="60")


def test_a_candidate_rests_as_long_as_it_asked_and_is_then_tried_again(world: Any) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream)
    upstream.faults["limited"] = asks_for_three_seconds
    gateway.ask("limited.candidate", kind="t0")
    rests_from = time.monotonic()
    while upstream.journal[-1].model == "claude-opus-5-5":
        assert gateway.ask("well.x", kind="t0").status == 200
        time.sleep(0.1)

    # It began to rest a little before we heard of it.
    assert 2.5 < time.monotonic() - rests_from < 20
    models = [each.model.removesuffix("-20260000") for each in upstream.journal]
    assert models[0] == models[-1] == "claude-haiku-5-5"
    assert set(models[1:-1]) == {"claude-opus-5-5"}


def test_where_both_models_are_limited_the_client_gets_the_word_of_the_one_it_asked_for(
    world: Any,
) -> None:
    upstream = world.upstream()
    gateway = world.gateway(upstream)
    upstream.faults["limited"] = asks_for_a_minute
    first = gateway.ask("limited.both", kind="t0")
    second = gateway.ask("limited.both", kind="t0")

    assert [each.model for each in upstream.journal][1:] == ["claude-opus-5-5"] * 2
    for seen in (first, second):
        assert (seen.status, seen.headers["retry-after"]) == (429, "60")
        assert seen.headers["x-suffice-model"] == "claude-opus-5-5"
