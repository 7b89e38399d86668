"""What is put together from settings: here, which key pays for what."""

from __future__ import annotations

import pytest

from suffice.errors import MissingKey, MissingOwnKey
from suffice.settings import OWN_KEY
from suffice.wiring import credential_for, needed_own_credential, own_credential

OWN, PROVIDERS = "sk-own-0123456789", "sk-theirs-0123456789"


def test_calls_nobody_asked_for_are_paid_with_suffices_own_key() -> None:
    found = needed_own_credential({OWN_KEY: OWN, "ANTHROPIC_API_KEY": PROVIDERS}, what_for="it")

    assert found.headers() == {"x-api-key": OWN}


def test_no_other_key_is_ever_taken_for_the_own_one() -> None:
    environ = {"ANTHROPIC_API_KEY": PROVIDERS, "ANTHROPIC_AUTH_TOKEN": PROVIDERS}

    assert own_credential(environ) is None
    with pytest.raises(MissingOwnKey) as refused:
        needed_own_credential(environ, what_for="a batch of shadow calls")
    assert refused.value.code == "SF008"
    assert OWN_KEY in refused.value.next_step
    assert "a batch of shadow calls" in refused.value.what


def test_the_own_key_is_never_taken_for_another_one() -> None:
    with pytest.raises(MissingKey):
        credential_for(None, {OWN_KEY: OWN})


def test_an_own_key_that_is_empty_is_none() -> None:
    assert own_credential({OWN_KEY: ""}) is None


@pytest.mark.parametrize("said", ["  ", "sk-own\r\nx-evil: 1", "sk-ünicode"])
def test_an_own_key_that_is_none_is_refused_by_its_variable_and_not_repeated(said: str) -> None:
    with pytest.raises(MissingOwnKey) as refused:
        own_credential({OWN_KEY: said})

    assert refused.value.what.startswith(OWN_KEY)
    assert OWN_KEY in refused.value.next_step
    assert not said.strip() or said not in str(refused.value)
