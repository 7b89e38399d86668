"""
The gateway before other people's fakes, which inject faults of their own making.

    python tools/fault_peers.py FOLDER            installs them under FOLDER, runs, prints a table
    python tools/fault_peers.py FOLDER --write    also writes the table into docs/faults.md

Needs node 20 and downloads, so it is run by hand and is no part of the tests. Each fault
is asked for three times: of the fake itself, through the gateway without a route, and through it
with a route whose candidate alone fails. Without a route the client must see what the fake itself
says, but for ids and times; with one, the baseline's answer or the same cut. The account must hold
as many attempts as the fake's own journal.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "faults.md"
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
BASELINE, CANDIDATE = "claude-opus-5-5", "claude-haiku-5-5"
LLMOCK, AIMOCK = "0.2.2", "1.43.0"
_PORT_LLMOCK, _PORT_AIMOCK = 18_091, 18_090
_OWN = re.compile(r'"(?:id|request_id)":\s*"[^"]*"|msg_[\w-]+|"created\w*":\s*\d+')


class Seen(NamedTuple):
    """What came: status, body, and whether it came to its end."""

    status: int
    body: str
    whole: bool

    @property
    def words(self) -> str:
        """In a table's words."""
        return str(self.status) if self.whole else f"{self.status}, cut"


class Peer(NamedTuple):
    """A fake: how it is started, told to fail, and asked what it was asked."""

    name: str
    command: list[str]
    url: str
    faults: dict[str, dict[str, Any]]
    arm: Callable[[str, str], None]
    asked: Callable[[], int]


def ask(url: str, model: str, fault: str, *, stream: bool, kind: str = "") -> Seen:
    """One request, read to its end."""
    place, _, prefix = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(place, timeout=20)
    headers = {
        "x-api-key": "k",
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
    }
    if kind:
        headers["x-suffice-type"] = kind
    asked = {
        "model": model,
        "max_tokens": 99,
        "stream": stream,
        "messages": [{"role": "user", "content": fault}],
    }
    try:
        path = f"/{prefix}/v1/messages" if prefix else "/v1/messages"
        connection.request("POST", path, json.dumps(asked), headers)
        answer = connection.getresponse()
    except (http.client.HTTPException, OSError):
        return Seen(0, "", whole=False)
    body, whole = b"", True
    try:
        body = answer.read()
    except (http.client.IncompleteRead, ConnectionError) as cut:
        body, whole = getattr(cut, "partial", b""), False
    finally:
        connection.close()
    return Seen(answer.status, _OWN.sub("...", body.decode(errors="replace")), whole)


def call(url: str, method: str = "GET", body: Any = None) -> Any:
    """JSON from a fake's own pages."""
    place, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(place, timeout=20)
    with contextlib.closing(connection):
        told = None if body is None else json.dumps(body)
        connection.request(method, f"/{path}", told, {"content-type": "application/json"})
        return json.loads(connection.getresponse().read() or b"null")


def llmock(folder: Path) -> Peer:
    """The Python package llmock."""
    binary = folder / "llmock" / "bin" / "llmock"
    if not binary.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "llmock"], check=True)
        pip = folder / "llmock" / "bin" / "pip"
        subprocess.run([pip, "install", "-q", f"llmock=={LLMOCK}"], check=True)
    url = f"http://127.0.0.1:{_PORT_LLMOCK}"
    faults: dict[str, dict[str, Any]] = {
        **{str(code): {"type": "fail", "status": code} for code in (400, 429, 500, 503, 529)},
        "429 with retry-after": {"type": "fail", "status": 429, "retry_after": 3},
        "first token after 0.3 s": {"type": "slow_first_token", "seconds": 0.3},
        "stream disconnected": {"type": "stream_fault", "kind": "disconnect", "after_chunks": 3},
        "stream truncated": {"type": "stream_fault", "kind": "truncate", "after_chunks": 3},
        "stream malformed": {"type": "stream_fault", "kind": "malformed", "after_chunks": 3},
        "stream stalled for 0.3 s": {
            "type": "stream_fault", "kind": "stall", "after_chunks": 3, "stall_seconds": 0.3,
        },
    }  # fmt: skip

    def arm(fault: str, model: str) -> None:
        behaviour = {**faults[fault], "times": 1, "match": {"model": model}}
        call(f"{url}/_llmock/scenario", "POST", {"behaviors": [behaviour]})

    def asked() -> int:
        found = call(f"{url}/_llmock/requests")
        return len(found if isinstance(found, list) else found["requests"])

    command = [str(binary), "serve", "--port", str(_PORT_LLMOCK), "--log-level", "critical"]
    return Peer(f"llmock {LLMOCK}", command, f"{url}/anthropic", faults, arm, asked)


def aimock(folder: Path) -> Peer:
    """The Node package @copilotkit/aimock; its fixtures stand in a file and need no arming."""
    script = folder / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    if not script.exists():
        install = ["npm", "install", "--silent", "--no-audit", f"@copilotkit/aimock@{AIMOCK}"]
        subprocess.run([*install, "--prefix", str(folder)], check=True)
    url = f"http://127.0.0.1:{_PORT_AIMOCK}"
    error = {"error": {"message": "no", "type": "overloaded_error"}}
    said = {"response": {"content": "It is a refund, as far as we can see. " * 8}}
    faults: dict[str, dict[str, Any]] = {
        "429": {"response": {**error, "status": 429}},
        "429 with retry-after": {"response": {**error, "status": 429, "retryAfter": 3}},
        "500": {"response": {**error, "status": 500}},
        "529": {"response": {**error, "status": 529}},
        "dropped": {**said, "chaos": {"dropRate": 1}},
        "malformed": {**said, "chaos": {"malformedRate": 1}},
        "disconnected": {**said, "chaos": {"disconnectRate": 1}},
        "stream truncated": {**said, "truncateAfterChunks": 4},
        "stream disconnected": {**said, "latency": 20, "disconnectAfterMs": 90},
    }
    fixtures = [
        {"match": {"userMessage": fault, "model": model(number)}, **fixture}
        for number, (fault, fixture) in enumerate(faults.items())
    ]
    fixtures += [
        {"match": {"userMessage": f"{fault} of both"}, **fixture}
        for fault, fixture in faults.items()
    ]
    chosen = folder / "fixtures.json"
    chosen.write_text(json.dumps({"fixtures": [*fixtures, {"match": {}, **said}]}))
    command = [
        "node",
        str(script),
        "-p",
        str(_PORT_AIMOCK),
        "-f",
        str(chosen),
        "--log-level",
        "silent",
    ]

    def asked() -> int:
        found = call(f"{url}/__aimock/journal")
        return len(found if isinstance(found, list) else found["entries"])

    return Peer(f"aimock {AIMOCK}", command, url, faults, lambda *_: None, asked)


def model(number: int) -> str:
    """A candidate of its own for each fault, so that none rests for another."""
    return f"{CANDIDATE}-{20260000 + number}"


@contextlib.contextmanager
def running(command: list[str], is_up: Callable[[], bool], **popen: Any) -> Iterator[Any]:
    """A process, once it answers, until the block ends."""
    process = subprocess.Popen(command, **popen)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if is_up():
                    break
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def rows_of(peer: Peer, folder: Path) -> Iterator[str]:
    """Every fault of a fake, as rows of the table."""
    data = folder / f"data-{time.time_ns()}"
    rules = {
        f"t{number}": {"baseline": BASELINE, "candidate": model(number), "share": 1.0}
        for number in range(len(peer.faults))
    }
    data.mkdir()
    (data / "policy.json").write_text(json.dumps({"version": 1, "types": rules}))
    port = 18_092
    gateway = [
        sys.executable,
        "-m",
        "suffice",
        "gateway",
        "--port",
        str(port),
        "--upstream",
        peer.url,
    ]
    gateway += ["--policy", str(data / "policy.json"), "--data", str(data)]
    url = f"http://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        running(peer.command, lambda: peer.asked() >= 0, **quiet),
        running(gateway, lambda: ask(url, BASELINE, "hello", stream=False).status == 200, **quiet),
    ):
        direct = 0
        for number, fault in enumerate(peer.faults):
            stream = "stream" in fault or "token" in fault
            name = f"{fault} of both" if peer.name.startswith("aimock") else fault
            peer.arm(fault, BASELINE)
            itself = ask(peer.url, BASELINE, name, stream=stream)
            direct += 1
            peer.arm(fault, BASELINE)
            unrouted = ask(url, BASELINE, name, stream=stream)
            peer.arm(fault, model(number))
            routed = ask(url, BASELINE, fault, stream=stream, kind=f"t{number}")
            of_baseline = f'"{BASELINE}"' in routed.body
            same = unrouted == itself or (itself.status == 0 and unrouted.status == 502)
            if not same:
                print(f"differs: {fault}\n  {itself}\n  {unrouted}", file=sys.stderr)
            yield (
                f"| {peer.name} | {fault} | {itself.words if itself.status else 'hangs up'} "
                f"| {unrouted.words}{', the same but for ids' if unrouted == itself else ''} "
                f"| {routed.words}{' of the baseline' if of_baseline else ''} |"
            )
        attempts, journal = _attempts(data, peer.asked() - direct), peer.asked() - direct
    told = f"{journal} in its journal: {'agree' if attempts == journal else 'DIFFER'}"
    yield f"| {peer.name} | all | | {attempts} attempts in the account | {told} |"


def _attempts(data: Path, wanted: int) -> int:
    found = 0
    for _ in range(100):
        with contextlib.closing(sqlite3.connect(data / "account.sqlite")) as account:
            [found] = account.execute("SELECT COUNT(*) FROM exchanges").fetchone()
        if found >= wanted:
            break
        time.sleep(0.1)
    return found


def main() -> None:
    """Run them all and print what came."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("folder", type=Path, help="for the packages and the gateway's data")
    parser.add_argument("--write", action="store_true", help="write the table into docs/faults.md")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "| fake | fault | the fake itself | no route | a candidate that fails so |",
        "|---|---|---|---|---|",
    ]
    for peer in (llmock(folder), aimock(folder)):
        for row in rows_of(peer, folder):
            print(row, flush=True)
            lines.append(row)
    if options.write:
        before, _, rest = GUIDE.read_text(encoding="utf-8").partition(BEGIN)
        whole = "\n".join([BEGIN, *lines, END])
        GUIDE.write_text(before + whole + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
