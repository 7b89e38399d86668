"""An upstream's own words as they may be kept: it may repeat the credential it was sent in any."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from suffice.policy.masking import mask_text
from suffice.records import ExchangeRecord, Usage

Told = TypeVar("Told", bound=msgspec.Struct)

_USUAL_LENGTH, _LONGEST_WORD = 512, 128
_SHORTEST_SECRET = 8
# What nearly all of the provider's credentials begin with, ours in the place of a caller's too.
_BEGIN = "sk-"
_WORDS = ("request_id", "message_id", "served_model", "stop_reason", "error_type")


def without_echoes(record: ExchangeRecord, *sent: bytes) -> ExchangeRecord:
    """
    The record, without credentials in what the upstream said; itself where there are none.

    Args:
        record: A line of the account.
        sent: Values of the headers that carried credentials.

    >>> told = ExchangeRecord(ts=0.0, status=400, request_id="req_of_bearer-0123")
    >>> without_echoes(told, b"Bearer bearer-0123").request_id
    'req_of_[key]'
    """
    told = (
        f"{record.request_id} {record.message_id} {record.served_model} "
        f"{record.stop_reason} {record.error_type}"
    )
    usage = record.usage
    if usage is not None:
        models = [each.model for each in usage.iterations] if usage.iterations else ""
        told += f" {usage.service_tier} {usage.inference_geo} {usage.speed} {models}"
    usual = len(told) <= _USUAL_LENGTH and _BEGIN not in told
    if usual and not any(value[-_SHORTEST_SECRET:].decode("latin-1") in told for value in sent):
        return record
    secrets = [value.rpartition(b" ")[2].decode("latin-1") for value in sent]
    secrets = [each for each in secrets if len(each) >= _SHORTEST_SECRET]
    return msgspec.structs.replace(
        _cleaned(record, _WORDS, secrets), usage=usage and _cleaned_usage(usage, secrets)
    )


def _cleaned_usage(usage: Usage, secrets: list[str]) -> Usage:
    models = tuple(_cleaned(each, ("model",), secrets) for each in usage.iterations)
    return msgspec.structs.replace(
        _cleaned(usage, ("service_tier", "inference_geo", "speed"), secrets), iterations=models
    )


def _cleaned(told: Told, names: tuple[str, ...], secrets: list[str]) -> Told:
    words = {name: _clean(word, secrets) for name in names if (word := getattr(told, name))}
    return msgspec.structs.replace(told, **words)


def _clean(word: str, secrets: list[str]) -> str:
    for secret in secrets:
        word = word.replace(secret, "[key]")
    return mask_text(word)[:_LONGEST_WORD]
