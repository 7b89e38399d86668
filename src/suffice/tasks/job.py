"""A task bound to its input: what is asked, how the answer is read, and what can be repaired."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from suffice.records import Answer
from suffice.tasks.outcome import Unresolved

T = TypeVar("T")
_HASH_DIGITS = 8

Read = Callable[[Answer], T | Unresolved]


class Job(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """
    One thing to be done.

    Attributes:
        task: The task's name, e.g. ``classify``.
        kind: The kind of task in the decision flow, for the prior.
        prompt: Everything that makes the prompt but the input: its hash is the prompt's version.
        request: The request body without ``model``.
        read: The answer's value, or why it is not usable. An answer that failed never gets here.
        repairs: How often a model may be told what is wrong with its answer.
        model: Who is asked first; None: by the policy, else by the prior.
        details: Of an answer with a value, what the value does not say by itself.
        doubt: Of an answer with a value, what a model may be told to mend while it has repairs
            left; afterwards the answer counts as it is.
        parts: Jobs to be done first, where one request does not hold the input. ``request`` is
            then empty, and ``join`` makes the job that is left out of the parts' values.
        join: See ``parts``.
        known: The value where no model is needed: then nobody is asked.
    """

    task: str
    kind: str
    prompt: str
    request: dict[str, Any]
    read: Read[T]
    repairs: int = 0
    model: str | None = None
    details: Callable[[Answer], Any] = lambda _answer: None
    doubt: Callable[[Answer], Unresolved | None] = lambda _answer: None
    parts: tuple[Job[Any], ...] = ()
    join: Callable[[list[Any]], Job[T]] | None = None
    known: Callable[[], T] | None = None

    @property
    def type(self) -> str:
        """
        The request type: the task and the version of its prompt.

        A changed prompt is another type, whose evidence begins anew.
        """
        return f"{self.task}/{version_of(self.prompt)}"

    @property
    def key(self) -> str:
        """What names the job among others: its type, its whole request and those of its parts."""
        parts = [part.key for part in self.parts]
        content = msgspec.json.encode([self.type, self.request, *parts], order="deterministic")
        return hashlib.sha256(content).hexdigest()


def version_of(prompt: str) -> str:
    """
    The version of a prompt: the beginning of its hash.

    >>> version_of("Sort it.") == version_of("Sort it!")
    False
    """
    return hashlib.sha256(prompt.encode()).hexdigest()[:_HASH_DIGITS]


def question(
    system: str, *content: Mapping[str, Any] | str, max_tokens: int, **more: Any
) -> dict[str, Any]:
    """
    A request body but for its model: one turn, to be answered without thinking first.

    Args:
        system: What is to be done.
        content: What it is to be done with: text, or blocks.
        max_tokens: Room for the answer.
        more: Further fields of the request.

    >>> sorted(question("Sort it.", "hello", max_tokens=10))
    ['max_tokens', 'messages', 'system', 'thinking']
    """
    return {
        "max_tokens": max_tokens,
        "thinking": {"type": "disabled"},
        **more,
        "system": system,
        "messages": [user_turn(*content)],
    }


def paragraph(text: str | None) -> str:
    r"""
    A caller's own words as lines of a prompt; nothing where there are none.

    >>> paragraph(" Refunds are billing. "), paragraph(None)
    ('\nRefunds are billing.\n', '')
    """
    return f"\n{text.strip()}\n" if text else ""


def user_turn(*content: Mapping[str, Any] | str) -> dict[str, Any]:
    """
    A user's message: plain text alone, or blocks.

    >>> user_turn("hello")
    {'role': 'user', 'content': 'hello'}
    """
    if len(content) == 1 and isinstance(content[0], str):
        return {"role": "user", "content": content[0]}
    blocks = [
        {"type": "text", "text": one} if isinstance(one, str) else dict(one) for one in content
    ]
    return {"role": "user", "content": blocks}


def repaired(request: Mapping[str, Any], answer: Answer, wrong: Unresolved) -> dict[str, Any]:
    """The request with the model's own answer and what is wrong with it, for one more try."""
    said = {"role": "assistant", "content": answer.text or wrong.text or "(nothing)"}
    told = user_turn(
        f"Your answer cannot be used: {wrong.detail} Do the same task again with the same input, "
        "in the form asked for and nothing else."
    )
    return {**request, "messages": [*request["messages"], said, told]}
