"""What one answer used, in the units the bill counts."""

from __future__ import annotations

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """
    Tokens and extras of one answer, normalised so that no token is counted twice.

    The four prompt classes are disjoint: the prompt's size is their sum.

    Attributes:
        input_tokens: Prompt tokens neither read from nor written to the cache.
        cache_read_tokens: Prompt tokens read from the cache.
        cache_write_5m_tokens: Prompt tokens written to the five-minute cache.
        cache_write_1h_tokens: Prompt tokens written to the one-hour cache.
        output_tokens: Everything the model wrote, thinking included.
        thinking_tokens: The part of ``output_tokens`` that was thinking.
        web_searches: Successful server-side web searches.
        code_execution_hours: Container hours beyond what the provider gives away.
        service_tier: ``standard``, ``priority`` or ``batch``; None where not told.
        inference_geo: ``us`` or ``global``; None where not told.
        speed: ``fast`` or ``standard``; None where not told.
        billed: False for a refusal before any output: counted, not billed.
        complete: False where a stream was cut before its last count.
        iterations: Where one answer took several model calls, each with its own model;
            the bill is their sum and the fields above are ignored for dollars.
    """

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    web_searches: int = 0
    code_execution_hours: float = 0.0
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    billed: bool = True
    complete: bool = True
    iterations: tuple[Iteration, ...] = ()

    @property
    def prompt_tokens(self) -> int:
        """The whole prompt, however it was billed; what price bands look at."""
        return (
            self.input_tokens
            + self.cache_read_tokens
            + self.cache_write_5m_tokens
            + self.cache_write_1h_tokens
        )


class Iteration(msgspec.Struct, frozen=True, kw_only=True):
    """One of several model calls behind one answer; ``model`` None means the answer's own."""

    usage: Usage
    kind: str = "message"
    model: str | None = None
