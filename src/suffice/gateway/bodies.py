"""Captured bodies as they may be kept: streams put together, texts masked."""

from __future__ import annotations

import codecs
from typing import Any

import msgspec

from suffice.gateway.accounting.assembly import assembled
from suffice.gateway.accounting.decoding import READABLE_ENCODINGS, Unreadable, decoder_of
from suffice.policy.masking import mask_json, mask_text
from suffice.policy.sensitive import is_plain
from suffice.records import ExchangeRecord

_MAX_OPENED = 32 << 20
# That it is JSON, without building any of it.
_WHOLE = msgspec.json.Decoder(msgspec.Raw)
_GZIP_MARK = b"\x1f\x8b"


def kept_bodies(exchange: ExchangeRecord) -> ExchangeRecord:
    """
    The exchange with its bodies masked; a streamed answer becomes the message it spelled out.

    A secret may be cut in two by a stream's events, so it is masked in the whole text only. A
    body that cannot be opened is not kept: nobody could have masked it.
    """
    if exchange.request_body is None and exchange.response_body is None:
        return exchange
    request = opened_body(exchange.request_body, exchange.request_encoding)
    response = opened_body(exchange.response_body, exchange.response_encoding)
    if response is not None:
        response = _masked_stream(response) if exchange.streamed else masked_body(response)
    return msgspec.structs.replace(
        exchange,
        request_body=None if request is None else masked_body(request),
        response_body=response,
        request_encoding="",
        response_encoding="",
    )


def opened_body(body: bytes | None, encoding: str) -> bytes | None:
    """The body as UTF-8 text; None where it cannot be opened, or is none."""
    if body is None:
        return None
    coding = encoding.strip().lower()
    if coding in {"", "identity"}:
        coding = "gzip" if body.startswith(_GZIP_MARK) else ""
    if coding:
        if coding not in READABLE_ENCODINGS:
            return None
        try:
            body = b"".join(decoder_of(coding, max_bytes=_MAX_OPENED).open(body))
        except Unreadable:
            return None
    try:
        # Not final: a body that was cut may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return None
    return body


def whole_message(stream: bytes) -> bytes:
    """The message that a stream of events spelled out, as JSON."""
    return msgspec.json.encode(assembled(stream))


def masked_body(body: bytes) -> bytes:
    r"""
    A body with its texts masked; what is no JSON is masked as text.

    >>> masked_body(b'{"content":"\\nbob@example.org"}').decode()
    '{"content":"\\n[email]"}'
    >>> masked_body(b"bob@example.org")
    b'[email]'
    """
    try:
        if is_plain(body):
            _WHOLE.decode(body)
            return body
        value: Any = msgspec.json.decode(body)
        return msgspec.json.encode(mask_json(value))
    except (msgspec.MsgspecError, RecursionError, UnicodeError, OverflowError):
        return mask_text(body.decode(errors="replace")).encode()


def _masked_stream(body: bytes) -> bytes:
    try:
        return masked_body(whole_message(body))
    except (RecursionError, OverflowError, UnicodeError):
        return mask_text(body.decode(errors="replace")).encode()
