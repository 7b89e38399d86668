"""A request for one model, made fit for another: only what the other rejects is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from suffice.catalog.capabilities import Capabilities, capabilities
from suffice.policy.draft import Draft
from suffice.policy.fields import place, sample, size
from suffice.policy.history import History, read_history, without_thinking
from suffice.policy.obstacles import obstacles
from suffice.policy.settings import check_settings
from suffice.policy.thinking import think, thinks
from suffice.records import ModelSpec


class Change(msgspec.Struct, frozen=True):
    """
    What became of one field.

    Attributes:
        field: Its name; a dot goes into an object, e.g. ``output_config.effort``.
        action: ``keep`` is a field that stays but means something else on the target.
        reason: One clause.
    """

    field: str
    action: Literal["keep", "drop", "replace", "clamp"]
    reason: str


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """
    A request as the target takes it, and what had to change.

    Attributes:
        request: The body with ``model``; what is unchanged are the caller's own objects.
        changes: In the order they were made.
        refused: Why the target cannot take the request; None if it can. Then nothing must
            be sent, and a router stays with the model it has.
    """

    request: dict[str, Any]
    changes: tuple[Change, ...] = ()
    refused: str | None = None


def translate(
    request: Mapping[str, Any],
    *,
    target: ModelSpec,
    version: str,
    source: str | None = None,
    prompt_tokens: int | None = None,
    history: History | None = None,
) -> Translation:
    """
    The request as the target takes it under an API version.

    A field is kept, translated, or it forces a refusal with its reason; none is lost in
    silence. The arm's own settings are applied first. A model of which nothing is known gets
    the request as it is.

    Args:
        request: An Anthropic request body, with or without ``model``.
        target: The arm that shall answer.
        version: The ``anthropic-version`` it is sent under.
        source: The model the request was written for; None where unknown, then its thinking
            blocks stay and ``max_tokens`` is only clamped.
        prompt_tokens: The prompt's size as the target counts it; None leaves it unchecked.
        history: What the messages hold, where that is known already; they are not read again.

    Raises:
        BadOption: A setting of the arm that its model rejects.

    >>> from suffice.records import parse_model_spec
    >>> moved = translate(
    ...     {"max_tokens": 128_000, "speed": "fast", "messages": []},
    ...     target=parse_model_spec("claude-haiku-4-5"),
    ...     version="2026-10-21",
    ...     source="claude-opus-4-8",
    ... )
    >>> moved.request
    {'max_tokens': 64000, 'messages': [], 'model': 'claude-haiku-4-5'}
    >>> [(change.field, change.action) for change in moved.changes]
    [('speed', 'drop'), ('max_tokens', 'clamp')]
    """
    settings = check_settings(target, version=version)
    accepts = capabilities(target.model, version=version)
    written_for = capabilities(_bare(source), version=version) if source else None
    if history is None:
        messages = request.get("messages")
        history = read_history(messages if isinstance(messages, list) else [])
    draft = Draft(
        dict(request),
        accepts=accepts,
        written_for=written_for,
        settings=settings,
        history=history,
        thought_before=_thought(request, written_for),
    )
    for obstacle in obstacles(request, history, accepts, tokens=prompt_tokens):
        draft.refuse(obstacle)
        break
    moved = written_for is not None and written_for.model != target.model
    if moved and history.open_loop_thinking:
        draft.refuse("cannot enter a tool loop another model's thinking has begun")
    elif moved and history.thinking:
        draft.replace("messages", without_thinking(request["messages"]), _FOREIGN)
    for step in (place, think, sample, size):
        step(draft)
    draft.body["model"] = target.model
    changes = tuple(Change(*change) for change in draft.changes)
    return Translation(request=draft.body, changes=changes, refused=draft.refused)


_FOREIGN = "thinking blocks are read only by the model that wrote them"


def _thought(request: Mapping[str, Any], written_for: Capabilities | None) -> bool | None:
    if written_for is None and not isinstance(request.get("thinking"), Mapping):
        return None
    return thinks(request, written_for or Capabilities(model="", version=""))


def _bare(model: str) -> str:
    return model.partition("@")[0].partition(":")[0]
