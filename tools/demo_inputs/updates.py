"""Summaries: a status update in a few words that keep what matters."""

# ruff: noqa: E501, SIM905 - sentences stay on their line, and words read as words

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from tools.demo_inputs.drawing import DemoType, Drawn, spin
from tools.demo_inputs.words import COMPANIES, FIRST, number

MOST_WORDS = 22

_EVENTS = (
    (
        "[Between|From] <h> and <k> o'clock the <system> of <company> was [down|unreachable|very slow]. "
        "[About|Some] <figure> customers [could not order|saw errors|were logged out]. <cause> <end>"
    ),
    (
        "<company> has [hired|trained] <figure> people for its <system> [this year|since spring]. "
        "<name> [leads the group|organised it]. <end>"
    ),
    "Costs of the <system> at <company> [fell|dropped] by <figure> euros a month. <cause> <end>",
    (
        "The <system> of <company> now [serves|handles] <figure> requests a day. "
        "[A year ago it was half of that|Nobody had expected so many]. <end>"
    ),
    "<name> [found|reported] <figure> duplicate records in the <system> of <company>. <cause> <end>",
    (
        "<company> will [replace|renew] its <system> for <figure> euros. "
        "[The board agreed on Monday|The old one is ten years old]. <end>"
    ),
)
_CAUSES = (
    "[A full disk|An expired certificate|A wrong setting|A cable that was cut] was the cause.",
    "[The reason was|It came from] [a faulty update|an old driver|a clock that ran ahead].",
    "[The team changed|<name> replaced] [the supplier|two machines|the night job].",
)
_ENDS = (
    "[A report follows|More on Friday|The next check is in March].",
    "[The team thanks everyone|Coffee is on the house|Questions go to <name>].",
    "[Nothing was lost|All data is safe|The doors stay open].",
    "",
)
_SYSTEMS = (
    "booking system|web shop|payroll|call centre|data warehouse|mail server|phone network|"
    "ticket office|mobile app|customer portal|stock list|test lab"
).split("|")


def _make(dice: random.Random) -> Drawn:
    company, system = dice.choice(COMPANIES), dice.choice(_SYSTEMS)
    figure = f"{dice.randrange(11, 990) * 10}"
    slots = {
        "company": [company],
        "system": [system],
        "figure": [figure],
        "h": [str(dice.randrange(6, 12))],
        "k": [str(dice.randrange(13, 20))],
        "n": [number(dice, 3)],
        "name": FIRST,
        "cause": _CAUSES,
        "end": _ENDS,
    }
    text = spin(dice, dice.choice(_EVENTS), slots)
    return Drawn(f"Update: {text}\nSummary:", None, {"company": company, "figure": figure})


def keeps_the_facts(answer: str, facts: Mapping[str, object]) -> tuple[float, str]:
    """
    1.0 for at most `MOST_WORDS` words that name who and how many.

    >>> keeps_the_facts("Elm sold 40 chairs.", {"company": "Elm", "figure": "40"})
    (1.0, 'keeps company and figure')
    >>> keeps_the_facts("Elm sold chairs.", {"company": "Elm", "figure": "40"})
    (0.0, 'the figure is missing')
    """
    text = answer.strip()
    if str(facts["company"]).casefold() not in text.casefold():
        return 0.0, "the company is missing"
    if not re.search(rf"(?<!\d){facts['figure']}(?!\d)", text.replace(",", "")):
        return 0.0, "the figure is missing"
    if len(text.split()) > MOST_WORDS:
        return 0.0, f"more than {MOST_WORDS} words"
    return 1.0, "keeps company and figure"


TYPE = DemoType(
    name="update-summary",
    use="summaries",
    instructions="""\
Sum up the update in one sentence of at most 22 words. Keep the company's name and the figure.

Update: On Sunday the ticket machine of Ashby Rail was out of order. 450 travellers had to pay on the train. \
A coin was stuck in it. The report follows.
Summary: 450 travellers of Ashby Rail had to pay on the train on Sunday.

Update: Corbin Motors has opened a new paint shop. It can paint 80 cars a day. Visitors are welcome on Friday.
Summary: Corbin Motors opened a paint shop for 80 cars a day.

Update: The heating bill of Delphi Schools went down by 3100 euros. The windows were replaced in May. \
Thanks to all who helped.
Summary: New windows save Delphi Schools 3100 euros.

Update: Ada has put 260 old maps of Fenwick Library on the web. Some are torn. Tea is served on Monday.
Summary: 260 old maps of Fenwick Library are now on the web.

Update: Between 9 and 11 o'clock the gates of Garrick Airport did not open. 1300 passengers waited. \
A fuse had blown. More next week.
Summary: 1300 passengers of Garrick Airport waited at closed gates.

""",
    make=_make,
    cases=150,
    max_tokens=36,
    # One sentence is asked for, so the first full stop ends it.
    stop=("\n", ". "),
    scorer="outcomes",
    checker=keeps_the_facts,
)
