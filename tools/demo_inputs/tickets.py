"""Classification: the queue a support ticket belongs to."""

# ruff: noqa: E501 - a sentence of the grammar or of the prompt stays on its line

from __future__ import annotations

import random

from tools.demo_inputs.drawing import DemoType, Drawn, casual, spin
from tools.demo_inputs.words import FIRST, PRODUCTS, number

QUEUES: dict[str, tuple[str, ...]] = {
    "billing": (
        "I was charged [twice|two times|a second time] [this month|for <product>|on invoice <n>].",
        "Why is my [bill|invoice|monthly charge] [higher|<small> euros more] than [last month|usual]?",
        "Can you [resend|email me] the invoice for [order <n>|March|my last payment]?",
        "My [credit card|new card|bank card] is [declined|not accepted] [at checkout|for the renewal].",
        "Please put our [VAT number|company name|new address] on [invoice <n>|all future invoices].",
        "I don't recognise a [charge|payment] of <small> euros on my [statement|account].",
        "Do you offer [a yearly plan|a discount for students|paying by bank transfer]?",
    ),
    "login": (
        "I [can't|cannot|am unable to] [log in|sign in|get into my account] [since yesterday|anymore].",
        "The [password reset|verification] [email|code|link] [never arrives|expired before I used it].",
        "My account is [locked|blocked] after [too many attempts|I mistyped my password].",
        "I lost my phone and [the two-factor code was on it|can't confirm the sign-in].",
        "It says my [username|email address] [does not exist|is unknown], but I signed up [years ago|in May].",
        "How do I [change|reset] my password [without the old one|on the app]?",
        "Every time I open the app I have to [enter my password|sign in] again.",
    ),
    "shipping": (
        "Where is my <product>? The tracking [has not moved|says 'in transit'] for <few> days.",
        "Can I still change the delivery address of order <n>?",
        "The courier [left the parcel in the rain|never rang the bell|says nobody was home].",
        "How long does delivery to [Norway|Ireland|the islands|a PO box] take?",
        "Tracking says delivered, but [there is no parcel|I got nothing|my neighbours have nothing].",
        "I need the <product> by [Friday|the 12th|next week]; can you send it express?",
        "Order <n> was to arrive on [Monday|Tuesday], and it is still at your [depot|warehouse].",
    ),
    "refund": (
        "I sent the <product> back <few> weeks ago and [still have no money|was not repaid] yet.",
        "The <product> [doesn't fit|is not what I expected], I want [my money back|to return it].",
        "How do I [return|send back] the <product> and get [repaid|my money]?",
        "I returned [two items|order <n>] but only got [half the amount|<small> euros] back.",
        "Please refund [order <n>|the <product>], it [arrived broken|is the wrong size].",
        "Is the [return|refund] period [14 or 30 days|over after a month]?",
        "You promised [a refund|my money back] [last week|on the phone], nothing came.",
    ),
    "bug": (
        "The app [crashes|closes itself|freezes] when I [open settings|upload a photo|tap on search].",
        "The [export|search|filter] button [does nothing|shows a blank page|gives error <few>0<few>].",
        "Since the [last update|new version] the [calendar|map|chart] [is empty|shows wrong dates].",
        "Your website [hangs|is unreadable] on [my tablet|Firefox|a small screen].",
        "The dark mode [hides half of the text|resets itself every day].",
        "When I [save|print] a [list|report], all the [umlauts|columns|totals] [disappear|are doubled].",
        "Notifications [arrive twice|never show up] on [Android|my new phone|the desktop app].",
    ),
    "cancel": (
        "I want to [cancel|end|terminate] my [subscription|membership|contract] [now|by next month].",
        "Please [close|delete] my account, I [don't use it|am moving abroad|found something else].",
        "How do I stop the [automatic renewal|yearly renewal|free trial]?",
        "We no longer need the [team plan|<few> extra seats], please end [it|them] [this month|in June].",
        "My [father|mother] passed away; please [end|cancel] [his|her] [contract|membership].",
        "I'd like to unsubscribe from the [paid plan|premium plan] [before it renews|today].",
        "Please confirm that my membership [ends|will be ended] on the [1st|15th|31st].",
    ),
}

OPENERS = (
    "[Hi|Hello|Hey there|Good morning|Hi team|Dear support|]",
    "[Sorry to bother you|Quick question|Me again|First time writing here|Not sure who to ask|]",
)
CLOSERS = (
    "[Thanks|Thank you!|Many thanks, <name>|Please help|Waiting for your answer|||]",
    "[Sent from my phone|My customer number is <n>|I'm a customer since 2019|<name>||||]",
)


def ticket_text(dice: random.Random, queue: str) -> str:
    """One ticket for a queue, as a customer may write it."""
    slots = {
        "n": [number(dice, 5)],
        "small": [number(dice, 2)],
        "few": [str(dice.randrange(2, 8))],
        "product": PRODUCTS,
        "name": FIRST,
    }
    opener = spin(dice, dice.choice(OPENERS), slots)
    core = spin(dice, dice.choice(QUEUES[queue]), slots)
    closer = spin(dice, dice.choice(CLOSERS), slots)
    parts = [f"{opener}." if opener else "", core, closer]
    return casual(dice, " ".join(part for part in parts if part))


def _make(dice: random.Random) -> Drawn:
    queue = dice.choice(sorted(QUEUES))
    return Drawn(f"Ticket: {ticket_text(dice, queue)}\nQueue:", queue)


TYPE = DemoType(
    name="ticket-routing",
    use="classification and routing",
    instructions="""\
Put the support ticket into one queue: billing, login, shipping, refund, bug or cancel.

""",
    make=_make,
    cases=160,
    max_tokens=8,
    scorer="label",
    shown=4,
    labels=tuple(QUEUES),
)
