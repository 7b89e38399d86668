"""Extraction: vendor and total of an invoice, as JSON."""

# ruff: noqa: E501 - a sentence of the grammar or of the prompt stays on its line

from __future__ import annotations

import random

from tools.demo_inputs.drawing import DemoType, Drawn, spin
from tools.demo_inputs.words import COMPANIES, MONTHS, PRODUCTS, number

_LAYOUTS = (
    "<company> | Invoice <no> | Subtotal <net> | VAT <vat> | Total <total> | Due <due>",
    "Invoice <no> from <company>. <items>. Amount payable: <total>, at the latest on <due>.",
    (
        "[Hello|Dear customer], please find attached invoice <no> for <items>. "
        "<total> is due by <due>. Regards, <company>"
    ),
    "<company> - <items> - net <net> - tax <vat> - to pay <total> - pay before <due>",
    "Reminder: invoice <no> over <total> was due on <due>. <company>, accounts department",
    "From: <company>. Re: <items>. We kindly ask you to transfer <total> until <due> (ref. <no>).",
    "Bill no. <no>; seller: <company>; <items>; sum <net> plus tax <vat> = <total>; payable <due>",
    "Your order of <items> comes to <total> (of which tax <vat>). Payment date <due>. Yours, <company>",
)


def _money(dice: random.Random, cents: int, sign: str) -> str:
    plain = f"{cents // 100:,}.{cents % 100:02d}" if dice.randrange(2) else f"{cents / 100:.2f}"
    return dice.choice((f"{sign}{plain}", f"{plain} {'EUR' if sign == '€' else 'GBP'}"))


def _make(dice: random.Random) -> Drawn:
    company = dice.choice(COMPANIES)
    net = dice.randrange(1_500, 950_000)
    vat = net // 5
    year, month, day = dice.choice((2025, 2026)), dice.randrange(1, 13), dice.randrange(1, 29)
    iso = f"{year}-{month:02d}-{day:02d}"
    due = dice.choice(
        (iso, f"{day} {MONTHS[month - 1]} {year}", f"{MONTHS[month - 1]} {day}, {year}")
    )
    sign = dice.choice("€£")
    slots = {
        "company": [company],
        "no": [f"{number(dice, 4)}-{number(dice, 2)}", f"R{number(dice, 6)}"],
        "net": [_money(dice, net, sign)],
        "vat": [_money(dice, vat, sign)],
        "total": [_money(dice, net + vat, sign)],
        "due": [due],
        "items": [f"{dice.randrange(2, 60)} x {dice.choice(PRODUCTS)}"],
    }
    text = spin(dice, dice.choice(_LAYOUTS), slots)
    reference = {"vendor": company, "total": (net + vat) / 100}
    return Drawn(f"Invoice: {text}\nJSON:", reference)


TYPE = DemoType(
    name="invoice-fields",
    use="extraction",
    instructions="""\
Read vendor and total from the invoice. Answer with one line of JSON.

Invoice: Brook Street Bakery | Invoice 3321-08 | Subtotal €410.00 | VAT €82.00 | Total €492.00 | Due 2026-02-14
JSON: {"vendor": "Brook Street Bakery", "total": 492.00}

Invoice: Dear Sir or Madam, for 12 x stapler we charge £1,204.80, payable by 3 June 2025 (ref. R119004). Sincerely, Penrose Office
JSON: {"vendor": "Penrose Office", "total": 1204.80}

Invoice: Bill no. R551200; seller: Cove Marine; 3 x rope; sum 75.50 EUR plus tax 15.10 EUR = 90.60 EUR; payable October 9, 2026
JSON: {"vendor": "Cove Marine", "total": 90.60}

Invoice: Invoice 7001-44 from Tern & Sons. 40 x candle. Amount payable: 2,310.00 GBP, at the latest on 28 January 2025.
JSON: {"vendor": "Tern & Sons", "total": 2310.00}

""",
    make=_make,
    cases=150,
    max_tokens=40,
    scorer="json",
)
