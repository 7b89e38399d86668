"""Spans: every exchange once it is in the account, to a collector that comes and goes."""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from suffice.catalog import load_catalog
from suffice.gateway.account_store import Taken, open_account, take_in
from suffice.gateway.log import Log
from suffice.gateway.spans import span_of, spans_of
from suffice.gateway.supervisor import telemetry_command
from suffice.gateway.telemetry import CURSOR, Exporter, HttpCollector, follow
from suffice.records import ExchangeRecord, Usage

Make = Callable[..., ExchangeRecord]


class Taking:
    """A collector in memory."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.spans: list[dict[str, Any]] = []

    def send(self, body: bytes) -> int:
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            scopes = json.loads(body)["resourceSpans"][0]["scopeSpans"]
            self.spans += scopes[0]["spans"]
        return status


class World:
    """An account that takes exchanges in, and an exporter before a collector."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.collector, self.told = folder, Taking(), io.StringIO()
        self.offset = 0
        self.catalog = load_catalog()

    def exporter(self, *, latest: bool = False) -> Exporter:
        return Exporter(self.folder, collector=self.collector, log=Log(self.told), latest=latest)

    def take(self, *exchanges: ExchangeRecord) -> None:
        with contextlib.closing(open_account(self.folder / "account.sqlite")) as connection:
            for exchange in exchanges:
                self.offset += 1
                taken = Taken("w.000000.spool", self.offset, self.offset, exchange)
                upto = {"w.000000.spool": ("w", self.offset)}
                take_in(connection, [taken], upto=upto, catalog=self.catalog, now=0.0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def test_an_exchange_is_a_span_in_the_words_of_the_convention(world: World, exchange: Make) -> None:
    usage = Usage(input_tokens=10, cache_read_tokens=100, cache_write_5m_tokens=7, output_tokens=5)
    with contextlib.closing(world.exporter()) as exporter:
        world.take(
            exchange(
                usage=usage, session="c1", message_id="msg_1", stop_reason="end_turn",
                streamed=True, ttft_s=0.25, duration_s=2.0, served_model="claude-haiku-5-5",
                arm="candidate", policy_version="3",
            )
        )  # fmt: skip
        assert exporter.export()

    (span,) = world.collector.spans
    assert (span["name"], span["kind"]) == ("chat claude-opus-5-5", 3)
    assert int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]) == 2_000_000_000
    assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)
    assert span["status"] == {}
    told = attributes(span)
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == "anthropic"
    assert told["gen_ai.request.model"] == "claude-opus-5-5"
    assert told["gen_ai.response.model"] == "claude-haiku-5-5"
    assert told["gen_ai.response.id"] == "msg_1"
    assert told["gen_ai.response.finish_reasons"] == {"values": [{"stringValue": "end_turn"}]}
    assert told["gen_ai.conversation.id"] == "c1"
    assert told["gen_ai.usage.input_tokens"] == "117"
    assert told["gen_ai.usage.cache_read.input_tokens"] == "100"
    assert told["gen_ai.usage.cache_creation.input_tokens"] == "7"
    assert told["gen_ai.usage.output_tokens"] == "5"
    assert told["gen_ai.response.time_to_first_chunk"] == 0.25
    assert (told["suffice.type"], told["suffice.arm"]) == ("triage", "candidate")
    assert told["suffice.policy"] == "3"
    assert 0 < told["suffice.cost_usd"] < 0.001


def test_the_latest_convention_is_opted_into(world: World, exchange: Make) -> None:
    with contextlib.closing(world.exporter(latest=True)) as exporter:
        world.take(exchange())
        exporter.export()

    assert "gen_ai.usage.cache_write.input_tokens" in attributes(world.collector.spans[0])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"status": 529, "usage": None, "complete": False}, "overloaded"),
        ({"error_type": "overloaded_error"}, "overloaded_error"),
        ({"status": 0, "usage": None, "complete": False, "error_type": "connect"}, "connect"),
        ({"complete": False, "error_type": "cut"}, "cut"),
    ],
)
def test_what_failed_is_an_error_and_says_which(
    world: World, exchange: Make, changes: dict[str, Any], error: str
) -> None:
    with contextlib.closing(world.exporter()) as exporter:
        world.take(exchange(**changes))
        exporter.export()

    (span,) = world.collector.spans
    assert span["status"]["code"] == 2
    assert attributes(span)["error.type"] == error


def test_unknown_usage_and_dollars_are_left_out_and_never_zero(
    world: World, exchange: Make
) -> None:
    with contextlib.closing(world.exporter()) as exporter:
        world.take(exchange(usage=None, complete=False, error_type="cut"))
        exporter.export()

    told = attributes(world.collector.spans[0])
    assert not [name for name in told if name.startswith("gen_ai.usage")]
    assert "suffice.cost_usd" not in told


def test_no_text_of_a_request_or_answer_is_exported(world: World, exchange: Make) -> None:
    with contextlib.closing(world.exporter()) as exporter:
        world.take(exchange(request_body=b'{"messages":"sentinel"}', response_body=b'"sentinel"'))
        exporter.export()

    assert len(world.collector.spans) == 1
    assert "sentinel" not in json.dumps(world.collector.spans)


def test_a_conversation_is_a_trace_and_sending_again_gives_the_same_ids(
    world: World, exchange: Make
) -> None:
    with contextlib.closing(world.exporter()) as exporter:
        world.take(exchange(session="a"), exchange(session="a"), exchange(session="b"))
        exporter.export()
        first = list(world.collector.spans)
        (world.folder / CURSOR).unlink()
    with contextlib.closing(world.exporter()) as exporter:
        exporter.export()

    assert world.collector.spans[3:] == first
    assert first[0]["traceId"] == first[1]["traceId"] != first[2]["traceId"]
    assert len({span["spanId"] for span in first}) == 3


def test_what_came_late_is_exported_too_and_nothing_twice(world: World, exchange: Make) -> None:
    """
    A long stream enters the account after younger requests; its span is not lost to a clock.
    """
    with contextlib.closing(world.exporter()) as exporter:
        world.take(exchange(ts=2000.0))
        exporter.export()
        world.take(exchange(ts=1000.0))
        exporter.export()
        exporter.export()

    assert [int(span["startTimeUnixNano"]) // 10**9 for span in world.collector.spans] == [
        2000,
        1000,
    ]


def test_while_the_collector_is_away_spans_wait_also_over_a_restart(
    world: World, exchange: Make
) -> None:
    world.collector.statuses = [0, 503]
    with contextlib.closing(world.exporter()) as exporter:
        world.take(exchange())
        assert not exporter.export()
    world.take(exchange())  # nobody exports now
    with contextlib.closing(world.exporter()) as exporter:
        assert not exporter.export()
        assert exporter.export()

    assert len(world.collector.spans) == 2


def test_a_batch_the_collector_never_takes_does_not_stop_the_rest(
    world: World, exchange: Make
) -> None:
    world.collector.statuses = [400]
    with contextlib.closing(world.exporter()) as exporter:
        world.take(exchange())
        assert exporter.export()
        world.take(exchange())
        assert exporter.export()

    assert len(world.collector.spans) == 1
    assert "spans refused" in world.told.getvalue()


def test_it_ends_after_one_more_look_and_slows_down_while_nobody_answers(
    world: World, exchange: Make
) -> None:
    world.collector.statuses = [0, 0, 200]
    pauses: list[float] = []

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) < 4

    with contextlib.closing(world.exporter()) as exporter:
        world.take(exchange())
        follow(exporter, wait=wait)

    assert pauses == [1.0, 2.0, 4.0, 1.0]
    assert len(world.collector.spans) == 1


def test_rows_of_any_account_make_a_request_of_the_protocol() -> None:
    assert spans_of([])["resourceSpans"][0]["scopeSpans"][0]["spans"] == []
    bare = dict.fromkeys(
        (
            *("session", "type", "requested_model", "served_model", "arm", "reason"),
            *("policy_version", "stop_reason", "error_type", "message_id", "input_tokens"),
            *("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
            *("output_tokens", "picousd", "ttft_s", "duration_s"),
        )
    )
    bare |= {"id": "x", "ts": 1.0, "path": "/v1/messages/count_tokens", "status": 200}
    bare |= {"attempt": 1, "answered": 1, "streamed": 0, "outcome": "ok"}

    assert span_of(bare)["name"] == "count_tokens"


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, dict[str, str], dict[str, Any]]]]]:
    """A collector on a real socket: path, headers and body of what it is sent."""
    got: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, dict(self.headers.items()), json.loads(body)))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


def test_the_process_exports_over_a_socket_and_ends_with_its_gateway(
    world: World, exchange: Make, receiver: Any
) -> None:
    url, got = receiver
    with contextlib.closing(world.exporter()):
        world.take(exchange())
    process = subprocess.Popen(
        telemetry_command(world.folder, endpoint=url),
        stdin=subprocess.PIPE,
        env={**os.environ, "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b", "NO_PROXY": "*"},
    )
    assert process.stdin is not None
    for _ in range(3_000):
        if got:
            break
        time.sleep(0.02)
    world.take(exchange())
    process.stdin.close()

    assert process.wait(60) == 0
    assert [path for path, _, _ in got] == ["/v1/traces"] * 2
    headers = {name.lower(): value for name, value in got[0][1].items()}
    assert (headers["x-key"], headers["content-type"]) == ("a b", "application/json")


def test_a_collector_that_is_not_there_is_no_error() -> None:
    with contextlib.closing(HttpCollector("http://127.0.0.1:9", headers={})) as collector:
        assert collector.send(b"{}") == 0


def test_nothing_of_the_exporter_is_loaded_by_a_worker() -> None:
    code = (
        "import sys, suffice.gateway.running, suffice.gateway.turns; "
        "print('suffice.gateway.telemetry' in sys.modules, 'httpx2' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["False", "False"]
