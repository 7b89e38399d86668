"""Answers of batches: each taken once, whatever happens in between, and paid at half the price."""

from __future__ import annotations

import itertools
import json
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2

from suffice.catalog import load_catalog
from suffice.gateway.account_store import price
from suffice.gateway.shadow.batches import BatchPace
from suffice.records import SentBatch
from suffice.testing.script import overloaded

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
PRICES = load_catalog()


def test_both_answers_are_left_as_a_pair(start: Any) -> None:
    gateway = start(answers=lambda body: f"I am {body['model']}")

    gateway.ask("s1", "s2")

    assert gateway.becomes({"answered": 2})
    for pair in gateway.left():
        assert (pair.served_by, pair.candidate, pair.probability) == ("baseline", HAIKU, 1.0)
        assert json.loads(pair.served)["content"][-1]["text"] == f"I am {OPUS}"
        assert json.loads(pair.shadow or b"")["content"][-1]["text"] == f"I am {HAIKU}"


def test_each_call_is_a_line_of_the_account_under_the_own_key(start: Any) -> None:
    gateway = start()

    gateway.ask("s1", "s2")

    assert gateway.becomes({"answered": 2})
    lines = gateway.lines()
    assert {(line.served_model, line.key, line.answered) for line in lines} == {
        (HAIKU, "own", False)
    }
    assert len({line.id for line in lines}) == 2


def test_the_bill_of_a_batched_call_is_half_of_a_live_ones_to_the_last_digit(start: Any) -> None:
    waits = start()
    waits.ask("s1", "s2")
    assert waits.becomes({"answered": 2})
    live = start(before=waits, rule={"shadow_batched": False})
    live.ask("s1", "s2")
    assert live.becomes({"answered": 2})

    half, whole = (
        sum(price(line, PRICES).picousd or 0 for line in gateway.lines())
        for gateway in (waits, live)
    )
    assert half > 0
    assert Decimal(whole) / 2 == half


def test_results_come_in_any_order_and_each_finds_its_request(start: Any) -> None:
    gateway = start(
        pace=BatchPace(calls=5, wait_s=60),
        answers=lambda body: body["messages"][0]["content"].rpartition(" ")[2],
    )

    gateway.ask(*(f"s{number}" for number in range(5)))

    assert gateway.becomes({"answered": 5})
    for pair in gateway.left():
        both = (json.loads(pair.served), json.loads(pair.shadow or b""))
        assert len({each["content"][-1]["text"] for each in both}) == 1


def test_items_that_err_are_missing_pairs_that_cost_nothing(start: Any) -> None:
    def say(body: Any) -> Any:
        is_bad = body["model"] == HAIKU and "s1" in body["messages"][0]["content"]
        return overloaded() if is_bad else "fine"

    gateway = start(answers=say)

    gateway.ask("s1", "s2")

    assert gateway.becomes({"answered": 1, "missing": 1})
    [missing] = [pair for pair in gateway.left() if pair.why_missing]
    assert missing.why_missing == "the batch answered overloaded_error"
    assert (missing.shadow, missing.unbilled, missing.shadow_status) == (None, True, 529)
    [line] = [line for line in gateway.lines() if line.status == 529]
    assert price(line, PRICES).picousd == 0


def test_calls_of_a_batch_that_expires_count_as_never_drawn(start: Any, clock: Any) -> None:
    gateway = start(batch_polls=10_000)
    gateway.ask("s1", "s2")
    assert gateway.until(lambda: gateway.batches_told["sent"])
    assert gateway.day().calls_held == 2

    clock.ahead = timedelta(hours=25)

    assert gateway.becomes({"undrawn": 2})
    assert gateway.left() == []
    assert [price(line, PRICES).picousd for line in gateway.lines()] == [0, 0]
    assert gateway.under_way() == []
    assert (gateway.day().calls_held, gateway.day().spent_usd) == (0, 0)


def test_a_fetch_that_fails_is_made_again(start: Any) -> None:
    gateway = start()
    gateway.front.gets_fail = iter([503, 429, 0, 500])

    gateway.ask("s1", "s2")

    assert gateway.becomes({"answered": 2})
    assert len(gateway.lines()) == 2
    assert gateway.troubles == set()


def test_an_empty_answer_instead_of_results_loses_nothing(start: Any) -> None:
    gateway = start()
    gateway.front.empties = iter([True, True])

    gateway.ask("s1", "s2")

    assert gateway.becomes({"answered": 2})
    assert len(gateway.lines()) == 2


def test_the_provider_is_told_to_delete_what_was_taken(start: Any) -> None:
    gateway = start()

    gateway.ask("s1", "s2")

    assert gateway.becomes({"answered": 2})
    assert gateway.until(lambda: gateway.sent.held_by_the_provider() == [])
    deleted = [path for method, path, _ in gateway.front.asked if method == "DELETE"]
    assert len(deleted) == 1
    headers = {"x-api-key": "sk-any", "anthropic-version": "2026-10-21"}
    assert httpx2.get(gateway.upstream + deleted[0], headers=headers).status_code == 404


def test_what_cannot_be_deleted_yet_is_deleted_later_by_whoever_comes(start: Any) -> None:
    first = start()
    first.front.deletes_fail = itertools.repeat(503)
    first.ask("s1", "s2")
    assert first.becomes({"answered": 2})
    assert first.until(lambda: first.front.deletes >= 2)
    first.running.call(lambda: first.running.worker.drain(within_s=0))

    first.front.deletes_fail = iter(())
    second = start(before=first, rule={"shadow": 0.0})

    assert second.until(lambda: second.sent.held_by_the_provider() == [])
    assert second.lines() == []


def test_a_batch_that_cannot_be_deleted_keeps_no_other_one(start: Any) -> None:
    gateway = start()
    front = gateway.front
    front.deletes_fail = iter(lambda: 409 if front.asked[-1][1].endswith("/stuck") else 0, None)
    stuck = SentBatch(name="sfs-0", at=time.time(), version="2026-10-21", batch="stuck", calls={})
    gateway.sent.taken(stuck)

    gateway.ask("s1", "s2")

    assert gateway.becomes({"answered": 2})
    assert gateway.until(lambda: "DELETE" in {m for m, path, _ in front.asked if "msg" in path})
    assert gateway.until(
        lambda: [one.name for one in gateway.sent.held_by_the_provider()] == ["sfs-0"]
    )


def test_calls_whose_answers_are_gone_count_as_never_drawn_and_at_their_most(
    start: Any,
) -> None:
    gateway = start()
    gateway.front.gets_fail = itertools.repeat(404)
    gateway.ask("s1", "s2")
    assert gateway.until(lambda: gateway.batches_told["sent"])
    most = gateway.day().held_usd

    gateway.ahead_s = 27 * 3_600

    assert gateway.becomes({"undrawn": 2})
    assert gateway.batches_told["lost"] == 1
    assert gateway.left() == []
    assert [price(line, PRICES).picousd for line in gateway.lines()] == [None, None]
    assert (gateway.day().spent_usd, gateway.day().held_usd) == (most, 0)


def test_another_worker_fetches_what_a_gone_one_has_sent(start: Any) -> None:
    first = start()
    first.front.gets_fail = itertools.repeat(503)
    first.ask("s1", "s2")
    assert first.until(lambda: first.batches_told["sent"])
    first.running.call(lambda: first.running.worker.drain(within_s=0))

    first.front.gets_fail = iter(())
    second = start(before=first, rule={"shadow": 0.0})

    assert second.becomes({"answered": 2})
    assert (len(first.lines()), len(second.lines())) == (0, 2)


def test_of_two_workers_one_fetches_and_nothing_counts_twice(start: Any) -> None:
    one = start()
    other = start(before=one)

    one.ask("s1", "s3")
    other.ask("s2", "s4")

    assert one.until(lambda: (one.counted() + other.counted())["answered"] == 4)
    assert sorted([len(one.lines()), len(other.lines())]) == [0, 4]
    assert one.posted == 2


def test_what_may_have_arrived_is_found_by_its_ids_and_never_sent_twice(start: Any) -> None:
    gateway = start()
    gateway.front.swallows = True

    gateway.ask("s1", "s2")
    assert gateway.until(lambda: gateway.batches_told["unsure"] and not gateway.batches.held)
    assert [each.batch for each in gateway.under_way()] == [""]
    gateway.ahead_s = 200

    assert gateway.becomes({"answered": 2})
    assert gateway.posted == 1
    assert len(gateway.lines()) == 2


def test_a_list_that_lags_makes_nobody_pay_twice(start: Any) -> None:
    gateway = start()
    gateway.front.swallows = True
    gateway.front.lags = iter([True])

    gateway.ask("s1", "s2")
    assert gateway.until(lambda: gateway.batches_told["unsure"] and not gateway.batches.held)

    assert gateway.posted == 1
    assert len(gateway.under_way()) == 1


def test_a_strangers_batch_of_the_same_time_and_size_is_not_taken_for_ours(start: Any) -> None:
    gateway = start()
    params = {"model": HAIKU, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    strangers = [{"custom_id": f"theirs-{number}", "params": params} for number in range(2)]
    headers = {"x-api-key": "sk-another", "anthropic-version": "2026-10-21"}
    url = f"{gateway.upstream}/v1/messages/batches"
    httpx2.post(url, json={"requests": strangers}, headers=headers).raise_for_status()
    gateway.front.swallows = True

    gateway.ask("s1", "s2")
    assert gateway.until(lambda: gateway.batches_told["unsure"] and not gateway.batches.held)
    gateway.ahead_s = 200

    assert gateway.becomes({"answered": 2})
    assert len(gateway.left()) == 2


def test_a_batch_that_was_never_there_is_forgotten_and_counted(start: Any) -> None:
    gateway = start(rule={"shadow": 0.0})

    at = time.time() - 1_000
    gateway.sent.put(SentBatch(name="sfs-1", at=at, version="2026-10-21", calls={}))

    assert gateway.until(lambda: gateway.batches_told["not_there"] == 1)
    assert gateway.under_way() == []


def test_a_file_that_cannot_be_read_is_told_and_left_alone(start: Any) -> None:
    gateway = start(rule={"shadow": 0.0})
    folder = gateway.folder / "shadow-batches"
    folder.mkdir()
    (folder / "sfs-1.json").write_text("{")

    assert gateway.until(lambda: gateway.troubles == {"a batch's file cannot be read"})
    assert (folder / "sfs-1.json").exists()


def test_where_pairs_cannot_be_left_the_batch_stays_until_they_can(start: Any) -> None:
    gateway = start()
    blocked = gateway.folder / "shadow"
    blocked.write_text("a file where the folder should be")

    gateway.ask("s1", "s2")
    assert gateway.until(lambda: gateway.troubles == {"disk"})
    assert gateway.counted() == {}
    blocked.unlink()

    assert gateway.becomes({"answered": 2})
    assert len(gateway.lines()) == 2
