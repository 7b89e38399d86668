"""A judgement without a right answer: how urgent a message sounds."""

# ruff: noqa: E501 - a sentence of the grammar or of the prompt stays on its line

from __future__ import annotations

import random

from tools.demo_inputs.drawing import DemoType, Drawn, spin
from tools.demo_inputs.tickets import QUEUES, ticket_text
from tools.demo_inputs.words import PRODUCTS, number

_PRESSURE = (
    "[We have a customer event|My flight leaves|The audit starts] [tonight|tomorrow morning|in two hours].",
    "[No rush|Whenever you have time|It can wait until next week|Just curious].",
    "[I have written three times already|This is my second message|Nobody answers the phone].",
    "[Otherwise everything is fine|I like the <product> by the way|You have been helpful before].",
    "[<n> people cannot work|Our shop is closed because of it|My daughter's birthday is on Saturday].",
    "[I will talk to my lawyer|I am really disappointed|This is getting ridiculous].",
    "",
)


def _make(dice: random.Random) -> Drawn:
    slots = {"n": [number(dice, 2)], "product": PRODUCTS}
    text = ticket_text(dice, dice.choice(sorted(QUEUES)))
    pressure = spin(dice, dice.choice(_PRESSURE), slots)
    joint = "" if text.endswith((".", "!", "?")) or not pressure else "."
    return Drawn(f"Message: {text}{joint} {pressure}".rstrip() + "\nUrgency:")


TYPE = DemoType(
    name="urgency",
    use="classification and routing",
    instructions="""\
How urgent is the message? Answer low, medium or high.

Message: Can you tell me your opening hours in December?
Urgency: low

Message: Our whole team is locked out and the demo starts in ten minutes!
Urgency: high

Message: The parcel is two days late, could you check?
Urgency: medium

Message: I like the new colours. Just wanted to say that.
Urgency: low

Message: You have taken 900 euros from my account by mistake, I cannot pay my rent.
Urgency: high

Message: The export button does nothing, I need the list this week.
Urgency: medium

""",
    make=_make,
    cases=200,
    max_tokens=6,
    scorer="label",
    temperature=0.7,
    labels=("low", "medium", "high"),
)
