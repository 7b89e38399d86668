"""From a translation to the edits that carry it out in the body's own bytes."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from suffice.errors import BadOption
from suffice.policy.bodies import Message
from suffice.policy.history import THINKING_BLOCKS, History, blocks
from suffice.policy.models import spec_of
from suffice.policy.shapes import shape_of
from suffice.policy.splice import Edit
from suffice.policy.translation import Change, translate
from suffice.policy.view import RequestView

_REMEMBERED = 4_096
# Stands for whatever messages hold thinking blocks; translation only asks whether they do.
_THINKING_TURN = {"role": "assistant", "content": [{"type": "thinking"}]}


class Rewriting(msgspec.Struct, frozen=True, kw_only=True):
    """
    What makes a request fit for another model.

    Attributes:
        edits: Of the small fields, ``model`` among them.
        without_thinking: The messages' thinking blocks must go as well.
        refused: Why the model cannot take it; None if it can.
        changes: What became of which field, with the reasons.
        shape: The request's, as `suffice.policy.shapes.shape_of` names it.
    """

    edits: tuple[Edit, ...] = ()
    without_thinking: bool = False
    refused: str | None = None
    changes: tuple[Change, ...] = ()
    shape: str = ""


class _Thinking(msgspec.Struct):
    type: str = ""
    budget_tokens: int | None = None


class _OutputConfig(msgspec.Struct):
    effort: str | None = None


class _ContextManagement(msgspec.Struct):
    edits: list[dict[str, Any]] | None = None


class _ToolChoice(msgspec.Struct):
    type: str = ""


class _WellFormed(msgspec.Struct):
    """What translation may take for granted of the small fields."""

    max_tokens: int | None = None
    thinking: _Thinking | None = None
    output_config: _OutputConfig | None = None
    tool_choice: _ToolChoice | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    speed: str | None = None
    inference_geo: str | None = None
    service_tier: str | None = None
    context_management: _ContextManagement | None = None


def rewriting(
    view: RequestView, *, source: str, target: str, version: str, own_thinking: bool
) -> Rewriting:
    """
    How a request becomes one for another model, by `suffice.policy.translation.translate`.

    Depends on few things, most of which are the same from request to request, and is
    remembered by them.

    Args:
        view: The request.
        source: The model it was written for.
        target: The model with its settings.
        version: The ``anthropic-version`` it is sent under.
        own_thinking: The target itself wrote the thinking in the history, so it stays.

    Raises:
        msgspec.ValidationError: The messages or the tools are none.
    """
    tools = view.tools
    return _rewriting(
        (target, source, view.model, version),
        own_thinking,
        (view.betas, view.fields, msgspec.json.encode(tools) if tools else b"[]"),
        view.history,
    )


def message_edits(messages: list[Message]) -> Iterator[Edit]:
    """
    The edits that take every thinking block out; a turn that was nothing else goes whole.

    >>> thought = {"role": "assistant", "content": [{"type": "thinking"}, {"type": "text"}]}
    >>> [edit.path for edit in message_edits([{"role": "user", "content": "hi"}, thought])]
    [('messages', 1, 'content', 0)]
    """
    for index, message in enumerate(messages):
        kinds = [block.get("type") for block in blocks(message)]
        thoughts = [place for place, kind in enumerate(kinds) if kind in THINKING_BLOCKS]
        if thoughts and len(thoughts) == len(kinds):
            yield Edit(("messages", index), "drop")
        else:
            yield from (Edit(("messages", index, "content", place), "drop") for place in thoughts)


@functools.lru_cache(maxsize=_REMEMBERED)
def _rewriting(
    models: tuple[str, str, str, str],
    own_thinking: bool,  # noqa: FBT001 - keywords make a slower key
    told: tuple[str, bytes, bytes],
    history: History,
) -> Rewriting:
    target, source, asked, version = models
    betas, fields, tools = told
    try:
        _WELL_FORMED.decode(fields)
    except msgspec.ValidationError as problem:
        return Rewriting(refused=f"is not asked, the request is malformed: {problem}")
    shape = shape_of(
        target=target, version=version, betas=betas, fields=fields, history=history, tools=tools
    )
    if own_thinking:
        history = msgspec.structs.replace(history, thinking=False, open_loop_thinking=False)
    small: dict[str, Any] = msgspec.json.decode(fields)
    messages = [_THINKING_TURN] if history.thinking else []
    request = {**small, "messages": messages, "tools": msgspec.json.decode(tools)}
    spec = spec_of(target)
    try:
        found = translate(request, target=spec, version=version, source=source, history=history)
    except BadOption as problem:
        return Rewriting(refused=problem.what)
    if found.refused is not None:
        return Rewriting(refused=found.refused)
    after = {
        name: value
        for name, value in found.request.items()
        if name not in {"model", "messages", "tools"}
    }
    model = [Edit(("model",), "set", msgspec.json.encode(spec.model))]
    return Rewriting(
        edits=(*(model if spec.model != asked else ()), *_edits((), small, after)),
        without_thinking=found.request["messages"] is not messages,
        changes=found.changes,
        shape=shape,
    )


def _edits(
    path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Edit]:
    """The least edits that turn one object into the other, one level at a time."""
    for name in before:
        if name not in after:
            yield Edit((*path, name), "drop")
    for name, value in after.items():
        old = before.get(name)
        if name in before and old is value:
            continue
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            yield from _edits((*path, name), old, value)
        elif name not in before or old != value:
            yield Edit((*path, name), "set", msgspec.json.encode(value))


_WELL_FORMED = msgspec.json.Decoder(_WellFormed)
