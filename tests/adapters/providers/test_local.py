"""Models on this machine: a supervised child, here a small stand-in, and servers by address."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from suffice.adapters.providers.local import PLAIN_TEMPLATE, LocalModels, LocalServer
from suffice.errors import BadOption, Refused, Unreachable
from suffice.records import Answer, ModelSpec

# Answers every question with what it was started with, its process id and the prompt; "die" kills
# it. Like the real child it prints its address and leaves when its standard input closes.
_STAND_IN = """
import json, os, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

settings = json.loads(sys.argv[1])

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        prompt = asked["messages"][-1]["content"]
        if prompt == "die":
            os._exit(1)
        told = json.dumps({"settings": settings, "pid": os.getpid(), "prompt": prompt})
        answer = {"type": "message", "role": "assistant", "model": settings["path"],
                  "content": [{"type": "text", "text": told}], "stop_reason": "end_turn",
                  "usage": {"input_tokens": 3, "cache_read_input_tokens": 9, "output_tokens": 2}}
        if self.path.endswith("count_tokens"):
            answer = {"input_tokens": 12}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print("a line of the library's own", flush=True)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
sys.stdin.buffer.read()
os._exit(0)
"""
ARM = ModelSpec("tiny")


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[..., LocalModels]:
    """A model called tiny, served by the stand-in or by whatever script is given."""

    def make(script: str = _STAND_IN, *, server: LocalServer | None = None) -> LocalModels:
        program, weights = tmp_path / "child.py", tmp_path / "tiny.gguf"
        program.write_text(script)
        weights.write_bytes(b"GGUF")
        command = (sys.executable, str(program))
        return LocalModels({"tiny": weights}, server=server, command=command)

    return make


@contextlib.asynccontextmanager
async def _closing(models: LocalModels) -> AsyncIterator[LocalModels]:
    try:
        yield models
    finally:
        await models.aclose()


async def _ask(models: LocalModels, prompt: str = "hello") -> Answer:
    request = {"max_tokens": 5, "messages": [{"role": "user", "content": prompt}]}
    return await models.answer(ARM, request, case_id="c")


def _told(answer: Answer) -> dict[str, Any]:
    told = json.loads(answer.text)
    assert isinstance(told, dict)
    return told


def _is_gone(pid: int) -> bool:
    for _ in range(1_200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_file_is_served_by_a_child_that_gets_its_settings(
    stand_in: Callable[..., LocalModels],
) -> None:
    async def run() -> Answer:
        async with _closing(stand_in(server=LocalServer(threads=3, slots=2))) as models:
            return await _ask(models)

    answer = asyncio.run(run())

    settings = _told(answer)["settings"]
    assert (settings["threads"], settings["slots"]) == (3, 2)
    assert settings["template"] == PLAIN_TEMPLATE
    assert settings["path"].endswith("tiny.gguf")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 12


def test_one_child_answers_every_question_also_those_asked_at_once(
    stand_in: Callable[..., LocalModels],
) -> None:
    async def run() -> list[Answer]:
        async with _closing(stand_in()) as models:
            return list(await asyncio.gather(*(_ask(models) for _ in range(5))))

    assert len({_told(answer)["pid"] for answer in asyncio.run(run())}) == 1


def test_a_child_that_died_is_started_anew(stand_in: Callable[..., LocalModels]) -> None:
    async def run() -> tuple[int, int]:
        async with _closing(stand_in()) as models:
            before = _told(await _ask(models))["pid"]
            os.kill(before, signal.SIGKILL)
            return before, _told(await _ask(models))["pid"]

    before, after = asyncio.run(run())

    assert before != after


def test_a_question_that_kills_the_server_twice_is_a_failure_and_the_next_is_answered(
    stand_in: Callable[..., LocalModels],
) -> None:
    async def run() -> tuple[Answer, Answer]:
        async with _closing(stand_in()) as models:
            return await _ask(models, "die"), await _ask(models)

    died, answered = asyncio.run(run())

    assert died.failure is not None
    assert died.failure.kind.is_missing
    assert answered.failure is None


def test_a_child_that_cannot_start_is_named_with_its_last_words(
    stand_in: Callable[..., LocalModels],
) -> None:
    async def run() -> None:
        async with _closing(stand_in("raise SystemExit('no such architecture')")) as models:
            await _ask(models)

    with pytest.raises(Unreachable, match=r"tiny\.gguf ended .*no such architecture"):
        asyncio.run(run())


def test_a_child_that_stays_silent_is_not_waited_for_for_ever(
    stand_in: Callable[..., LocalModels],
) -> None:
    async def run() -> None:
        silent = stand_in("import sys; sys.stdin.read()", server=LocalServer(ready_s=0.3))
        async with _closing(silent) as models:
            await _ask(models)

    with pytest.raises(Unreachable, match=r"within 0\.3 s"):
        asyncio.run(run())


def test_closing_ends_the_child(stand_in: Callable[..., LocalModels]) -> None:
    async def run() -> int:
        async with _closing(stand_in()) as models:
            return int(_told(await _ask(models))["pid"])

    assert _is_gone(asyncio.run(run()))


def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(_STAND_IN)
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    parent = f"""
import asyncio, json, sys
from pathlib import Path
from suffice.adapters.providers.local import LocalModels
from suffice.records import ModelSpec

async def run():
    folder = Path({str(tmp_path)!r})
    command = (sys.executable, str(folder / "child.py"))
    models = LocalModels({{"tiny": folder / "tiny.gguf"}}, command=command)
    request = {{"max_tokens": 5, "messages": [{{"role": "user", "content": "hello"}}]}}
    answer = await models.answer(ModelSpec("tiny"), request, case_id="c")
    print(json.loads(answer.text)["pid"], flush=True)
    await asyncio.sleep(60)

asyncio.run(run())
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()

    assert _is_gone(child)


def test_a_running_server_is_used_by_its_address_without_a_child(
    stand_in: Callable[..., LocalModels], tmp_path: Path
) -> None:
    async def run() -> tuple[str, int | None]:
        async with _closing(stand_in()) as started:
            await _ask(started)
            child = started._served["tiny"]
            address = (await child.models())._api.base_url  # type: ignore[union-attr]
            async with _closing(LocalModels({"tiny": address})) as models:
                request = {"max_tokens": 5, "messages": [{"role": "user", "content": "over there"}]}
                tokens = await models.count_tokens(ARM, request)
                return _told(await _ask(models, "over there"))["prompt"], tokens

    assert asyncio.run(run()) == ("over there", 12)


def test_a_missing_file_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"There is no model file .*none\.gguf"):
        LocalModels({"tiny": tmp_path / "none.gguf"}, command=("unused",))


def test_an_unknown_model_is_refused_by_name() -> None:
    models = LocalModels({"tiny": "http://127.0.0.1:9"})

    with pytest.raises(Refused, match=r"no local model 'huge'.*Known here: tiny"):
        asyncio.run(models.answer(ModelSpec("huge"), {"max_tokens": 1}, case_id="c"))
    asyncio.run(models.aclose())


@pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is not None, reason="suffice[local] is installed here"
)
def test_without_the_extra_the_way_to_install_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")

    with pytest.raises(BadOption, match=r"pip install 'suffice\[local\]'"):
        LocalModels({"tiny": tmp_path / "tiny.gguf"})
