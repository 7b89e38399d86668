"""Extraction: the address an answer should go to, copied from a letter's end."""

from __future__ import annotations

import random

from tools.demo_inputs.drawing import DemoType, Drawn, spin
from tools.demo_inputs.words import COMPANIES, FIRST, LAST, MONTHS, PRODUCTS, number

_CORES = (
    "[Could|Would] you send [a catalogue|the price list|a sample] of the <product>?",
    "We [need|are looking for] <few> <product>s [by <month>|before the <day>th of <month>].",
    "Our last delivery from <company> [was short by <few> boxes|came on <day> <month>].",
    "[Is the <product> still on sale|Do you repair a <product>|Who sells the <product> in York]?",
    "I [lost|never got] the receipt over <small>.<small> euros of <day> <month>.",
    "[Please take me off your list|Put me on the waiting list for the <product>].",
)
_WAYS = (
    "[Answer|Reply|Write] to <mail>.",
    "[My address is|You reach me at] <mail>.",
    "[Mail me|Best|A note] at <mail>, [please|any time].",
    "<mail> [is read every day|works best].",
    "[Kind regards|Thanks], <name> (<mail>)",
)


def _make(dice: random.Random) -> Drawn:
    first, last = dice.choice(FIRST), dice.choice(LAST)
    local = dice.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last}{number(dice, 2)}"))
    mail = f"{local}@{dice.choice(('example.com', 'example.org', 'post.example'))}".lower()
    slots = {
        "mail": [mail],
        "name": [first],
        "few": [str(dice.randrange(2, 10))],
        "small": [number(dice, 2)],
        "day": [str(dice.randrange(4, 21))],
        "month": MONTHS,
        "product": PRODUCTS,
        "company": COMPANIES,
    }
    text = f"{spin(dice, dice.choice(_CORES), slots)} {spin(dice, dice.choice(_WAYS), slots)}"
    return Drawn(f"Letter: {text}\nReply to:", mail)


TYPE = DemoType(
    name="reply-address",
    use="extraction",
    instructions="""\
Copy the mail address from the letter.

Letter: Is the blue tea set still made? Write to h.berg@example.net.
Reply to: h.berg@example.net

Letter: We need 3 ladders by June. Thanks, Lise (lise.strand@example.com)
Reply to: lise.strand@example.com

Letter: I never got the receipt over 18.20 euros. holm77@post.example works best.
Reply to: holm77@post.example

Letter: Please send a sample of the curtain. You reach me at aolsen@example.org.
Reply to: aolsen@example.org

Letter: Our last delivery came on 12 May. Mail me at pia.ek@post.example, please.
Reply to: pia.ek@post.example

""",
    make=_make,
    # Few on purpose: what a type with little traffic looks like.
    cases=150,
    max_tokens=24,
    scorer="exact",
)
