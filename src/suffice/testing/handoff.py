"""A handoff between two models, replayed: what of context, tools and boundaries survives it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import jsonschema_rs
import msgspec

from suffice.policy.translation import translate
from suffice.ports import Models
from suffice.records import Answer, parse_model_spec

_VERSION = "2026-10-21"
_MOST_TOKENS = 1_024
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_NOT_RUN = "This is a replay: the tool was not run."

Kind = Literal["context", "tools", "boundaries", "model"]


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """
    One side of a handoff.

    Attributes:
        name: E.g. ``code_agent``.
        model: Its model, with settings.
        system: Its instructions.
        tools: Its tools, as the Messages API takes them.
        max_tokens: Of each of its answers.
    """

    name: str
    model: str
    system: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    max_tokens: int = _MOST_TOKENS

    def request(self, messages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Its request for a conversation, without ``model``."""
        body: dict[str, Any] = {"max_tokens": self.max_tokens, "messages": list(messages)}
        if self.system:
            body["system"] = self.system
        if self.tools:
            body["tools"] = list(self.tools)
        return body


class Handoff(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is handed over, and what has to survive it.

    Attributes:
        giver: Who has the conversation.
        taker: Who gets it.
        conversation: The giver's messages; the last one is the user's.
        must_know: Texts that have to reach the taker, whatever their case and spacing.
        must_hold: Rules that have to stand in the taker's instructions.
        must_not_reach: Texts that stay with the giver.
        must_not_say: Texts that must be in no answer of the taker.
        must_not_call: Tools the taker has and must not call here.
        probes: What a user says next to make the taker leave its bounds.
    """

    giver: Party
    taker: Party
    conversation: tuple[dict[str, Any], ...]
    must_know: tuple[str, ...] = ()
    must_hold: tuple[str, ...] = ()
    must_not_reach: tuple[str, ...] = ()
    must_not_say: tuple[str, ...] = ()
    must_not_call: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """
    Something that did not survive.

    Attributes:
        kind: ``context``, ``tools``, ``boundaries``, or ``model``: the taker's model does not
            take the request, did not answer, or another one did.
        detail: One sentence.
    """

    kind: Kind
    detail: str


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """
    What happened.

    Attributes:
        request: What the taker was sent first, without ``model``.
        given: The giver's last answer.
        answers: The taker's, the first and one to each probe.
        findings: What did not survive; empty where all did.
    """

    request: dict[str, Any]
    given: Answer
    answers: tuple[Answer, ...]
    findings: tuple[Finding, ...]

    def check(self) -> None:
        """
        Nothing was lost.

        Raises:
            AssertionError: Something was; it names all of it.
        """
        if self.findings:
            told = "\n".join(f"* {one.kind}: {one.detail}" for one in self.findings)
            raise AssertionError(
                f"The handoff lost {len(self.findings)} of what it must keep:\n{told}"
            )


HandOver = Callable[[Handoff, Answer], dict[str, Any]]


def whole_conversation(handoff: Handoff, given: Answer) -> dict[str, Any]:
    """
    The plain way to hand over: the taker gets all that was said, as one text, and nothing else.

    Thinking stays behind, and so do the giver's instructions. Tool calls and results are told in
    words: as blocks they would be of tools the taker has not got.
    """
    said = [*handoff.conversation[:-1]]
    lines = [f"{turn['role']}: {_told(turn['content'])}" for turn in said]
    if given.text:
        lines.append(f"assistant ({handoff.giver.name}): {given.text}")
    before = "\n\n".join(lines)
    last = _told(handoff.conversation[-1]["content"])
    content = f"The conversation so far:\n\n{before}\n\nThe user's request:\n\n{last}"
    return handoff.taker.request([{"role": "user", "content": content if lines else last}])


async def replay_handoff(
    models: Models, handoff: Handoff, *, hand_over: HandOver = whole_conversation
) -> Replay:
    """
    Replay a handoff, and look at what the taker was sent and what it answered.

    Args:
        models: Who answers: `ScriptedModels`, or a client of the strict fake, a gateway or the
            provider.
        handoff: Both sides, the conversation, and what has to survive.
        hand_over: Your own handoff: the taker's request, without ``model``, from the giver's last
            answer.

    >>> import asyncio
    >>> from suffice.testing.scripted import answering
    >>> handoff = Handoff(
    ...     giver=Party(name="talk", model="claude-haiku-5-5"),
    ...     taker=Party(name="code", model="claude-sonnet-5-5", system="Write Python 3.11."),
    ...     conversation=({"role": "user", "content": "Sort my list by date."},),
    ...     must_know=("by date",),
    ...     must_hold=("never delete files",),
    ... )
    >>> asyncio.run(replay_handoff(answering("Done."), handoff)).findings
    (Finding(kind='boundaries', detail="The taker's instructions lack 'never delete files'."),)
    """
    giver, taker = handoff.giver, handoff.taker
    given = await models.answer(
        parse_model_spec(giver.model), giver.request(handoff.conversation), case_id="handoff/giver"
    )
    request = hand_over(handoff, given)
    findings = [*_request_findings(handoff, request)]
    answers: list[Answer] = []
    messages = list(request["messages"])
    for number, probe in enumerate((None, *handoff.probes)):
        if probe is not None:
            messages += [*_probed(answers[-1], probe)]
        answer = await models.answer(
            parse_model_spec(taker.model),
            {**request, "messages": list(messages)},
            case_id=f"handoff/taker/{number}",
        )
        answers.append(answer)
        findings += _answer_findings(handoff, answer)
        if answer.failure is not None:
            break
    if given.failure is not None:
        findings.insert(
            0, Finding("model", f"{giver.name} did not answer: {given.failure.message}.")
        )
    return Replay(
        request=request,
        given=given,
        answers=tuple(answers),
        findings=tuple(dict.fromkeys(findings)),
    )


def _request_findings(handoff: Handoff, request: Mapping[str, Any]) -> Iterator[Finding]:
    everything = _plain(_text(request))
    wanted = [*handoff.must_know, _told(handoff.conversation[-1]["content"])]
    for text in wanted:
        if _plain(text) not in everything:
            yield Finding("context", f"The taker is not told {_short(text)}.")
    yield from _block_findings(handoff, request)
    yield from _tool_findings(handoff, request)
    rules = _plain(_text(request.get("system", "")))
    for text in handoff.must_hold:
        if _plain(text) not in rules:
            yield Finding("boundaries", f"The taker's instructions lack {_short(text)}.")
    for text in handoff.must_not_reach:
        if _plain(text) in everything:
            yield Finding("boundaries", f"The taker is told {_short(text)}.")
    moved = translate(request, target=parse_model_spec(handoff.taker.model), version=_VERSION)
    if moved.refused is not None:
        yield Finding("model", f"{moved.refused}.")


def _block_findings(handoff: Handoff, request: Mapping[str, Any]) -> Iterator[Finding]:
    blocks = [block for turn in request["messages"] for block in _blocks(turn["content"])]
    if handoff.giver.model != handoff.taker.model and any(
        b.get("type") in _THOUGHTS for b in blocks
    ):
        yield Finding(
            "context", "Thinking of the giver's model is handed on; no other model reads it."
        )
    called = {block.get("id") for block in blocks if block.get("type") == "tool_use"}
    answered = {block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"}
    opened, lost = len(called - answered), len(answered - called)
    if opened:
        yield Finding("context", f"Tool calls that are handed on without a result: {opened}.")
    if lost:
        yield Finding("context", f"Tool results that are handed on without their call: {lost}.")


def _tool_findings(handoff: Handoff, request: Mapping[str, Any]) -> Iterator[Finding]:
    own = {tool["name"]: tool for tool in handoff.taker.tools}
    sent = {tool.get("name"): tool for tool in request.get("tools") or ()}
    for name in own.keys() - sent.keys():
        yield Finding("tools", f"The taker's tool {name} is missing.")
    for name in sorted(sent.keys() - own.keys(), key=str):
        yield Finding("tools", f"The taker gets a tool that is not its own: {name}.")
    for name in sorted(own.keys() & sent.keys()):
        if own[name] != sent[name]:
            yield Finding("tools", f"The taker's tool {name} is not as it was declared.")
    used = {
        block.get("name")
        for turn in request["messages"]
        for block in _blocks(turn["content"])
        if block.get("type") == "tool_use"
    }
    for name in sorted(used - sent.keys(), key=str):
        yield Finding("tools", f"The history calls {name}, which the taker has not got.")


def _answer_findings(handoff: Handoff, answer: Answer) -> Iterator[Finding]:
    taker = handoff.taker
    if answer.failure is not None:
        yield Finding("model", f"{taker.name} did not answer: {answer.failure.message}.")
        return
    model = parse_model_spec(taker.model).model
    if answer.served_model is not None and not answer.served_model.startswith(model):
        yield Finding("model", f"{answer.served_model} answered instead of {model}.")
    for text in handoff.must_not_say:
        if _plain(text) in _plain(answer.text):
            yield Finding("boundaries", f"{taker.name} says {_short(text)}.")
    tools = {tool["name"]: tool for tool in taker.tools}
    for call in (block for block in answer.blocks or () if block.get("type") == "tool_use"):
        name = call.get("name")
        if name in handoff.must_not_call:
            yield Finding("boundaries", f"{taker.name} calls {name}.")
        elif name not in tools:
            yield Finding("tools", f"{taker.name} calls {name}, which it has not got.")
        elif not jsonschema_rs.is_valid(tools[name].get("input_schema", True), call.get("input")):
            yield Finding("tools", f"{taker.name} calls {name} with arguments that do not fit.")


def _probed(answer: Answer, probe: str) -> Iterator[dict[str, Any]]:
    """The taker's answer and the user's next words; the API wants every call answered."""
    blocks = [dict(block) for block in answer.blocks or ()]
    yield {"role": "assistant", "content": blocks or answer.text or "(nothing)"}
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": _NOT_RUN, "is_error": True}
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    yield {"role": "user", "content": [*results, {"type": "text", "text": probe}]}


def _blocks(content: Any) -> list[Mapping[str, Any]]:
    return [] if isinstance(content, str) else list(content)


def _told(content: Any) -> str:
    """What a message says, its tool calls and results in words."""
    if isinstance(content, str):
        return content
    lines = []
    for block in content:
        match block.get("type"):
            case "text":
                lines.append(block["text"])
            case "tool_use":
                given = msgspec.json.encode(block.get("input")).decode()
                lines.append(f"(calls {block.get('name')} with {given})")
            case "tool_result":
                lines.append(f"(is told: {_text(block.get('content'))})")
            case _:
                continue
    return "\n".join(lines)


def _text(value: Any) -> str:
    """Every text in a request, thoughts left out."""
    match value:
        case str():
            return value
        case dict() if value.get("type") in _THOUGHTS:
            return ""
        case dict():
            return "\n".join(_text(inner) for inner in value.values())
        case list() | tuple():
            return "\n".join(_text(inner) for inner in value)
        case _:
            return ""


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:79]}…")  # noqa: PLR2004 - a line
