"""Extraction: the order number a customer writes about, among other numbers."""

# ruff: noqa: E501 - a sentence of the grammar or of the prompt stays on its line

from __future__ import annotations

import random

from tools.demo_inputs.drawing import DemoType, Drawn, spin
from tools.demo_inputs.words import FIRST, MONTHS, PRODUCTS, number

_CORES = (
    "[Where is|What happened to|When will you send] [my|our] order <order>?",
    "[I'd like to|I want to|Can I] [cancel|change|return] order <order>, [please|the <product>].",
    "Order <order> [has arrived|came] without the <product>.",
    "[The <product> from|One of the <few> items in] order <order> is [broken|scratched|too small].",
    "Please send [the invoice|a receipt] for order <order> to my new address.",
    "[I paid|You charged me] <small> euros for order <order> [twice|on <day> <month>].",
    "[Thanks|Thank you] for order <order>, the <product> is [great|just right].",
    "[My confirmation says|I can read here]: order <order>, <few> items. [Is that right|Since when]?",
    "[About|Regarding|Concerning] order <order>: [can it come on <day> <month>|is it still open]?",
)
_REST = (
    "[I waited|It took] <few> [days|weeks].",
    "I bought [it|the <product>] on <day> <month>.",
    "[It cost|I paid] <small>.<small> euros.",
    "[My name is <name>|This is <name>|<name> here].",
    "[Ring me|I'm home] [after|before] <few> pm.",
    "",
    "",
)


def _make(dice: random.Random) -> Drawn:
    order = dice.choice(
        (f"{dice.choice('ABKNRT')}-{number(dice, 5)}", number(dice, 6), f"20{number(dice, 6)}")
    )
    slots = {
        "order": [order],
        "product": PRODUCTS,
        "few": [str(dice.randrange(2, 9))],
        "small": [number(dice, 2)],
        "day": [str(dice.randrange(4, 21))],
        "month": MONTHS,
        "name": FIRST,
    }
    sentences = [spin(dice, dice.choice(_CORES), slots)]
    for _ in range(dice.randrange(3)):
        sentences.insert(dice.randrange(2), spin(dice, dice.choice(_REST), slots))
    text = " ".join(dict.fromkeys(one for one in sentences if one))
    if dice.randrange(8) == 0:
        text = text.rstrip(".")
    return Drawn(f"Message: {text}\nOrder:", order)


TYPE = DemoType(
    name="order-number",
    use="extraction",
    instructions="""\
Copy the order number from the message.

Message: Hello, where is order K-20417? I paid 35 euros.
Order: K-20417

Message: I moved on 3 May. Please send order 771904 to the new flat.
Order: 771904

Message: The 2 mugs in order 20660318 are chipped.
Order: 20660318

Message: Lena here. Regarding order B-98112: it came 4 days late.
Order: B-98112

Message: Can I return order 405236? It is 8 cm too short.
Order: 405236

Message: I bought it on 11 June for 19.50 euros, order 20183377.
Order: 20183377

Message: Order T-55020 is missing 1 of 6 glasses.
Order: T-55020

Message: Thanks for order 639018, all 3 lamps work.
Order: 639018

""",
    make=_make,
    cases=400,
    max_tokens=14,
    scorer="exact",
)
