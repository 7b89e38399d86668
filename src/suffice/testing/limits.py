"""The strict fake's rate limits: fixed minutes, with the provider's headers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

_WINDOW = timedelta(minutes=1)


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be used per minute, and per model."""

    requests: int = 1_000_000
    input_tokens: int = 1_000_000_000
    output_tokens: int = 1_000_000_000


class _Window(msgspec.Struct):
    ends: datetime
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Meter:
    """What is left of the limits, per model."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._windows: dict[str, _Window] = {}

    def admit(self, model: str, *, input_tokens: int, now: datetime) -> float | None:
        """Count a request in; seconds to wait where it is too much."""
        window = self._window(model, now)
        if (
            window.requests >= self._limits.requests
            or window.input_tokens + input_tokens > self._limits.input_tokens
            or window.output_tokens >= self._limits.output_tokens
        ):
            return max(1.0, (window.ends - now).total_seconds())
        window.requests += 1
        window.input_tokens += input_tokens
        return None

    def wrote(self, model: str, output_tokens: int, *, now: datetime) -> None:
        """Count what was written."""
        self._window(model, now).output_tokens += output_tokens

    def headers(self, model: str, *, now: datetime) -> dict[str, str]:
        """The ``anthropic-ratelimit-…`` headers; token counts to the thousand."""
        window, limits = self._window(model, now), self._limits
        reset = window.ends.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        left = {
            "requests": (limits.requests, limits.requests - window.requests),
            "input-tokens": (limits.input_tokens, limits.input_tokens - window.input_tokens),
            "output-tokens": (limits.output_tokens, limits.output_tokens - window.output_tokens),
        }
        left["tokens"] = (
            left["input-tokens"][0] + left["output-tokens"][0],
            left["input-tokens"][1] + left["output-tokens"][1],
        )
        found = {}
        for name, (limit, remaining) in left.items():
            rounded = remaining if name == "requests" else round(remaining, -3)
            found[f"anthropic-ratelimit-{name}-limit"] = str(limit)
            found[f"anthropic-ratelimit-{name}-remaining"] = str(max(0, rounded))
            found[f"anthropic-ratelimit-{name}-reset"] = reset
        return found

    def _window(self, model: str, now: datetime) -> _Window:
        window = self._windows.get(model)
        if window is None or window.ends <= now:
            window = self._windows[model] = _Window(ends=now + _WINDOW)
        return window
