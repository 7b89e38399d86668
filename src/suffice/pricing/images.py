"""How many tokens an image counts: a matter of the model's generation, not of its bytes."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from suffice.catalog import ImageRule


def image_tokens(width_px: int, height_px: int, *, rule: ImageRule) -> int:
    """
    Tokens of one image under a model's rule.

    One token per patch, after the image has been shrunk, keeping its shape, to the longest edge
    and then further until it fits the cap.

    Args:
        width_px: At least 1.
        height_px: At least 1.
        rule: `ModelFacts.image_rule`.

    Raises:
        ValueError: A side is shorter than one pixel.

    Source:
        Provider's vision documentation of August 2026.

    >>> small = ImageRule(patch_px=28, longest_edge_px=1568, max_tokens=1568)
    >>> large = ImageRule(patch_px=28, longest_edge_px=2576, max_tokens=4784)
    >>> [image_tokens(1920, 1080, rule=rule) for rule in (small, large)]
    [1560, 2691]
    """
    if width_px < 1 or height_px < 1:
        raise ValueError(f"an image of {width_px} x {height_px} pixels has no size")
    largest = min(Fraction(1), Fraction(rule.longest_edge_px, max(width_px, height_px)))
    # Shrinking loses a patch only where a side comes down to a whole number of patches, so these
    # scales are the only ones that need a look.
    scales = {largest}
    for side in (width_px, height_px):
        whole = ceil(side * largest / rule.patch_px)
        scales |= {Fraction(patches * rule.patch_px, side) for patches in range(1, whole)}
    counts = (_patches(width_px, height_px, scale, rule.patch_px) for scale in scales)
    return max(count for count in counts if count <= rule.max_tokens)


def _patches(width_px: int, height_px: int, scale: Fraction, patch_px: int) -> int:
    return ceil(width_px * scale / patch_px) * ceil(height_px * scale / patch_px)
