"""Signatures of webhooks, held against values others computed."""

from __future__ import annotations

import base64

import pytest

from suffice.adapters.alerts.signing import signature, signing_key
from suffice.errors import BadSettings


def test_the_published_example_has_its_published_signature() -> None:
    """
    The example by which the scheme's own libraries are tested.
    """
    key = signing_key("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", named="S")

    made = signature(
        key,
        message_id="msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        timestamp=1649367553,
        body=b'{"email":"test@example.com","username":"test_user"}',
    )

    assert made == "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="


def test_a_signature_is_what_another_implementation_makes() -> None:
    """
    The value was made by the `standardwebhooks` package.
    """
    key = signing_key("whsec_c3VmZmljZS10ZXN0LXNpZ25pbmcta2V5", named="S")

    made = signature(
        key,
        message_id="msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        timestamp=1674087231,
        body=b'{"type":"rollout.rolled_back"}',
    )

    assert made == "v1,UlOHFnRJHGgbYuDWfTqSocVo5wM5BPeqyiaSA6kJXkc="


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64", "whsec_c2hvcnQ="])
def test_what_is_no_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(BadSettings) as refused:
        signing_key(secret, named="HOOK_SECRET")

    assert "HOOK_SECRET" in str(refused.value)
    assert not secret.removeprefix("whsec_") or secret not in str(refused.value)


def test_a_secret_is_read_with_or_without_its_prefix() -> None:
    plain = base64.b64encode(b"0123456789abcdef").decode()

    assert signing_key(plain, named="S") == signing_key(f"whsec_{plain}", named="S")
