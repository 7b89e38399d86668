"""`suffice cost`: what a workload costs per model, and what a switch would save."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click
from typing_extensions import override

from suffice.errors import BadOption


class _Share(click.ParamType[Decimal]):
    """A share such as 0.9 or 90%, kept exact."""

    name = "share"

    @override
    def convert(
        self, value: str | Decimal, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        text = str(value).strip()
        try:
            share = Decimal(text.removesuffix("%").strip()) / (100 if text.endswith("%") else 1)
        except InvalidOperation:
            share = Decimal(-1)
        if not (share.is_finite() and 0 <= share <= 1):
            self.fail(f"{value!r} is no share between 0 and 1.", param, ctx)
        return share


@click.command()
@click.option("--requests-per-day", type=click.IntRange(1), metavar="N")
@click.option("--input", "input_tokens", type=click.IntRange(0), help="Prompt tokens a request.")
@click.option("--output", "output_tokens", type=click.IntRange(0), help="Tokens an answer writes.")
@click.option("--model", metavar="MODEL", help="The model in use.")
@click.option(
    "--candidate",
    "candidates",
    metavar="MODEL",
    multiple=True,
    help="A cheaper model. Repeatable.",
)
@click.option("--batch", is_flag=True, help="Sent through Message Batches, at half price.")
@click.option(
    "--cached",
    type=_Share(),
    default="0",
    show_default=True,
    help="Share of the prompt read from the cache, such as 0.9.",
)
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Use the prices of this day.  [default: today]",
)
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    envvar="SUFFICE_PRICES",
    help="Your own prices, TOML.",
)
@click.option("--allow-unpriced", is_flag=True, help="List a model without a price as unknown.")
@click.option("--source-figures", is_flag=True, help="Check published figures instead.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "md", "csv"]),
    default="text",
    show_default=True,
)
def command(
    *,
    requests_per_day: int | None,
    input_tokens: int | None,
    output_tokens: int | None,
    model: str | None,
    candidates: tuple[str, ...],
    batch: bool,
    cached: Decimal,
    at: datetime | None,
    prices: Path | None,
    allow_unpriced: bool,
    source_figures: bool,
    form: str,
) -> None:
    """
    What a workload costs per request, day, month and year, and what a switch would save.

    A month has 30 days and a year 12 such months. Both models are taken to be sent alike.
    """
    if source_figures:
        _show_published(form)
        return
    missing = [
        option
        for option, value in (
            ("--requests-per-day", requests_per_day),
            ("--input", input_tokens),
            ("--output", output_tokens),
            ("--model", model),
        )
        if value is None
    ]
    if requests_per_day is None or input_tokens is None or output_tokens is None or model is None:
        raise BadOption(
            f"A workload needs {', '.join(missing)}.",
            effect="Nothing was computed.",
            next_step="Give them, or --source-figures to check published figures.",
        )
    from suffice.cli.cost_views import show
    from suffice.pricing import Workload, price_models
    from suffice.wiring import catalog_with

    catalog = catalog_with(prices)
    table = price_models(
        Workload(
            requests_per_day=requests_per_day,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cached_share=cached,
            batch=batch,
        ),
        baseline=model,
        candidates=candidates,
        at=at.date() if at else _today(),
        catalog=catalog,
        allow_unpriced=allow_unpriced,
    )
    show(table, form=form, dated=catalog.dated)


def _show_published(form: str) -> None:
    from suffice.catalog import load_catalog
    from suffice.cli.published_views import show
    from suffice.pricing import check_published_figures

    # At list prices, whatever the caller pays: the claims are about the list.
    catalog = load_catalog()
    show(check_published_figures(catalog), form=form, dated=catalog.dated)


def _today() -> date:
    from suffice.wiring import SystemClock

    return SystemClock().now().date()
