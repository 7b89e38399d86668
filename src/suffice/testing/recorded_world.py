"""
Real models behind the strict fake, as far as their answers were recorded.

Nobody is simulated here: whoever is asked says what the model of that name once said to the very
same question, and a question nobody recorded is a 404.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from suffice.records import Answer, Case
from suffice.testing.answers import Reply, Said, ToolCall
from suffice.testing.script import Fails

_LONGEST = 4_096


class RecordedWorld:
    """
    What models once answered, asked again.

    Args:
        cases: With the models' answers, and the grades somebody gave them, if any.

    >>> case = Case(
    ...     id="1",
    ...     type="capitals",
    ...     request={"messages": [{"role": "user", "content": "Of France?"}]},
    ...     answers={"claude-haiku-5-5": Answer(text="Paris")},
    ... )
    >>> world = RecordedWorld([case])
    >>> world.answer({**world.request(case), "model": "claude-haiku-5-5"})
    Said(text='Paris', tool_calls=(), stop_reason=None, refusal='')
    """

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = {_question(case.request): case for case in cases}

    @property
    def models(self) -> frozenset[str]:
        """Whoever answered anything."""
        return frozenset(name for case in self._cases.values() for name in case.answers)

    def request(self, case: Case) -> dict[str, Any]:
        """A case's request as a caller sends it, without its model."""
        return {"max_tokens": _LONGEST, **case.request}

    def answer(self, body: Mapping[str, Any]) -> Reply:
        """As `strict_fake` takes it: what a model said to a question."""
        case = self._cases.get(_question(body))
        answer = case.answers.get(body["model"]) if case is not None else None
        if answer is None:
            who = f"{body['model']} was never recorded answering this"
            return Fails(status=404, type="not_found_error", message=who)
        return Said(
            text="".join(block["text"] for block in said(answer) if block["type"] == "text"),
            tool_calls=tuple(
                ToolCall(block["name"], block["input"])
                for block in said(answer)
                if block["type"] == "tool_use"
            ),
        )


def said(answer: Answer) -> tuple[dict[str, Any], ...]:
    """
    A recorded answer's content blocks; some recordings keep tool calls as JSON in their text.

    >>> said(Answer(text='[{"type": "tool_use", "name": "look", "input": {}}]'))
    ({'type': 'tool_use', 'name': 'look', 'input': {}},)
    """
    if answer.blocks is not None:
        return answer.blocks
    try:
        return tuple(_BLOCKS.decode(answer.text)) if answer.text.startswith("[{") else _text(answer)
    except msgspec.DecodeError:
        return _text(answer)


def _text(answer: Answer) -> tuple[dict[str, Any], ...]:
    return ({"type": "text", "text": answer.text},) if answer.text else ()


def _question(body: Mapping[str, Any]) -> bytes:
    asked = {name: body.get(name) for name in ("system", "messages", "tools")}
    return hashlib.blake2b(_ORDERED.encode(asked), digest_size=16).digest()


_ORDERED = msgspec.json.Encoder(order="deterministic")
_BLOCKS = msgspec.json.Decoder(list[dict[str, Any]])
