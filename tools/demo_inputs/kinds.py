"""A judgement most people share, without a reference: what kind of message it is."""

# ruff: noqa: E501 - a sentence of the grammar or of the prompt stays on its line

from __future__ import annotations

import random

from tools.demo_inputs.drawing import DemoType, Drawn, casual, spin
from tools.demo_inputs.words import FIRST, MONTHS, PRODUCTS, number

_KINDS = {
    "question": (
        "[How long does the <product> last|How much is the <product>|Where is the <product> made]?",
        "[When|From where|How] will the <product> ship?",
        "[Is|Are] [the shop in York|your line|your staff] [open|free|there] on the <day>th?",
        "[Which|What] size of <product> [fits|suits] [a child|two people|a small flat]?",
        "Do you [sell|repair|rent out] a <product>?",
    ),
    "complaint": (
        "The <product> [broke|fell apart|stopped working] after <few> days, [that is poor|what a waste].",
        "[I waited|We stood] <few> hours and nobody [came|called|cared].",
        "[Terrible|Awful|Very bad] service in <month>, [I am angry|never again|I was ignored].",
        "You sent the wrong <product> [again|for the second time], [this is annoying|I am fed up].",
    ),
    "praise": (
        "[I love|We love|My family loves] the <product>, [well done|it is perfect|great work].",
        "[Wonderful|Excellent|Really friendly] service by <name> [last week|in <month>], thank you!",
        "[Best|Finest] <product> I [ever had|have seen], five stars are not enough.",
        "<name> [was so kind|helped me at once], [what a great team|I am delighted].",
    ),
    "request": (
        "Please [send|post|bring] <few> <product>s to our office [on the <day>th|in <month>].",
        "Please [change|move] my appointment to the <day>th of <month>.",
        "[Add|Put] <name> [to|on] my [account|order <n>], please.",
        "Please [stop|pause] my order <n> until <month>.",
    ),
}


def _make(dice: random.Random) -> Drawn:
    slots = {
        "n": [number(dice, 5)],
        "few": [str(dice.randrange(2, 9))],
        "day": [str(dice.randrange(4, 21))],
        "month": MONTHS,
        "product": PRODUCTS,
        "name": FIRST,
    }
    kind = dice.choice(sorted(_KINDS))
    opener = spin(dice, "[Hi.|Hello.|Good morning.|Dear team.||||]", slots)
    text = casual(dice, spin(dice, dice.choice(_KINDS[kind]), slots))
    closer = spin(dice, "[<name>|Customer <n>|Sent from my phone||||]", slots)
    return Drawn(" ".join(filter(None, ("Message:", opener, text, closer))) + "\nKind:")


TYPE = DemoType(
    name="message-kind",
    use="classification and routing",
    instructions="""\
What kind of message is it? Answer question, complaint, praise or request.

Message: What time do you close on Sundays?
Kind: question

Message: The lid cracked on the first day. I am not happy.
Kind: complaint

Message: Your driver was lovely, many thanks!
Kind: praise

Message: Please send the invoice to my new address.
Kind: request

Message: The soup bowl is gorgeous, I use it every day.
Kind: praise

Message: Can the table be used outside?
Kind: question

Message: Please book two seats for the 3rd of May.
Kind: request

Message: Nobody answered my mails for weeks, shame on you.
Kind: complaint

Message: Put me on the list for the tasting, please.
Kind: request

Message: Still no refund. This is the worst shop.
Kind: complaint

Message: Is there a smaller one?
Kind: question

Message: Great advice from your shop in Bath.
Kind: praise

""",
    make=_make,
    cases=260,
    max_tokens=6,
    scorer="label",
    temperature=0.3,
    labels=("question", "complaint", "praise", "request"),
)
