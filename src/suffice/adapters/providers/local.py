"""Models on this machine: a server that is there already, or one started for a GGUF file."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec
from typing_extensions import override

from suffice.adapters.providers.anthropic import AnthropicModels
from suffice.adapters.providers.credential import Credential
from suffice.adapters.providers.pacing import Pace
from suffice.errors import BadOption, Refused, Unreachable
from suffice.records import Answer, ModelSpec

# A chat template that adds nothing: a few-shot prompt reaches a base model as it was written.
PLAIN_TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
_CHILD = (sys.executable, "-m", "suffice.adapters.providers.xllamacpp_child")
_KILL_AFTER_S = 5.0
_LOG_TAIL_BYTES = 600


class LocalServer(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a GGUF file is served.

    Attributes:
        threads: Of computation; more than the free cores makes it slower, not faster.
        slots: Requests answered at the same time.
        context_tokens: Room of all slots together.
        template: The chat template; None: the model's own.
        ready_s: Seconds the server may take until it answers.
    """

    threads: int = 2
    slots: int = 1
    context_tokens: int = 8192
    template: str | None = PLAIN_TEMPLATE
    ready_s: float = 180.0


class LocalModels:
    """
    `ports.Models` for models on this machine, over the Messages API that their server speaks.

    For a GGUF file, xllamacpp's server runs as a child process on a free loopback port: started
    by the first request for its model, started anew where it has died, stopped by `aclose`, and
    gone with this process whatever ends it. A server that runs already is used by its address.

    Args:
        models: Model name -> a GGUF file, or the base URL of any Anthropic-compatible server.
        server: How files are served.
        credential: For servers that ask for one; a child asks for none.
        command: Starts the child; what the arguments of a server are appended to.

    Raises:
        BadOption: There is no such file, or ``suffice[local]`` is not installed.
    """

    def __init__(
        self,
        models: Mapping[str, Path | str],
        *,
        server: LocalServer | None = None,
        credential: Credential | None = None,
        command: Sequence[str] = _CHILD,
    ) -> None:
        self._server = server or LocalServer()
        if tuple(command) == _CHILD and any(isinstance(where, Path) for where in models.values()):
            _require_xllamacpp()
        self._served: dict[str, _Child | AnthropicModels] = {}
        for name, where in models.items():
            if isinstance(where, Path):
                self._served[name] = _Child(_file(where), self._server, command)
            else:
                self._served[name] = AnthropicModels(credential=credential, base_url=where)

    @override
    def __repr__(self) -> str:
        return f"LocalModels({', '.join(sorted(self._served))})"

    async def answer(self, arm: ModelSpec, request: dict[str, Any], *, case_id: str) -> Answer:
        """As `ports.Models.answer`; also raises `Unreachable` where a server does not start."""
        models = await self._models(arm)
        answer = await models.answer(arm, request, case_id=case_id)
        served = self._served[arm.model]
        if answer.failure is None or not isinstance(served, _Child) or served.is_running:
            return answer
        # The server died over the question; a fresh one is asked once more, and then believed.
        models = await self._models(arm)
        return await models.answer(arm, request, case_id=case_id)

    async def count_tokens(self, arm: ModelSpec, request: dict[str, Any]) -> int | None:
        """As `ports.Models.count_tokens`."""
        models = await self._models(arm)
        return await models.count_tokens(arm, request)

    async def aclose(self) -> None:
        """Stop every server that was started here."""
        for served in self._served.values():
            await served.aclose()

    async def _models(self, arm: ModelSpec) -> AnthropicModels:
        served = self._served.get(arm.model)
        if served is None:
            raise Refused(
                f"There is no local model {arm.model!r}.",
                effect="Nothing was asked of it.",
                next_step=f"Known here: {', '.join(sorted(self._served)) or 'none'}.",
            )
        return served if isinstance(served, AnthropicModels) else await served.models()


class _Child:
    """One supervised server process, and the adapter that talks to it."""

    def __init__(self, path: Path, server: LocalServer, command: Sequence[str]) -> None:
        settings = {"path": str(path), **msgspec.structs.asdict(server)}
        self._arguments = (*command, msgspec.json.encode(settings).decode())
        self._path = path
        self._server = server
        self._starting = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._models: AnthropicModels | None = None
        self._log: IO[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def models(self) -> AnthropicModels:
        """The adapter of a server that is up; starts it first where it is not."""
        async with self._starting:
            if self._models is None or not self.is_running:
                await self.aclose()
                self._models = await self._start()
            return self._models

    async def aclose(self) -> None:
        if self._models is not None:
            await self._models.aclose()
            self._models = None
        if self._process is not None:
            await _stop(self._process)
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None

    async def _start(self) -> AnthropicModels:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process writes
        # The child reads its standard input and leaves when it closes: it cannot outlive us.
        self._process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        address = await self._address(self._process.stdout)
        # As many at once as there are slots: more would only wait, and count waiting as latency.
        pace = Pace(concurrency=self._server.slots, attempts=2)
        return AnthropicModels(credential=None, base_url=address, pace=pace)

    async def _address(self, told: asyncio.StreamReader) -> str:
        """Where the server answers; waits until it says so, is silent for too long or dies."""
        why = f"did not answer within {self._server.ready_s:g} s"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._server.ready_s):
                while line := await told.readline():
                    # The library writes here too; an address alone on a line is the server's.
                    if line.startswith(b"http://"):
                        return line.decode().strip()
            why = "ended before it answered"
        last_words = _tail(self._log) if self._log is not None else ""
        await self.aclose()
        raise Unreachable(
            f"The server for {self._path.name} {why}.",
            effect="Nothing was asked of it.",
            next_step=f"Its last words: {last_words or 'none'}",
        )


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_KILL_AFTER_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _tail(log: IO[bytes]) -> str:
    end = log.seek(0, 2)
    log.seek(max(0, end - _LOG_TAIL_BYTES))
    return log.read().decode(errors="replace").strip()


def _file(path: Path) -> Path:
    if not path.is_file():
        raise BadOption(
            f"There is no model file {path}.",
            effect="Nothing was started.",
            next_step="Give the path of a GGUF file, or the base URL of a running server.",
        )
    return path


def _require_xllamacpp() -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        raise BadOption(
            "Serving a model file needs xllamacpp, which is not installed.",
            effect="Nothing was started.",
            next_step="Install it with: pip install 'suffice[local]'. "
            "A server that runs already needs only its base URL.",
        )
