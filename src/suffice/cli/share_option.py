"""An option that is a share, such as 0.05 or 5%."""

from __future__ import annotations

import math

import click
from typing_extensions import override


class ShareOption(click.ParamType[float]):
    """A share in [0, 1], written as a number or in percent."""

    name = "share"

    @override
    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it, or fail in the option's name."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = math.nan
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is no share between 0 and 1.", param, ctx)
        return share
