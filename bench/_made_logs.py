"""
Logs of an imagined team, from a seed: what `bench.scale` and `bench.request_types` read.

Sixty prompts with slots, a third of them near versions of another one; every fourth request is
a turn of an agent that sends its whole conversation again; one in a hundred fails; one user turn
in fifty holds an address. Nobody's texts are in it: the words are drawn from a short list.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

TEMPLATES = 60
_AGENTS = 12
_TURNS = 10
_FAILED, _ADDRESSED = 0.01, 0.02
_BEGAN = 1_793_491_200.0
_MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5")
_WORDS = [
    f"{a}{b}"
    for a in (
        "read", "sort", "find", "mark", "list", "move", "name", "keep", "tell", "draw", "count",
        "weigh", "send", "hold", "turn", "learn", "plan", "build", "clean", "print",
    )
    for b in ("", "ing", "er", "able", "ed", "s")
]  # fmt: skip
_LABELS = ("billing", "delivery", "account", "other")


class Prompt(NamedTuple):
    """One true template: its lines, where its slots stand, and whether an agent uses it."""

    lines: list[str]
    slot: int
    tools: list[dict[str, Any]]
    agent: bool


class Team:
    """
    Draws requests of one team, each with the number of the template it was made from.

    Args:
        seed: The same seed gives the same bytes.
    """

    def __init__(self, seed: int = 7) -> None:
        self._dice = random.Random(seed)
        self._sentences = [self._sentence() for _ in range(4_000)]
        self.prompts = self._prompts()
        self._weights = [1 / (n + 3) for n in range(TEMPLATES)]
        self._open: dict[int, list[dict[str, Any]]] = {}

    def shapes(self, requests: int) -> Iterator[tuple[int, str]]:
        """A template's number and a system prompt made of it, so many times."""
        for which in self._dice.choices(range(TEMPLATES), self._weights, k=requests):
            yield which, self._system(self.prompts[which], which)

    def records(self, requests: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Log records with the number of their template; agents' conversations go on and on."""
        for number in range(requests):
            which = self._dice.choices(range(TEMPLATES), self._weights)[0]
            prompt = self.prompts[which]
            yield which, self._agent(number, which) if prompt.agent else self._single(number, which)

    def _prompts(self) -> list[Prompt]:
        dice = self._dice
        made: list[Prompt] = []
        for n in range(TEMPLATES * 2 // 3):
            agent = n % 5 == 4 and n < 5 * _AGENTS
            lines = [self._sentence() for _ in range(dice.randint(6, 30))]
            tools = [self._tool() for _ in range(dice.randint(3, 8))] if agent else []
            made.append(Prompt(lines, dice.randint(1, len(lines)), tools, agent))
        for n in range(TEMPLATES - len(made)):
            made.append(made[n]._replace(lines=[*made[n].lines[:-1], self._sentence()]))
        return made

    def _single(self, number: int, which: int) -> dict[str, Any]:
        dice, prompt = self._dice, self.prompts[which]
        # Most of what is asked about is a text of a half to four thousand signs, pasted whole.
        asked = self._text(dice.randint(6, 44))
        if dice.random() < _ADDRESSED:
            asked += f" Write to {dice.choice(_WORDS)}.{number}@example.org."
        short = which % 3 == 0
        said = dice.choice(_LABELS) if short else self._text(dice.randint(2, 16))
        request = {
            "model": _MODELS[which % 3],
            "max_tokens": 1024,
            "system": self._system(prompt, which),
            "messages": [{"role": "user", "content": asked}],
        }
        blocks = [{"type": "text", "text": said}]
        session = f"s-{number:x}"
        return self._record(number, request, blocks, stop="end_turn", session=session, cached=0)

    def _agent(self, number: int, which: int) -> dict[str, Any]:
        """The next turn of the agent's conversation: all that was said before stands in it."""
        dice, prompt = self._dice, self.prompts[which]
        turns = self._open.setdefault(which, [])
        if len(turns) >= 2 * _TURNS:
            turns = self._open[which] = []
        cached = sum(len(str(turn)) for turn in turns) // 4
        if not turns:
            turns.append({"role": "user", "content": self._text(6)})
            self._open[-which - 1] = [{"session": f"a-{number:x}"}]
        tool = dice.choice(prompt.tools)["name"]
        call = {"type": "tool_use", "id": f"toolu_{number:x}", "name": tool,
                "input": {"path": f"src/{dice.choice(_WORDS)}.py", "line": number}}  # fmt: skip
        blocks = [{"type": "text", "text": self._text(1)}, call]
        request = {
            "model": _MODELS[which % 2],
            "max_tokens": 8192,
            "system": [{"type": "text", "text": "\n".join(prompt.lines),
                        "cache_control": {"type": "ephemeral"}}],
            "tools": prompt.tools,
            "messages": list(turns),
        }  # fmt: skip
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": self._text(4)}
        turns += [{"role": "assistant", "content": blocks}, {"role": "user", "content": [result]}]
        session = self._open[-which - 1][0]["session"]
        return self._record(
            number, request, blocks, stop="tool_use", session=session, cached=cached
        )

    def _record(
        self, number: int, request: dict[str, Any], blocks: list[dict[str, Any]], *,
        stop: str, session: str, cached: int,
    ) -> dict[str, Any]:  # fmt: skip
        dice = self._dice
        record = {
            "request_id": f"req_{number:012x}",
            "ts": _BEGAN + number * 2.5 + dice.random(),
            "latency_ms": round(dice.lognormvariate(7.5, 0.6)),
            "session": session,
            "user": f"u{number % 997}",
            "app": "agents" if stop == "tool_use" else "web",
            "request": request,
        }
        if dice.random() < _FAILED:
            error = {"type": "overloaded_error", "message": "Overloaded"}
            return record | {"status": 529, "response": {"type": "error", "error": error}}
        signs = sum(len(str(block)) for block in blocks)
        usage = {
            "input_tokens": sum(len(str(turn)) for turn in request["messages"][-2:]) // 4 + 9,
            "cache_read_input_tokens": cached,
            "output_tokens": signs // 4 + 2,
        }
        response = {
            "id": f"msg_{number:012x}", "type": "message", "role": "assistant",
            "model": request["model"], "content": blocks, "stop_reason": stop, "usage": usage,
        }  # fmt: skip
        return record | {"status": 200, "response": response}

    def _system(self, prompt: Prompt, which: int) -> str:
        """The prompt with its slots filled; a third of the prompts have none."""
        if which % 3 == 1:
            return "\n".join(prompt.lines)
        dice, lines = self._dice, list(prompt.lines)
        lines.insert(prompt.slot, f"Customer: {dice.choice(_WORDS)} {dice.choice(_WORDS)}")
        lines.append(f"Today is 2026-11-{dice.randint(1, 30):02d}, request {dice.random():.9f}")
        return "\n".join(lines)

    def _text(self, sentences: int) -> str:
        dice = self._dice
        said = dice.choices(self._sentences, k=sentences)
        said.append(f"It was number {dice.randrange(10**6)}.")
        return " ".join(said)

    def _tool(self) -> dict[str, Any]:
        name = "_".join(self._dice.sample(_WORDS, 2))
        schema = {"type": "object", "properties": {"path": {"type": "string"}}}
        return {"name": name, "description": self._sentence(), "input_schema": schema}

    def _sentence(self) -> str:
        dice = self._dice
        return " ".join(dice.choices(_WORDS, k=dice.randint(5, 14))).capitalize() + "."


def write_logs(folder: Path, *, requests: int, files: int = 4, seed: int = 7) -> int:
    """Write the requests as JSON lines into so many files; returns the bytes written."""
    encode = msgspec.json.Encoder().encode
    records = Team(seed).records(requests)
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for part in range(files):
        share = requests * (part + 1) // files - requests * part // files
        with (folder / f"{part:02d}.jsonl").open("wb", buffering=2**20) as file:
            for _ in range(share):
                written += file.write(encode(next(records)[1]) + b"\n")
    return written


if __name__ == "__main__":
    print(f"{write_logs(Path(sys.argv[1]), requests=int(sys.argv[2])):,} bytes")
