"""What a call will probably cost, and what it can cost at most, before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from suffice.comparison.pairing import Price
from suffice.ports import Models
from suffice.records import Answer, ModelSpec, Usage

AsSent = Callable[[ModelSpec, dict[str, Any]], dict[str, Any]]
"""A request as one arm is really asked it, after translation for its model."""

TOKENS_PER_BYTE = 0.25
"""English prose on the older tokenizer; the newer one counts about 1.3 times as many."""

DEFAULT_MAX_TOKENS = 4096
LIKELY_OUTPUT_TOKENS = 300

# A workspace may be bound to a place that bills a tenth more, and the request need not say so.
_PLACE = Decimal("1.1")
# Above the largest image any model counts (4,784 tokens), framing included.
_IMAGE_TOKENS = 5_000
_TOOL_PROMPT_TOKENS = 1_000
_PAGE_TOKENS = 8_000
_PAGE_BYTES = 4_000
_JUDGE_PROMPT_TOKENS = 300
_JUDGE_PROMPT_BYTES = 4_000
# Roles, separators and numbers around a part.
_PART_BYTES = 8
_FRAME_TOKENS = 64
# A search adds its results to the prompt of the same answer.
_SEARCH_TOKENS = 25_000
_SEARCHES = 10
_BYTES_PER_TOKEN = 6
_ANSWER_FRAME_BYTES = 4096


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one call may come to.

    Attributes:
        likely_usd: None where no price is known.
        worst_usd: No answer costs more, unless a tool that runs on the server reads more than
            is foreseen; None where no price is known.
        room_bytes: How large the answer can become on disk.
    """

    likely_usd: Decimal | None
    worst_usd: Decimal | None
    room_bytes: int


class Quoter:
    """
    Quotes calls before they are sent.

    The worst case counts a token per byte of text, which no byte-level tokenizer exceeds, the
    dearest way the prompt may enter the cache, and ``max_tokens`` of output.

    Args:
        price: Dollars of a usage, by arm.
        as_sent: A request as an arm is asked it; the identity by default.
        tokens_per_byte: By arm name, as measured with `measured_density` or known.
        likely_output: Output tokens an arm will probably write, by arm name; measured from
            recorded answers where there are any.
    """

    def __init__(
        self,
        price: Price,
        *,
        as_sent: AsSent | None = None,
        tokens_per_byte: Mapping[str, float] | None = None,
        likely_output: Mapping[str, float] | None = None,
    ) -> None:
        self._price = price
        self._as_sent = as_sent
        self._density = dict(tokens_per_byte or {})
        self._output = dict(likely_output or {})

    def sent(self, arm: ModelSpec, request: dict[str, Any]) -> dict[str, Any]:
        """The request as the arm is asked it."""
        return request if self._as_sent is None else self._as_sent(arm, request)

    def quote(self, arm: ModelSpec, sent: dict[str, Any]) -> Quote:
        """
        Quote a request that is already as it is sent.

        Raises:
            PriceUnknown: As the price function does.
        """
        size = prompt_size(sent)
        likely_output = min(
            _most_output(sent), int(self._output.get(arm.name, LIKELY_OUTPUT_TOKENS))
        )
        density = self._density.get(arm.name, TOKENS_PER_BYTE)
        likely = Usage(
            input_tokens=int(size.text_bytes * density) + size.media_tokens + _FRAME_TOKENS // 4,
            output_tokens=likely_output,
            speed=sent.get("speed"),
            inference_geo=sent.get("inference_geo"),
        )
        bound = self.bound(arm, sent)
        return msgspec.structs.replace(bound, likely_usd=self._price(arm.name, likely))

    def bound(self, arm: ModelSpec, sent: dict[str, Any]) -> Quote:
        """
        As `quote`, without the likely cost; what a meter needs before each call.

        Raises:
            PriceUnknown: As the price function does.
        """
        size = prompt_size(sent)
        prompt = size.text_bytes + size.media_tokens + size.tool_tokens + _FRAME_TOKENS
        counts: dict[str, Any] = {size.prompt_class: prompt}
        place = sent.get("inference_geo")
        worst = Usage(
            output_tokens=_most_output(sent),
            web_searches=size.searches,
            speed=sent.get("speed"),
            inference_geo=place,
            **counts,
        )
        worst_usd = self._price(arm.name, worst)
        if worst_usd is not None and place is None:
            worst_usd *= _PLACE
        return Quote(
            likely_usd=None,
            worst_usd=worst_usd,
            room_bytes=_most_output(sent) * _BYTES_PER_TOKEN + _ANSWER_FRAME_BYTES,
        )

    def quote_judgement(self, judge: ModelSpec, request: dict[str, Any]) -> Quote:
        """
        Quote one reading of a case by a judge: the request and two answers, before they exist.

        Raises:
            PriceUnknown: As the price function does.
        """
        size = prompt_size(request)
        density = self._density.get(judge.name, TOKENS_PER_BYTE)
        longest = _most_output(request)
        answer = min(longest, int(max(self._output.values(), default=LIKELY_OUTPUT_TOKENS)))
        likely = Usage(
            input_tokens=int(size.text_bytes * density) + 2 * answer + _JUDGE_PROMPT_TOKENS,
            output_tokens=_JUDGE_PROMPT_TOKENS // 2,
        )
        # An answer of so many tokens is longer in another model's, or as bytes.
        worst = Usage(
            input_tokens=size.text_bytes + 2 * _BYTES_PER_TOKEN * longest + _JUDGE_PROMPT_BYTES,
            output_tokens=DEFAULT_MAX_TOKENS,
        )
        return Quote(
            likely_usd=self._price(judge.name, likely),
            worst_usd=self._price(judge.name, worst),
            room_bytes=DEFAULT_MAX_TOKENS * _BYTES_PER_TOKEN + _ANSWER_FRAME_BYTES,
        )


class PromptSize(msgspec.Struct, frozen=True, kw_only=True):
    """
    How large a request is, before any tokenizer has seen it.

    Attributes:
        text_bytes: UTF-8 bytes of everything that is text or schema.
        media_tokens: At most so many tokens of images and documents.
        tool_tokens: What tools add to the prompt beyond their schema.
        searches: Web searches the server may run.
        prompt_class: The dearest of `Usage`'s prompt fields that this request can bill.
    """

    text_bytes: int
    media_tokens: int = 0
    tool_tokens: int = 0
    searches: int = 0
    prompt_class: str = "input_tokens"


def prompt_size(request: Mapping[str, Any]) -> PromptSize:
    """
    Measure a request without a tokenizer.

    >>> prompt_size({"messages": [{"role": "user", "content": "Grüße"}]}).text_bytes
    38
    """
    found = _Measured()
    for name in ("system", "messages", "tools", "output_config", "mcp_servers"):
        if name in request:
            found.read(request[name])
    found.mark(request.get("cache_control"))
    tools = request.get("tools") or ()
    searches = sum(
        int(tool.get("max_uses") or _SEARCHES)
        for tool in tools
        if str(tool.get("type", "")).startswith(("web_search", "web_fetch"))
    )
    return PromptSize(
        text_bytes=found.text_bytes,
        media_tokens=found.media_tokens,
        tool_tokens=(_TOOL_PROMPT_TOKENS if tools else 0) + searches * _SEARCH_TOKENS,
        searches=searches,
        prompt_class=found.prompt_class,
    )


def likely_outputs(answers: Iterable[tuple[str, Answer]]) -> dict[str, float]:
    """
    Mean output tokens by arm name, from answers that told what they used.

    >>> answer = Answer(usage=Usage(output_tokens=12))
    >>> likely_outputs([("m", answer), ("m", Answer())])
    {'m': 12.0}
    """
    totals: dict[str, tuple[int, int]] = {}
    for arm, answer in answers:
        if answer.usage is not None:
            tokens, count = totals.get(arm, (0, 0))
            totals[arm] = tokens + answer.usage.output_tokens, count + 1
    return {arm: tokens / count for arm, (tokens, count) in totals.items()}


async def measured_density(
    models: Models, arm: ModelSpec, requests: Sequence[dict[str, Any]]
) -> float | None:
    """
    Prompt tokens per byte of text as the provider itself counts them; asks nobody to answer.

    Args:
        models: Who can count.
        arm: The model that counts.
        requests: A few requests; media in them are left out of the measure.

    Returns:
        None where the provider cannot say.
    """
    tokens = count = 0
    for request in requests:
        size = prompt_size(request)
        counted = None if size.media_tokens else await models.count_tokens(arm, request)
        if counted is not None:
            tokens += counted
            count += size.text_bytes
    return tokens / count if count else None


def _most_output(request: Mapping[str, Any]) -> int:
    return int(request.get("max_tokens") or DEFAULT_MAX_TOKENS)


class _Measured:
    """Sums over a request's parts; media by kind, since their bytes say nothing of their tokens."""

    def __init__(self) -> None:
        self.text_bytes = self.media_tokens = 0
        self.prompt_class = "input_tokens"

    def read(self, value: Any) -> None:
        if isinstance(value, str):
            self.text_bytes += len(value.encode("utf-8", "replace")) + _PART_BYTES
        elif isinstance(value, Mapping):
            if value.get("type") in {"image", "document"} and isinstance(
                value.get("source"), Mapping
            ):
                self._read_media(value)
                return
            self.mark(value.get("cache_control"))
            for name, part in value.items():
                self.text_bytes += len(name)
                self.read(part)
        elif isinstance(value, list | tuple):
            for part in value:
                self.read(part)
        else:
            self.text_bytes += _PART_BYTES

    def mark(self, cache_control: Any) -> None:
        if not isinstance(cache_control, Mapping):
            return
        if cache_control.get("ttl") == "1h":
            self.prompt_class = "cache_write_1h_tokens"
        elif self.prompt_class == "input_tokens":
            self.prompt_class = "cache_write_5m_tokens"

    def _read_media(self, block: Mapping[str, Any]) -> None:
        self.mark(block.get("cache_control"))
        data = block["source"].get("data") or ""
        if block["type"] == "image":
            self.media_tokens += _IMAGE_TOKENS
        elif block["source"].get("type") == "text":
            self.text_bytes += len(str(data).encode())
        else:
            # A page is read as text and as an image; a page of a PDF takes a few kilobytes.
            self.media_tokens += max(_PAGE_TOKENS, len(str(data)) // _PAGE_BYTES * _PAGE_TOKENS)
