"""What clients say of answers stays here, is kept beside requests, and reaches the monitor."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from suffice.adapters.storage.rollouts import Rollouts
from suffice.catalog import load_catalog
from suffice.cli import main
from suffice.gateway.account_store import Taken, open_account, take_in
from suffice.gateway.feedback import FeedbackFolder
from suffice.gateway.keys import Keys, new_key
from suffice.records import ExchangeRecord, Feedback

PATH = "/v1/suffice/feedback"
BAD = {"request_id": "req_1", "good": False, "note": "mail bob@example.org"}
ASK = {"model": "claude-opus-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
Post = Callable[..., httpx2.Response]


@pytest.fixture
def post(gateway: Any, tmp_path: Path) -> Post:
    """Posts feedback to a gateway that keeps it in a folder of its own."""

    def begin() -> None:
        gateway.house.feedback = FeedbackFolder(tmp_path / "feedback", most_files=6)

    gateway.call(begin)

    def say(body: Any = None, *, path: str = PATH, method: str = "POST", **headers: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body or BAD).encode()
        return httpx2.request(
            method,
            gateway.url + path,
            headers={"content-type": "application/json", **headers},
            content=content,
            timeout=10,
        )

    return say


def left(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted((folder / "feedback").glob("*.json"))]


def test_a_word_on_an_answer_is_kept_masked_and_private_and_never_sent_on(
    post: Post, upstream: Any, tmp_path: Path
) -> None:
    answer = post()

    assert (answer.status_code, answer.json()) == (200, {"request_id": "req_1", "good": False})
    [found] = left(tmp_path)
    assert found == {
        "request_id": "req_1",
        "good": False,
        "note": "mail [email]",
        "at": found["at"],
    }
    [file] = (tmp_path / "feedback").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert upstream.asked == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no JSON", 400),
        (b'{"request_id": "req_1"}', 400),
        (b'{"request_id": "", "good": true}', 400),
        (b'{"request_id": "req_1", "good": "yes"}', 400),
        (b'{"request_id": "req_1", "good": true, "and": 1}', 400),
        (b"[" * 9_000, 400),
        (b"x" * 20_000, 413),
    ],
)
def test_what_is_no_feedback_is_refused_in_the_providers_shape(
    body: bytes, status: int, post: Post, tmp_path: Path
) -> None:
    answer = post(body)
    assert answer.status_code == status
    assert answer.json()["type"] == "error"
    assert left(tmp_path) == []


def test_nothing_below_our_own_path_reaches_the_upstream(post: Post, upstream: Any) -> None:
    assert post(method="GET").status_code == 405
    assert post(path="/v1/suffice/other").status_code == 404
    # What a page in a browser can send without asking first.
    assert post(**{"content-type": "text/plain"}).status_code == 400
    assert upstream.asked == []


def test_a_flood_fills_no_disk_and_the_connection_goes_on(
    post: Post, gateway: Any, tmp_path: Path
) -> None:
    assert [post().status_code for _ in range(5)] == [200, 200, 200, 503, 503]
    assert len(left(tmp_path)) == 3


def test_a_flood_by_whoever_was_not_served_leaves_room_for_whom_was(
    post: Post, gateway: Any, tmp_path: Path
) -> None:
    assert [post(**{"x-api-key": f"made-up-{n}"}).status_code for n in range(4)][2:] == [200, 503]
    served = {"x-api-key": "sk-ant-served"}
    answer = httpx2.post(gateway.url + "/v1/messages", json=ASK, headers=served, timeout=60)
    assert answer.status_code == 200

    assert post(**served).status_code == 200
    assert post().status_code == 503
    assert len(left(tmp_path)) == 4


def test_how_many_words_wait_for_whom_is_known_to_every_worker(tmp_path: Path) -> None:
    word = Feedback(request_id="req_1", good=False, at=0.0)
    one = FeedbackFolder(tmp_path, most_files=4)
    assert [one.leave(word, caller="a") for _ in range(3)] == [True, True, False]

    other = FeedbackFolder(tmp_path, most_files=4)
    assert not other.leave(word, caller="a")
    assert other.leave(word, caller="b")


def test_a_gateway_with_keys_asks_for_one_and_keeps_its_name(
    start_gateway: Any, upstream: Any, tmp_path: Path
) -> None:
    secret, kept = new_key("team-a")
    gateway = start_gateway(upstream.url, keys=Keys((kept,)))

    def begin() -> None:
        gateway.house.feedback = FeedbackFolder(tmp_path / "feedback")

    gateway.call(begin)
    url = gateway.url + PATH
    assert httpx2.post(url, json=BAD, timeout=60).status_code == 401
    answer = httpx2.post(url, json=BAD, headers={"x-suffice-key": secret}, timeout=60)
    assert answer.status_code == 200
    assert [one["by"] for one in left(tmp_path)] == ["team-a"]


def test_the_monitor_takes_it_in_once_and_the_last_word_holds(
    tmp_path: Path, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post({"request_id": "req_1", "good": True})
    post({"request_id": "req_1", "good": False})
    (tmp_path / "feedback" / "torn.json").write_text("{")
    known = ExchangeRecord(ts=0.0, status=200, id="e1", request_id="req_1")
    with closing(open_account(tmp_path / "account.sqlite")) as account:
        batch = [Taken("s", 1, 1, known)]
        take_in(account, batch, upto={"s": ("0", 9)}, catalog=load_catalog(), now=0.0)
    monkeypatch.chdir(tmp_path)

    for _ in range(2):
        result = CliRunner().invoke(
            main, ["monitor", "--once", "--no-alerts", "--data", str(tmp_path)]
        )
        assert result.exit_code == 0, result.output

    with Rollouts.open(tmp_path / ".suffice" / "rollouts.sqlite", write=False) as store:
        assert store.ratings(["req_1"]) == {"req_1": False}
    assert list((tmp_path / "feedback").iterdir()) == []
