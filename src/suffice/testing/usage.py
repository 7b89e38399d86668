"""What the strict fake says a request has used, the prompt cache's part included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from suffice.catalog.capabilities import Capabilities
from suffice.testing.admission import Call
from suffice.testing.cache import PromptCache
from suffice.testing.tokens import Segment, overhead, segments


def input_usage(
    call: Call, accepts: Capabilities, *, cache: PromptCache, now_s: float
) -> dict[str, Any]:
    """The prompt's tokens, read from and written to the cache as its markers ask."""
    used = cache.use(
        _prompt(call.body, accepts),
        key=_cache_key(call),
        minimum=accepts.cache_minimum_tokens or 0,
        now_s=now_s,
    )
    return {
        "input_tokens": used.plain + overhead(call.body, accepts),
        "cache_creation_input_tokens": used.write_5m + used.write_1h,
        "cache_read_input_tokens": used.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.write_5m,
            "ephemeral_1h_input_tokens": used.write_1h,
        },
    }


def served_how(body: Mapping[str, Any], accepts: Capabilities) -> dict[str, Any]:
    """The tier, geography and speed an answer was made with."""
    fast = body.get("speed") == "fast" and accepts.fast_mode == "yes"
    geo = body.get("inference_geo") or "global"
    return {
        "service_tier": "standard",
        "inference_geo": geo if accepts.inference_geo else "not_available",
        "speed": "fast" if fast else "standard",
    }


def _prompt(body: Mapping[str, Any], accepts: Capabilities) -> list[Segment]:
    prompt = list(segments(body, accepts))
    marker = body.get("cache_control")
    if marker and prompt and not prompt[-1].ttl:
        ttl = marker.get("ttl") or "5m"
        prompt[-1] = msgspec.structs.replace(prompt[-1], ttl=ttl)
    return prompt


def _cache_key(call: Call) -> bytes:
    config = call.body.get("output_config") or {}
    parts = [
        call.model,
        call.key,
        call.body.get("speed") or "standard",
        config.get("effort"),
        config.get("format"),
        call.body.get("thinking"),
        call.body.get("tool_choice"),
    ]
    return msgspec.json.encode(parts, order="deterministic")
