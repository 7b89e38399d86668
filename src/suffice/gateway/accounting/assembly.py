"""A captured stream of events, put together to the message it spells out."""

from __future__ import annotations

from typing import Any

import msgspec

# Delta type -> the field of its block that it continues.
_CONTINUES = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("partial_json", "input"),
    "compaction_delta": ("content", "content"),
}


def assembled(body: bytes) -> dict[str, Any]:
    r"""
    The message; of a cut stream as much of it as came, and with an ``error`` if one was sent.

    Events that nobody knows, and what is no JSON, are passed over.

    >>> assembled(b'event: error\ndata: {"type":"error","error":{"type":"api_error"}}\n\n')
    {'content': [], 'error': {'type': 'api_error'}}
    """
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    pieces: dict[tuple[int, str], list[str]] = {}
    error: Any = None
    for payload in _payloads(body):
        match payload.get("type"):
            case "message_start" if isinstance(payload.get("message"), dict):
                message = dict(payload["message"])
            case "content_block_start" if isinstance(payload.get("content_block"), dict):
                blocks[_index(payload)] = dict(payload["content_block"])
            case "content_block_delta" if isinstance(payload.get("delta"), dict):
                _continue(blocks, pieces, _index(payload), payload["delta"])
            case "message_delta":
                _overlay(message, payload)
            case "error":
                error = payload.get("error")
            case _:
                pass
    _join(blocks, pieces)
    message["content"] = [blocks[index] for index in sorted(blocks)]
    return message if error is None else {**message, "error": error}


def _payloads(body: bytes) -> list[dict[str, Any]]:
    found = []
    for frame in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n"):
        data = [
            line[5:].removeprefix(b" ") for line in frame.split(b"\n") if line.startswith(b"data:")
        ]
        try:
            payload = msgspec.json.decode(b"\n".join(data)) if data else None
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            continue
        if isinstance(payload, dict):
            found.append(payload)
    return found


def _index(payload: dict[str, Any]) -> int:
    index = payload.get("index")
    return index if isinstance(index, int) else 0


def _continue(
    blocks: dict[int, dict[str, Any]],
    pieces: dict[tuple[int, str], list[str]],
    index: int,
    delta: dict[str, Any],
) -> None:
    if delta.get("type") == "citations_delta":
        block = blocks.setdefault(index, {})
        block["citations"] = [*(block.get("citations") or []), delta.get("citation")]
    elif named := _CONTINUES.get(str(delta.get("type"))):
        said, field = named
        piece = delta.get(said)
        if isinstance(piece, str):
            pieces.setdefault((index, field), []).append(piece)


def _overlay(message: dict[str, Any], payload: dict[str, Any]) -> None:
    delta, usage = payload.get("delta"), payload.get("usage")
    if isinstance(delta, dict):
        message.update({key: value for key, value in delta.items() if value is not None})
    if isinstance(usage, dict):
        told = message.get("usage")
        fresh = {key: value for key, value in usage.items() if value is not None}
        message["usage"] = {**(told if isinstance(told, dict) else {}), **fresh}


def _join(blocks: dict[int, dict[str, Any]], pieces: dict[tuple[int, str], list[str]]) -> None:
    for (index, field), parts in pieces.items():
        block = blocks.setdefault(index, {})
        whole = "".join(parts)
        if field != "input":
            begun = block.get(field)
            block[field] = (begun if isinstance(begun, str) else "") + whole
            continue
        try:
            block["input"] = msgspec.json.decode(whole) if whole else block.get("input", {})
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            # The stream broke off within a tool's input: kept as the text it was.
            block["input"] = {"partial_json": whole}
