"""The settings of an arm: how a model is run, as part of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from suffice.catalog.capabilities import EFFORT_LEVELS, Capabilities, capabilities
from suffice.errors import BadOption
from suffice.records import ModelSpec

MINIMUM_THINKING_BUDGET = 1_024


class ArmSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    The settings of an arm, read; None where the request's own value stands.

    Attributes:
        effort: One of `EFFORT_LEVELS`.
        thinking: ``off``, ``adaptive`` or a budget in tokens.
        max_tokens: Greatest answer, in tokens.
        temperature: In [0, 1].
        top_p: In (0, 1].
        top_k: At least 1.
        speed: ``fast`` or ``standard``.
        inference_geo: ``us`` or ``global``.
        service_tier: ``auto`` or ``standard_only``.
    """

    effort: str | None = None
    thinking: str | int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    speed: str | None = None
    inference_geo: str | None = None
    service_tier: str | None = None


def read_settings(arm: ModelSpec) -> ArmSettings:
    """
    The arm's settings, each checked for its form.

    Raises:
        BadOption: A setting nobody knows, or a value outside its range.

    >>> from suffice.records import parse_model_spec
    >>> read_settings(parse_model_spec("claude-haiku-4-5:thinking=2048,temperature=0")).thinking
    2048
    """
    found: dict[str, Any] = {}
    for name, text in arm.settings:
        reader = _READERS.get(name)
        if reader is None:
            raise _bad(
                f"{arm.name}: there is no setting {name!r}.", f"Use one of {', '.join(_READERS)}."
            )
        try:
            found[name] = reader(text)
        except ValueError as problem:
            raise _bad(f"{arm.name}: {name}={text} {problem}.", "Correct the value.") from None
    return ArmSettings(**found)


def check_settings(arm: ModelSpec, *, version: str) -> ArmSettings:
    """
    The arm's settings, each accepted by its model under the API version.

    Dropping a setting somebody asked for would compare something else than what its name
    says, so a setting the model rejects is a mistake, not a translation.

    Raises:
        BadOption: The model rejects a setting, or it is misread.

    >>> from suffice.records import parse_model_spec
    >>> check_settings(parse_model_spec("claude-opus-5-5:thinking=off"), version="2026-10-21")
    Traceback (most recent call last):
    suffice.errors.BadOption: claude-opus-5-5:thinking=off: the model cannot run without ...
    """
    settings = read_settings(arm)
    accepts = capabilities(arm.model, version=version)
    for check in (_effort, _thinking, _sampling, _limits, _placement):
        problem = check(settings, accepts)
        if problem:
            raise _bad(f"{arm.name}: {problem}.", "Choose another setting or another model.")
    return settings


def thinking_for(value: str | int, accepts: Capabilities) -> dict[str, Any]:
    """
    The ``thinking`` field for a ``thinking=`` setting the model accepts.

    >>> thinking_for("off", capabilities("claude-sonnet-5-5"))
    {'type': 'between_tools'}
    """
    if isinstance(value, int):
        return {"type": "enabled", "budget_tokens": value}
    if value == "adaptive":
        return {"type": "adaptive"}
    # Sonnet 5.5 has its own word for off.
    off = accepts.thinking is None or "disabled" in accepts.thinking
    return {"type": "disabled" if off else "between_tools"}


def _effort(settings: ArmSettings, accepts: Capabilities) -> str | None:
    if settings.effort is None or accepts.effort is None or settings.effort in accepts.effort:
        return None
    if not accepts.effort:
        return "the model has no effort parameter"
    return f"the model's efforts are {', '.join(accepts.effort)}"


def _thinking(settings: ArmSettings, accepts: Capabilities) -> str | None:
    modes = accepts.thinking or frozenset({"adaptive", "enabled", "disabled"})
    match settings.thinking:
        case int() if "enabled" not in modes:
            return "the model takes no thinking budget, only effort"
        case int() as budget if settings.max_tokens and budget >= settings.max_tokens:
            return "the thinking budget must be smaller than max_tokens"
        case "adaptive" if "adaptive" not in modes:
            return "the model takes thinking=BUDGET, not adaptive"
        case "off":
            return _thinking_off(settings.effort, accepts)
        case _:
            return None


def _thinking_off(effort: str | None, accepts: Capabilities) -> str | None:
    if accepts.thinking is not None and not accepts.thinking & {"disabled", "between_tools"}:
        return "the model cannot run without thinking; lower its effort instead"
    bound = accepts.thinking_off_up_to
    if bound and effort and _rank(effort) > _rank(bound):
        return f"thinking can be off only up to effort {bound}"
    return None


def _sampling(settings: ArmSettings, accepts: Capabilities) -> str | None:
    given = [
        name for name in ("temperature", "top_p", "top_k") if getattr(settings, name) is not None
    ]
    if not given or accepts.sampling == "any":
        return None
    if accepts.sampling == "none":
        return f"API version {accepts.version} takes no {given[0]}"
    if accepts.sampling == "defaults":
        return f"the model takes no {given[0]}"
    if {"temperature", "top_p"} <= set(given):
        return "the model takes temperature or top_p, not both"
    return None


def _limits(settings: ArmSettings, accepts: Capabilities) -> str | None:
    cap = accepts.max_output_tokens
    if settings.max_tokens is None or cap is None or settings.max_tokens <= cap:
        return None
    return f"the model writes at most {cap:,} tokens"


def _placement(settings: ArmSettings, accepts: Capabilities) -> str | None:
    if settings.speed == "fast" and accepts.fast_mode != "yes":
        return "the model has no fast mode"
    if settings.inference_geo is not None and not accepts.inference_geo:
        return "the model takes no inference_geo"
    return None


def _rank(effort: str) -> int:
    return EFFORT_LEVELS.index(effort)


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"is none of {', '.join(words)}")
        return text

    return read


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError(f"is outside {low:g} to {high:g}")
        return value

    return read


def _count(low: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if value < low:
            raise ValueError(f"is below {low:,}")
        return value

    return read


def _thinking_value(text: str) -> str | int:
    if text in {"off", "adaptive"}:
        return text
    if not text.isdecimal():
        raise ValueError("is none of off, adaptive or a number of tokens")
    return _count(MINIMUM_THINKING_BUDGET)(text)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "effort": _one_of(*EFFORT_LEVELS),
    "thinking": _thinking_value,
    "max_tokens": _count(1),
    "temperature": _number(0, 1),
    "top_p": _number(0, 1),
    "top_k": _count(1),
    "speed": _one_of("fast", "standard"),
    "inference_geo": _one_of("us", "global"),
    "service_tier": _one_of("auto", "standard_only"),
}


def _bad(what: str, next_step: str) -> BadOption:
    return BadOption(what, effect="Nothing was run.", next_step=next_step)
