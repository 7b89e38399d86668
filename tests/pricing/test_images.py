"""Image tokens: one per patch, under two rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.catalog import ImageRule, load_catalog
from suffice.pricing import image_tokens

_small, _large = (load_catalog().find(name).image_rule for name in ("haiku-4-5", "haiku-5-5"))
assert _small is not None
assert _large is not None
SMALL, LARGE = _small, _large


@pytest.mark.parametrize(
    ("width", "height", "small", "large"),
    [
        (1000, 1000, 1296, 1296),
        (1920, 1080, 1560, 2691),
        (2000, 1500, 1564, 3888),
        (3840, 2160, 1560, 4784),
        (1, 1, 1, 1),
        (28, 28, 1, 1),
        (29, 28, 2, 2),
    ],
)
def test_an_image_counts_as_the_documentation_counts_it(
    width: int, height: int, small: int, large: int
) -> None:
    assert image_tokens(width, height, rule=SMALL) == small
    assert image_tokens(width, height, rule=LARGE) == large


sides = st.integers(1, 8_000)


@given(sides, sides, st.sampled_from([SMALL, LARGE]))
def test_no_image_counts_more_than_the_cap_and_turning_it_changes_nothing(
    width: int, height: int, rule: ImageRule
) -> None:
    tokens = image_tokens(width, height, rule=rule)

    assert 1 <= tokens <= rule.max_tokens
    assert tokens == image_tokens(height, width, rule=rule)


def test_an_image_without_size_is_refused() -> None:
    with pytest.raises(ValueError, match="0 x 5 pixels has no size"):
        image_tokens(0, 5, rule=SMALL)
