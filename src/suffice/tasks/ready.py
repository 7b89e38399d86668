"""
Ready-made schemas for `extract`: what an input does not say stays empty.

>>> from suffice.tasks import Runner, extract, using
>>> from suffice.tasks.ready import Receipt
>>> from suffice.testing import answering
>>> said = answering('{"seller": "Corner Shop", "total": 12.5, "currency": "EUR"}')
>>> with using(Runner(said, ladder=lambda *_: ("claude-haiku-5-5",))):
...     receipt = extract("Corner Shop  TOTAL EUR 12,50", Receipt)
>>> receipt.seller, receipt.total, receipt.date
('Corner Shop', Decimal('12.5'), None)
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["Contact", "EmailMessage", "Invoice", "Receipt", "Resume"]

_Currency = Annotated[str, Meta(description="ISO 4217, such as EUR")]
_Lines = Annotated[str, Meta(description="as written, lines joined by commas")]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an invoice or a receipt."""

    description: str
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Annotated[Decimal, Meta(description="of the whole line")] | None = None


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """A demand for payment."""

    number: str | None = None
    date: Annotated[dt.date, Meta(description="of issue")] | None = None
    due: Annotated[dt.date, Meta(description="payment is due")] | None = None
    seller: str | None = None
    seller_address: _Lines | None = None
    seller_tax_id: str | None = None
    buyer: str | None = None
    buyer_address: _Lines | None = None
    order_number: Annotated[str, Meta(description="the buyer's own reference")] | None = None
    currency: _Currency | None = None
    items: list[Item] = []
    net: Annotated[Decimal, Meta(description="before tax")] | None = None
    tax: Decimal | None = None
    total: Annotated[Decimal, Meta(description="to be paid, tax included")] | None = None
    iban: str | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that was made."""

    seller: str | None = None
    seller_address: _Lines | None = None
    number: str | None = None
    date: dt.date | None = None
    time: Annotated[str, Meta(description="HH:MM")] | None = None
    currency: _Currency | None = None
    items: list[Item] = []
    tax: Decimal | None = None
    total: Annotated[Decimal, Meta(description="what was paid, tax included")] | None = None
    paid_by: Annotated[str, Meta(description="cash, card or what it says")] | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to reach, from a card or a signature."""

    name: str | None = None
    title: Annotated[str, Meta(description="job title")] | None = None
    company: str | None = None
    emails: list[str] = []
    phones: Annotated[list[str], Meta(description="as written")] = []
    website: str | None = None
    address: _Lines | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A job held, or a school attended."""

    title: Annotated[str, Meta(description="position or degree")] | None = None
    organisation: str | None = None
    begin: Annotated[str, Meta(description="YYYY-MM or YYYY, as far as it says")] | None = None
    end: Annotated[str, Meta(description="likewise; null where it goes on")] | None = None


class Resume(msgspec.Struct, frozen=True, kw_only=True):
    """Whom somebody says to be, and what they did."""

    name: str | None = None
    emails: list[str] = []
    phones: Annotated[list[str], Meta(description="as written")] = []
    address: _Lines | None = None
    summary: Annotated[str, Meta(description="their own words on themselves")] | None = None
    jobs: list[Position] = []
    education: list[Position] = []
    skills: list[str] = []
    languages: list[str] = []


class EmailMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message, and what it wants."""

    sender: Annotated[str, Meta(description="name or address, as written")] | None = None
    recipients: list[str] = []
    date: dt.date | None = None
    subject: str | None = None
    asks: Annotated[list[str], Meta(description="what the reader is asked to do")] = []
    dates: Annotated[list[dt.date], Meta(description="days it speaks of")] = []
    attachments: Annotated[list[str], Meta(description="file names it mentions")] = []
