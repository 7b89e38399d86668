"""A model as a person names it: an id, settings that make it a candidate, a run label."""

from __future__ import annotations

import re

import msgspec

from suffice.errors import BadModelName

_NAME = re.compile(
    r"(?P<model>[^:@\s]+)(?::(?P<settings>[^@\s]+))?(?:@(?P<label>[\w.\-]+))?",
)


class ModelSpec(msgspec.Struct, frozen=True):
    """
    One arm of a comparison.

    Attributes:
        model: The provider's model id, e.g. ``claude-haiku-5-5``.
        settings: Sorted (name, value) pairs, e.g. ``(("effort", "low"),)``.
        label: Which recorded run of the model, e.g. ``A`` in ``claude-haiku-4-5@A``.
    """

    model: str
    settings: tuple[tuple[str, str], ...] = ()
    label: str | None = None

    @property
    def name(self) -> str:
        """The arm's whole name, as `parse_model_spec` reads it back."""
        settings = ",".join(f"{key}={value}" for key, value in self.settings)
        return (
            self.model
            + (f":{settings}" if settings else "")
            + (f"@{self.label}" if self.label else "")
        )


def parse_model_spec(text: str) -> ModelSpec:
    """
    Read ``model[:setting=value,...][@label]``.

    Raises:
        BadModelName: The text has no such form.

    >>> parse_model_spec("claude-opus-5-5:effort=low@A").settings
    (('effort', 'low'),)
    >>> parse_model_spec("claude-opus-5-5:effort=low@A").name
    'claude-opus-5-5:effort=low@A'
    """
    found = _NAME.fullmatch(text.strip())
    if found is None:
        raise _unreadable(text)
    pairs = []
    for setting in (found["settings"] or "").split(",") if found["settings"] else ():
        key, equals, value = setting.partition("=")
        if not (key and equals and value):
            raise _unreadable(text)
        pairs.append((key, value))
    return ModelSpec(found["model"], tuple(sorted(pairs)), found["label"])


def _unreadable(text: str) -> BadModelName:
    return BadModelName(
        f"{text!r} is no model name.",
        effect="Nothing was run.",
        next_step="Write it as MODEL, MODEL:effort=low or MODEL@RUN.",
    )
