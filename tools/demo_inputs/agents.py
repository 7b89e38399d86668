"""Agent orchestration: the agent that takes a request."""

# ruff: noqa: E501 - a sentence of the grammar or of the prompt stays on its line

from __future__ import annotations

import random

from tools.demo_inputs.drawing import DemoType, Drawn, casual, spin
from tools.demo_inputs.words import COMPANIES, FIRST, MONTHS, PRODUCTS, number

_AGENTS: dict[str, tuple[str, ...]] = {
    "calendar": (
        "[Book|Put|Add] a [call|meeting|lunch] with <name> [in|into] my calendar [on Tuesday|next week].",
        "Move my [dentist appointment|stand-up|meeting with <name>] to [Thursday|the <day>th].",
        "When am I free [on Friday|in the first week of <month>]?",
        "Remind me to [call <name>|water the plants|renew my passport] [tomorrow|on the <day>th].",
        "Cancel everything [after 4 pm|on <month> <day>] and tell me what was planned.",
    ),
    "email": (
        "[Write|Send|Draft] an email to <name> [saying that I am late|about the <product>].",
        "Reply to <company> that we [accept|decline] the offer.",
        "Forward the last message from <name> to [my boss|the whole team|accounting].",
        "Thank <name> by mail for the [gift|quick answer|<product>].",
        "Is there an unread message from <company> in my inbox?",
    ),
    "calculator": (
        "What is <small> percent of <n>?",
        "How much is <n> divided by <few>?",
        "If a <product> costs <small> euros, what do <few> of them cost with 19 % tax?",
        "Add up <small>, <n> and <small>.",
        "What is the monthly payment on <n> euros over <few> years at <few> %?",
    ),
    "web": (
        "[Find|Look up] [three articles|the newest study] about [sleep|heat pumps|coral reefs].",
        "Who [founded|owns|runs] <company>?",
        "What do reviews say about the [best|cheapest] <product>?",
        "Compare [solar panels|electric cars|e-book readers] and list your sources.",
        "What is the population of [Lisbon|Osaka|Quito] today, according to the web?",
    ),
    "translation": (
        "[Translate|Put] '[good luck|see you soon|the bill, please]' into [Polish|Greek|Korean].",
        "How do you say '[thank you|happy birthday|where is the station]' in [Turkish|Finnish|Hindi]?",
        "What does '[Feierabend|saudade|hygge|dépaysement]' mean in English?",
        "I need this contract from <company> in [Portuguese|Japanese|Czech].",
        "Is '[sobremesa|Kindergarten|ikigai]' [Spanish, German or Japanese|a word in Dutch]?",
    ),
    "code": (
        "[Write|Show me] a [Python|Go|Rust] function that [reverses a list|parses a date].",
        "Why does this loop [never end|skip the last item]?",
        "Fix the failing test in [the parser|billing.py|the login module].",
        "Rename the variable [x|tmp|foo] to [total|user_count] in the whole repository.",
        "My [script|build] stops with '[KeyError|ImportError|segmentation fault]', what is wrong?",
    ),
}


def _make(dice: random.Random) -> Drawn:
    slots = {
        "n": [number(dice, 4), number(dice, 3)],
        "small": [number(dice, 2)],
        "few": [str(dice.randrange(2, 10))],
        "day": [str(dice.randrange(4, 21))],
        "name": FIRST,
        "month": MONTHS,
        "product": PRODUCTS,
        "company": COMPANIES,
    }
    agent = dice.choice(sorted(_AGENTS))
    opener = spin(dice, "[Please|Hey,|Could you do this:|Next one:|||||]", slots)
    text = casual(dice, spin(dice, dice.choice(_AGENTS[agent]), slots))
    return Drawn(f"Request: {opener} {text}".replace(":  ", ": ") + "\nAgent:", agent)


TYPE = DemoType(
    name="agent-routing",
    use="agent orchestration",
    instructions="""\
Hand the request to one agent: calendar, email, calculator, web, translation or code.

""",
    make=_make,
    cases=160,
    max_tokens=8,
    scorer="label",
    shown=4,
    labels=tuple(_AGENTS),
)
