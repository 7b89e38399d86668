"""Shadow calls that wait: gathered in memory, and sent with a key of their own."""

from __future__ import annotations

import gc
import itertools
from pathlib import Path
from typing import Any

import pytest

from suffice.gateway.shadow.batches import BatchPace
from suffice.gateway.shadow.job import Job

CALLERS, OWN = "sk-secret-of-the-client", "sk-suffices-own-0123456789"
PATIENT = BatchPace(calls=50, wait_s=600)


def test_calls_wait_and_are_sent_together_with_a_key_of_their_own(start: Any) -> None:
    gateway = start()

    gateway.ask("s1")
    assert not gateway.until(lambda: gateway.posted, within_s=0.6)
    gateway.ask("s2")

    assert gateway.becomes({"answered": 2})
    assert gateway.posted == 1
    assert gateway.front.keys(of_batches=True) == {OWN}
    assert gateway.front.keys(of_batches=False) == {CALLERS}
    assert gateway.under_way() == []


def test_a_call_waits_no_longer_than_it_may(start: Any) -> None:
    gateway = start(pace=BatchPace(calls=50, wait_s=0.3))

    gateway.ask("s1")

    assert gateway.becomes({"answered": 1})


def test_calls_with_other_betas_go_in_a_batch_of_their_own(start: Any) -> None:
    gateway = start(pace=BatchPace(calls=50, wait_s=0.3))

    gateway.ask("s1")
    gateway.ask("s2", betas="effort-2025-11-24")

    assert gateway.becomes({"answered": 2})
    assert gateway.posted == 2


def test_betas_that_speak_of_the_callers_credential_do_not_come_along(start: Any) -> None:
    gateway = start()

    gateway.ask("s1", betas="effort-2025-11-24, oauth-2025-04-20")
    gateway.ask("s2", betas="effort-2025-11-24")

    assert gateway.becomes({"answered": 2})
    [made] = [each for each in gateway.front.app.journal if each.path.endswith("/batches")]
    assert made.headers["anthropic-beta"] == "effort-2025-11-24"


def test_nothing_unmasked_and_no_key_lies_on_disk_at_any_time(start: Any, tmp_path: Path) -> None:
    gateway = start()
    gateway.front.gets_fail = itertools.repeat(503)

    planted = "password: hunter2-hunter2, key sk-ant-api03-planted00"
    gateway.ask("first-session", "second-session", "third-session", system=planted)

    assert gateway.until(lambda: any(each.batch for each in gateway.under_way()))
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for batch in gateway.under_way():
        # Bodies lie there in base64.
        kept += b"".join(call.pair.request + call.pair.served for call in batch.calls.values())
    assert b"[email]" in kept
    for secret in ("bob@example.org", "planted00", "hunter2", CALLERS, OWN, "third-session"):
        assert secret.encode() not in kept
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "shadow-batches").iterdir()} == {0}


@pytest.mark.parametrize("status", [401, 403, 429, 503, 529])
def test_a_batch_that_is_refused_for_now_is_sent_again_and_then_no_more(
    start: Any, status: int
) -> None:
    gateway = start()
    gateway.front.posts_fail = itertools.repeat(status)

    gateway.ask("s1", "s2")

    assert gateway.becomes({"dropped": 2})
    assert gateway.posted == 5
    assert gateway.troubles == {f"HTTP {status}"}
    assert gateway.under_way() == []


def test_while_no_batch_can_be_sent_calls_are_made_live(start: Any) -> None:
    gateway = start()
    gateway.front.posts_fail = itertools.repeat(401)
    gateway.ask("s1", "s2")
    assert gateway.becomes({"dropped": 2})

    gateway.ask("s3")

    assert gateway.becomes({"dropped": 2, "answered": 1})
    assert gateway.posted == 5
    assert gateway.front.count("POST", "/v1/messages") == 4


def test_a_batch_that_was_refused_once_arrives_at_the_second_try(start: Any) -> None:
    gateway = start()
    gateway.front.posts_fail = iter([429])

    gateway.ask("s1", "s2")

    assert gateway.becomes({"answered": 2})
    assert gateway.posted == 2
    assert gateway.troubles == set()


def test_a_batch_the_provider_will_never_take_is_dropped_at_once(start: Any) -> None:
    gateway = start()
    gateway.front.posts_fail = itertools.repeat(400)

    gateway.ask("s1", "s2")

    assert gateway.becomes({"dropped": 2})
    assert gateway.posted == 1


def test_what_turns_out_never_to_have_arrived_is_sent_again(start: Any) -> None:
    gateway = start()
    gateway.front.posts_fail = iter([500])

    gateway.ask("s1", "s2")

    assert gateway.becomes({"answered": 2})
    assert gateway.posted == 2
    assert gateway.batches_told["unsure"] == 1


@pytest.mark.parametrize(
    ("betas", "more"),
    [
        ("mcp-client-2025-11-20", {"mcp_servers": [{"type": "url", "url": "u", "name": "x"}]}),
        ("", {"container": "container_1"}),
    ],
)
def test_what_only_its_caller_may_ask_is_called_live(
    start: Any, betas: str, more: dict[str, Any]
) -> None:
    gateway = start()

    gateway.ask("s1", betas=betas, **more)

    assert gateway.until(lambda: gateway.counted().total() == 1)
    assert gateway.posted == 0
    assert gateway.front.count("POST", "/v1/messages") == 2
    assert gateway.front.keys(of_batches=False) == {CALLERS}


def test_too_many_waiting_calls_are_dropped_and_counted(start: Any) -> None:
    gateway = start(pace=BatchPace(calls=50, wait_s=600, most_waiting=10))

    gateway.ask(*(f"s{number}" for number in range(15)))

    assert gateway.counted() == {"dropped": 5}
    assert gateway.batches.held == 10


def test_a_full_disk_costs_the_pairs_and_sends_nothing(start: Any, tmp_path: Path) -> None:
    (tmp_path / "shadow-batches").write_text("a file where the folder should be")
    gateway = start()

    gateway.ask("s1", "s2")

    assert gateway.becomes({"unwritten": 2})
    assert (gateway.posted, gateway.troubles) == (0, {"disk"})


def test_what_waits_is_sent_when_the_worker_is_told_to_stop(start: Any) -> None:
    gateway = start(pace=PATIENT)
    gateway.ask("s1")

    gateway.running.call(lambda: gateway.running.worker.drain(within_s=5))

    assert gateway.posted == 1
    [sent] = gateway.under_way()
    assert (len(sent.calls), bool(sent.batch)) == (1, True)


def test_a_worker_without_time_to_drain_drops_and_counts(start: Any) -> None:
    gateway = start(pace=PATIENT)
    gateway.ask("s1")

    gateway.running.call(lambda: gateway.running.worker.drain(within_s=0))

    assert gateway.counted() == {"dropped": 1}
    assert gateway.posted == 0


def test_a_credential_is_let_go_of_as_soon_as_a_call_is_ready(start: Any) -> None:
    gateway = start(pace=PATIENT)

    gateway.ask("s1")

    # A job holds its caller's head; what waits for a batch does not.
    assert gateway.until(lambda: not any(isinstance(each, Job) for each in gc.get_objects()))
    assert gateway.batches.held == 1
