"""A request while it is being translated."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from suffice.catalog.capabilities import Capabilities
from suffice.policy.history import History
from suffice.policy.settings import ArmSettings

Action = Literal["keep", "drop", "replace", "clamp"]


@dataclasses.dataclass(slots=True, kw_only=True)
class Draft:
    """
    A body on its way, with what was changed and why.

    Attributes:
        body: A shallow copy of the caller's request; a nested object is copied when touched.
        accepts: What the target takes.
        written_for: What the request's own model takes; None where unknown.
        settings: The arm's settings, already accepted by the target.
        history: What the messages hold.
        changes: (field, action, reason) in order.
        thought_before: Whether the request's own model thought; None where unknown.
        refused: The first reason why the target cannot take the request.
    """

    body: dict[str, Any] = dataclasses.field(kw_only=False)
    accepts: Capabilities
    written_for: Capabilities | None
    settings: ArmSettings
    history: History
    thought_before: bool | None
    changes: list[tuple[str, Action, str]] = dataclasses.field(default_factory=list)
    refused: str | None = None

    @property
    def name(self) -> str:
        """The target's name, as reasons say it."""
        return self.accepts.model

    def get(self, field: str) -> Any:
        """A field's value, also of ``outer.inner``; None where absent."""
        outer, _, inner = field.partition(".")
        value = self.body.get(outer)
        if not inner:
            return value
        return value.get(inner) if isinstance(value, dict) else None

    def replace(self, field: str, value: Any, reason: str, *, action: Action = "replace") -> None:
        """Give a field another value; an equal one is no change."""
        if self.get(field) == value:
            return
        outer, _, inner = field.partition(".")
        self.body[outer] = {**(self.body.get(outer) or {}), inner: value} if inner else value
        self.changes.append((field, action, reason))

    def drop(self, field: str, reason: str) -> None:
        """Take a field out, and its object with it if nothing else is in there."""
        outer, _, inner = field.partition(".")
        if inner:
            rest = {key: value for key, value in self.body[outer].items() if key != inner}
            self.body.pop(outer)
            if rest:
                self.body[outer] = rest
        else:
            self.body.pop(outer)
        self.changes.append((field, "drop", reason))

    def keep(self, field: str, reason: str) -> None:
        """Say of a field that stays that it means something else on the target."""
        self.changes.append((field, "keep", reason))

    def refuse(self, clause: str) -> None:
        """Say why the target cannot take the request; the first reason stands."""
        if self.refused is None:
            self.refused = f"{self.name} {clause}"
