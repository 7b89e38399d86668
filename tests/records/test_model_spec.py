"""A model's name and its parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.errors import BadModelName
from suffice.records import ModelSpec, parse_model_spec

WORDS = st.from_regex(r"[a-z][a-z0-9.\-]{0,12}", fullmatch=True)


@given(WORDS, st.dictionaries(WORDS, WORDS, max_size=3), st.none() | WORDS)
def test_a_name_reads_back_as_what_it_was_made_from(
    model: str, settings: dict[str, str], label: str | None
) -> None:
    spec = ModelSpec(model, tuple(sorted(settings.items())), label)

    assert parse_model_spec(spec.name) == spec


@pytest.mark.parametrize("text", ["", "a b", "m:effort", "m:=low", "m@", "m@a b", ":x=y"])
def test_what_is_no_model_name_is_refused_with_a_code(text: str) -> None:
    with pytest.raises(BadModelName) as caught:
        parse_model_spec(text)

    assert caught.value.code == "SF003"
